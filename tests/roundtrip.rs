//! What goes in comes out, bit for bit, whatever it is and whichever way it is read.

mod support;

use std::collections::{BTreeMap, HashSet};

use half::{bf16, f16};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use support::{Content, Random, by_index, files, in_order, streamed};
use tersor::{
    Dtype, Element, EncodeOptions, Encoder, ErrorKind, FileInput, Limits, Reader, Tensor, TensorView, byte_len,
    encode_files,
};

#[derive(Debug, Clone, Copy)]
enum Kind {
    Random,
    Special,
    Constant,
    Few,
    Normal,
    Small,
    Sequence,
    Sparse,
    /// One in the first half, another in the second.
    Changing,
    /// Rows and columns of a hundred differ in scale.
    Scaled,
    /// Some rows have zeros in their lower half, as if they came through a narrower type.
    Narrow,
    /// Bits here and there never change, and others change only where the top bit is set.
    Masked,
    /// Neighbours resemble each other.
    Smooth,
}

const KINDS: [Kind; 13] = [
    Kind::Random,
    Kind::Special,
    Kind::Constant,
    Kind::Few,
    Kind::Normal,
    Kind::Small,
    Kind::Sequence,
    Kind::Sparse,
    Kind::Changing,
    Kind::Scaled,
    Kind::Narrow,
    Kind::Masked,
    Kind::Smooth,
];

/// Values whose bits are easily lost: NaNs with payloads, quiet and signalling, -0.0, subnormals, infinities, extremes.
fn special(dtype: Dtype, random: &mut Random) -> u64 {
    let bits = dtype.bits().min(64);
    let mask = u64::MAX >> (64 - bits);
    let (sign, payload) = ((random.next() & 1) << (bits - 1), random.next());
    let exponent = match dtype {
        Dtype::F16 => 5,
        Dtype::BF16 | Dtype::F32 => 8,
        Dtype::F64 => 11,
        _ => bits.div_ceil(2) - 1,
    };
    let mantissa = bits - 1 - exponent;
    let all_exponent = ((1u64 << exponent) - 1) << mantissa;
    let value = match random.below(7) {
        0 => sign,
        1 => sign | all_exponent,
        2 => sign | all_exponent | payload & ((1 << mantissa) - 1),
        3 => sign | payload & ((1 << mantissa) - 1),
        4 => sign | 1,
        5 => mask,
        _ => sign | all_exponent | 1,
    };
    value & mask
}

fn normal(dtype: Dtype, random: &mut Random) -> u64 {
    of_value(dtype, random.normal() * 0.05, random)
}

fn of_value(dtype: Dtype, value: f64, random: &mut Random) -> u64 {
    match dtype {
        Dtype::F16 => f16::from_f64(value).to_bits().into(),
        Dtype::BF16 => bf16::from_f64(value).to_bits().into(),
        Dtype::F32 => (value as f32).to_bits().into(),
        Dtype::F64 => value.to_bits(),
        Dtype::C64 => u64::from((value as f32).to_bits()) | u64::from((random.normal() as f32).to_bits()) << 32,
        _ => (value * 200.0) as i64 as u64,
    }
}

/// The elements of a tensor, packed as the format packs them.
fn bytes_of(dtype: Dtype, elements: u64, kind: Kind, random: &mut Random) -> Vec<u8> {
    let bits = u64::from(dtype.bits());
    let mask = u64::MAX >> (64 - bits);
    let constant = random.next();
    let few: Vec<u64> = (0..1 + random.below(9)).map(|_| random.next()).collect();
    let mut smooth = 0.0;
    let mut out = vec![0u8; (elements * bits / 8) as usize];
    for i in 0..elements {
        let value = match kind {
            Kind::Random => random.next(),
            Kind::Special => special(dtype, random),
            Kind::Constant => constant,
            Kind::Few => few[random.below(few.len() as u64) as usize],
            Kind::Normal => normal(dtype, random),
            Kind::Small => (random.normal() * 5.0) as i64 as u64,
            Kind::Sequence => constant.wrapping_add(i * 3),
            Kind::Sparse if random.below(50) > 0 => 0,
            Kind::Sparse => random.next(),
            Kind::Changing if i < elements / 2 => normal(dtype, random),
            Kind::Changing => few[0] ^ random.below(5),
            Kind::Scaled => {
                let scale = f64::from(1u32 << (i / 100 % 7)) * f64::from(1u32 << (i % 100 % 5));
                of_value(dtype, random.normal() * 0.001 * scale, random)
            }
            Kind::Narrow if i / 100 % 7 < 2 => normal(dtype, random) >> (bits / 2) << (bits / 2),
            Kind::Narrow => normal(dtype, random),
            Kind::Masked => {
                let value = random.next() & 0x7f55_2b00_0fff_ffff;
                if value >> (bits - 2) & 1 == 1 { value & !0xff7f } else { value }
            }
            Kind::Smooth => {
                smooth = 0.9 * smooth + 0.01 * random.normal();
                of_value(dtype, smooth, random)
            }
        } & mask;
        if bits >= 8 {
            let width = (bits / 8) as usize;
            out[i as usize * width..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
        } else {
            let at = i * bits;
            let shifted = (value as u16) << (at % 8);
            out[(at / 8) as usize] |= shifted as u8;
            if shifted > 0xff {
                out[(at / 8) as usize + 1] |= (shifted >> 8) as u8;
            }
        }
    }
    out
}

fn shape() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        1 => Just(vec![]),
        1 => prop_oneof![Just(vec![0]), Just(vec![3, 0, 5]), Just(vec![0, u64::MAX, u64::MAX])],
        3 => (1u64..50).prop_map(|n| vec![n]),
        2 => (1u64..3000).prop_map(|n| vec![1, n]),
        4 => (1u64..60, 1u64..60).prop_map(|(rows, columns)| vec![rows, columns]),
        2 => prop::collection::vec(1u64..5, 1..7),
        1 => (2000u64..12_000).prop_map(|n| vec![n]),
        1 => (20u64..200, 17u64..90).prop_map(|(rows, columns)| vec![rows, columns, 1]),
    ]
}

fn tensor() -> impl Strategy<Value = Content> {
    let dtype = prop::sample::select(Dtype::all().collect::<Vec<_>>());
    let kind = prop::sample::select(&KINDS[..]);
    let name = prop_oneof![Just(String::new()), ".{1,12}", any::<String>()];
    (name, dtype, shape(), kind, any::<u64>()).prop_map(|(name, dtype, mut shape, kind, seed)| {
        if byte_len(dtype, &shape).is_none() {
            shape.push(8);
        }
        let elements = tersor::element_count(&shape).unwrap();
        let bytes = bytes_of(dtype, elements, kind, &mut Random(seed));
        Content { name: Some(name), dtype, shape, bytes }
    })
}

/// Tensors of distinct names, some of which repeat others' bytes.
fn tensors(most: usize) -> impl Strategy<Value = Vec<Content>> {
    prop::collection::vec((tensor(), any::<prop::sample::Index>(), 0..5), 0..most).prop_map(|drawn| {
        let mut tensors: Vec<Content> = Vec::new();
        let mut names = HashSet::new();
        for (mut tensor, other, repeat) in drawn {
            if repeat == 0 && !tensors.is_empty() {
                let other = &tensors[other.index(tensors.len())];
                let flat = vec![tersor::element_count(&other.shape).unwrap()];
                tensor = Content { name: tensor.name, shape: flat, ..other.clone() };
            }
            while !names.insert(tensor.name.clone()) {
                tensor.name.as_mut().unwrap().push('\'');
            }
            tensors.push(tensor);
        }
        tensors
    })
}

fn options() -> impl Strategy<Value = EncodeOptions> {
    let level = prop_oneof![4 => Just(1), 4 => Just(6), 2 => 1u8..=9];
    let chunk_bytes = prop_oneof![Just(4096u64), Just(10_000), Just(256 << 10)];
    (level, chunk_bytes).prop_map(|(level, bytes)| EncodeOptions::default().with_level(level).with_chunk_bytes(bytes))
}

fn encode(tensors: &[Content], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    encoder.metadata("key", "value").unwrap();
    for tensor in tensors {
        let view = TensorView::new(tensor.dtype, &tensor.shape, &tensor.bytes).unwrap();
        encoder.add(tensor.name.as_ref().unwrap(), view).unwrap();
    }
    let (container, summary) = encoder.finish().unwrap();
    assert_eq!(summary.coded_bytes, container.len() as u64);
    assert_eq!(summary.tensors, tensors.len() as u64);
    assert_eq!(summary.raw_bytes, tensors.iter().map(|tensor| tensor.bytes.len() as u64).sum::<u64>());
    container
}

/// All that can be asked of a container of these tensors.
fn check(container: &[u8], tensors: &[Content], random: &mut Random) {
    assert_eq!(by_index(container, Limits::unlimited()).unwrap(), tensors);
    let reader = Reader::new(container).unwrap();
    assert!(reader.metadata().eq([("key", "value")]));
    for (tensor, expected) in reader.tensors().zip(tensors) {
        let found = reader.tensor(expected.name.as_ref().unwrap()).unwrap();
        assert_eq!((found.name(), found.shape()), (tensor.name(), &expected.shape[..]));
        assert_eq!(tensor.byte_len(), expected.bytes.len() as u64);
        let mut out = vec![0xa5; expected.bytes.len()];
        tensor.decode_bytes_into(&mut out).unwrap();
        assert!(out == expected.bytes);
        out.push(0);
        assert_eq!(tensor.decode_bytes_into(&mut out).unwrap_err().kind(), ErrorKind::InvalidArgument);
        if let Some(borrowed) = tensor.borrow_bytes().unwrap() {
            assert!(borrowed == expected.bytes);
        }
        let digest = blake3::hash(&expected.bytes);
        let known = (!expected.bytes.is_empty()).then(|| digest.as_bytes()[..16].try_into().unwrap());
        assert_eq!(tensor.digest(), known);
        check_rows(tensor, expected, random);
        if let Some(same) = tensor.alias_of() {
            assert!(same.decode().unwrap() == expected.bytes);
        }
    }
    let streamed = in_order(container, Limits::unlimited()).unwrap();
    let aliases: BTreeMap<usize, usize> = streamed.aliases.iter().copied().collect();
    for (ordinal, expected) in tensors.iter().enumerate() {
        match streamed.stored.get(&ordinal) {
            Some(content) => assert_eq!(content, expected),
            None if expected.bytes.is_empty() => {}
            None => {
                let content = &streamed.stored[&aliases[&ordinal]];
                assert!(content.dtype == expected.dtype && content.bytes == expected.bytes);
            }
        }
    }
    // each content is stored once
    let mut contents = HashSet::new();
    assert!(streamed.stored.values().all(|content| contents.insert((content.dtype, &content.bytes))));
}

fn check_rows(tensor: Tensor<'_, &[u8]>, expected: &Content, random: &mut Random) {
    let rows = tensor.row_count();
    assert_eq!(rows, expected.shape.first().copied().unwrap_or(1));
    assert_eq!(tensor.rows(0..rows.saturating_add(1)).is_err(), rows < u64::MAX);
    if expected.bytes.is_empty() {
        assert!(tensor.rows(0..rows).unwrap().decode().unwrap().is_empty());
        return;
    }
    let row_bits = tensor.element_count() / rows * u64::from(expected.dtype.bits());
    for _ in 0..3 {
        let first = random.below(rows + 1);
        let last = first + random.below(rows + 1 - first);
        let (start, end) = (first * row_bits, last * row_bits);
        let slice = tensor.rows(first..last).unwrap();
        match slice.decode() {
            Ok(bytes) => {
                assert!(bytes == expected.bytes[start as usize / 8..end as usize / 8]);
                let mut out = vec![0x5a; bytes.len()];
                slice.decode_bytes_into(&mut out).unwrap();
                assert!(out == bytes);
                assert!(first == last || start % 8 == 0 && end % 8 == 0);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
                assert!(start % 8 != 0 || end % 8 != 0, "{error}");
            }
        }
        check_values::<f32>(tensor, first..last, |value| value.to_bits().into());
        check_values::<f64>(tensor, first..last, |value| value.to_bits());
        #[cfg(feature = "half")]
        {
            check_values::<f16>(tensor, first..last, |value| value.to_bits().into());
            check_values::<bf16>(tensor, first..last, |value| value.to_bits().into());
        }
    }
    assert!(tensor.rows(1..rows + 1).is_err());
    let backwards = std::ops::Range { start: 1, end: 0 };
    assert_eq!(tensor.rows(backwards).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// Rows converted are the rows of the whole converted.
fn check_values<T: Element>(tensor: Tensor<'_, &[u8]>, rows: std::ops::Range<u64>, bits: fn(&T) -> u64) {
    let (whole, part) = (tensor.decode_as::<T>(), tensor.rows(rows.clone()).unwrap().decode_as::<T>());
    if tensor.dtype() == Dtype::C64 {
        assert_eq!(whole.err().map(|error| error.kind()), Some(ErrorKind::Unsupported));
        return;
    }
    let (whole, part) = (whole.unwrap(), part.unwrap());
    assert_eq!(whole.len() as u64, tensor.element_count());
    let row = whole.len() / tensor.row_count() as usize;
    let own = &whole[rows.start as usize * row..rows.end as usize * row];
    assert!(own.iter().map(bits).eq(part.iter().map(bits)));
    if tensor.dtype() == T::DTYPE {
        let bytes = tensor.decode().unwrap();
        let words = bytes.chunks_exact(size_of::<T>());
        let stored = words.map(|word| word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)));
        assert!(stored.eq(whole.iter().map(bits)));
    }
}

/// A safetensors file: the tensors in this order, the header's text as odd as it may be.
fn safetensors(tensors: &[Content], spaces: usize, metadata: bool) -> Vec<u8> {
    let mut header = Vec::new();
    if metadata {
        header.push(r#""__metadata__" : {"b":"1", "a":"caf\u00e9 \ud83d\ude00"}"#.to_owned());
    }
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + tensor.bytes.len();
        let (name, dtype) = (serde_json::to_string(tensor.name.as_ref().unwrap()).unwrap(), tensor.dtype.name());
        header.push(format!(
            "{name}:\n{{\"shape\":{:?} ,\"dtype\":\"{dtype}\",\"data_offsets\":[{offset},{end}]}}",
            tensor.shape
        ));
        offset = end;
    }
    // the order of the header's keys is not that of the bytes
    header.reverse();
    let mut text = format!("{{{}}}", header.join(","));
    text.push_str(&" ".repeat(spaces));
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(text.as_bytes());
    tensors.iter().for_each(|tensor| out.extend_from_slice(&tensor.bytes));
    out
}

fn check_files(inputs: &[FileInput<'_>], options: EncodeOptions) -> Vec<u8> {
    let (container, summary) = encode_files(inputs, Vec::new(), options.clone().with_threads(1)).unwrap();
    let (again, _) = encode_files(inputs, Vec::new(), options.with_threads(2)).unwrap();
    assert!(container == again, "the number of threads changes the bytes");
    assert_eq!(summary.raw_bytes, inputs.iter().map(|file| file.bytes.len() as u64).sum::<u64>());
    let out = files(&container, Limits::unlimited()).unwrap();
    assert_eq!(out.len(), inputs.len());
    for ((info, bytes), input) in out.iter().zip(inputs) {
        assert_eq!(info.name, input.name);
        assert!(bytes == input.bytes, "{:?}", input.name);
    }
    by_index(&container[..], Limits::unlimited()).unwrap();
    in_order(&container, Limits::unlimited()).unwrap();
    container
}

fn config() -> Config {
    let seeds = Box::new(FileFailurePersistence::Direct("tests/roundtrip.proptest-regressions"));
    Config { cases: 96, failure_persistence: Some(seeds), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tensors_come_back(tensors in tensors(9), options in options(), seed: u64) {
        let container = encode(&tensors, options.clone().with_threads(1));
        let again = encode(&tensors, options.with_threads(2));
        prop_assert!(container == again, "the number of threads changes the bytes");
        check(&container, &tensors, &mut Random(seed));
    }

    #[test]
    fn files_come_back(
        first in tensors(6),
        second in tensors(3),
        opaque in prop::collection::vec(any::<u8>(), 0..5000),
        options in options(),
        spaces in 0usize..20,
        metadata: bool,
        name in "[a-zA-Z\u{e9}\u{1f600} ._-]{0,9}[a-z]",
    ) {
        // the safetensors crate counts in usize, and checks the product of all dimensions
        let usable = |tensors: Vec<Content>| -> Vec<Content> {
            let fits = |content: &Content| {
                content.shape.iter().all(|&d| d < 1 << 40) && content.name.as_deref() != Some("__metadata__")
            };
            tensors.into_iter().filter(fits).collect()
        };
        let (first, second) = (usable(first), usable(second));
        let (a, b) = (safetensors(&first, spaces, metadata), safetensors(&second, 0, !metadata));
        let name = format!("x{name}");
        check_files(
            &[
                FileInput::new("a.safetensors", &a),
                FileInput::new("same.safetensors", &a),
                FileInput::new(&name, &opaque),
                FileInput::new("b.safetensors", &b),
                FileInput::new("opaque again", &opaque),
                FileInput::new("empty", &[]),
            ],
            options,
        );
    }
}

/// Every dtype with every kind of content, in several chunks.
#[test]
fn every_dtype_and_content_comes_back() {
    let mut random = Random(1);
    for dtype in Dtype::all() {
        let tensors: Vec<Content> = KINDS
            .into_iter()
            .map(|kind| {
                let bytes = bytes_of(dtype, 9000, kind, &mut random);
                Content { name: Some(format!("{kind:?}")), dtype, shape: vec![90, 100], bytes }
            })
            .collect();
        for level in [1, 5, 6, 9] {
            let options = EncodeOptions::default().with_level(level).with_chunk_bytes(4096);
            check(&encode(&tensors, options), &tensors, &mut random);
        }
    }
}

/// Every representation in a tensor of several chunks; all of them are met.
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

/// Two manifests and more: an encoder of tensors declares as it goes.
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

/// A container of very many tensors is quick to make and to read.
fn many(count: u32) -> usize {
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
    let reader = Reader::with_options(&container[..], tersor::DecodeOptions::default().with_limits(limits)).unwrap();
    assert_eq!(reader.tensors().count(), count as usize);
    for i in (0..count).step_by(count as usize / 50) {
        let tensor = reader.tensor(&format!("t.{i}")).unwrap();
        assert_eq!(tensor.decode().unwrap(), i.to_le_bytes());
    }
    container.len()
}

#[test]
fn a_million_tensors_come_back() {
    many(1_000_000);
}

/// What a container cannot hold is refused when it is encoded, not when it is decoded.
#[test]
fn what_cannot_be_held_is_refused() {
    let high_rank = vec![1; 65_536];
    assert!(TensorView::new(Dtype::U8, &high_rank, &[1]).is_err());
    let tensor = Content { name: Some("x".into()), dtype: Dtype::U8, shape: high_rank, bytes: vec![1] };
    let file = safetensors(&[tensor], 0, false);
    let input = FileInput::new("x.safetensors", &file);
    assert!(encode_files(&[input], Vec::new(), EncodeOptions::default()).is_err());
    for name in ["", ".", "..", "a/b", "a\\b", "nul", "a\n", "x."] {
        let input = FileInput::new(name, b"x");
        let error = encode_files(&[input], Vec::new(), EncodeOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{name:?}");
    }
    let twice = [FileInput::new("x", b"1"), FileInput::new("x", b"2")];
    assert_eq!(
        encode_files(&twice, Vec::new(), EncodeOptions::default()).unwrap_err().kind(),
        ErrorKind::InvalidArgument
    );
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add("x", TensorView::new(Dtype::U8, &[1], &[1]).unwrap()).unwrap();
    assert!(encoder.add("x", TensorView::new(Dtype::U8, &[1], &[2]).unwrap()).is_err());
    assert!(encoder.metadata("late", "").is_err());
}

#[test]
fn nothing_comes_back() {
    let container = encode(&[], EncodeOptions::default());
    check(&container, &[], &mut Random(5));
    let none = encode_files(&[], Vec::new(), EncodeOptions::default());
    assert_eq!(none.unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// The networks of `tests/data`, as files.
#[test]
fn networks_come_back() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        found.push((path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()));
    }
    found.sort();
    assert!(found.len() > 3);
    let inputs: Vec<_> = found.iter().map(|(name, bytes)| FileInput::new(name, bytes)).collect();
    let container = check_files(&inputs, EncodeOptions::default().with_level(1));
    assert!(container.len() * 10 < inputs.iter().map(|file| file.bytes.len()).sum::<usize>() * 9);
}

/// Bits that never change cut words into many fields, of which there can be sixteen.
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

/// A random field may still be what tells another's contexts apart.
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
        // eight bits of half of the words are known
        assert!(container.len() < tensors[0].bytes.len() * 29 / 32, "{} bytes", container.len());
    }
}
