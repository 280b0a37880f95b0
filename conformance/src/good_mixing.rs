//! Good vectors of mixed masks and mixed kept values.

use super::Random;
use super::coders::{Coding, Field, Fields, Source, bits, field};
use super::good::{Alone, Vector};
use super::good_steps::{mask, plain};
use super::mixing::{MixedKept, MixedMask};
use super::steps::{Affine, Codebook, Groups, Map, Order, Steps, Unpack};

pub fn all() -> Vec<Vector> {
    vec![
        mask_kernels(),
        mask_densities(),
        mask_chunks(),
        kept_integers(),
        kept_floats(),
        kept_escapes(),
        kept_chunks(),
        kept_steps(),
    ]
}

fn mixed_mask(row: u64, kernel: u64) -> Coding {
    Coding::MixedMask(MixedMask { row, kernel })
}

/// Kept values of the whole word.
fn kept(kind: u8, fraction: u8, base: u64, row: u64, kernel: u64) -> MixedKept {
    MixedKept { kind, fraction, base, row, kernel, escape_each: 0 }
}

/// Mask bits of rows, columns and positions of kernels that are of several densities; about `of_256` are 1.
fn pattern(random: &mut Random, count: usize, row: usize, kernel: usize, of_256: u64) -> Vec<bool> {
    let weight = |n: usize| ((n * 7 + n / 3) % 5) as u64;
    let bit = |i: usize| {
        let (r, c) = (i / row, i % row);
        let q = c % kernel;
        let chance = of_256 * (1 + weight(r)) * (1 + weight(c / kernel)) * (1 + weight(q)) / 27;
        random.below(256) < chance.min(250)
    };
    (0..count).map(bit).collect()
}

/// Words that are 0 where a bit is 0, and small integers of `w` bits around 0 where it is 1; large where many are kept.
fn integers(random: &mut Random, bits: &[bool], w: u32, row: usize) -> Vec<u64> {
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

/// A tensor of U8 with a mixed mask, its kept values raw.
fn add_mask(alone: &mut Alone, name: &str, chunk_len: u64, bits: &[bool], row: u64, kernel: u64) {
    let values: Vec<u64> = bits.iter().enumerate().map(|(i, &bit)| if bit { 1 + i as u64 % 3 } else { 0 }).collect();
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &[field(2, Coding::Raw)]) };
    alone.add_words(name, ("F4", &[bits.len() as u64]), chunk_len, &values, widen(fields));
}

/// The field of 2 bits under zeros that make it one of 4.
fn widen(fields: Fields) -> Fields {
    let zeros = field(2, Coding::Constant(0));
    Fields { fields: [&[zeros][..], &fields.fields].concat(), ..fields }
}

fn mask_kernels() -> Vector {
    let mut random = Random(60);
    let mut alone = Alone::default();
    for (row, kernel, count) in [
        (40, 1, 1200),
        (36, 2, 1210),
        (36, 4, 1200),
        (45, 9, 1234),
        (60, 10, 1000),
        (64, 16, 1300),
        (75, 25, 1000),
        (100, 50, 1000),
        // kernels that do not divide a row
        (41, 9, 1200),
        (50, 7, 1200),
        (47, 25, 1002),
        (17, 16, 600),
        // a row is a kernel, or is longer than the chunk
        (9, 9, 500),
        (1, 1, 300),
        (2, 1, 300),
        (30, 30, 500),
        (65536, 1, 400),
        (65536, 65536, 400),
        (65536, 9, 400),
        (401, 3, 400),
    ] {
        let bits = pattern(&mut random, count, row as usize, kernel as usize, 60);
        let name = format!("rows of {row}, kernels of {kernel}, {count} bits");
        add_mask(&mut alone, &name, count as u64, &bits, row, kernel);
    }
    alone.vector("mixed-mask-kernels", "mixed masks of kernels of every size, and rows that they do not fill")
}

fn mask_densities() -> Vector {
    let mut random = Random(61);
    let mut alone = Alone::default();
    for (of_256, row, kernel) in [(2, 64, 1), (20, 64, 4), (120, 63, 9), (240, 64, 2), (1000, 50, 5), (60, 128, 16)] {
        let bits = pattern(&mut random, 3000, row as usize, kernel as usize, of_256);
        let of = bits.iter().filter(|bit| **bit).count();
        add_mask(&mut alone, &format!("{of} of 3000, rows of {row}"), 3000, &bits, row, kernel);
    }
    for (name, bit) in [("nothing", false), ("everything", true)] {
        add_mask(&mut alone, &format!("{name} kept"), 2000, &[bit; 2000], 50, 5);
    }
    let turns: Vec<bool> = (0..2000).map(|i| i % 2 == 0).collect();
    add_mask(&mut alone, "by turns", 2000, &turns, 50, 10);
    let rows: Vec<bool> = (0..2000).map(|i| i / 50 % 3 == 1 || i % 50 == 7).collect();
    add_mask(&mut alone, "whole rows and a column", 2000, &rows, 50, 1);
    alone.vector("mixed-mask-densities", "mixed masks of few bits, many and all, and of regular ones")
}

fn mask_chunks() -> Vector {
    let mut random = Random(62);
    let mut alone = Alone::default();
    for (row, kernel, chunk_len) in [(40, 4, 400), (40, 1, 408), (36, 9, 256), (64, 16, 640), (500, 1, 304)] {
        let mut bits = pattern(&mut random, 1500, row as usize, kernel as usize, 70);
        // nothing is left of the second chunk
        bits[chunk_len..2 * chunk_len].fill(false);
        let name = format!("rows of {row}, kernels of {kernel}, chunks of {chunk_len}");
        add_mask(&mut alone, &name, chunk_len as u64, &bits, row, kernel);
    }
    alone.vector("mixed-mask-chunks", "mixed masks in several chunks, each of which begins anew")
}

/// Kept values under a mixed mask: the field has the whole words, or their upper bits.
fn add_kept(
    alone: &mut Alone,
    name: &str,
    of: (&str, u32),
    chunk_len: u64,
    words: &[u64],
    mixed: MixedKept,
    width: u32,
) {
    let mut parts = vec![field(width, Coding::MixedKept(mixed.clone()))];
    if of.1 > width {
        parts.push(field(of.1 - width, Coding::Raw));
    }
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(mixed.row, mixed.kernel)), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &parts) };
    alone.add_words(name, (of.0, &[words.len() as u64]), chunk_len, words, fields);
}

fn kept_integers() -> Vector {
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
        add_kept(&mut alone, &name, ("I8", 8), count as u64, &words, kept(1, 0, 0, row, kernel), 8);
    }
    for w in [4, 6] {
        let name = if w == 4 { "F4" } else { "F6_E2M3" };
        let bits = pattern(&mut random, 1200, 30, 3, 80);
        let words = integers(&mut random, &bits, w, 30);
        add_kept(&mut alone, &format!("{w} bits"), (name, w), 1200, &words, kept(1, 0, 0, 30, 3), w);
    }
    for width in [2, 3, 5, 9] {
        let bits = pattern(&mut random, 800, 30, 3, 80);
        let words: Vec<u64> = integers(&mut random, &bits, 9, 30).iter().map(|x| x << 7 | x >> 3).collect();
        add_kept(
            &mut alone,
            &format!("the upper {width} bits of 16"),
            ("I16", 16),
            800,
            &words,
            kept(1, 0, 0, 30, 3),
            width,
        );
    }
    alone.vector("mixed-kept-integers", "kept integers behind mixed masks, in kernels of every size")
}

/// BF16 words around 1, of `spread` exponents, where a bit is 1.
fn floats(random: &mut Random, bits: &[bool], spread: u64) -> Vec<u64> {
    let float = |bit: &bool| match bit {
        false => 0,
        true => random.below(2) << 15 | (127 - random.below(spread)) << 7 | random.below(128),
    };
    bits.iter().map(float).collect()
}

fn kept_floats() -> Vector {
    let mut random = Random(64);
    let mut alone = Alone::default();
    for (fraction, base, width, row, kernel) in [
        (0, 112, 9, 40, 1),
        (1, 112, 10, 40, 4),
        (2, 120, 11, 36, 9),
        (3, 112, 12, 40, 10),
        (2, 112, 12, 48, 16),
        (4, 56, 12, 51, 17),
        // more fraction than there is, windows at both ends, few bits
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
        add_kept(&mut alone, &name, ("BF16", 16), 900, &words, kept(0, fraction, base, row, kernel), width);
    }
    alone.vector("mixed-kept-floats", "kept floats behind mixed masks: fractions, windows, fields of 2 to 12 bits")
}

fn kept_escapes() -> Vector {
    let mut random = Random(65);
    let mut alone = Alone::default();
    for (escape_each, spread) in [(0, 100), (0, 16), (1, 16), (3, 40), (50, 127)] {
        let bits = pattern(&mut random, 1500, 50, 5, 100);
        let words = floats(&mut random, &bits, spread);
        let mixed = MixedKept { escape_each, ..kept(0, 2, 112, 50, 5) };
        add_kept(
            &mut alone,
            &format!("{spread} exponents, every {escape_each}th"),
            ("BF16", 16),
            1500,
            &words,
            mixed,
            11,
        );
    }
    alone.vector("mixed-kept-escapes", "escapes below the window, above it, and within it, where no encoder has them")
}

fn kept_chunks() -> Vector {
    let mut random = Random(66);
    let mut alone = Alone::default();
    for (row, kernel, chunk_len) in [(40u64, 4, 400usize), (40, 1, 407), (36, 9, 256), (64, 20, 640), (500, 1, 300)] {
        let mut bits = pattern(&mut random, 1500, row as usize, kernel as usize, 90);
        bits[chunk_len..2 * chunk_len].fill(false);
        let words = integers(&mut random, &bits, 8, row as usize);
        let name = format!("rows of {row}, kernels of {kernel}, chunks of {chunk_len}");
        add_kept(&mut alone, &name, ("I8", 8), chunk_len as u64, &words, kept(1, 0, 0, row, kernel), 8);
        let words = floats(&mut random, &bits, 20);
        let mixed = kept(0, 1, 110, row, kernel);
        add_kept(&mut alone, &format!("floats, {name}"), ("BF16", 16), chunk_len as u64, &words, mixed, 10);
    }
    alone.vector("mixed-kept-chunks", "kept values in several chunks, each of which begins anew; one has none")
}

fn kept_steps() -> Vector {
    let mut random = Random(67);
    let mut alone = Alone::default();
    let shape: &[u64] = &[30, 5, 8];
    let (row, kernel) = (40, 8);
    // numbers in a codebook become two's complement around what is left out
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
    let book =
        Codebook { groups: Groups::new(0, 1), bits: 4, zero_bits: 0, order: Order::Float, width: 32, books: vec![] };
    let map = Map::Codebook(book.fill(&values, &bits_of, 1200));
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), map, ..Steps::default() };
    let coding = |width: u32, row, kernel| vec![field(width, Coding::MixedKept(kept(1, 0, 0, row, kernel)))];
    let fields = Fields { steps, offset: 12, ..Fields::of(3, &coding(4, row, kernel)) };
    alone.add_words("numbers in a codebook", ("F32", shape), 1200, &values, fields);
    // integers on a grid, in chunks
    let scales: Vec<u32> = (0..30).map(|i| (0.01f32 * (1 + i % 7) as f32).to_bits()).collect();
    let symbols: Vec<u64> = bits_of.iter().map(|_| 8 + random.below(120) * random.below(120) / 120).collect();
    let grid = Affine { groups: Groups::new(40, 1), bits: 8, lowest: -60, zero_bits: 0, scales, symbols };
    let mut values = grid.values("BF16", 400);
    values.iter_mut().zip(&bits_of).for_each(|(value, bit)| *value *= u64::from(*bit));
    // a product may be 0 by itself, and then is left out too
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), map: Map::Affine(grid), ..Steps::default() };
    let fields = Fields { steps, offset: 256 - 60, ..Fields::of(3, &coding(8, row, kernel)) };
    alone.add_words("integers on a grid", ("BF16", shape), 400, &values, fields);
    // values of 4 bits, eight in a word
    let words: Vec<u64> = (0..200).map(|_| (random.next() & random.next()) & 0x7f7f_7777 | 0x8000_0000).collect();
    let unpack = Some(Unpack { bits: 4, run: 1, axis: 0 });
    let steps = Steps { unpack, mask: mask(8, 1, 1, mixed_mask(80, 8)), ..Steps::default() };
    let fields = Fields { steps, offset: 8, ..Fields::of(3, &coding(4, 80, 8)) };
    alone.add_words("unpacked", ("I32", &[20, 10]), 200, &words, fields);
    // behind a mask of another kind, before fields in its contexts
    let bits_of = pattern(&mut random, 1000, 50, 5, 90);
    let words = floats(&mut random, &bits_of, 12);
    let rest =
        Coding::Bits { source: Source::Field { field: 0, thresholds: vec![460, 500, 1000] }, word: 0, limit: 99 };
    let parts: Vec<Field> =
        [&[field(10, Coding::MixedKept(kept(0, 1, 112, 50, 5)))][..], &[field(3, rest)], &plain(&[3])].concat();
    for (group, coding) in [(1, bits(false, 200)), (4, Coding::Raw), (8, bits(true, 80))] {
        let steps = Steps { mask: mask(0, group, 1, coding), ..Steps::default() };
        let name = format!("behind a mask of {group} bits");
        alone.add_words(&name, ("BF16", &[20, 50]), 500, &words, Fields { steps, ..Fields::of(0, &parts) });
    }
    alone.vector("mixed-kept-steps", "kept values that come from codebook, grid and unpacking, or behind other masks")
}
