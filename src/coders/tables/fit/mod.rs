//! Encoder: fits tables to counts, by minimum description length. Integers only, so the same tables on every machine.
//!
//! A fit tries the possible shapes and precisions, and takes the cheapest. For each of them, [`Fit`] chooses the
//! frequency codes one by one.

mod choose;
mod counts;

use choose::Fit;
use counts::ContextCounts;

use super::frequency_code::{CodeRow, MAX_DRIFT, MIN_DRIFT};
use super::table::{TableShape, Tables};
use crate::spec::{MAX_CONTEXTS, MAX_ENTRIES, MAX_PRECISION, MAX_SLOTS, MIN_PRECISION};

/// Frequency codes that differ by this much or more count as equally unlike.
const MAX_UNLIKENESS: u8 = 12;

impl Tables {
    /// Makes good tables for contexts in which symbols occur `counts[context][symbol]` times. Every symbol with a count
    /// can be coded in its context.
    ///
    /// There are 1 to [`MAX_CONTEXTS`] contexts with 2^width counts each. The precision is lower than the given one if
    /// the range of symbols is too wide for it.
    pub(crate) fn from_counts(counts: &[Vec<u64>], width: u32, precision: u32) -> Self {
        debug_assert!((1..=MAX_CONTEXTS).contains(&counts.len()) && counts.len() << precision <= MAX_SLOTS);
        debug_assert!((MIN_PRECISION..=MAX_PRECISION).contains(&precision));
        debug_assert!(counts.iter().all(|counts| counts.len() == 1 << width));
        let mut best = None;
        for precision in (MIN_PRECISION..=precision).rev() {
            let fits_all = fit_precision(counts, width, precision, &mut best);
            if fits_all {
                break;
            }
        }
        match best {
            Some((precision, Fit { shape, rows, .. })) => Self::of_rows(width, precision, shape, &rows),
            None => {
                let shape = TableShape { escape: false, first: 0, last: 0, drift: 0 };
                Self::of_rows(width, precision, shape, &Vec::<CodeRow>::new())
            }
        }
    }
}

/// Replaces `best`, a precision and its fit, if this precision gives a cheaper one.
///
/// Returns whether the stored range can span all symbols that occur. If not, the rarest at its ends are escaped.
fn fit_precision(counts: &[Vec<u64>], width: u32, precision: u32, best: &mut Option<(u32, Fit)>) -> bool {
    let occurs = |symbol: &usize| counts.iter().any(|counts| counts[*symbol] > 0);
    let symbols = counts.first().map_or(0, Vec::len);
    let total = |symbol: usize| counts.iter().fold(0, |sum: u64, counts| sum.saturating_add(counts[symbol]));
    let all = ((0..symbols).find(occurs).unwrap_or(0), (0..symbols).rfind(occurs).unwrap_or(0));
    let trimmed = |escape: bool| {
        let (mut first, mut last) = all;
        let shape = |first: usize, last: usize| TableShape { escape, first: first as u16, last: last as u16, drift: 0 };
        while (last - first + 1) * counts.len() > MAX_SLOTS || !shape(first, last).fits(precision) {
            if total(first) <= total(last) {
                first += 1;
            } else {
                last -= 1;
            }
        }
        shape(first, last)
    };
    let contexts_of = |shape: &TableShape| -> Vec<ContextCounts> {
        let range = usize::from(shape.first)..usize::from(shape.last) + 1;
        counts.iter().map(|counts| ContextCounts::new(counts, range.clone(), width, precision)).collect()
    };
    let (plain, escaping) = (trimmed(false), trimmed(true));
    let contexts = contexts_of(&plain);
    let drift = drift(&contexts);
    let mut consider = |fit: Fit| {
        if best.as_ref().is_none_or(|(_, best)| fit.cost < best.cost) {
            *best = Some((precision, fit));
        }
    };
    let needs_escape = contexts.iter().any(|context| context.used > MAX_ENTRIES || context.beyond > 0);
    if !needs_escape {
        consider(Fit::new(&contexts, TableShape { drift, ..plain }, precision));
    }
    if needs_escape || contexts.iter().any(|context| context.escaped > 0) {
        let escaping = TableShape { drift, ..escaping };
        if (plain.first, plain.last) == (escaping.first, escaping.last) {
            consider(Fit::new(&contexts, escaping, precision));
        } else {
            consider(Fit::new(&contexts_of(&escaping), escaping, precision));
        }
    }
    (plain.first.into(), plain.last.into()) == all
}

/// Returns the drift with which neighbouring tables are most alike.
fn drift(contexts: &[ContextCounts]) -> i8 {
    let mut rows = Vec::new();
    for context in contexts.iter().filter(|context| context.total > 0) {
        rows.push((0..context.counts.len()).map(|symbol| context.nearest(symbol)).collect::<Vec<u8>>());
    }
    let distance = |drift: &i8| {
        let mut distance = 0u64;
        for pair in rows.windows(2) {
            let length = pair[0].len();
            let shift = usize::from(drift.unsigned_abs()).min(length);
            let (above, row) = match *drift {
                0.. => (&pair[0][..length - shift], &pair[1][shift..]),
                _ => (&pair[0][shift..], &pair[1][..length - shift]),
            };
            // Codes that are shifted out of the range count as unlike, too.
            let beyond = match *drift {
                0.. => [&pair[1][..shift], &pair[0][length - shift..]],
                _ => [&pair[1][length - shift..], &pair[0][..shift]],
            };
            let unlikeness = |&a: &u8, &b: &u8| u64::from(a.abs_diff(b).min(MAX_UNLIKENESS));
            distance += above.iter().zip(row).map(|(above, row)| unlikeness(above, row)).sum::<u64>();
            distance += beyond.iter().flat_map(|part| part.iter()).map(|code| unlikeness(code, &0)).sum::<u64>();
        }
        distance
    };
    (MIN_DRIFT..=MAX_DRIFT).min_by_key(|drift| (distance(drift), drift.unsigned_abs())).unwrap_or(0)
}

#[cfg(test)]
mod tests;
