//! Finds small integers that are packed in larger words, by their entropy on a sample.

use crate::coders::{BIT, entropy_cost};
use crate::represent::{Axis, SegmentLayout, Unpack};
use crate::tensor::Dtype;

/// Bytes of the sample.
const SAMPLE_BYTES: usize = 1 << 14;
/// Segments with fewer bytes are not tried.
const MIN_BYTES: usize = 1 << 10;

/// An estimate from the sample may be wrong by one part in this number.
const MARGIN: u64 = 64;

/// Bits of a value, words of a run, and their axis.
const PACKINGS: [(u32, u32, Axis); 9] = [
    (4, 1, Axis::Last),
    (2, 1, Axis::Last),
    (8, 1, Axis::Last),
    (3, 1, Axis::Last),
    (3, 3, Axis::First),
    (3, 3, Axis::Last),
    (6, 3, Axis::Last),
    (5, 5, Axis::Last),
    (1, 1, Axis::Last),
];

/// Returns the packing that seems best for the elements `bytes`, if one is no worse than the bytes as they are.
pub(crate) fn find_packing(layout: &SegmentLayout<'_>, bytes: &[u8]) -> Option<Unpack> {
    let dtype = layout.dtype;
    let is_integer = dtype.exponent_bits().is_none() && dtype != Dtype::Bool && dtype.words() == 1;
    if !is_integer || bytes.len() < MIN_BYTES {
        return None;
    }
    let size = dtype.bits() as usize / 8;
    let candidates = PACKINGS.iter().filter_map(|&(bits, words, axis)| {
        let unpack = Unpack::new(layout, bits, words, axis)?;
        let unit = unpack.unit() as usize * size;
        // from the middle on, at least one run
        let units = bytes.len() / unit;
        let count = (SAMPLE_BYTES / unit).clamp(1, units);
        let start = (units - count) / 2 * unit;
        let sample = &bytes[start..start + count * unit];
        let values = unpack.apply(dtype, sample)?;
        let mut counts = vec![0u64; 1 << bits];
        values.iter().for_each(|&value| counts[usize::from(value)] += 1);
        let cost = entropy_cost(&counts);
        let as_bytes: u64 = (0..size)
            .map(|plane| {
                let mut counts = vec![0u64; 256];
                sample.iter().skip(plane).step_by(size).for_each(|&byte| counts[usize::from(byte)] += 1);
                entropy_cost(&counts)
            })
            .sum();
        let raw = sample.len() as u64 * 8 * BIT;
        // values that look random stay as they are
        let is_worth = cost <= as_bytes + as_bytes / MARGIN && cost < raw - raw / MARGIN;
        // the cost per byte in 1/64 bit
        is_worth.then_some((cost / (BIT / 64) / sample.len() as u64, unpack))
    });
    // of candidates that cost about the same, take the narrowest values: pairs of values cost as much as single ones,
    // but a coder must learn more about them
    let candidates: Vec<(u64, Unpack)> = candidates.collect();
    let least = candidates.iter().map(|(cost, _)| *cost).min()?;
    let equal = candidates.into_iter().filter(|(cost, _)| *cost <= least + least / MARGIN);
    equal.min_by_key(|(cost, unpack)| (unpack.bits, *cost)).map(|(_, unpack)| unpack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::represent::Word;

    /// Integers of `bits` bits, small ones most often.
    fn values(count: usize, bits: u32) -> Vec<u8> {
        let mut state = 1u64;
        let draw = |state: &mut u64| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*state >> 40) as u8 & ((1 << bits) - 1)
        };
        (0..count).map(|_| draw(&mut state).min(draw(&mut state))).collect()
    }

    #[test]
    fn packings_are_found() {
        let shape = [96, 64];
        for (dtype, bits, words, axis) in [
            (Dtype::U8, 4, 1, Axis::Last),
            (Dtype::I32, 4, 1, Axis::Last),
            (Dtype::I32, 2, 1, Axis::Last),
            (Dtype::I32, 3, 1, Axis::Last),
            (Dtype::I32, 3, 3, Axis::First),
        ] {
            let layout = SegmentLayout::new(dtype, [&shape[..]]);
            let unpack = Unpack::new(&layout, bits, words, axis).unwrap();
            let values = values(unpack.values_before(96 * 64) as usize, bits);
            let mut bytes = vec![0; 96 * 64 * dtype.bits() as usize / 8];
            unpack.invert(dtype, &values, &mut bytes);
            assert_eq!(find_packing(&layout, &bytes), Some(unpack), "{dtype} {bits} {words}");
        }
    }

    #[test]
    fn integers_that_are_not_packed_stay() {
        let shape = [64, 64];
        let layout = SegmentLayout::new(Dtype::U8, [&shape[..]]);
        let weights: Vec<u8> = values(64 * 64, 7).iter().map(|value| 100 + value / 4).collect();
        assert_eq!(find_packing(&layout, &weights), None);
        let layout = SegmentLayout::new(Dtype::I32, [&shape[..]]);
        let ids: Vec<u8> = (0..64 * 64u32).flat_map(|i| (i / 3).to_le_bytes()).collect();
        assert_eq!(find_packing(&layout, &ids), None);
        assert_eq!(7u8.number(), 7);
    }
}
