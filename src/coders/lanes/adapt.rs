//! Adaptation (section 10.2): frequencies that follow the symbols of a chunk.

use super::super::tables::Tables;
use super::super::tables::normalise::normalise;
use crate::error::{Error, Result};
use crate::spec::{COUNTED_BELOW, MAX_INTERVAL, MAX_RATE, MIN_INTERVAL, ROUND_STEP, WEIGHT_BITS};
use crate::wire::Cursor;

/// Returns whether the symbols of this round are counted.
#[inline(always)]
pub(super) fn is_counted(round: usize) -> bool {
    (round as u32).wrapping_mul(ROUND_STEP) < COUNTED_BELOW
}

/// The rule by which tables follow the symbols of a chunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Adaptation {
    /// log2 of the number of symbols of an interval, after which tables change; 0 if the tables are static.
    pub(crate) interval: u8,
    /// New counts weigh 2^-rate.
    pub(crate) rate: u8,
}

impl Adaptation {
    /// No adaptation.
    pub(crate) const STATIC: Self = Self { interval: 0, rate: 0 };

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let start = cursor.clone();
        let this = Self { interval: cursor.u8()?, rate: cursor.u8()? };
        match this {
            Self::STATIC | Self { interval: MIN_INTERVAL..=MAX_INTERVAL, rate: 1..=MAX_RATE } => Ok(this),
            Self { interval, rate } => Err(start
                .place(Error::corrupt(format!("an adaptation of interval {interval} and rate {rate} is not allowed")))),
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend([self.interval, self.rate]);
    }

    /// Returns the number of symbols of an interval; `usize::MAX` if the tables are static.
    pub(crate) fn interval_len(self) -> usize {
        match self {
            Self::STATIC => usize::MAX,
            _ => 1 << self.interval.min(MAX_INTERVAL),
        }
    }
}

/// The weights of the entries of a context.
#[derive(Clone, Debug)]
struct Follower {
    /// Each at most 2^24.
    weights: Vec<u32>,
    /// The values that are normalised. Kept to reuse the memory.
    values: Vec<u32>,
    precision: u32,
    adaptation: Adaptation,
}

impl Follower {
    /// Starts a chunk with frequencies that add up to 2^precision.
    fn new(frequencies: &[u16], precision: u32, adaptation: Adaptation) -> Self {
        let weights: Vec<u32> =
            frequencies.iter().map(|&frequency| u32::from(frequency) << (WEIGHT_BITS - precision)).collect();
        Self { values: vec![0; weights.len()], weights, precision, adaptation }
    }

    fn is_due(&self, counts: &[u32]) -> bool {
        counts.iter().sum::<u32>() as usize >= self.adaptation.interval_len() / 8
    }

    /// Sets `frequencies` from the counts, and the counts to 0. At least one entry was counted, and no more than a
    /// chunk has.
    fn follow(&mut self, counts: &mut [u32], frequencies: &mut [u16]) {
        let n: u32 = counts.iter().sum();
        let rate = u32::from(self.adaptation.rate.min(MAX_RATE));
        let reciprocal = (1 << 32) / u64::from(n);
        for ((weight, value), count) in self.weights.iter_mut().zip(&mut self.values).zip(counts) {
            let count = std::mem::take(count);
            // `count` is at most `n`, so `share` is at most 2^24
            let share = ((u64::from(count) * reciprocal) >> 8) as u32;
            *weight = *weight - (*weight >> rate) + (share >> rate);
            *value = *weight >> 8;
        }
        normalise(&self.values, self.precision, frequencies);
    }
}

/// The frequencies of all contexts, and how they follow the symbols of a chunk.
#[derive(Clone, Debug)]
pub(super) struct AdaptiveTables {
    /// The frequencies by context and entry.
    pub(super) frequencies: Vec<Vec<u16>>,
    /// One for each context; none if the tables are static.
    followers: Vec<Follower>,
}

impl AdaptiveTables {
    /// The frequencies at the start of a chunk.
    pub(super) fn new(tables: &Tables, adaptation: Adaptation) -> Self {
        let frequencies: Vec<Vec<u16>> = tables.iter().map(|table| table.frequencies().to_vec()).collect();
        let followers = match adaptation {
            Adaptation::STATIC => Vec::new(),
            _ => frequencies.iter().map(|own| Follower::new(own, tables.precision(), adaptation)).collect(),
        };
        Self { frequencies, followers }
    }

    /// Returns whether enough entries of a context were counted for it to change at the end of an interval. Never, if
    /// the tables are static.
    pub(super) fn is_due(&self, context: usize, counts: &[u32]) -> bool {
        self.followers.get(context).is_some_and(|follower| follower.is_due(counts))
    }

    /// Ends an interval: if the context is due, changes its frequencies and sets `counts` to 0. Returns whether it did.
    ///
    /// `counts` has the counts of all entries of the context.
    pub(super) fn follow(&mut self, context: usize, counts: &mut [u32]) -> bool {
        let is_due = self.is_due(context, counts);
        if is_due {
            self.followers[context].follow(counts, &mut self.frequencies[context]);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tables::normalise::tests::{check_sum, naive_normalise, values};
    use super::*;
    use crate::spec::{MAX_PRECISION, MIN_PRECISION};
    use proptest::prelude::*;

    proptest! {
        /// Compares with a literal implementation of section 10.2, and checks the bound on weights.
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
                prop_assert_eq!(follower.is_due(&counts), n >= 1 << (interval - 3));
                if follower.is_due(&counts) {
                    follower.follow(&mut counts, &mut frequencies);
                    let r = (1 << 32) / n;
                    for (weight, count) in weight.iter_mut().zip(count) {
                        *weight = *weight - (*weight >> rate) + (((count * r) >> 8) >> rate);
                        prop_assert!(*weight <= 1 << 24);
                    }
                    let values: Vec<u32> = weight.iter().map(|weight| (weight >> 8) as u32).collect();
                    prop_assert_eq!(&frequencies, &naive_normalise(&values, precision));
                    prop_assert!(counts.iter().all(|&count| count == 0));
                } else {
                    prop_assert_eq!(&frequencies, &before);
                }
                check_sum(&frequencies, precision);
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
