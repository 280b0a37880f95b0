//! Good vectors of what replaces kept values: codebooks and affine grids.

use std::collections::HashMap;

use super::Random;
use super::coders::{ClassField, Coding, Fields, Group, NO_ROWS, bits, field, pack_words, words};
use super::good::{Alone, Vector};
use super::good_steps::{after, by_class, classes, mask, packed, unpack};
use super::steps::{Affine, Codebook, Groups, Map, Order, Steps};
use super::wire::{DTYPES, dtype};

pub fn all() -> Vec<Vector> {
    vec![
        codebook_segment(),
        codebook_blocks(),
        codebook_columns(),
        codebook_steps(),
        affine_segment(),
        affine_blocks(),
        affine_rounding(),
        affine_mask(),
    ]
}

/// A codebook without its entries.
pub fn book(name: &str, (block, period): (u64, u64), bits: u8, zero_bits: u8) -> Codebook {
    let width = DTYPES[usize::from(dtype(name))].3;
    Codebook { groups: Groups::new(block, period), bits, zero_bits, order: Order::of(name), width, books: vec![] }
}

/// Steps with a codebook for these values.
pub fn with_book(book: Codebook, values: &[u64], chunk: usize) -> Steps {
    let book = book.fill(values, &vec![true; values.len()], chunk);
    Steps { map: Map::Codebook(book), ..Steps::default() }
}

fn f32s(values: &[f32]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits().into()).collect()
}

fn codebook_segment() -> Vector {
    let mut random = Random(48);
    let mut alone = Alone::default();
    let nans = [0x7fc0_0000u64, 0x7f80_0001, 0xffc0_1234, 0xffff_ffff, 0x7fff_ffff];
    let specials =
        [&f32s(&[0.0, -0.0, 1.0, -1.0, f32::MIN, f32::MAX, f32::INFINITY, f32::NEG_INFINITY, 1e-45])[..], &nans]
            .concat();
    let ends = [0, 1, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
    let many: Vec<u64> = (0..300).map(|i| i * 0x0101_0101_0101 + (i << 55)).collect();
    for (name, entries, u, t) in [
        ("F32", &specials[..], 4, 0),
        ("F32", &f32s(&[0.5]), 1, 0),
        ("F32", &f32s(&[0.5, -0.5, 0.25, -2.0, 0.0, -0.0]), 3, 21),
        ("F32", &[0, 1 << 31], 1, 31),
        ("I32", &[0, 5, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x8000_0001], 12, 0),
        ("I8", &[0, 1, 0xff, 0x80, 0x7f, 0x40, 0xc0], 3, 0),
        ("U8", &[0, 1, 0xff, 0x80, 0x7f, 0x40, 0xc0], 5, 0),
        ("BOOL", &[0, 1], 1, 0),
        ("I16", &[0x8000, 0x7fc0, 0x0040, 0xffc0], 2, 6),
        ("U16", &[0x8000, 0x0000], 2, 15),
        ("U64", &ends, 3, 0),
        ("I64", &ends, 6, 0),
        ("U64", &many, 9, 0),
        (
            "F64",
            &[0, 1 << 63, 0x7ff0_0000_0000_0000, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000, 0xfff8_0000_0000_0000],
            3,
            51,
        ),
        ("F16", &[0, 0x8000, 0x3c00, 0xbc00, 0x7e01, 0xfe01], 3, 0),
        ("BF16", &[0, 0x8000, 0x3f80, 0xbf80, 0x7fc0, 0xff80], 3, 6),
        ("F8_E4M3", &[0, 0x80, 0x7f, 0xff, 0x38, 0xb8], 3, 0),
        ("F8_E5M2FNUZ", &[0, 0x80, 0x7c, 0xfc], 2, 2),
        ("F8_E8M0", &[0, 0x80, 0x7f, 0xff], 2, 0),
        ("F6_E2M3", &[0, 32, 31, 63, 16, 48], 3, 0),
        ("F6_E3M2", &[0, 32, 30, 62], 2, 1),
        ("F4", &[0, 8, 7, 15, 3], 3, 0),
    ] {
        let values: Vec<u64> = (0..320).map(|_| entries[random.below(entries.len() as u64) as usize]).collect();
        let fields = after(with_book(book(name, (0, 1), u, t), &values, 320), u.into());
        alone.add_words(&format!("{name}, {} of {u} bits", entries.len()), (name, &[32, 10]), 264, &values, fields);
    }
    // what no value has may be in it
    let mut unused = book("U8", (0, 1), 4, 0);
    unused.books = vec![(10..26).collect()];
    let values: Vec<u64> = (0..50).map(|_| 10 + random.below(15)).collect();
    let fields = after(Steps { map: Map::Codebook(unused), ..Steps::default() }, 4);
    alone.add_words("as many entries as there may be, one of them unused", ("U8", &[50]), 50, &values, fields);
    alone.vector("codebook-segment", "one codebook: every order of values, zero bits, differences of 1 to 64 bits")
}

fn codebook_blocks() -> Vector {
    let mut random = Random(49);
    let mut alone = Alone::default();
    for (name, (block, period), count, chunk_len) in [
        ("F32", (50, 1), 1000, 300),
        ("F32", (50, 1), 1000, 1000),
        ("I16", (64, 1), 500, 256),
        ("U8", (10, 30), 1000, 300),
        ("U8", (10, 30), 1000, 1001),
        ("I8", (1, 1), 40, 40),
        ("I8", (1, 7), 300, 259),
        ("BF16", (1000, 3), 20, 20),
        ("U8", (4, 100), 30, 30),
        ("U8", (1 << 22, 1), 30, 30),
        ("U8", (4, 1 << 20), 30, 30),
    ] {
        let w = DTYPES[usize::from(dtype(name))].3;
        let groups = Groups::new(block, period);
        let mut values = Vec::new();
        let mut books: HashMap<usize, Vec<u64>> = HashMap::new();
        for i in 0..count {
            let (chunk, i) = (i / chunk_len, i % chunk_len);
            let group = chunk * 10_000 + groups.of_chunk(0, count).group(i);
            let size = 1 + random.below(8);
            let entries = books.entry(group).or_insert_with(|| (0..size).map(|_| random.next() >> (64 - w)).collect());
            values.push(entries[random.below(entries.len() as u64) as usize]);
        }
        let fields = after(with_book(book(name, (block, period), 3, 0), &values, chunk_len), 3);
        let about = format!("{name}: blocks of {block}, period {period}, {count} values in chunks of {chunk_len}");
        alone.add_words(&about, (name, &[count as u64]), chunk_len as u64, &values, fields);
    }
    alone.vector(
        "codebook-blocks",
        "codebooks in chunks: rows, parts of rows, pieces of columns, blocks without their end",
    )
}

fn codebook_columns() -> Vector {
    let mut random = Random(50);
    let mut alone = Alone::default();
    for (shape, period, chunk_len) in [(&[40, 20][..], 20, 800), (&[40, 20], 20, 257), (&[30, 9], 4, 270), (&[7], 7, 7)]
    {
        let count = shape.iter().product::<u64>();
        let values: Vec<u64> =
            (0..count).map(|i| (i % period) * 1000 + random.below(4) * 7 * ((i % period) % 3)).collect();
        let steps = with_book(book("I32", (0, period), 2, 0), &values, count as usize);
        let about = format!("{shape:?}, period {period}, chunks of {chunk_len}");
        alone.add_words(&about, ("I32", shape), chunk_len, &values, after(steps, 2));
    }
    alone.vector("codebook-columns", "codebooks of columns, through the whole segment; a period as long as the segment")
}

fn codebook_steps() -> Vector {
    let mut random = Random(51);
    let mut alone = Alone::default();
    // values unpacked: their order is that of numbers, whatever the dtype
    let unpacking = unpack(4, 1, 0);
    let mut packed = packed(&mut random, 32, &unpacking, &[200]);
    packed.iter_mut().for_each(|word| *word &= 0x9d9d_9d9d);
    let values = words(&pack_words(&packed, 32), 4);
    for (block, mask) in
        [(0, None), (80, None), (80, mask(9, 1, 1, bits(true, 80))), (0, mask(0, 4, 1, bits(true, 80)))]
    {
        let kept: Vec<bool> =
            values.iter().map(|value| mask.as_ref().is_none_or(|mask| mask.left_out != *value)).collect();
        let book = Codebook { order: Order::Plain, width: 4, ..book("I32", (block, 1), 4, 0) };
        let map = Map::Codebook(book.fill(&values, &kept, 1600));
        let about = format!("unpacked, blocks of {block}, {} left out", kept.iter().filter(|kept| !**kept).count());
        let steps = Steps { unpack: Some(unpacking.clone()), mask, map, code: None };
        alone.add_words(&about, ("I32", &[200]), 200, &packed, after(steps, 4));
    }
    // whole groups are left out, and a whole chunk
    for (block, period) in [(30, 1), (3, 10), (0, 1), (0, 30)] {
        let value = |i: u64| if i / 30 % 3 == 1 || i / 300 == 1 || i % 30 == 4 { 0x8000 } else { i % 30 * 100 + i % 2 };
        let values: Vec<u64> = (0..900).map(value).collect();
        let kept: Vec<bool> = values.iter().map(|value| *value != 0x8000).collect();
        let shape: &[u64] = &[30, 30];
        let chunk = if block > 0 { 300 } else { 900 };
        let map = Map::Codebook(book("F16", (block, period), 7, 0).fill(&values, &kept, chunk));
        let steps = Steps { mask: mask(0x8000, 1, 1, bits(false, 100)), map, ..Steps::default() };
        let coding = Coding::Bits { source: by_class(0, 9), word: 0, limit: 30 };
        let mut fields = Fields { steps, ..Fields::of(2, &[field(7, coding)]) };
        fields.classes = vec![classes(&mut random, 1, shape, &[[1, 1]])];
        alone.add_words(&format!("masked, blocks of {block}, period {period}"), ("F16", shape), 300, &values, fields);
    }
    // nothing kept anywhere: the head has its codebook all the same
    let mut empty = book("F16", (0, 1), 1, 0);
    empty.books = vec![vec![5]];
    let steps = Steps { mask: mask(0, 1, 1, bits(true, 30)), map: Map::Codebook(empty), ..Steps::default() };
    alone.add_words("nothing kept", ("F16", &[300]), 256, &[0; 300], after(steps, 1));
    alone.vector("codebook-steps", "codebooks after unpacking and masks; groups without a kept value")
}

/// A grid without symbols.
fn grid((block, period): (u64, u64), bits: u8, lowest: i64, zero_bits: u8, scales: &[f32]) -> Affine {
    let scales = scales.iter().map(|scale| scale.to_bits()).collect();
    Affine { groups: Groups::new(block, period), bits, lowest, zero_bits, scales, symbols: vec![] }
}

impl Alone {
    /// A tensor of these symbol words on a grid.
    fn add_grid(&mut self, name: &str, of: (&str, &[u64]), chunk_len: u64, grid: Affine, symbols: Vec<u64>) {
        let grid = Affine { symbols, ..grid };
        let values = grid.values(of.0, chunk_len as usize);
        let bits = grid.bits.into();
        let steps = Steps { map: Map::Affine(grid), ..Steps::default() };
        self.add_words(name, of, chunk_len, &values, after(steps, bits));
    }
}

impl Random {
    fn symbols(&mut self, count: u64, bits: u8) -> Vec<u64> {
        (0..count).map(|_| self.next() >> (64 - bits)).collect()
    }
}

fn affine_segment() -> Vector {
    let mut random = Random(52);
    let mut alone = Alone::default();
    for (dtype, u, lowest, zero_bits, scale) in [
        ("F32", 4, -8, 0, 0.0123f32),
        ("F32", 8, -128, 0, 1.0e-3),
        ("BF16", 4, -7, 13, 0.01171875),
        ("F16", 8, -127, 13, 0.00390625),
        ("F16", 3, 0, 23, 0.5),
        ("BF16", 1, -1, 23, -2.0),
        ("F32", 1, 1 << 24, 0, 3.1),
        ("F32", 24, -(1 << 24), 0, 1.7e-9),
        ("F32", 24, 1, 22, 1.5),
        ("F32", 12, (1 << 24) - 4095, 5, 1.0),
    ] {
        // the only symbol that does not leave the integers is 0
        let u = if lowest == 1 << 24 { 1 } else { u };
        let lowest = if lowest == 1 << 24 { lowest - 1 } else { lowest };
        let symbols = random.symbols(300, u);
        let name = format!("{dtype}, {u} bits from {lowest}");
        alone.add_grid(&name, (dtype, &[30, 10]), 256, grid((0, 1), u, lowest, zero_bits, &[scale]), symbols);
    }
    for (dtype, period) in [("F32", 7), ("BF16", 20), ("F16", 20)] {
        let scales: Vec<f32> = (0..period).map(|i| 0.01 * (1 + i / 3) as f32).collect();
        let symbols = random.symbols(400, 5);
        let name = format!("{dtype}, {period} scales");
        alone.add_grid(&name, (dtype, &[20, 20]), 257, grid((0, period), 5, -16, 0, &scales), symbols);
    }
    let scales = [0.5, 0.25, 9.5];
    let symbols = random.symbols(3, 5);
    alone.add_grid("a period as long as the segment", ("F32", &[3]), 3, grid((0, 3), 5, 0, 12, &scales), symbols);
    alone.vector("affine-segment", "integers times one scale, or one for each column")
}

fn affine_blocks() -> Vector {
    let mut random = Random(53);
    let mut alone = Alone::default();
    for (dtype, (block, period), count, chunk_len, zero_bits) in [
        ("F32", (32, 1), 1000u64, 320u64, 0),
        ("BF16", (32, 1), 1000, 1000, 12),
        ("F16", (8, 25), 1000, 400, 13),
        ("F32", (1, 1), 40, 40, 0),
        ("BF16", (100, 3), 20, 20, 0),
        ("F16", (50, 1), 130, 130, 0),
    ] {
        let groups = Groups::new(block, period);
        let mut scales: Vec<f32> = Vec::new();
        for from in (0..count).step_by(chunk_len as usize) {
            let own = groups.count((count - from).min(chunk_len) as usize);
            // some repeat the one before
            let all_ones = !0u32 << zero_bits;
            let scale =
                |random: &mut Random| f32::from_bits((0.001 * (1 + random.below(30)) as f32).to_bits() & all_ones);
            for _ in 0..own {
                let again = scales.last().filter(|_| random.below(3) == 0).copied();
                scales.push(again.unwrap_or_else(|| scale(&mut random)));
            }
        }
        let symbols = random.symbols(count, 4);
        let about = format!("{dtype}: blocks of {block}, period {period}, {count} values in chunks of {chunk_len}");
        let grid = grid((block, period), 4, -8, zero_bits, &scales);
        alone.add_grid(&about, (dtype, &[count]), chunk_len, grid, symbols);
    }
    alone.vector("affine-blocks", "scales of blocks, in chunks; scales that repeat")
}

/// 2^n: that of the library need not be exact.
fn power(n: i32) -> f32 {
    if n >= -126 { f32::from_bits(((n + 127) as u32) << 23) } else { f32::from_bits(1 << (n + 149)) }
}

fn affine_rounding() -> Vector {
    let mut random = Random(54);
    let mut alone = Alone::default();
    let scales = [
        0.0,
        -0.0,
        1e-45,
        -1e-45,
        1.0e-40,
        1.1754944e-38,
        1.3e-38,
        3.0e38,
        -3.0e38,
        f32::MAX,
        1.7e34,
        2.4e-8,
        5.9604645e-8,
        6.1e-5,
        0.01,
        -0.3,
        31.0,
        65519.996,
        65520.0,
        2.0001,
        1.0009766,
        1.0000001,
        1.0078126,
        0.33333334,
        4.5e-41,
        2.98e-8,
    ];
    for dtype in ["F32", "BF16", "F16"] {
        for (bits, lowest, count) in [(6, -31, 26 * 40u64), (16, -30000, 26 * 12), (24, -(1 << 23), 26 * 12)] {
            let symbols = random.symbols(count, bits);
            let name = format!("{dtype}, {bits} bits from {lowest}");
            alone.add_grid(&name, (dtype, &[count]), count, grid((0, 26), bits, lowest, 0, &scales), symbols);
        }
        // halves of the last place: to even, and what is rounded twice
        let ties: Vec<f32> = match dtype {
            "F16" => vec![0.5, 0.25, 1.0 + 1.0 / 2048.0, power(-25), power(-26) * 3.0, power(-149), 32.0, 1.0004883],
            "BF16" => vec![0.5, 0.25, 1.0 + 1.0 / 256.0, power(-134), power(-135) * 3.0, power(-149), 32.0, 1.0019531],
            _ => vec![0.5, 1.5 * power(-149), power(-140), 1.0 + power(-23), 3.0, 5.0, power(127), 1.9999999],
        };
        let symbols = (0..8 * 130).map(|i| i / 8 * if i / 8 > 64 { 37 } else { 1 }).collect();
        alone.add_grid(
            &format!("{dtype}, ties"),
            (dtype, &[8 * 130]),
            8 * 130,
            grid((0, 8), 16, -64, 0, &ties),
            symbols,
        );
    }
    alone.vector("affine-rounding", "subnormal results, infinities, zeros of both signs, ties, and rounding twice")
}

fn affine_mask() -> Vector {
    let mut random = Random(55);
    let mut alone = Alone::default();
    for (dtype, w, (block, period), left_out) in [
        ("F32", 32, (30, 1), 0),
        ("BF16", 16, (0, 30), 0x8000),
        ("F16", 16, (0, 1), 0x7e00u64),
        ("F32", 32, (10, 30), 0x8000_0000),
    ] {
        let groups = Groups::new(block, period);
        let scales: Vec<f32> = (0..groups.count(300) * if block > 0 { 3 } else { 1 }).map(|i| 0.5 + i as f32).collect();
        let mut grid = grid((block, period), 5, -16, 0, &scales);
        grid.symbols = random.symbols(900, 5);
        let mut values = grid.values(dtype, 300);
        for (i, value) in values.iter_mut().enumerate() {
            // a chunk, many rows and some others
            if i / 300 == 1 || i / 30 % 4 == 1 || random.below(3) == 0 {
                *value = left_out;
            }
        }
        let steps = Steps { mask: mask(left_out, 1, 1, bits(true, 120)), map: Map::Affine(grid), ..Steps::default() };
        let coding = Coding::Bits { source: by_class(0, 8), word: 1, limit: 30 };
        let mut fields = Fields { steps, offset: 16, ..Fields::of(3, &[field(5, coding)]) };
        let group = Group { first: 1, axes: 1, classes: (0..30).map(|c| c % 8).collect() };
        fields.classes = vec![ClassField { depth: NO_ROWS, width: 3, order: 0, rows: vec![], groups: vec![group] }];
        assert_eq!(w, DTYPES[usize::from(super::wire::dtype(dtype))].3);
        let name = format!("{dtype}, blocks of {block}, period {period}, {left_out:x} left out");
        alone.add_words(&name, (dtype, &[30, 30]), 300, &values, fields);
    }
    alone.vector("affine-mask", "grids behind a mask: zeros of either sign or a NaN are left out")
}
