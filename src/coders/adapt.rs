//! Frequencies that follow the symbols (sections 10.2 and 10.3).

use crate::error::{Error, Result};
use crate::spec::{COUNTED_BELOW, GROUP_STEP, MAX_ENTRIES, MAX_INTERVAL, MAX_RATE, MIN_INTERVAL, WEIGHT_BITS};
use crate::wire::Cursor;

/// Whether the symbols of this group of lanes are counted.
#[inline(always)]
pub(super) fn is_counted(group: usize) -> bool {
    (group as u32).wrapping_mul(GROUP_STEP) < COUNTED_BELOW
}

/// How tables follow the symbols within a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Adaptation {
    /// log2 of the symbols between two changes; 0: the tables stay.
    pub(crate) interval: u8,
    /// Half of what is new counts at 1, little at 8.
    pub(crate) rate: u8,
}

impl Adaptation {
    pub(crate) const STATIC: Self = Self { interval: 0, rate: 0 };

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let start = cursor.clone();
        let this = Self { interval: cursor.u8()?, rate: cursor.u8()? };
        match this {
            Self::STATIC | Self { interval: MIN_INTERVAL..=MAX_INTERVAL, rate: 1..=MAX_RATE } => Ok(this),
            Self { interval, rate } => {
                Err(start.place(Error::corrupt(format!("adaptation of interval {interval} and rate {rate}"))))
            }
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend([self.interval, self.rate]);
    }

    /// Symbols between two changes; of no use if the tables stay.
    pub(crate) fn block_len(self) -> usize {
        1 << self.interval.min(MAX_INTERVAL)
    }
}

/// The weights of one context's entries.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    /// At most 2^24 each.
    weights: Vec<u32>,
    /// What is normalised; kept only for its memory.
    values: Vec<u32>,
    precision: u32,
    adaptation: Adaptation,
}

impl Follower {
    /// For frequencies that add up to 2^precision, at the start of a chunk.
    pub(super) fn new(frequencies: &[u16], precision: u32, adaptation: Adaptation) -> Self {
        let weights: Vec<u32> =
            frequencies.iter().map(|&frequency| u32::from(frequency) << (WEIGHT_BITS - precision)).collect();
        Self { values: vec![0; weights.len()], weights, precision, adaptation }
    }

    /// Whether the entries of the context were counted often enough to be followed at the end of a block.
    pub(super) fn is_due(&self, counts: &[u32]) -> bool {
        counts.iter().sum::<u32>() as usize >= self.adaptation.block_len() / 8
    }

    /// At the end of a block: if the context is due, sets `frequencies`, and `counts` to 0. Returns whether it did. Both
    /// are those of all entries; no more symbols were counted than a chunk can have.
    pub(super) fn follow(&mut self, counts: &mut [u32], frequencies: &mut [u16]) -> bool {
        if !self.is_due(counts) {
            return false;
        }
        let n: u32 = counts.iter().sum();
        let rate = u32::from(self.adaptation.rate.min(MAX_RATE));
        let reciprocal = (1 << 32) / u64::from(n);
        for ((weight, value), count) in self.weights.iter_mut().zip(&mut self.values).zip(counts) {
            let count = std::mem::take(count);
            // At most 2^24: the product is at most 2^32.
            let share = ((u64::from(count) * reciprocal) >> 8) as u32;
            *weight = *weight - (*weight >> rate) + (share >> rate);
            *value = *weight >> 8;
        }
        normalise(&self.values, self.precision, frequencies);
        true
    }
}

/// Section 10.3: frequencies of at least 1 that add up to 2^precision, 9 to 12. There are as many as values, 1 to 256.
///
/// Whatever the values, e is below 2^44, their sum below 2^52, and the ratio times a part of that sum at most 2^44.
pub(crate) fn normalise(values: &[u32], precision: u32, frequencies: &mut [u16]) {
    debug_assert!((1..=MAX_ENTRIES).contains(&values.len()) && values.len() == frequencies.len());
    let whole = 1u64 << precision;
    let total: u64 = values.iter().map(|&value| u64::from(value)).sum();
    let excess = |value: u32| (u64::from(value) << precision).saturating_sub(total);
    let excess_sum: u64 = values.iter().map(|&value| excess(value)).sum();
    let ratio = ((whole - values.len() as u64) << 32).checked_div(excess_sum).unwrap_or(0);
    let mut scaled = 0;
    let mut start = 0;
    let Some((last, all_but_last)) = frequencies.split_last_mut() else { return };
    for ((&value, frequency), next) in values.iter().zip(all_but_last).zip(1..) {
        scaled += ratio * excess(value);
        let end = next + (scaled >> 32);
        *frequency = (end - start) as u16;
        start = end;
    }
    *last = (whole - start) as u16;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{MAX_PRECISION, MIN_PRECISION};
    use proptest::prelude::*;

    /// Section 10.3 as it stands.
    fn naive(v: &[u32], precision: u32) -> Vec<u16> {
        let m = v.len();
        let total: u64 = v.iter().map(|&v| u64::from(v)).sum();
        let e: Vec<u64> = v.iter().map(|&v| (u64::from(v) << precision).max(total) - total).collect();
        let excess: u64 = e.iter().sum();
        let ratio = (((1 << precision) - m as u64) << 32).checked_div(excess).unwrap_or(0);
        let mut s: Vec<u64> = (0..m).map(|k| k as u64 + ((ratio * e[..k].iter().sum::<u64>()) >> 32)).collect();
        s.push(1 << precision);
        s.windows(2).map(|pair| (pair[1] - pair[0]) as u16).collect()
    }

    fn values() -> impl Strategy<Value = Vec<u32>> {
        (1usize..=MAX_ENTRIES, 0u32..32).prop_flat_map(|(length, skew)| {
            prop::collection::vec((any::<u32>(), 0..=skew).prop_map(|(value, shift)| value >> shift), length)
        })
    }

    fn check_sum(frequencies: &[u16], precision: u32) {
        assert_eq!(frequencies.iter().map(|&frequency| u32::from(frequency)).sum::<u32>(), 1 << precision);
        assert!(frequencies.iter().all(|&frequency| frequency >= 1));
    }

    fn check(values: &[u32], precision: u32) {
        let mut frequencies = vec![0; values.len()];
        normalise(values, precision, &mut frequencies);
        assert_eq!(frequencies, naive(values, precision));
        check_sum(&frequencies, precision);
    }

    proptest! {
        #[test]
        fn values_are_normalised_as_specified(values in values(), precision in MIN_PRECISION..=MAX_PRECISION) {
            check(&values, precision);
        }

        /// Section 10.2 as it stands; and weights stay as small as `Follower` says.
        #[test]
        fn weights_follow_as_specified(
            start in values(),
            precision in MIN_PRECISION..=MAX_PRECISION,
            interval in MIN_INTERVAL..=MAX_INTERVAL,
            rate in 1..=MAX_RATE,
            favourites in prop::collection::vec((any::<prop::sample::Index>(), 0u32..5), 1..40),
        ) {
            let mut frequencies = vec![0; start.len()];
            normalise(&start, precision, &mut frequencies);
            let mut follower = Follower::new(&frequencies, precision, Adaptation { interval, rate });
            let mut counts = vec![0; start.len()];
            let mut weight: Vec<u64> = frequencies.iter().map(|&f| u64::from(f) << (24 - precision)).collect();
            for (favourite, quarters) in favourites.iter().cycle().take(200) {
                let share = 1 << (interval - 5);
                counts[favourite.index(start.len())] += quarters * share;
                counts[start.len() / 2] += 3;
                counts[0] += 2;
                let count: Vec<u64> = counts.iter().map(|&count| u64::from(count)).collect();
                let before = frequencies.clone();
                let n: u64 = count.iter().sum();
                let followed = follower.follow(&mut counts, &mut frequencies);
                prop_assert_eq!(followed, n >= 1 << (interval - 3));
                if followed {
                    let r = (1 << 32) / n;
                    for (weight, count) in weight.iter_mut().zip(count) {
                        *weight = *weight - (*weight >> rate) + (((count * r) >> 8) >> rate);
                        prop_assert!(*weight <= 1 << 24);
                    }
                    let values: Vec<u32> = weight.iter().map(|weight| (weight >> 8) as u32).collect();
                    prop_assert_eq!(&frequencies, &naive(&values, precision));
                    prop_assert!(counts.iter().all(|&count| count == 0));
                } else {
                    prop_assert_eq!(&frequencies, &before);
                }
                check_sum(&frequencies, precision);
            }
        }
    }

    #[test]
    fn extremes_are_normalised_as_specified() {
        for precision in MIN_PRECISION..=MAX_PRECISION {
            for values in [
                vec![0],
                vec![1],
                vec![u32::MAX],
                vec![0; 100],
                vec![1; 256],
                vec![u32::MAX; 256],
                vec![u32::MAX, 0],
                vec![0, u32::MAX],
                vec![1 << 24; 4],
                (0..256).collect(),
                (0..255).map(|i| if i == 7 { 1 << 20 } else { 16 }).collect(),
            ] {
                check(&values, precision);
            }
        }
    }

    #[test]
    fn adaptations_are_checked() {
        for interval in 0..=255 {
            for rate in 0..=255 {
                let mut out = Vec::new();
                Adaptation { interval, rate }.write(&mut out);
                let read = Adaptation::read(&mut Cursor::unplaced(&out, "test"));
                let valid = (interval == 0 && rate == 0) || ((8..=16).contains(&interval) && (1..=8).contains(&rate));
                assert_eq!(read.ok(), valid.then_some(Adaptation { interval, rate }));
            }
        }
    }
}
