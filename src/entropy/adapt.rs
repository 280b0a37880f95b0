//! Frequencies that follow the symbols (sections 10.2 and 10.3).

use super::table::TOTAL;
use crate::error::{Error, Result};
use crate::wire::Cursor;

/// Section 10.2: log2 of the symbols from one adaptation to the next.
pub(crate) const MIN_INTERVAL: u8 = 8;
pub(crate) const MAX_INTERVAL: u8 = 16;
/// Section 10.2: new counts weigh 2^-rate.
pub(crate) const MAX_RATE: u8 = 8;

/// How a table follows the symbols within a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Adaptation {
    /// log2 of the symbols between two changes; 0: the table stays.
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

    /// Symbols between two changes; of no use if the table stays.
    pub(crate) fn block_len(self) -> usize {
        1 << self.interval.min(MAX_INTERVAL)
    }
}

/// Weights that follow the counts.
#[derive(Debug)]
pub(super) struct Follower {
    /// In units of 2^-12 of a slot; at most 2^24 each.
    weights: Vec<u32>,
    adaptation: Adaptation,
}

impl Follower {
    pub(super) fn new(frequencies: &[u16], adaptation: Adaptation) -> Self {
        Self { weights: frequencies.iter().map(|&frequency| u32::from(frequency) << 12).collect(), adaptation }
    }

    /// Sets `frequencies` after a block in which the entries occurred `counts` times.
    #[inline(always)]
    pub(super) fn follow(&mut self, counts: impl Iterator<Item = u32>, frequencies: &mut [u16]) {
        let rate = u32::from(self.adaptation.rate.min(MAX_RATE));
        let shift = 24 - u32::from(self.adaptation.interval.min(MAX_INTERVAL));
        for (weight, count) in self.weights.iter_mut().zip(counts) {
            *weight = *weight - (*weight >> rate) + ((count << shift) >> rate);
        }
        normalise(&self.weights, frequencies);
    }
}

/// Section 10.3: frequencies of at least 1 that add up to 4096. There are as many as weights, 1 to 4096.
///
/// A weight is at most 2^24 and all together below 2^26, so that e stays below 2^32, its sum below 2^39, and K times a
/// part of that sum at most 2^44.
pub(crate) fn normalise(weights: &[u32], frequencies: &mut [u16]) {
    debug_assert!((1..=TOTAL).contains(&weights.len()) && weights.len() == frequencies.len());
    let value = |&weight: &u32| u64::from(weight >> 8);
    let total: u64 = weights.iter().map(value).sum();
    let excess = |weight: &u32| (value(weight) * TOTAL as u64).saturating_sub(total);
    let sum: u64 = weights.iter().map(excess).sum();
    let free = (TOTAL - weights.len()) as u64;
    let per_excess = (free << 32).checked_div(sum).unwrap_or(0);
    let mut before = 0;
    let mut scaled = 0;
    let mut start = 0;
    let Some((last, all_but_last)) = frequencies.split_last_mut() else { return };
    for (weight, frequency) in weights.iter().zip(all_but_last) {
        scaled += per_excess * excess(weight);
        let after = scaled >> 32;
        *frequency = (1 + after - before) as u16;
        start += u64::from(*frequency);
        before = after;
    }
    *last = (TOTAL as u64 - start) as u16;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Section 10.3 as it stands.
    fn naive(weights: &[u32]) -> Vec<u16> {
        let m = weights.len();
        let v: Vec<u64> = weights.iter().map(|weight| u64::from(weight >> 8)).collect();
        let t: u64 = v.iter().sum();
        let e: Vec<u64> = v.iter().map(|v| (4096 * v).max(t) - t).collect();
        let sum: u64 = e.iter().sum();
        let k = ((4096 - m as u64) << 32).checked_div(sum).unwrap_or(0);
        let mut s: Vec<u64> = (0..m).map(|i| i as u64 + ((k * e[..i].iter().sum::<u64>()) >> 32)).collect();
        s.push(4096);
        s.windows(2).map(|pair| (pair[1] - pair[0]) as u16).collect()
    }

    /// Weights that add up to about 2^24, as a table has.
    fn weights() -> impl Strategy<Value = Vec<u32>> {
        (1usize..300, 0u32..24).prop_flat_map(|(length, skew)| {
            prop::collection::vec(
                (any::<u32>(), 0..=skew).prop_map(|(weight, shift)| u64::from(weight >> shift)),
                length,
            )
            .prop_map(|weights| {
                let sum: u64 = weights.iter().sum::<u64>().max(1);
                weights.iter().map(|weight| ((weight << 24) / sum) as u32).collect()
            })
        })
    }

    fn check(weights: &[u32]) {
        let mut frequencies = vec![0; weights.len()];
        normalise(weights, &mut frequencies);
        assert_eq!(frequencies, naive(weights));
        assert_eq!(frequencies.iter().map(|&frequency| usize::from(frequency)).sum::<usize>(), 4096);
        assert!(frequencies.iter().all(|&frequency| frequency >= 1));
    }

    proptest! {
        #[test]
        fn weights_are_normalised_as_specified(weights in weights()) {
            check(&weights);
        }

        /// Weights never leave the range on which `normalise` counts.
        #[test]
        fn weights_stay_small(
            start in weights(),
            interval in MIN_INTERVAL..=MAX_INTERVAL,
            rate in 1..=MAX_RATE,
            favourites in prop::collection::vec(any::<prop::sample::Index>(), 1..40),
        ) {
            let mut frequencies = vec![0; start.len()];
            normalise(&start, &mut frequencies);
            let mut follower = Follower::new(&frequencies, Adaptation { interval, rate });
            for favourite in favourites.iter().cycle().take(300) {
                let mut counts = vec![0u32; start.len()];
                let share = 1 << (interval - 2);
                counts[favourite.index(start.len())] += 3 * share;
                counts[start.len() / 2] += share;
                follower.follow(counts.into_iter(), &mut frequencies);
                prop_assert!(follower.weights.iter().all(|&weight| weight <= 1 << 24));
                prop_assert!(follower.weights.iter().map(|&weight| u64::from(weight)).sum::<u64>() < 1 << 26);
                prop_assert_eq!(frequencies.iter().map(|&frequency| usize::from(frequency)).sum::<usize>(), 4096);
                prop_assert!(frequencies.iter().all(|&frequency| frequency >= 1));
            }
        }
    }

    #[test]
    fn extremes_are_normalised_as_specified() {
        for weights in [
            vec![0],
            vec![1 << 24],
            vec![0; 100],
            vec![255; 4096],
            vec![4096; 4096],
            vec![5000; 4096],
            vec![1 << 24, 0],
            vec![0, 1 << 24],
            vec![1 << 24; 4],
            (0..4096).collect(),
            (0..4095).map(|i| if i == 7 { 1 << 24 } else { 4096 }).collect(),
        ] {
            check(&weights);
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
