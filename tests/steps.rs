//! The encoder detects pruned, clustered, quantised and packed weights, and they come back bit for bit. So do weights
//! that almost follow such a pattern.

mod support;

use half::{bf16, f16};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence};
use support::{Content, Random, by_index, check_bounds, in_order, ledger};
use tersor::{Dtype, EncodeOptions, Encoder, Limits, Profile, Reader, TensorView};

fn word(dtype: Dtype, value: f32) -> Vec<u8> {
    match dtype {
        Dtype::F16 => f16::from_f32(value).to_le_bytes().to_vec(),
        Dtype::BF16 => bf16::from_f32(value).to_le_bytes().to_vec(),
        Dtype::F64 => f64::from(value).to_le_bytes().to_vec(),
        Dtype::I8 => vec![(value * 40.0) as i8 as u8],
        _ => value.to_le_bytes().to_vec(),
    }
}

/// The pattern of pruned weights.
#[derive(Debug, Clone, Copy)]
enum Pruning {
    None,
    Small,
    Rows,
    Columns,
    Blocks,
    TwoOfFour,
    TwoOfFourRows,
    All,
}

const PRUNINGS: [Pruning; 8] = [
    Pruning::None,
    Pruning::Small,
    Pruning::Rows,
    Pruning::Columns,
    Pruning::Blocks,
    Pruning::TwoOfFour,
    Pruning::TwoOfFourRows,
    Pruning::All,
];

impl Pruning {
    fn prunes(self, row: usize, column: usize, value: f32) -> bool {
        match self {
            Self::None => false,
            Self::Small => value.abs() < 0.8,
            Self::Rows => row % 4 != 1,
            Self::Columns => column % 8 != 3,
            Self::Blocks => !(row / 16 * 5 + column / 16 * 3).is_multiple_of(7),
            Self::TwoOfFour => (column + row / 3) % 4 < 2,
            Self::TwoOfFourRows => (row + column / 3) % 4 < 2,
            Self::All => true,
        }
    }
}

/// The values of the weights that are not pruned.
#[derive(Debug, Clone, Copy)]
enum Values {
    Dense,
    Codebook,
    CodebookOfRow,
    Grid,
    GridOfRow,
    GridOfColumn,
    GridOfBlock,
    GridOfColumnBlock,
    One,
}

const VALUES: [Values; 9] = [
    Values::Dense,
    Values::Codebook,
    Values::CodebookOfRow,
    Values::Grid,
    Values::GridOfRow,
    Values::GridOfColumn,
    Values::GridOfBlock,
    Values::GridOfColumnBlock,
    Values::One,
];

/// A disturbance of the pattern.
#[derive(Debug, Clone, Copy)]
enum Oddity {
    None,
    NegativeZeros,
    NotNumbers,
    /// One value is one unit in the last place off.
    Nearly,
}

fn weights(dtype: Dtype, shape: [usize; 2], pruning: Pruning, values: Values, oddity: Oddity, seed: u64) -> Content {
    let mut random = Random(seed);
    let [rows, columns] = shape;
    // rounded as float16 rounds
    let scale = |index: usize| f16::from_f32(0.001 + ((index * 37) % 50) as f32 * 1e-4).to_f32();
    let entries: Vec<f32> = (0..16).map(|_| random.normal() as f32).collect();
    let mut bytes = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let value = random.normal() as f32;
            let integer = (value * 40.0).round().clamp(-127.0, 127.0) + 0.0;
            let value = match values {
                _ if pruning.prunes(row, column, value) => 0.0,
                Values::Dense => value,
                Values::Codebook => entries[random.below(16) as usize],
                Values::CodebookOfRow => entries[random.below(8) as usize] * (1.0 + row as f32),
                Values::Grid => integer * scale(0),
                Values::GridOfRow => integer * scale(row),
                Values::GridOfColumn => integer * scale(column),
                Values::GridOfBlock => integer * scale((row * columns + column) / 32),
                Values::GridOfColumnBlock => integer * scale(row / 32 * columns + column),
                Values::One => 1.5,
            };
            bytes.extend(word(dtype, value));
        }
    }
    let size = dtype.bits() as usize / 8;
    let count = rows * columns;
    match oddity {
        Oddity::None => {}
        Oddity::NegativeZeros => {
            for _ in 0..3 {
                let at = random.below(count as u64) as usize * size;
                bytes[at..at + size].copy_from_slice(&word(dtype, -0.0));
            }
        }
        Oddity::NotNumbers => {
            for _ in 0..2 {
                let at = random.below(count as u64) as usize * size;
                bytes[at..at + size].fill(0xff);
                bytes[at] = random.next() as u8;
            }
        }
        Oddity::Nearly => bytes[random.below(count as u64) as usize * size] ^= 1,
    }
    Content { name: Some("x".into()), dtype, shape: vec![rows as u64, columns as u64], bytes }
}

/// Makes a tensor of `dtype` whose words hold integers of `bits` bits, in the order of rows or of columns.
fn packed(dtype: Dtype, shape: [usize; 2], bits: usize, is_down: bool, seed: u64) -> Content {
    let mut random = Random(seed);
    let [rows, columns] = shape;
    let width = dtype.bits() as usize;
    let mut bytes = vec![0u8; rows * columns * width / 8];
    let (runs, len) = if is_down { (columns, rows) } else { (rows, columns) };
    for run in 0..runs {
        for value in 0..len * width / bits {
            let drawn = random.below(1 << bits).min(random.below(1 << bits));
            for bit in 0..bits {
                let at = value * bits + bit;
                let word = if is_down { at / width * columns + run } else { run * columns + at / width };
                bytes[(word * width + at % width) / 8] |= ((drawn >> bit & 1) as u8) << (at % 8);
            }
        }
    }
    Content { name: Some("x".into()), dtype, shape: vec![rows as u64, columns as u64], bytes }
}

fn encode(content: &Content, options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    let view = TensorView::new(content.dtype, &content.shape, &content.bytes).unwrap();
    encoder.add("x", view).unwrap();
    encoder.finish().unwrap().0
}

/// Encodes, decodes in every way, and returns the representation in the ledger and the size of the container.
fn check(content: &Content, options: EncodeOptions) -> (String, usize) {
    let container = encode(content, options.clone().with_threads(1));
    assert!(container == encode(content, options.with_threads(2)), "threads change bytes");
    assert!(by_index(&container[..], Limits::unlimited()).unwrap() == [content.clone()]);
    let streamed = in_order(&container, Limits::unlimited()).unwrap();
    assert!(streamed.stored.values().eq([content]));
    ledger(&container[..], Limits::unlimited()).unwrap();
    let reader = Reader::new(&container[..]).unwrap();
    let tensor = reader.tensor("x").unwrap();
    let rows = content.shape[0];
    let row = content.bytes.len() / rows as usize;
    let range = rows / 3..(rows / 3 + 2).min(rows);
    let expected = &content.bytes[range.start as usize * row..range.end as usize * row];
    assert!(tensor.rows(range).unwrap().decode().unwrap() == expected);
    check_bounds(&reader);
    (reader.ledger().unwrap().segments[0].representation.clone(), container.len())
}

fn options() -> impl Strategy<Value = EncodeOptions> {
    let level = prop_oneof![3 => Just(6u8), 2 => Just(9), 1 => 1u8..=9];
    let chunk_bytes = prop_oneof![Just(4096u64), Just(256 << 10)];
    let profile = prop_oneof![3 => Just(Profile::Default), 1 => Just(Profile::Gpu)];
    (level, chunk_bytes, profile).prop_map(|(level, bytes, profile)| {
        EncodeOptions::default().with_level(level).with_chunk_bytes(bytes).with_profile(profile)
    })
}

fn config() -> Config {
    Config { cases: 200, failure_persistence: Some(Box::new(FileFailurePersistence::Off)), ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_was_found_comes_back(
        dtype in prop::sample::select(vec![Dtype::F32, Dtype::F32, Dtype::BF16, Dtype::F16, Dtype::F64, Dtype::I8]),
        rows in prop_oneof![Just(64usize), Just(96), 1usize..70],
        columns in prop_oneof![Just(64usize), Just(128), 1usize..200],
        pruning in prop::sample::select(PRUNINGS.to_vec()),
        values in prop::sample::select(VALUES.to_vec()),
        oddity in prop::sample::select(vec![Oddity::None, Oddity::None, Oddity::NegativeZeros, Oddity::NotNumbers, Oddity::Nearly]),
        options in options(),
        seed: u64,
    ) {
        check(&weights(dtype, [rows, columns], pruning, values, oddity, seed), options);
    }

    #[test]
    fn packed_integers_come_back(
        dtype in prop::sample::select(vec![Dtype::U8, Dtype::I8, Dtype::I16, Dtype::I32, Dtype::U32, Dtype::I64]),
        bits in 1usize..=8,
        rows in prop_oneof![Just(48usize), 1usize..60],
        columns in prop_oneof![Just(48usize), 1usize..60],
        is_down: bool, options in options(), seed: u64,
    ) {
        check(&packed(dtype, [rows, columns], bits, is_down, seed), options);
    }
}

/// Each kind of values leads to the expected step and to at most the expected size in bits a weight.
#[test]
fn structure_is_found() {
    let find = |dtype, pruning, values, oddity| {
        let content = weights(dtype, [256, 512], pruning, values, oddity, 7);
        let (representation, bytes) = check(&content, EncodeOptions::default());
        (representation, bytes as f64 * 8.0 / (256.0 * 512.0))
    };
    let cases = [
        (Dtype::F32, Pruning::Small, Values::Dense, "mask", 14.0),
        (Dtype::BF16, Pruning::TwoOfFour, Values::Dense, "mask", 6.5),
        (Dtype::F32, Pruning::None, Values::Codebook, "codebook of 16", 4.1),
        (Dtype::F32, Pruning::Small, Values::Codebook, "codebook of 1", 3.5),
        (Dtype::F32, Pruning::None, Values::CodebookOfRow, "codebook of up to 8 for each 512 values", 4.0),
        (Dtype::F32, Pruning::None, Values::Grid, "scale;", 7.5),
        (Dtype::F32, Pruning::None, Values::GridOfRow, "scale for each 512 values", 7.6),
        (Dtype::BF16, Pruning::None, Values::GridOfRow, "scale for each 512 values", 7.6),
        (Dtype::F16, Pruning::Small, Values::GridOfColumn, "scale for each of 512 columns", 4.8),
        (Dtype::F32, Pruning::None, Values::GridOfBlock, "scale for each 32 values", 8.3),
        (Dtype::F32, Pruning::None, Values::GridOfColumnBlock, "scale for each 32 values of 512 columns", 8.3),
        (Dtype::F32, Pruning::Rows, Values::One, "", 0.02),
        (Dtype::F32, Pruning::Columns, Values::One, "", 0.02),
    ];
    for (dtype, pruning, values, step, most) in cases {
        let (representation, bits) = find(dtype, pruning, values, Oddity::None);
        assert!(representation.contains(step), "{dtype} {pruning:?} {values:?}: {representation}");
        assert!(bits < most, "{dtype} {pruning:?} {values:?}: {bits} bits a weight, {representation}");
    }
    // one value is not on the grid, so the planner uses no grid; the tensor comes back anyway
    for oddity in [Oddity::Nearly, Oddity::NegativeZeros, Oddity::NotNumbers] {
        let (representation, _) = find(Dtype::F32, Pruning::None, Values::Grid, oddity);
        assert!(!representation.contains("scale;"), "{oddity:?}: {representation}");
    }
}

#[test]
fn packed_integers_are_found() {
    for (dtype, bits, is_down, step) in [
        (Dtype::U8, 4, false, "packed 4 bits;"),
        (Dtype::I32, 4, false, "packed 4 bits;"),
        (Dtype::I32, 2, false, "packed 2 bits;"),
        (Dtype::I32, 3, true, "packed 3 bits in 3 words;"),
        (Dtype::U8, 3, false, "packed 3 bits in 3 words;"),
    ] {
        let content = packed(dtype, [96, 192], bits, is_down, 3);
        let (representation, bytes) = check(&content, EncodeOptions::default());
        assert!(representation.contains(step), "{dtype} {bits}: {representation}");
        assert!(bytes < content.bytes.len(), "{dtype} {bits}: {bytes}");
    }
}

/// Whole pruned rows and columns take less than a hundredth of a bit a weight.
#[test]
fn masks_of_whole_rows_and_columns_cost_next_to_nothing() {
    for pruning in [Pruning::Rows, Pruning::Columns] {
        for level in [6, 9] {
            let content = weights(Dtype::F32, [512, 1024], pruning, Values::Dense, Oddity::None, 11);
            let container = encode(&content, EncodeOptions::default().with_level(level));
            let ledger = Reader::new(&container[..]).unwrap().ledger().unwrap();
            let mask = |(category, bytes): &(tersor::Category, u64)| match category {
                tersor::Category::Masks | tersor::Category::Classes => *bytes,
                _ => 0,
            };
            let bits = ledger.totals().iter().map(mask).sum::<u64>() as f64 * 8.0 / (512.0 * 1024.0);
            assert!(bits < 0.01, "{pruning:?} at level {level}: {bits}");
        }
    }
}
