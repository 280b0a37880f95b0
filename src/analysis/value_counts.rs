//! Counts of the values of one tensor, bit by bit.

use std::collections::HashMap;

use super::entropy::entropy_bits;
use crate::represent::numbers;
use crate::tensor::Dtype;

/// The maximum number of distinct values that are counted, so that memory is bounded. All values of 16 bits fit.
const MOST_DISTINCT: usize = 1 << 16;

/// How often each value occurs; two values are equal if all their bits are.
#[derive(Debug, Clone)]
pub(super) struct TensorValues {
    bits: u32,
    /// The counts, or `None` if there are too many values.
    counts: Option<HashMap<u64, u64>>,
}

impl TensorValues {
    pub(super) fn new(dtype: Dtype) -> Self {
        Self { bits: dtype.word_bits(), counts: Some(HashMap::new()) }
    }

    /// Adds the first `count` elements in `bytes`.
    pub(super) fn add(&mut self, bytes: &[u8], count: u64) {
        /// The number of bytes that are counted together; a whole number of elements of every dtype.
        const BLOCK: usize = 24 << 10;
        let mut left = usize::try_from(count).unwrap_or(usize::MAX);
        for bytes in bytes.chunks(BLOCK) {
            let Some(counts) = &mut self.counts else { return };
            let words = numbers(bytes, self.bits);
            let words = &words[..words.len().min(left)];
            left -= words.len();
            // runs of one value, such as the zeros of a pruned tensor, are counted at once
            for run in words.chunk_by(|a, b| a == b) {
                *counts.entry(run[0]).or_default() += run.len() as u64;
            }
            self.check();
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        match (&mut self.counts, other.counts) {
            (Some(counts), Some(others)) => {
                others.into_iter().for_each(|(value, count)| *counts.entry(value).or_default() += count);
            }
            (counts, _) => *counts = None,
        }
        self.check();
    }

    fn check(&mut self) {
        if self.counts.as_ref().is_some_and(|counts| counts.len() > MOST_DISTINCT) {
            self.counts = None;
        }
    }

    /// Returns the number of distinct values, and the order-0 entropy of all values in bits, if the values are few.
    pub(super) fn entropy(&self) -> Option<(u64, f64)> {
        let mut counts: Vec<u64> = self.counts.as_ref()?.values().copied().collect();
        // the order of the summands must not depend on the hash
        counts.sort_unstable();
        Some((counts.len() as u64, entropy_bits(&counts)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        // two values 8 times each, -0.0 and 0.0 are different
        let bytes: Vec<u8> = (0..16).flat_map(|i| if i % 2 == 0 { 0f32 } else { -0f32 }.to_le_bytes()).collect();
        let mut whole = TensorValues::new(Dtype::F32);
        whole.add(&bytes, 16);
        assert_eq!(whole.entropy(), Some((2, 16.0)));
        let mut parts = TensorValues::new(Dtype::F32);
        parts.add(&bytes[..20], 5);
        let mut rest = TensorValues::new(Dtype::F32);
        rest.add(&bytes[20..], 11);
        parts.merge(rest);
        assert_eq!(parts.entropy(), whole.entropy());
        let mut small = TensorValues::new(Dtype::F4);
        small.add(&[0x21, 0x43], 4);
        assert_eq!(small.entropy(), Some((4, 8.0)));
        assert_eq!(TensorValues::new(Dtype::F32).entropy(), Some((0, 0.0)));
    }

    #[test]
    fn too_many_values_are_not_counted() {
        let bytes = |count: u32| (0..count).flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        let of = |count: u32| {
            let mut values = TensorValues::new(Dtype::U32);
            values.add(&bytes(count), count.into());
            values
        };
        assert_eq!(of(1 << 16).entropy(), Some((1 << 16, 16.0 * 65536.0)));
        assert_eq!(of((1 << 16) + 1).entropy(), None);
        let mut sum = of((1 << 16) + 1);
        sum.merge(of(1));
        assert_eq!(sum.entropy(), None);
        let mut sum = of(1);
        sum.merge(of((1 << 16) + 1));
        assert_eq!(sum.entropy(), None);
    }
}
