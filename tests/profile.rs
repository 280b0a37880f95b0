//! The profile for GPUs: its files claim decoder level 1, keep its rules, and come back. A false claim is refused.

mod support;

use half::{bf16, f16};
use support::{Content, Random, by_index, in_order};
use tersor::{Dtype, EncodeOptions, Encoder, ErrorKind, Limits, Profile, Reader, TensorView};

fn content(name: &str, dtype: Dtype, shape: &[u64], bytes: Vec<u8>) -> Content {
    Content { name: Some(name.to_owned()), dtype, shape: shape.to_vec(), bytes }
}

/// Tensors that the encoder codes in different ways, most of them of more than 65,536 elements.
fn tensors() -> Vec<Content> {
    let mut random = Random(5);
    let (rows, columns) = (300usize, 320usize);
    let shape = [rows as u64, columns as u64];
    let scale = |row: usize| f64::powi(2.0, (row * 7 % 12) as i32 - 6);
    let dense: Vec<f32> = (0..rows * columns).map(|i| (random.normal() * scale(i / columns)) as f32).collect();
    let pruned: Vec<f32> = dense.iter().map(|&x| if x.abs() < 0.5 { 0.0 } else { x }).collect();
    let grid: Vec<f32> = (0..rows * columns).map(|_| (random.normal() * 20.0).round() as f32 * 0.03).collect();
    // not the bytes of `grid`, because a tensor with the same bytes would become an alias
    let reversed: Vec<f32> = grid.iter().rev().copied().collect();
    let shared: Vec<f32> =
        (0..rows * columns).map(|_| [0.5f32, -0.25, 0.125, 3.0, 7.5][random.below(5) as usize]).collect();
    let small: Vec<u8> = (0..rows * columns).map(|_| (random.normal() * 9.0) as i8 as u8).collect();
    let nibbles: Vec<u8> = (0..rows * columns).map(|_| (random.below(5) + 16 * random.below(5)) as u8).collect();
    let text: Vec<u8> =
        b"the quick brown fox jumps over the lazy dog. ".iter().copied().cycle().take(100_000).collect();
    let f32s = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    vec![
        content(
            "dense bf16",
            Dtype::BF16,
            &shape,
            dense.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
        ),
        content("dense f16", Dtype::F16, &shape, dense.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()),
        content("dense f32", Dtype::F32, &shape, f32s(&dense)),
        content("pruned", Dtype::F32, &shape, f32s(&pruned)),
        content(
            "pruned bf16",
            Dtype::BF16,
            &shape,
            pruned.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect(),
        ),
        content("grid", Dtype::F32, &shape, f32s(&grid)),
        content("shared", Dtype::F32, &shape, f32s(&shared)),
        content("small integers", Dtype::I8, &shape, small),
        content("packed", Dtype::I32, &[rows as u64, columns as u64 / 4], nibbles),
        content("text", Dtype::U8, &[100_000], text),
        content("long rows", Dtype::F32, &[2, 48_000], f32s(&reversed)),
        content("little", Dtype::F32, &[40], f32s(&dense[..40])),
        content("zeros", Dtype::F16, &[100_000], vec![0; 200_000]),
        // a chunk of 32,768 elements would have twice as many words
        content("complex", Dtype::C64, &[40_000], vec![0; 320_000]),
    ]
}

fn encode(tensors: &[Content], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options.with_threads(2)).unwrap();
    for tensor in tensors {
        let view = TensorView::new(tensor.dtype, &tensor.shape, &tensor.bytes).unwrap();
        encoder.add(tensor.name.as_deref().unwrap(), view).unwrap();
    }
    encoder.finish().unwrap().0
}

/// Puts another decoder level and other critical features into the header.
fn claim(container: &mut [u8], decoder_level: u8, features: u8) {
    (container[10], container[12]) = (decoder_level, features);
    let mut sum = !0u32;
    for &byte in &container[..20] {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ (0xedb8_8320 * (sum & 1));
        }
    }
    container[20..24].copy_from_slice(&(!sum).to_le_bytes());
}

/// The kinds of error by which both ways of reading refuse a container.
fn refused(container: &[u8]) -> [ErrorKind; 2] {
    let by_index = by_index(container, Limits::unlimited()).unwrap_err();
    let in_order = in_order(container, Limits::unlimited()).unwrap_err();
    assert!(by_index.offset().is_some() && in_order.offset().is_some(), "{by_index}; {in_order}");
    [by_index.kind(), in_order.kind()]
}

#[test]
fn files_for_gpus_claim_level_1_and_come_back() {
    let tensors = tensors();
    for level in [1, 6, 9] {
        let options = EncodeOptions::default().with_level(level).with_profile(Profile::Gpu);
        let container = encode(&tensors, options);
        let reader = Reader::new(&container[..]).unwrap();
        assert_eq!((reader.decoder_level(), reader.features()), (1, vec![]));
        assert!(by_index(&container[..], Limits::unlimited()).unwrap() == tensors, "level {level}");
        assert!(in_order(&container, Limits::unlimited()).unwrap().stored.values().eq(&tensors), "level {level}");
        let raw: usize = tensors.iter().map(|tensor| tensor.bytes.len()).sum();
        assert!(container.len() < raw * 7 / 10, "level {level}: {} of {raw}", container.len());
    }
}

#[test]
fn other_files_claim_level_2() {
    let tensors = &tensors()[..1];
    for (level, features) in [(1, vec![]), (7, vec![]), (8, vec!["mixing"]), (9, vec!["mixing"])] {
        let container = encode(tensors, EncodeOptions::default().with_level(level));
        let reader = Reader::new(&container[..]).unwrap();
        assert_eq!((reader.decoder_level(), reader.features()), (2, features));
    }
}

#[test]
fn a_false_claim_of_level_1_is_refused() {
    for (number, tensor) in tensors().into_iter().enumerate() {
        // a small tensor, or one that is stored raw or in one chunk, may keep the rules of level 1 anyway
        if number > 6 {
            continue;
        }
        let mut container = encode(&[tensor], EncodeOptions::default());
        assert!(in_order(&container, Limits::unlimited()).is_ok());
        claim(&mut container, 1, 0);
        assert_eq!(refused(&container), [ErrorKind::Corrupt; 2], "tensor {number}");
    }
}

#[test]
fn mixing_that_is_not_claimed_is_refused() {
    // each value resembles the one before, which only mixing can use
    let (mut random, mut value) = (Random(6), 0.0);
    let mut smooth = || {
        value = 0.97 * value + 0.1 * random.normal();
        bf16::from_f64(value).to_le_bytes()
    };
    let bytes = (0..300 * 320).flat_map(|_| smooth()).collect();
    let mut container =
        encode(&[content("smooth", Dtype::BF16, &[300, 320], bytes)], EncodeOptions::default().with_level(9));
    assert_eq!(container[12], 1);
    claim(&mut container, 2, 0);
    assert_eq!(refused(&container), [ErrorKind::Corrupt; 2]);
}

#[test]
fn impossible_headers_are_refused() {
    let container = encode(&tensors()[11..12], EncodeOptions::default());
    for (decoder_level, features, kind) in [
        (0, 0, ErrorKind::Unsupported),
        (3, 0, ErrorKind::Unsupported),
        (2, 2, ErrorKind::Unsupported),
        (1, 1, ErrorKind::Corrupt),
    ] {
        let mut container = container.clone();
        claim(&mut container, decoder_level, features);
        assert_eq!(refused(&container), [kind; 2], "level {decoder_level}, features {features}");
    }
}
