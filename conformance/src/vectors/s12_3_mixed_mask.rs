//! Section 12.3: mixed masks.

use crate::encoder::coding::{Coding, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::mixed_mask::MixedMask;
use crate::encoder::steps::Steps;
use crate::random::Random;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::bases::spoiled;
use crate::vectors::build::{Alone, mask, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::zeros::{Zeros, constants};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    all.push(mask_kernels());
    all.push(mask_densities());
    all.push(mask_chunks());
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    bad_masks(list);
}

pub(crate) fn mixed_mask(row: u64, kernel: u64) -> Coding {
    Coding::MixedMask(MixedMask { row, kernel })
}

/// Draws mask bits whose density depends on the row, the channel and the place in the kernel. About `of_256` of 256 are
/// 1.
pub(crate) fn pattern(random: &mut Random, count: usize, row: usize, kernel: usize, of_256: u64) -> Vec<bool> {
    let weight = |n: usize| ((n * 7 + n / 3) % 5) as u64;
    let bit = |i: usize| {
        let (r, c) = (i / row, i % row);
        let q = c % kernel;
        let chance = of_256 * (1 + weight(r)) * (1 + weight(c / kernel)) * (1 + weight(q)) / 27;
        random.below(256) < chance.min(250)
    };
    (0..count).map(bit).collect()
}

/// Adds a tensor with a mixed mask and raw kept values.
pub(crate) fn add_mask(alone: &mut Alone, name: &str, chunk_len: u64, bits: &[bool], row: u64, kernel: u64) {
    let values: Vec<u64> = bits.iter().enumerate().map(|(i, &bit)| if bit { 1 + i as u64 % 3 } else { 0 }).collect();
    let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &[field(2, Coding::Raw)]) };
    alone.add_words(name, ("F4", &[bits.len() as u64]), chunk_len, &values, widen(fields));
}

/// Adds a constant field of two zero bits above the field of 2 bits, because F4 has 4 bits.
pub(crate) fn widen(fields: Fields) -> Fields {
    let zeros = field(2, Coding::Constant(0));
    Fields { fields: [&[zeros][..], &fields.fields].concat(), ..fields }
}

pub(crate) fn mask_kernels() -> Vector {
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
        // kernels that do not divide a row evenly
        (41, 9, 1200),
        (50, 7, 1200),
        (47, 25, 1002),
        (17, 16, 600),
        // a row is one kernel, or is longer than the chunk
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
    alone.vector("s12-3-mixed-mask-kernels", "mixed masks of kernels of every size, and rows that they do not fill")
}

pub(crate) fn mask_densities() -> Vector {
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
    alone.vector("s12-3-mixed-mask-densities", "mixed masks of few bits, many and all, and of regular ones")
}

pub(crate) fn mask_chunks() -> Vector {
    let mut random = Random(62);
    let mut alone = Alone::default();
    for (row, kernel, chunk_len) in [(40, 4, 400), (40, 1, 408), (36, 9, 256), (64, 16, 640), (500, 1, 304)] {
        let mut bits = pattern(&mut random, 1500, row as usize, kernel as usize, 70);
        // the second chunk keeps no value
        bits[chunk_len..2 * chunk_len].fill(false);
        let name = format!("rows of {row}, kernels of {kernel}, chunks of {chunk_len}");
        add_mask(&mut alone, &name, chunk_len as u64, &bits, row, kernel);
    }
    alone.vector("s12-3-mixed-mask-chunks", "mixed masks in several chunks, each of which begins anew")
}

/// Returns a container with a U8 tensor whose mask and only field have these codings, and its parameters.
pub(crate) fn coded(values: &[u8], of_mask: Coding, of_field: Coding) -> (Vector, Fields) {
    let steps = Steps { mask: mask(0, 1, 1, of_mask), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &[field(8, of_field)]) };
    let count = values.len() as u64;
    let item = segment(&[0], count, Representation::Fields(fields.clone()));
    let vector = Vector::new("", "", vec![tensor("x", "U8", &[count], values.to_vec())], vec![item]);
    vector.decode(&mut vector.parts()).expect("a good one");
    (vector, fields)
}

/// Returns values of which some are 0, more in some of the 40 columns than in others.
pub(crate) fn sparse_bytes(count: u64) -> Vec<u8> {
    (0..count).map(|i| if i * i % 11 > 3 + i % 40 / 10 { 0 } else { (i * 7 % 13) as u8 }).collect()
}

/// Divides a chunk after its first stream. Returns the words of this stream, and the bytes after it.
pub(crate) fn first_stream(chunk: &[u8]) -> (&[u8], &[u8]) {
    let (start, count) = match chunk {
        [low, high, ..] if *low >= 128 => (2, usize::from(low & 127) + 128 * usize::from(*high)),
        _ => (1, chunk[0].into()),
    };
    chunk[start..].split_at(4 * count)
}

pub(crate) fn bad_masks(list: &mut List) {
    list.begin("12.3");
    let zeros = Zeros { dtype: "U8", shapes: &[&[300]], chunk_len: 300 };
    let of = |row: u64, kernel: u64| {
        let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), ..Steps::default() };
        Fields { steps, ..Fields::of(0, &constants(8)) }
    };
    // a decoder refuses the head before it needs the chunk, which is empty
    list.rule("R12.3-1");
    for (name, breaks, (row, kernel)) in [
        ("row-0", "rows of nothing", (0, 0)),
        ("row-0-kernel-1", "rows of nothing", (0, 1)),
        ("row-65537", "rows of more than 65536", (65537, 1)),
        ("row-2-to-the-63", "rows of more than 65536", (1 << 63, 1)),
        ("kernel-0", "kernels of nothing", (40, 0)),
        ("kernel-above-row", "kernels longer than a row", (40, 41)),
        ("kernel-65537", "kernels longer than a row", (65536, 65537)),
        ("kernel-2-to-the-63", "kernels longer than a row", (40, 1 << 63)),
    ] {
        list.zeros(&format!("mixed-mask-{name}"), CORRUPT, breaks, &zeros, &of(row, kernel));
    }
    let (base, fields) = coded(&sparse_bytes(700), mixed_mask(40, 4), Coding::Raw);
    let parameters = fields.parameters();
    list.rule("R6-8");
    for kept in 6..parameters.len() {
        list.refuse(&base, &format!("mixed-mask-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let (words, rest) = first_stream(&chunk);
    for (name, rule, breaks, stream) in spoiled(words, 4) {
        list.rule(rule);
        list.refuse(&base, &format!("mixed-mask-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[&stream[..], rest].concat()];
        });
    }
    list.rule("R16.1-3");
    for (name, breaks, chunk) in [
        ("mixed-mask-half-a-word", "half a word", chunk[..words.len() - 1].to_vec()),
        ("mixed-mask-missing", "a chunk without its mask", vec![]),
        ("mixed-mask-alone", "a chunk that ends after its mask", chunk[..chunk.len() - rest.len()].to_vec()),
    ] {
        list.refuse(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    list.rule("R11.2-2");
    for (name, breaks, row, kernel) in [
        ("other-row", "coded with other rows than the head says", 41, 4),
        ("other-kernel", "coded with another kernel than the head says", 40, 5),
    ] {
        let mut other = fields.clone();
        other.steps.mask = mask(0, 1, 1, mixed_mask(row, kernel));
        list.refuse(&base, &format!("mixed-mask-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = other.parameters();
        });
    }
}
