//! The counts of a context, and the costs of frequency codes in it.

use std::cmp::Reverse;
use std::ops::Range;

use super::super::super::price::{BIT, log2_fixed};
use super::super::frequency_code::VALUES;
use crate::spec::{MAX_ENTRIES, MAX_FREQUENCY_CODE};

/// The counts of a context are scaled so that their sum is below about 2^36, and no cost overflows.
const TOTAL_BITS: u32 = 36;
/// The step from one frequency code to the next, an eighth of an octave, in units of 2^-16 bit.
pub(super) const STEP: u64 = BIT / 8;
const CODES: usize = MAX_FREQUENCY_CODE as usize + 1;
/// log2(e) in units of 2^-16.
const LOG2_E: u64 = 94_548;
/// Assumed sums of the values of a table: the value of the greatest code, and of codes that are lower by a quarter, a
/// half and three quarters.
const TOTAL_VALUES: [u32; 4] = [962_560, 941_934, 921_749, 901_997];
/// Only symbols with a probability below 2^-7 count as escaped when escapes are estimated.
const RARE: u32 = 7;
/// The maximum number of steps of this estimate, which usually converges earlier.
const ESTIMATES: usize = 24;
/// The assumed cost of storing an entry, in this estimate.
const ENTRY_COST: u64 = 4 * BIT;
/// A surcharge for each escape, because it takes longer to decode. It also makes sure that a table in which all symbols
/// are escaped costs more than an even one.
pub(super) const ESCAPE_TIME: u64 = BIT / 32;

/// The counts of a context, and the costs of frequency codes in it.
pub(super) struct ContextCounts {
    /// The scaled counts of the symbols of the stored range.
    pub(super) counts: Vec<u64>,
    /// The sum of the scaled counts of all symbols.
    pub(super) total: u64,
    /// The number of symbols of the range that occur.
    pub(super) used: usize,
    /// The ideal, fractional code of each symbol, times [`STEP`].
    pub(super) targets: Vec<u32>,
    /// For each frequency code: the cost of the share that it takes from all other symbols.
    shares: [u64; CODES],
    /// The greatest code that gives frequency 1.
    floor: u8,
    /// Bits that follow an escape.
    pub(super) width: u32,
    /// The number of occurrences of symbols outside of the range.
    pub(super) beyond: u64,
    /// An estimate of the number of escapes, and of the cost of each.
    pub(super) escaped: u64,
    pub(super) escape_cost: u64,
    /// Which symbols may have an entry if the table has an escape; `None` if all may.
    pub(super) eligible: Option<Vec<bool>>,
}

impl ContextCounts {
    /// Prepares the counts of a context. Symbols outside of `range` are escaped.
    pub(super) fn new(counts: &[u64], range: Range<usize>, width: u32, precision: u32) -> Self {
        let sum: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let shift = (u128::BITS - sum.leading_zeros()).saturating_sub(TOTAL_BITS);
        let counts: Vec<u64> = counts.iter().map(|&count| (count >> shift).max(u64::from(count > 0))).collect();
        let total: u64 = counts.iter().sum();
        let counts = counts[range].to_vec();
        let beyond = total - counts.iter().sum::<u64>();
        let log_total = log2_fixed(total);
        let below = |&count: &u64| if count == 0 { 0 } else { (log_total - log2_fixed(count)) as u32 };
        let below: Vec<u32> = counts.iter().map(below).collect();
        // Take the offset that brings the frequent symbols closest to whole codes.
        let offset = |&index: &usize| index as u32 * STEP as u32 / TOTAL_VALUES.len() as u32;
        let error = |index: &usize| {
            let error = |(&count, below): (&u64, &u32)| {
                let part = (below + offset(index)) % STEP as u32;
                let error = u64::from(part.min(STEP as u32 - part) >> 5);
                count * error * error
            };
            counts.iter().zip(&below).map(error).sum::<u64>()
        };
        let index = (0..TOTAL_VALUES.len()).min_by_key(error).unwrap_or(0);
        let top = u32::from(MAX_FREQUENCY_CODE) * STEP as u32 - offset(&index);
        let whole = TOTAL_VALUES[index];
        let floor =
            (1..=MAX_FREQUENCY_CODE).rev().find(|&code| VALUES[usize::from(code)] << precision <= whole).unwrap_or(1);
        let unit = (u128::from(total * LOG2_E) << 32) / u128::from(whole);
        let share = |code: usize| ((unit * u128::from(VALUES[code].max(whole >> precision))) >> 32) as u64;
        let mut this = Self {
            total,
            used: counts.iter().filter(|&&count| count > 0).count(),
            targets: below.iter().map(|below| top.saturating_sub(*below)).collect(),
            shares: std::array::from_fn(share),
            floor,
            width,
            beyond,
            escaped: 0,
            escape_cost: 0,
            eligible: eligible(&counts),
            counts,
        };
        this.estimate_escapes();
        this
    }

    /// Estimates how many occurrences are escaped, and the cost of an escape. A rare symbol counts as escaped if its
    /// escapes cost less than its entry. The estimate is repeated, because an escape costs less if there are more of
    /// them.
    fn estimate_escapes(&mut self) {
        let entries = self.counts.iter().zip(&self.targets).filter(|(count, _)| **count > 0);
        let costs: Vec<(u64, u64)> = entries
            .filter(|(count, _)| **count < self.total >> RARE)
            .map(|(&count, &target)| (count, self.cost(count, nearest(target)) + ENTRY_COST))
            .collect();
        self.expect_escapes(self.beyond + costs.iter().map(|(count, _)| count).sum::<u64>());
        for _ in 0..ESTIMATES {
            let is_escaped = |(count, cost): &&(u64, u64)| count * self.escape_cost < *cost;
            let escaped = self.beyond + costs.iter().filter(is_escaped).map(|(count, _)| count).sum::<u64>();
            if escaped == self.escaped {
                break;
            }
            self.expect_escapes(escaped);
        }
    }

    fn expect_escapes(&mut self, escaped: u64) {
        self.escaped = escaped;
        self.escape_cost = log2_fixed(self.total) - log2_fixed(escaped) + u64::from(self.width) * BIT + ESCAPE_TIME;
    }

    /// Returns the code that is nearest to the symbol's frequency; 0 if it does not occur.
    pub(super) fn nearest(&self, symbol: usize) -> u8 {
        if self.counts[symbol] == 0 { 0 } else { nearest(self.targets[symbol]) }
    }

    /// Returns the cost of an entry that occurs `count` times, if it has this code.
    pub(super) fn cost(&self, count: u64, code: u8) -> u64 {
        count * (u64::from(MAX_FREQUENCY_CODE - code.max(self.floor)) * STEP) + self.shares[usize::from(code)]
    }
}

/// Returns the code nearest to a target in units of 1 / [`STEP`], but at least 1.
pub(super) fn nearest(target: u32) -> u8 {
    ((target + STEP as u32 / 2) / STEP as u32).clamp(1, u32::from(MAX_FREQUENCY_CODE)) as u8
}

/// Marks the most frequent symbols, if there are more symbols than entries next to an escape.
fn eligible(counts: &[u64]) -> Option<Vec<bool>> {
    let mut used: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
    if used.len() < MAX_ENTRIES {
        return None;
    }
    used.sort_by_key(|&symbol| (Reverse(counts[symbol]), symbol));
    let mut eligible = vec![false; counts.len()];
    used.iter().take(MAX_ENTRIES - 1).for_each(|&symbol| eligible[symbol] = true);
    Some(eligible)
}
