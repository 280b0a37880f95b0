//! Section 8.7: grids.

use crate::encoder::class_field::{AxisGroup, ClassField, NO_ROWS};
use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::grid::{Grid, rounded, rounded_once};
use crate::encoder::groups::Groups;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::spoiled;
use crate::vectors::build::{Alone, after, by_class, mask, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::zeros::{ONE, Zeros, grid_of_zeros, zeros_after};
use crate::wire::bits::pack_words;
use crate::wire::dtypes::DTYPES;
use crate::wire::primitives::put_words;

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(grid_segment());
    all.push(grid_blocks());
    all.push(grid_rounding());
    all.push(grid_mask());
    all.push(rounds_twice());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    grid_rules(list);
}

/// Returns a grid step without symbols.
pub(crate) fn grid((block, period): (u64, u64), symbol_bits: u8, lowest: i64, zero_bits: u8, scales: &[f32]) -> Grid {
    let scales = scales.iter().map(|scale| scale.to_bits()).collect();
    Grid { groups: Groups::new(block, period), symbol_bits, lowest, zero_bits, scales, symbols: vec![] }
}

impl Alone {
    /// Adds a tensor with these symbol words on a grid.
    fn add_grid(&mut self, name: &str, of: (&str, &[u64]), chunk_len: u64, grid: Grid, symbols: Vec<u64>) {
        let grid = Grid { symbols, ..grid };
        let values = grid.values(of.0, chunk_len as usize);
        let symbol_bits = grid.symbol_bits.into();
        let steps = Steps { map: Map::Grid(grid), ..Steps::default() };
        self.add_words(name, of, chunk_len, &values, after(steps, symbol_bits));
    }
}

impl Random {
    fn symbols(&mut self, count: u64, bits: u8) -> Vec<u64> {
        (0..count).map(|_| self.next() >> (64 - bits)).collect()
    }
}

pub(crate) fn grid_segment() -> Vector {
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
        // with lowest = 2^24, only symbol 0 would be allowed
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
    alone.vector("s08-7-grid-segment", "integers times one scale, or one for each column")
}

pub(crate) fn grid_blocks() -> Vector {
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
            // some scales are equal to the scale before
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
    alone.vector("s08-7-grid-blocks", "scales of blocks, in chunks; scales that repeat")
}

/// Returns 2^n. The function of the standard library need not be exact.
pub(crate) fn power(n: i32) -> f32 {
    if n >= -126 { f32::from_bits(((n + 127) as u32) << 23) } else { f32::from_bits(1 << (n + 149)) }
}

pub(crate) fn grid_rounding() -> Vector {
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
        // products halfway between two floats, which round to even, and products that are rounded twice
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
    alone.vector("s08-7-grid-rounding", "subnormal results, infinities, zeros of both signs, ties, and rounding twice")
}

/// Returns a test vector whose products are rounded twice, to 32 and then to 16 bits. Rounding the exact product once,
/// directly to 16 bits, would give other values.
fn rounds_twice() -> Vector {
    let mut random = Random(70);
    let mut alone = Alone::default();
    for dtype in ["BF16", "F16"] {
        let (bits, lowest) = (22, -(1i64 << 21));
        let scales: Vec<f32> = (0..8).map(|_| 0.01 + random.below(1 << 20) as f32 * 1.0e-8).collect();
        let differs = |integer: i64, scale: f32| {
            let exact = integer as f64 * f64::from(scale);
            rounded(integer as f32 * scale, dtype) != rounded_once(exact, dtype)
        };
        let found: Vec<Vec<u64>> = scales
            .iter()
            .map(|&scale| {
                let symbols = (0..1u64 << bits).filter(|&symbol| differs(lowest + symbol as i64, scale));
                symbols.take(12).collect()
            })
            .collect();
        assert!(found.iter().all(|symbols| symbols.len() > 2), "{dtype}: few products are rounded twice");
        let symbols = (0..8 * 12).map(|i| found[i % 8][i / 8 % found[i % 8].len()]).collect();
        alone.add_grid(dtype, (dtype, &[12, 8]), 96, grid((0, 8), bits, lowest, 0, &scales), symbols);
    }
    alone.vector(
        "s08-7-grid-rounds-twice",
        "products to round to 32 and then to 16 bits: rounding once gives other values",
    )
}

pub(crate) fn grid_mask() -> Vector {
    let mut random = Random(55);
    let mut alone = Alone::default();
    for (dtype, w, (block, period), omitted) in [
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
            // omits a whole chunk, many rows and some other values
            if i / 300 == 1 || i / 30 % 4 == 1 || random.below(3) == 0 {
                *value = omitted;
            }
        }
        let steps = Steps { mask: mask(omitted, 1, 1, bits(true, 120)), map: Map::Grid(grid), ..Steps::default() };
        let coding = Coding::Bits { source: by_class(0, 0, 8), word_size: 1, limit: 30 };
        let mut fields = Fields { steps, offset: 16, ..Fields::of(3, &[field(5, coding)]) };
        let group = AxisGroup { first: 1, axes: 1, classes: (0..30).map(|c| c % 8).collect() };
        fields.class_fields =
            vec![ClassField { depth: NO_ROWS, width: 3, order: 0, rows: vec![], axis_groups: vec![group] }];
        assert_eq!(w, DTYPES[usize::from(crate::wire::dtypes::dtype(dtype))].3);
        let name = format!("{dtype}, blocks of {block}, period {period}, {omitted:x} omitted");
        alone.add_words(&name, (dtype, &[30, 30]), 300, &values, fields);
    }
    alone.vector("s08-7-grid-mask", "grids behind a mask: zeros of either sign or a NaN are omitted")
}

pub(crate) fn grid_rules(list: &mut List) {
    list.begin("8.7");
    let of = |grid: Grid, u: u32| zeros_after(Steps { map: Map::Grid(grid), ..Steps::default() }, u);
    let zeros = Zeros { dtype: "F32", ..ONE };
    let good = of(grid_of_zeros(0, 1, 4, 0, 0), 4);
    for dtype in ["F32", "BF16", "F16"] {
        Zeros { dtype, ..ONE }.accepts(&good);
    }
    list.rule("R8.7-1");
    for dtype in ["F64", "I8", "U8", "F8_E4M3", "F8_E5M2", "I32", "U16", "F4", "BOOL"] {
        let name = format!("grid-of-{}", dtype.to_lowercase().replace('_', "-"));
        list.zeros(&name, CORRUPT, "a grid of other elements than floats", &Zeros { dtype, ..ONE }, &good);
    }
    let mut unpacked = good.clone();
    unpacked.steps.unpack = Some(Unpack { value_bits: 8, run_words: 1, axis: 0 });
    list.zeros("grid-of-unpacked", CORRUPT, "a grid of unpacked values", &zeros, &unpacked);
    let most = 1 << 24;
    zeros.accepts(&of(Grid { lowest: 1, ..grid_of_zeros(0, 1, 24, 0, 0) }, 24));
    for (name, rule, breaks, grid, u) in [
        ("of-0-bits", "R8.7-3", "grid numbers of no bits", grid_of_zeros(0, 1, 0, 0, 0), 4),
        ("of-25-bits", "R8.7-3", "grid numbers of 25 bits", grid_of_zeros(0, 1, 25, -most, 0), 25),
        ("of-255-bits", "R8.7-3", "grid numbers of 255 bits", grid_of_zeros(0, 1, 255, 0, 0), 32),
        ("lowest-above", "R8.7-4", "a lowest integer above 2^24", grid_of_zeros(0, 1, 1, most + 1, 0), 1),
        ("lowest-below", "R8.7-4", "a lowest integer below -2^24", grid_of_zeros(0, 1, 1, -most - 1, 0), 1),
        ("lowest-2-to-the-62", "R8.7-4", "a lowest integer above 2^24", grid_of_zeros(0, 1, 1, 1 << 62, 0), 1),
        ("lowest-less-2-to-the-62", "R8.7-4", "a lowest integer below -2^24", grid_of_zeros(0, 1, 1, -(1 << 62), 0), 1),
        (
            "highest-2-to-the-24-and-1",
            "R8.7-4",
            "a highest integer above 2^24",
            grid_of_zeros(0, 1, 4, most - 14, 0),
            4,
        ),
        ("highest-above-of-24-bits", "R8.7-4", "a highest integer above 2^24", grid_of_zeros(0, 1, 24, 2, 0), 24),
        ("highest-above-of-1-bit", "R8.7-4", "a highest integer above 2^24", grid_of_zeros(0, 1, 1, most, 0), 1),
        ("zero-bits-24", "R8.7-3", "scales of which more than the mantissa is 0", grid_of_zeros(0, 1, 4, 0, 24), 4),
        ("zero-bits-255", "R8.7-3", "scales of which more than the mantissa is 0", grid_of_zeros(0, 1, 4, 0, 255), 4),
    ] {
        list.rule(rule);
        list.zeros(&format!("grid-{name}"), CORRUPT, breaks, &zeros, &of(grid, u));
    }
    let parameters = good.parameters();
    list.rule("R6-8");
    for kept in 2..parameters.len() {
        list.refuse(&zeros.vector(), &format!("grid-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters = parameters[..kept].to_vec();
        });
    }
    let scales = [0.5f32, 0.5, -2.5, 1e-40, 7.7, 0.0, 1.5e30, 0.1, 0.1, 0.2].map(f32::to_bits);
    for (place, block) in [("head", 0), ("chunk", 6)] {
        let fields = |scales: &[u32]| {
            let period = if block == 0 { scales.len() as u64 } else { 1 };
            of(Grid { groups: Groups::new(block, period), scales: scales.to_vec(), ..grid_of_zeros(0, 1, 4, 0, 0) }, 4)
        };
        // all symbols are 0 and so is `lowest`, so all values are 0 or -0
        let base = {
            let value = |i: usize| if scales[if block == 0 { i % 10 } else { i / 6 }] >> 31 == 1 { 1 << 31 } else { 0 };
            let bytes = pack_words(&(0..60).map(value).collect::<Vec<_>>(), 32);
            let Map::Grid(mut grid) = fields(&scales).steps.map else { unreachable!("a grid") };
            grid.symbols = vec![0; 60];
            let item = segment(&[0], 60, Representation::Fields(of(grid, 4)));
            Vector::new("", "", vec![tensor("x", "F32", &[60], bytes)], vec![item])
        };
        base.decode(&mut base.parts()).expect("ten scales");
        let words = grid_of_zeros(0, 1, 4, 0, 0).words(&scales);
        let refuse = |list: &mut List, name: &str, breaks: &str, stream: &[u8]| {
            list.refuse(&base, &format!("grid-{place}-{name}"), CORRUPT, breaks, |parts| match block {
                0 => {
                    let mut old = Vec::new();
                    put_words(&words, 2, &mut old);
                    let head = parts.segment().parameters.clone();
                    // these come before the stream: steps, class fields, block, period, symbol bits, lowest, and zero
                    // bits
                    assert_eq!(head[7..7 + old.len()], old);
                    parts.segment().parameters = [&head[..7], stream, &head[7 + old.len()..]].concat();
                }
                _ => parts.segment().chunks = vec![stream.to_vec()],
            });
        };
        for (name, rule, breaks, stream) in spoiled(&words, 2) {
            list.rule(rule);
            refuse(list, name, breaks, &stream);
        }
        list.rule("R8.7-5");
        for (name, scale) in [("infinity", f32::INFINITY), ("less-infinity", f32::NEG_INFINITY), ("nan", f32::NAN)] {
            let mut scales = scales;
            scales[4] = scale.to_bits();
            let mut stream = Vec::new();
            put_words(&grid_of_zeros(0, 1, 4, 0, 0).words(&scales), 2, &mut stream);
            refuse(list, name, "a scale that is not finite", &stream);
        }
    }
}
