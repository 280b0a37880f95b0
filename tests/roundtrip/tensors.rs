//! Tensors of all dtypes, contents, representations and levels.

use tersor::{DecodeOptions, Dtype, EncodeOptions, Encoder, Limits, Reader, TensorView};

use crate::check::{check, encode};
use crate::content::{KINDS, Kind, bytes_of};
use crate::support::{Content, Random, by_index, in_order, streamed};

/// Every dtype with every kind of content, in several chunks.
#[test]
fn every_dtype_and_content_comes_back() {
    let mut random = Random(1);
    for dtype in Dtype::all() {
        let tensors: Vec<Content> = KINDS
            .into_iter()
            .map(|kind| {
                let bytes = bytes_of(dtype, 5000, kind, &mut random);
                Content { name: Some(format!("{kind:?}")), dtype, shape: vec![50, 100], bytes }
            })
            .collect();
        for level in [1, 5, 6, 9] {
            let options = EncodeOptions::default().with_level(level).with_chunk_bytes(2048);
            check(&encode(&tensors, options), &tensors, &mut random);
        }
    }
}

/// Every representation in a tensor of several chunks; the test checks that each of them occurs.
#[test]
fn every_representation_comes_back_in_several_chunks() {
    let mut random = Random(2);
    let text: Vec<u8> = b"a sentence that comes again and again, "
        .iter()
        .copied()
        .cycle()
        .take(300_000)
        .enumerate()
        .map(|(i, byte)| if i % 20 == 0 { random.next() as u8 } else { byte })
        .collect();
    let cases = [
        (Dtype::U8, bytes_of(Dtype::U8, 400_000, Kind::Random, &mut random), "raw"),
        (Dtype::U8, text, "zstd"),
        (Dtype::F32, bytes_of(Dtype::F32, 100_000, Kind::Normal, &mut random), "fields"),
        (Dtype::BF16, bytes_of(Dtype::BF16, 200_001, Kind::Changing, &mut random), "fields"),
        (Dtype::I64, bytes_of(Dtype::I64, 50_000, Kind::Small, &mut random), "fields"),
        (Dtype::F64, bytes_of(Dtype::F64, 50_000, Kind::Random, &mut random), "raw"),
        (Dtype::F4, bytes_of(Dtype::F4, 400_000, Kind::Normal, &mut random), "fields"),
    ];
    for (dtype, bytes, representation) in cases {
        let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
        let tensors = [Content { name: Some("x".into()), dtype, shape: vec![elements], bytes }];
        let container = encode(&tensors, EncodeOptions::default().with_level(3).with_chunk_bytes(4096));
        let reader = Reader::new(&container[..]).unwrap();
        assert_eq!(reader.tensor("x").unwrap().representation().unwrap(), representation, "{dtype}");
        let ledger = reader.ledger().unwrap();
        assert!(ledger.segments[0].chunks > 2, "{dtype}: {} chunks", ledger.segments[0].chunks);
        assert_eq!(reader.tensor("x").unwrap().borrow_bytes().unwrap().is_some(), representation == "raw");
        check(&container, &tensors, &mut random);
    }
}

#[test]
fn every_level_comes_back() {
    let mut random = Random(3);
    let kinds = [
        (Dtype::F32, Kind::Normal),
        (Dtype::I16, Kind::Small),
        (Dtype::BF16, Kind::Changing),
        (Dtype::F16, Kind::Scaled),
        (Dtype::F64, Kind::Narrow),
        (Dtype::I8, Kind::Smooth),
    ];
    let tensors: Vec<Content> = kinds
        .into_iter()
        .map(|(dtype, kind)| {
            let bytes = bytes_of(dtype, 30_000, kind, &mut random);
            Content { name: Some(dtype.name().into()), dtype, shape: vec![300, 100], bytes }
        })
        .collect();
    let sizes = (1..=9u8).map(|level| {
        let options = EncodeOptions::default().with_level(level).with_chunk_bytes(20_000);
        let container = encode(&tensors, options.clone().with_threads(1));
        assert!(container == encode(&tensors, options.with_threads(2)));
        check(&container, &tensors, &mut random);
        container.len()
    });
    let sizes: Vec<usize> = sizes.collect();
    assert!(sizes[8] <= sizes[0], "level 9 is no larger than level 1: {sizes:?}");
}

/// An encoder of tensors writes several manifests.
#[test]
fn containers_of_several_manifests_come_back() {
    let mut random = Random(4);
    let mut tensors = Vec::new();
    for i in 0..12 {
        let bytes = bytes_of(Dtype::BF16, 2_300_000, if i % 3 == 0 { Kind::Constant } else { Kind::Few }, &mut random);
        tensors.push(Content { name: Some(format!("large {i}")), dtype: Dtype::BF16, shape: vec![2_300_000], bytes });
        let bytes = bytes_of(Dtype::I8, 100, Kind::Small, &mut random);
        tensors.push(Content { name: Some(format!("small {i}")), dtype: Dtype::I8, shape: vec![100], bytes });
    }
    let container = encode(&tensors, EncodeOptions::default().with_level(1));
    assert_eq!(by_index(&container[..], Limits::default()).unwrap(), tensors);
    let streamed = in_order(&container, Limits::default()).unwrap();
    assert!(streamed.stored.iter().all(|(&ordinal, content)| *content == tensors[ordinal]));
    assert_eq!(streamed.stored.len() + streamed.aliases.len(), tensors.len());
}

/// Makes and reads a container of very many tensors, which must not take long.
fn check_many(count: u32) {
    let bytes: Vec<u8> = (0..count).flat_map(|i| i.to_le_bytes()).collect();
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_level(1)).unwrap();
    for (i, bytes) in bytes.chunks(4).enumerate() {
        encoder.add(&format!("t.{i}"), TensorView::new(Dtype::U32, &[1], bytes).unwrap()).unwrap();
    }
    let container = encoder.finish().unwrap().0;
    let limits = Limits::default().with_tensors(count.into());
    let streamed = streamed(&container, limits).unwrap();
    assert_eq!(streamed.stored.len(), count as usize);
    assert!(streamed.stored.values().zip(bytes.chunks(4)).all(|(content, bytes)| content.bytes == bytes));
    let reader = Reader::with_options(&container[..], DecodeOptions::default().with_limits(limits)).unwrap();
    assert_eq!(reader.tensors().count(), count as usize);
    for i in (0..count).step_by(count as usize / 50) {
        let tensor = reader.tensor(&format!("t.{i}")).unwrap();
        assert_eq!(tensor.decode().unwrap(), i.to_le_bytes());
    }
}

#[test]
fn a_million_tensors_come_back() {
    check_many(1_000_000);
}

/// Bits that never change divide words into many fields; there can be sixteen.
#[test]
fn many_runs_of_constant_bits_come_back() {
    let mut random = Random(5);
    for dtype in [Dtype::U64, Dtype::I64, Dtype::F64] {
        let mut bytes = Vec::new();
        for _ in 0..20_000 {
            let skewed = random.next() & random.next() & 0xff_ffff_ffff;
            bytes.extend((random.next() & 0x7f55_2b00_0000_0000 | skewed).to_le_bytes());
        }
        let tensors = [Content { name: Some("x".into()), dtype, shape: vec![200, 100], bytes }];
        for level in [1, 6, 9] {
            let options = EncodeOptions::default().with_level(level);
            check(&encode(&tensors, options), &tensors, &mut random);
        }
    }
}

/// A random field can still give the contexts of another field.
#[test]
fn contexts_of_a_raw_field_come_back() {
    let mut random = Random(6);
    let mut bytes = Vec::new();
    for _ in 0..50_000 {
        let word = random.next() as u32;
        bytes.extend(if word >> 31 == 1 { word & !0xff00 } else { word }.to_le_bytes());
    }
    let tensors = [Content { name: Some("x".into()), dtype: Dtype::U32, shape: vec![500, 100], bytes }];
    for level in [5, 6, 9] {
        let container = encode(&tensors, EncodeOptions::default().with_level(level));
        check(&container, &tensors, &mut random);
        // in half of the words eight bits are known
        assert!(container.len() < tensors[0].bytes.len() * 29 / 32, "{} bytes", container.len());
    }
}
