//! The bad vectors of mixed masks and mixed kept values.

use super::bad::{CORRUPT, List, spoiled};
use super::bad_steps::{Zeros, constants};
use super::coders::{Coding, Fields, bits, field};
use super::good::{Vector, segment, tensor};
use super::good_steps::mask;
use super::mixing::{MixedKept, MixedMask};
use super::steps::Steps;
use super::wire::Representation;

pub fn all(list: &mut List) {
    mask_rules(list);
    kept_rules(list);
    kept_chunk_rules(list);
}

/// A U8 tensor, its mask and its only field so coded.
fn coded(values: &[u8], of_mask: Coding, of_field: Coding) -> (Vector, Fields) {
    let steps = Steps { mask: mask(0, 1, 1, of_mask), ..Steps::default() };
    let fields = Fields { steps, ..Fields::of(0, &[field(8, of_field)]) };
    let count = values.len() as u64;
    let item = segment(&[0], count, Representation::Fields(fields.clone()));
    let vector = Vector::new("", "", vec![tensor("x", "U8", &[count], values.to_vec())], vec![item]);
    vector.decode(&mut vector.parts()).expect("a good one");
    (vector, fields)
}

fn mixed_mask(row: u64, kernel: u64) -> Coding {
    Coding::MixedMask(MixedMask { row, kernel })
}

/// Values of which some are 0, with a preference for some columns of 40.
fn values(count: u64) -> Vec<u8> {
    (0..count).map(|i| if i * i % 11 > 3 + i % 40 / 10 { 0 } else { (i * 7 % 13) as u8 }).collect()
}

/// The words of the stream that a chunk begins with, and what is after it.
fn first_stream(chunk: &[u8]) -> (&[u8], &[u8]) {
    let (start, count) = match chunk {
        [low, high, ..] if *low >= 128 => (2, usize::from(low & 127) + 128 * usize::from(*high)),
        _ => (1, chunk[0].into()),
    };
    chunk[start..].split_at(4 * count)
}

fn mask_rules(list: &mut List) {
    list.section = "11.6";
    let zeros = Zeros { dtype: "U8", shapes: &[&[300]], chunk_len: 300 };
    let of = |row: u64, kernel: u64| {
        let steps = Steps { mask: mask(0, 1, 1, mixed_mask(row, kernel)), ..Steps::default() };
        Fields { steps, ..Fields::of(0, &constants(8)) }
    };
    // the chunk is empty, but no decoder gets to it
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
    let (base, fields) = coded(&values(700), mixed_mask(40, 4), Coding::Raw);
    let parameters = fields.parameters();
    for kept in 6..parameters.len() {
        list.refuse(&base, &format!("mixed-mask-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let (words, rest) = first_stream(&chunk);
    for (name, breaks, stream) in spoiled(words, 4) {
        list.refuse(&base, &format!("mixed-mask-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[&stream[..], rest].concat()];
        });
    }
    for (name, breaks, chunk) in [
        ("mixed-mask-half-a-word", "half a word", chunk[..words.len() - 1].to_vec()),
        ("mixed-mask-missing", "a chunk without its mask", vec![]),
        ("mixed-mask-alone", "a chunk that ends after its mask", chunk[..chunk.len() - rest.len()].to_vec()),
    ] {
        list.refuse(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
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

fn kept(kind: u8, fraction: u8, base: u64) -> MixedKept {
    MixedKept { kind, fraction, base, row: 40, kernel: 4, escape_each: 0 }
}

fn kept_rules(list: &mut List) {
    list.section = "11.7";
    let zeros = Zeros { dtype: "U16", shapes: &[&[300]], chunk_len: 300 };
    // the mask keeps all: the chunk has no stream, but no decoder gets to it
    let of = |width: u32, kept: MixedKept| {
        let steps = Steps { mask: mask(1, 1, 1, Coding::Constant(1)), ..Steps::default() };
        let parts = [&[field(width, Coding::MixedKept(kept))][..], &constants(16 - width)].concat();
        Fields { steps, ..Fields::of(0, &parts) }
    };
    let good = kept(0, 2, 3);
    let by_row = |row: u64, kernel: u64| MixedKept { row, kernel, ..good.clone() };
    for (name, breaks, width, kept) in [
        ("kind-2", "a kind of symbols that there is not", 8, kept(2, 0, 0)),
        ("kind-255", "a kind of symbols that there is not", 8, kept(255, 0, 0)),
        ("fraction-5", "a fraction of 5 bits", 12, kept(0, 5, 0)),
        ("fraction-255", "a fraction of 255 bits", 12, kept(0, 255, 0)),
        ("fraction-above-magnitude", "a fraction of 4 bits for a magnitude of 3", 4, kept(0, 4, 0)),
        ("fraction-of-integers", "integers with a fraction", 8, kept(1, 1, 0)),
        ("base-of-integers", "integers with a base", 8, kept(1, 0, 1)),
        ("base-65536", "a base of 65536", 12, kept(0, 0, 65536)),
        ("base-2-to-the-32", "a base of 2^32", 12, kept(0, 0, 1 << 32)),
        ("base-2-to-the-63", "a base of 2^63", 12, kept(0, 4, 1 << 63)),
        ("base-2-to-the-64-less-1", "a base of 2^64 - 1", 12, kept(0, 0, u64::MAX)),
        ("window-of-8-bits", "a window beyond the magnitudes", 8, kept(0, 0, 113)),
        ("window-of-12-bits", "a window beyond the magnitudes", 12, kept(0, 3, 241)),
        ("window-of-5-bits", "a window beyond the magnitudes", 5, kept(0, 1, 1)),
        ("float-of-1-bit", "a sign without a magnitude", 1, kept(0, 0, 0)),
        ("integer-of-1-bit", "a sign without a magnitude", 1, kept(1, 0, 0)),
        ("integer-of-10-bits", "integers of 9 bits and a sign", 10, kept(1, 0, 0)),
        ("integer-of-12-bits", "integers of 11 bits and a sign", 12, kept(1, 0, 0)),
        ("row-0", "rows of nothing", 8, by_row(0, 0)),
        ("row-0-kernel-1", "rows of nothing", 8, by_row(0, 1)),
        ("row-65537", "rows of more than 65536", 8, by_row(65537, 1)),
        ("row-2-to-the-63", "rows of more than 65536", 8, by_row(1 << 63, 1)),
        ("kernel-0", "kernels of nothing", 8, by_row(40, 0)),
        ("kernel-above-row", "kernels longer than a row", 8, by_row(40, 41)),
        ("kernel-2-to-the-63", "kernels longer than a row", 8, by_row(40, 1 << 63)),
    ] {
        list.zeros(&format!("mixed-kept-{name}"), CORRUPT, breaks, &zeros, &of(width, kept));
    }
}

fn kept_chunk_rules(list: &mut List) {
    list.section = "11.7";
    let (base, fields) = coded(&values(900), bits(true, 100), Coding::MixedKept(kept(0, 2, 0)));
    let parameters = fields.parameters();
    for kept in parameters.len() - 5..parameters.len() {
        list.refuse(&base, &format!("mixed-kept-cut-{kept}"), CORRUPT, "parameters that end early", |parts| {
            parts.segment().parameters.truncate(kept);
        });
    }
    let chunk = base.parts().segment().chunks[0].clone();
    let (_, stream) = first_stream(&chunk);
    let of_mask = &chunk[..chunk.len() - stream.len()];
    for (name, breaks, stream) in spoiled(first_stream(stream).0, 4) {
        list.refuse(&base, &format!("mixed-kept-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().chunks = vec![[of_mask, &stream].concat()];
        });
    }
    for (name, breaks, chunk) in [
        ("mixed-kept-half-a-word", "half a word", chunk[..chunk.len() - 1].to_vec()),
        ("mixed-kept-missing", "a chunk that ends after its mask", of_mask.to_vec()),
        ("mixed-kept-and-a-byte", "a byte at the end of a chunk", [&chunk[..], &[0]].concat()),
    ] {
        list.refuse(&base, name, CORRUPT, breaks, |parts| parts.segment().chunks = vec![chunk]);
    }
    let all = |row: u64, kernel: u64| MixedKept { row, kernel, ..kept(0, 2, 0) };
    for (name, breaks, other) in [
        ("other-kind", "coded as floats, not as integers", kept(1, 0, 0)),
        ("other-fraction", "coded with another fraction than the head says", kept(0, 1, 0)),
        ("other-row", "coded with other rows than the head says", all(36, 4)),
        ("other-kernel", "coded with another kernel than the head says", all(40, 1)),
    ] {
        let other = Fields { steps: fields.steps.clone(), ..Fields::of(0, &[field(8, Coding::MixedKept(other))]) };
        list.refuse(&base, &format!("mixed-kept-{name}"), CORRUPT, breaks, |parts| {
            parts.segment().parameters = other.parameters();
        });
    }
}
