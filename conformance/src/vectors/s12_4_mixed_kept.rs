//! Section 12.4: mixed kept values.

use crate::encoder::codebook::{Codebook, Order};
use crate::encoder::coding::{Coding, Field, bits, field};
use crate::encoder::fields::Fields;
use crate::encoder::grid::Grid;
use crate::encoder::groups::Groups;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::source::Source;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::unpack::Unpack;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::spoiled;
use crate::vectors::build::{Alone, mask, plain};
use crate::vectors::good::Vector;
use crate::vectors::s12_3_mixed_mask::{coded, first_stream, mixed_mask, pattern, sparse_bytes};
use crate::vectors::zeros::{Zeros, constants};
use crate::wire::dtypes::{DTYPES, dtype};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(kept_integers());
    all.push(kept_floats());
    all.push(kept_escapes());
    all.push(kept_chunks());
    all.push(kept_steps());
    all.push(kept_gains());
    all.push(kept_bounds());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    bad_parameters(list);
    bad_chunks(list);
}

/// Returns parameters without forced escapes.
pub(crate) fn kept(kind: u8, fraction: u8, base: u64, row: u64, kernel: u64) -> MixedKept {
    MixedKept { kind, fraction, base, row, kernel, escape_each: 0 }
}

/// Draws words of small integers in two's complement of `w` bits; 0 if the mask bit is 0. They are larger in rows that
/// keep many values.
pub(crate) fn integers(random: &mut Random, bits: &[bool], w: u32, row: usize) -> Vec<u64> {
    let most = (1u64 << (w - 1)) - 1;
    let word = |i: usize| {
        if !bits[i] {
            return 0;
        }
        let near = bits[i / row * row..(i / row * row + row).min(bits.len())].iter().filter(|bit| **bit).count() as u64;
        let magnitude = (1 + random.below(1 + near) * random.below(8) / 3).min(most);
        let sign = random.below(3) == 0;
        if sign { (1u64 << w) - magnitude } else { magnitude }
    };
    (0..bits.len()).map(word).collect()
}

/// Kept values behind a mixed mask. The mixed field has `width` bits of the words, from the top.
struct KeptValues<'a> {
    dtype: &'a str,
    chunk_len: u64,
    words: &'a [u64],
    width: u32,
    mixed: MixedKept,
}

impl Alone {
    /// Adds a tensor of these values.
    fn add_kept(&mut self, name: &str, kept: KeptValues) {
        let KeptValues { dtype: dtype_name, chunk_len, words, width, mixed } = kept;
        let w = DTYPES[usize::from(dtype(dtype_name))].3;
        let mask_coding = mixed_mask(mixed.row, mixed.kernel);
        let mut parts = vec![field(width, Coding::MixedKept(mixed))];
        if w > width {
            parts.push(field(w - width, Coding::Raw));
        }
        let steps = Steps { mask: mask(0, 1, 1, mask_coding), ..Steps::default() };
        let fields = Fields { steps, ..Fields::of(0, &parts) };
        self.add_words(name, (dtype_name, &[words.len() as u64]), chunk_len, words, fields);
    }
}

pub(crate) fn kept_integers() -> Vector {
    let mut random = Random(63);
    let mut alone = Alone::default();
    for (row, kernel, count, of_256) in [
        (40u64, 1, 1200usize, 60),
        (36, 4, 1200, 90),
        (45, 9, 1170, 90),
        (64, 16, 1000, 60),
        (51, 17, 1000, 60),
        (75, 25, 1000, 120),
        (41, 9, 1200, 60),
        (16, 16, 600, 100),
        (20, 20, 600, 100),
        (9, 9, 300, 250),
        (1, 1, 300, 100),
        (2, 2, 300, 100),
        (65536, 1, 500, 100),
        (65536, 65536, 500, 100),
        (65536, 9, 500, 100),
        (501, 100, 500, 30),
    ] {
        let bits = pattern(&mut random, count, row as usize, kernel as usize, of_256);
        let words = integers(&mut random, &bits, 8, row as usize);
        let name = format!("rows of {row}, kernels of {kernel}, {count} values");
        let mixed = kept(1, 0, 0, row, kernel);
        alone.add_kept(&name, KeptValues { dtype: "I8", chunk_len: count as u64, words: &words, width: 8, mixed });
    }
    for w in [4, 6] {
        let name = if w == 4 { "F4" } else { "F6_E2M3" };
        let bits = pattern(&mut random, 1200, 30, 3, 80);
        let words = integers(&mut random, &bits, w, 30);
        let mixed = kept(1, 0, 0, 30, 3);
        alone.add_kept(
            &format!("{w} bits"),
            KeptValues { dtype: name, chunk_len: 1200, words: &words, width: w, mixed },
        );
    }
    for width in [2, 3, 5, 9] {
        let bits = pattern(&mut random, 800, 30, 3, 80);
        let words: Vec<u64> = integers(&mut random, &bits, 9, 30).iter().map(|x| x << 7 | x >> 3).collect();
        let mixed = kept(1, 0, 0, 30, 3);
        alone.add_kept(
            &format!("the upper {width} bits of 16"),
            KeptValues { dtype: "I16", chunk_len: 800, words: &words, width, mixed },
        );
    }
    alone.vector("s12-4-mixed-kept-integers", "kept integers behind mixed masks, in kernels of every size")
}

/// Draws BF16 words with `spread` exponents up to that of 1; 0 if the mask bit is 0.
pub(crate) fn floats(random: &mut Random, bits: &[bool], spread: u64) -> Vec<u64> {
    let float = |bit: &bool| match bit {
        false => 0,
        true => random.below(2) << 15 | (127 - random.below(spread)) << 7 | random.below(128),
    };
    bits.iter().map(float).collect()
}

pub(crate) fn kept_floats() -> Vector {
    let mut random = Random(64);
    let mut alone = Alone::default();
    for (fraction, base, width, row, kernel) in [
        (0, 112, 9, 40, 1),
        (1, 112, 10, 40, 4),
        (2, 120, 11, 36, 9),
        (3, 112, 12, 40, 10),
        (2, 112, 12, 48, 16),
        (4, 56, 12, 51, 17),
        // more fraction than the values have, the first and the last window, and narrow fields
        (4, 0, 12, 40, 5),
        (3, 240, 12, 40, 5),
        (0, 16, 6, 40, 40),
        (0, 0, 4, 40, 1),
        (1, 0, 2, 40, 2),
        (0, 0, 2, 65536, 9),
        (4, 0, 5, 30, 6),
    ] {
        let bits = pattern(&mut random, 900, (row as usize).min(40), 1 + kernel as usize % 40, 90);
        let words = floats(&mut random, &bits, 20);
        let name = format!("fraction {fraction}, base {base}, {width} bits, rows of {row}, kernels of {kernel}");
        let mixed = kept(0, fraction, base, row, kernel);
        alone.add_kept(&name, KeptValues { dtype: "BF16", chunk_len: 900, words: &words, width, mixed });
    }
    alone
        .vector("s12-4-mixed-kept-floats", "kept floats behind mixed masks: fractions, windows, fields of 2 to 12 bits")
}

pub(crate) fn kept_escapes() -> Vector {
    let mut random = Random(65);
    let mut alone = Alone::default();
    for (escape_each, spread) in [(0, 100), (0, 16), (1, 16), (3, 40), (50, 127)] {
        let bits = pattern(&mut random, 1500, 50, 5, 100);
        let words = floats(&mut random, &bits, spread);
        let mixed = MixedKept { escape_each, ..kept(0, 2, 112, 50, 5) };
        alone.add_kept(
            &format!("{spread} exponents, every {escape_each}th"),
            KeptValues { dtype: "BF16", chunk_len: 1500, words: &words, width: 11, mixed },
        );
    }
    alone.vector(
        "s12-4-mixed-kept-escapes",
        "escapes below the window, above it, and within it, where no encoder has them",
    )
}

pub(crate) fn kept_chunks() -> Vector {
    let mut random = Random(66);
    let mut alone = Alone::default();
    for (row, kernel, chunk_len) in [(40u64, 4, 400usize), (40, 1, 407), (36, 9, 256), (64, 20, 640), (500, 1, 300)] {
        let mut bits = pattern(&mut random, 1500, row as usize, kernel as usize, 90);
        bits[chunk_len..2 * chunk_len].fill(false);
        let words = integers(&mut random, &bits, 8, row as usize);
        let name = format!("rows of {row}, kernels of {kernel}, chunks of {chunk_len}");
        let mixed = kept(1, 0, 0, row, kernel);
        alone.add_kept(&name, KeptValues { dtype: "I8", chunk_len: chunk_len as u64, words: &words, width: 8, mixed });
        let words = floats(&mut random, &bits, 20);
        let mixed = kept(0, 1, 110, row, kernel);
        alone.add_kept(
            &format!("floats, {name}"),
            KeptValues { dtype: "BF16", chunk_len: chunk_len as u64, words: &words, width: 10, mixed },
        );
    }
    alone.vector("s12-4-mixed-kept-chunks", "kept values in several chunks, each of which begins anew; one has none")
}

pub(crate) fn kept_steps() -> Vector {
    let mut random = Random(67);
    let mut alone = Alone::default();
    let shape: &[u64] = &[30, 5, 8];
    let (row, kernel) = (40, 8);
    // numbers in a codebook become two's complement, with 0 for the omitted value
    let bits_of = pattern(&mut random, 1200, 40, 8, 90);
    let values: Vec<u64> = bits_of
        .iter()
        .map(|bit| match bit {
            true => [-7f32, -3.0, -1.0, -0.5, 0.25, 1.0, 2.0, 6.0][(random.below(4) + random.below(5)) as usize]
                .to_bits()
                .into(),
            false => 0,
        })
        .collect();
    let codebook = Codebook {
        groups: Groups::new(0, 1),
        symbol_bits: 4,
        zero_bits: 0,
        order: Order::Float,
        value_bits: 32,
        codebooks: vec![],
    };
    let map = Map::Codebook(codebook.fill(&values, &bits_of, 1200));
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), map, ..Steps::default() };
    let coding = |width: u32, row, kernel| vec![field(width, Coding::MixedKept(kept(1, 0, 0, row, kernel)))];
    let fields = Fields { steps, offset: 12, ..Fields::of(3, &coding(4, row, kernel)) };
    alone.add_words("numbers in a codebook", ("F32", shape), 1200, &values, fields);
    // integers on a grid, in chunks
    let scales: Vec<u32> = (0..30).map(|i| (0.01f32 * (1 + i % 7) as f32).to_bits()).collect();
    let symbols: Vec<u64> = bits_of.iter().map(|_| 8 + random.below(120) * random.below(120) / 120).collect();
    let grid = Grid { groups: Groups::new(40, 1), symbol_bits: 8, lowest: -60, zero_bits: 0, scales, symbols };
    let mut values = grid.values("BF16", 400);
    values.iter_mut().zip(&bits_of).for_each(|(value, bit)| *value *= u64::from(*bit));
    // a product that is 0 equals the omitted value, so it is omitted too
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), map: Map::Grid(grid), ..Steps::default() };
    let fields = Fields { steps, offset: 256 - 60, ..Fields::of(3, &coding(8, row, kernel)) };
    alone.add_words("integers on a grid", ("BF16", shape), 400, &values, fields);
    // eight values of 4 bits in each word
    let words: Vec<u64> = (0..200).map(|_| (random.next() & random.next()) & 0x7f7f_7777 | 0x8000_0000).collect();
    let unpack = Some(Unpack { value_bits: 4, run_words: 1, axis: 0 });
    let steps = Steps { unpack, mask: mask(8, 1, 1, mixed_mask(80, 8)), ..Steps::default() };
    let fields = Fields { steps, offset: 8, ..Fields::of(3, &coding(4, 80, 8)) };
    alone.add_words("unpacked", ("I32", &[20, 10]), 200, &words, fields);
    // a mask that is not mixed, and after the mixed field a field that has its contexts from it
    let bits_of = pattern(&mut random, 1000, 50, 5, 90);
    let words = floats(&mut random, &bits_of, 12);
    let rest =
        Coding::Bits { source: Source::Field { field: 0, thresholds: vec![460, 500, 1000] }, word_size: 0, limit: 99 };
    let parts: Vec<Field> =
        [&[field(10, Coding::MixedKept(kept(0, 1, 112, 50, 5)))][..], &[field(3, rest)], &plain(&[3])].concat();
    for (group, coding) in [(1, bits(false, 200)), (4, Coding::Raw), (8, bits(true, 80))] {
        let steps = Steps { mask: mask(0, group, 1, coding), ..Steps::default() };
        let name = format!("behind a mask of {group} bits");
        alone.add_words(&name, ("BF16", &[20, 50]), 500, &words, Fields { steps, ..Fields::of(0, &parts) });
    }
    alone.vector(
        "s12-4-mixed-kept-steps",
        "kept values that come from codebook, grid and unpacking, or behind other masks",
    )
}

/// Returns words of 8 bits in two's complement.
fn two_s_complement(integers: &[i64]) -> Vec<u64> {
    integers.iter().map(|&integer| integer as u64 & 0xff).collect()
}

fn kept_gains() -> Vector {
    let mut random = Random(71);
    let mut alone = Alone::default();
    // large magnitudes next to small ones: the weights for orders get large inputs and small targets
    for (row, kernel, count) in [(40, 1, 5000), (60, 6, 3000)] {
        let integers: Vec<i64> = (0..count)
            .map(|i| {
                let magnitude = if i % 2 == 0 { 60 + random.below(68) } else { 1 + random.below(3) } as i64;
                let magnitude = magnitude.min(127);
                let sign = if random.below(3) == 0 { -1 } else { 1 };
                if random.below(4) == 0 { 0 } else { sign * magnitude }
            })
            .collect();
        let name = format!("rows of {row}, kernels of {kernel}");
        let words = two_s_complement(&integers);
        let mixed = kept(1, 0, 0, row, kernel);
        alone.add_kept(&name, KeptValues { dtype: "I8", chunk_len: count, words: &words, width: 8, mixed });
    }
    alone.vector(
        "s12-4-mixed-kept-gains",
        "so many sizes that it tells whether their gains are rounded towards 0 or down",
    )
}

/// Adds a tensor of integers of 9 bits, which are the upper bits of words of 16 bits. -1 has the order 1; -256 and 255
/// have the order 256.
fn add_wide(alone: &mut Alone, name: &str, integers: &[i64], row: u64, kernel: u64) {
    let words: Vec<u64> = integers.iter().map(|&integer| (integer as u64 & 0x1ff) << 7).collect();
    let parts = [field(9, Coding::MixedKept(kept(1, 0, 0, row, kernel))), field(7, Coding::Constant(0))];
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), ..Steps::default() };
    let count = words.len() as u64;
    alone.add_words(name, ("I16", &[count]), count, &words, Fields { steps, ..Fields::of(0, &parts) });
}

fn kept_bounds() -> Vector {
    let mut random = Random(72);
    let mut alone = Alone::default();
    // few kernels of three have values, so values have almost no neighbours in other kernels
    let (row, kernel, rows) = (18, 3, 2400);
    let mut integers = vec![0; row * rows];
    for r in 0..rows {
        let first = row * r + 3 * random.below(6) as usize;
        let (before, after) = (random.below(2) == 0, random.below(2) == 0);
        let one_if = |present: bool| if present { -1 } else { 0 };
        let values = match r / 400 {
            // a large value after a small one drives weights up
            0 => [-1, 255, one_if(after)],
            1 => [-1, -256, one_if(after)],
            // a value is large if it is alone, and small if it has a neighbour
            2 => [one_if(before), if before { -1 } else { 255 }, 0],
            3 => [0, if after { -1 } else { 255 }, one_if(after)],
            // a small value after a large one makes the predicted order much less than 0
            4 => [if before { 255 } else { 0 }, -1, one_if(after)],
            _ => [-1, -1 + 2 * i64::from(before), -1],
        };
        integers[first..first + 3].copy_from_slice(&values);
    }
    add_wide(&mut alone, "kernels of three", &integers, row as u64, kernel);
    // a value is large if many values follow it; without them, the predicted order is much less than 0
    let mut integers = Vec::new();
    for r in 0..1500 {
        let rest: Vec<i64> = (1..16).map(|_| if random.below(2) == 0 { -1 } else { 0 }).collect();
        let count = rest.iter().filter(|&&value| value != 0).count() as i64;
        integers.push(if r < 1200 { -1 - (31 * (count - 7)).clamp(0, 255) } else { -1 });
        integers.extend(rest);
    }
    add_wide(&mut alone, "kernels of sixteen", &integers, 16, 16);
    alone.vector(
        "s12-4-mixed-kept-bounds",
        "values that drive the weights of the predictors to their bounds, and sizes below 0",
    )
}

pub(crate) fn kept_in_rows(kind: u8, fraction: u8, base: u64) -> MixedKept {
    MixedKept { kind, fraction, base, row: 40, kernel: 4, escape_each: 0 }
}

pub(crate) fn bad_parameters(list: &mut List) {
    list.begin("12.4");
    let zeros = Zeros { dtype: "U16", shapes: &[&[300]], chunk_len: 300 };
    // the mask keeps all values, but a decoder refuses the head before it needs their stream
    let of = |width: u32, kept: MixedKept| {
        let steps = Steps { mask: mask(1, 1, 1, Coding::Constant(1)), ..Steps::default() };
        let parts = [&[field(width, Coding::MixedKept(kept))][..], &constants(16 - width)].concat();
        Fields { steps, ..Fields::of(0, &parts) }
    };
    let good = kept_in_rows(0, 2, 3);
    let by_row = |row: u64, kernel: u64| MixedKept { row, kernel, ..good.clone() };
    for (name, rule, breaks, width, kept) in [
        ("kind-2", "R12.4-1", "a kind of symbols that there is not", 8, kept_in_rows(2, 0, 0)),
        ("kind-255", "R12.4-1", "a kind of symbols that there is not", 8, kept_in_rows(255, 0, 0)),
        ("fraction-5", "R12.4-2", "a fraction of 5 bits", 12, kept_in_rows(0, 5, 0)),
        ("fraction-255", "R12.4-2", "a fraction of 255 bits", 12, kept_in_rows(0, 255, 0)),
        ("fraction-above-magnitude", "R12.4-2", "a fraction of 4 bits for a magnitude of 3", 4, kept_in_rows(0, 4, 0)),
        ("fraction-of-integers", "R12.4-2", "integers with a fraction", 8, kept_in_rows(1, 1, 0)),
        ("base-of-integers", "R12.4-2", "integers with a base", 8, kept_in_rows(1, 0, 1)),
        ("base-65536", "R12.4-2", "a base of 65536", 12, kept_in_rows(0, 0, 65536)),
        ("base-2-to-the-32", "R12.4-2", "a base of 2^32", 12, kept_in_rows(0, 0, 1 << 32)),
        ("base-2-to-the-63", "R12.4-2", "a base of 2^63", 12, kept_in_rows(0, 4, 1 << 63)),
        ("base-2-to-the-64-less-1", "R12.4-2", "a base of 2^64 - 1", 12, kept_in_rows(0, 0, u64::MAX)),
        ("window-of-8-bits", "R12.4-3", "a window beyond the magnitudes", 8, kept_in_rows(0, 0, 113)),
        ("window-of-12-bits", "R12.4-3", "a window beyond the magnitudes", 12, kept_in_rows(0, 3, 241)),
        ("window-of-5-bits", "R12.4-3", "a window beyond the magnitudes", 5, kept_in_rows(0, 1, 1)),
        ("float-of-1-bit", "R12.4-1", "a sign without a magnitude", 1, kept_in_rows(0, 0, 0)),
        ("integer-of-1-bit", "R12.4-1", "a sign without a magnitude", 1, kept_in_rows(1, 0, 0)),
        ("integer-of-10-bits", "R12.4-1", "integers of 9 bits and a sign", 10, kept_in_rows(1, 0, 0)),
        ("integer-of-12-bits", "R12.4-1", "integers of 11 bits and a sign", 12, kept_in_rows(1, 0, 0)),
        ("row-0", "R12.4-4", "rows of nothing", 8, by_row(0, 0)),
        ("row-0-kernel-1", "R12.4-4", "rows of nothing", 8, by_row(0, 1)),
        ("row-65537", "R12.4-4", "rows of more than 65536", 8, by_row(65537, 1)),
        ("row-2-to-the-63", "R12.4-4", "rows of more than 65536", 8, by_row(1 << 63, 1)),
        ("kernel-0", "R12.4-4", "kernels of nothing", 8, by_row(40, 0)),
        ("kernel-above-row", "R12.4-4", "kernels longer than a row", 8, by_row(40, 41)),
        ("kernel-2-to-the-63", "R12.4-4", "kernels longer than a row", 8, by_row(40, 1 << 63)),
    ] {
        list.rule(rule);
        list.zeros(&format!("mixed-kept-{name}"), CORRUPT, breaks, &zeros, &of(width, kept));
    }
}

pub(crate) fn bad_chunks(list: &mut List) {
    list.begin("12.4");
    let (base, fields) = coded(&sparse_bytes(900), bits(true, 100), Coding::MixedKept(kept_in_rows(0, 2, 0)));
    let parameters = fields.parameters();
    list.rule("R6-8");
    for kept in parameters.len() - 5..parameters.len() {
        list.refuse(&base, &format!("mixed-kept-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let (_, stream) = first_stream(&chunk);
    let of_mask = &chunk[..chunk.len() - stream.len()];
    for (name, rule, breaks, stream) in spoiled(first_stream(stream).0, 4) {
        list.rule(rule);
        list.refuse(&base, &format!("mixed-kept-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[of_mask, &stream].concat()];
        });
    }
    for (name, rule, breaks, chunk) in [
        ("mixed-kept-half-a-word", "R16.1-3", "half a word", chunk[..chunk.len() - 1].to_vec()),
        ("mixed-kept-missing", "R16.1-3", "a chunk that ends after its mask", of_mask.to_vec()),
        ("mixed-kept-and-a-byte", "R8-7", "a byte at the end of a chunk", [&chunk[..], &[0]].concat()),
    ] {
        list.rule(rule);
        list.refuse(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    let all = |row: u64, kernel: u64| MixedKept { row, kernel, ..kept_in_rows(0, 2, 0) };
    list.rule("R11.2-2");
    for (name, breaks, other) in [
        ("other-kind", "coded as floats, not as integers", kept_in_rows(1, 0, 0)),
        ("other-fraction", "coded with another fraction than the head says", kept_in_rows(0, 1, 0)),
        ("other-row", "coded with other rows than the head says", all(36, 4)),
        ("other-kernel", "coded with another kernel than the head says", all(40, 1)),
    ] {
        let other = Fields { steps: fields.steps.clone(), ..Fields::of(0, &[field(8, Coding::MixedKept(other))]) };
        list.refuse(&base, &format!("mixed-kept-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = other.parameters();
        });
    }
}
