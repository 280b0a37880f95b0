//! The coding of one field, from how often its symbols occur.

use super::effort::TableLimits;
use crate::coders::{Adaptation, BIT, LaneModel, Tables, adaptive_cost, static_cost};
use crate::represent::{Coding, ContextSource};
use crate::spec::{MAX_CONTEXT_SHIFT, MAX_SYMBOL_BITS, MIN_PRECISION};

/// From so many symbols on other numbers of contexts are tried.
const MANY_SYMBOLS: u64 = 1 << 19;

/// One part in so many is what a coder of the field that matters most has to save.
pub(super) const LEAST_GAIN: u64 = 512;

/// A byte in units of cost.
pub(super) const BYTE: u64 = 8 * BIT;
/// What a stream in lanes takes beside its words: states and counts.
pub(super) const LANE_OVERHEAD: u64 = 132 * BYTE;

impl TableLimits {
    /// Returns the precision of the tables of so many contexts.
    fn of_contexts(self, contexts: usize) -> u32 {
        (self.slots / contexts).ilog2().min(self.precision)
    }

    /// Returns the maximum number of contexts.
    fn contexts(self) -> usize {
        self.slots >> MIN_PRECISION
    }
}

/// The cheapest coding of a field with these counts among raw, constant and static lanes. Contexts cost `context_cost`
/// besides, and are dropped if they do not save that. A coder has to save one part in `gain`.
pub(super) fn plan_field(
    counts: &[Vec<u64>],
    width: u32,
    source: &ContextSource,
    context_cost: u64,
    gain: u64,
    limits: TableLimits,
) -> (Coding, u64) {
    if counts.len() > limits.contexts() {
        let (counts, source) = half_the_contexts(counts, source);
        return plan_field(&counts, width, &source, context_cost, gain, limits);
    }
    let merged: Vec<u64> = (0..1 << width).map(|symbol| counts.iter().map(|counts| counts[symbol]).sum()).collect();
    let total: u64 = merged.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    let mut present = merged.iter().enumerate().filter(|(_, count)| **count > 0);
    if let (Some((value, _)), None) = (present.next(), present.next()) {
        return (Coding::Constant(value as u16), 2 * BYTE);
    }
    if width > MAX_SYMBOL_BITS || adaptive_cost(&merged) > raw_cost - raw_cost / gain && counts.len() == 1 {
        return (Coding::Raw, raw_cost);
    }
    let lanes = |counts: &[Vec<u64>], source: &ContextSource| {
        let tables = Tables::from_counts(counts, width, limits.of_contexts(counts.len()));
        let model = LaneModel { tables, adaptation: Adaptation::STATIC };
        let mut parameters = Vec::new();
        model.write(&mut parameters);
        let cost = static_cost(counts, &model.tables) + parameters.len() as u64 * BYTE + LANE_OVERHEAD;
        (Coding::Lanes(source.clone(), model), cost)
    };
    let mut best = lanes(counts, source);
    if total >= MANY_SYMBOLS {
        let fewer = fewer_contexts(counts, source, limits);
        best = fewer
            .iter()
            .map(|(counts, source)| lanes(counts, source))
            .fold(best, |best, other| if other.1 < best.1 { other } else { best });
    }
    best.1 += context_cost;
    if counts.len() > 1 && total < 1 << 16 {
        // few symbols: what was estimated may have been wrong
        let alone = lanes(&[merged], &ContextSource::None);
        if alone.1 < best.1 {
            best = alone;
        }
    }
    // a field that gains less is not worth its time
    if best.1 > raw_cost - raw_cost / gain {
        return (Coding::Raw, raw_cost);
    }
    best
}

/// Joins the counts of contexts: context c becomes context `of(c)` of `contexts`.
fn joined(counts: &[Vec<u64>], contexts: usize, of: impl Fn(usize) -> usize) -> Vec<Vec<u64>> {
    let mut joined = vec![vec![0; counts[0].len()]; contexts];
    for (context, counts) in counts.iter().enumerate() {
        joined[of(context)].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    joined
}

/// Halves the number of contexts: each two become one, or, of contexts that cannot be joined so, all become one.
fn half_the_contexts(counts: &[Vec<u64>], source: &ContextSource) -> (Vec<Vec<u64>>, ContextSource) {
    let half = counts.len().div_ceil(2);
    match *source {
        ContextSource::Classes { field, shift, .. } if half > 1 && shift < MAX_CONTEXT_SHIFT => (
            joined(counts, half, |context| context / 2),
            ContextSource::Classes { field, shift: shift + 1, contexts: half },
        ),
        _ => (joined(counts, 1, |_| 0), ContextSource::None),
    }
}

/// Fewer contexts by classes, whose tables may be more precise: cut off at the top, and two in one.
fn fewer_contexts(
    counts: &[Vec<u64>],
    source: &ContextSource,
    limits: TableLimits,
) -> Vec<(Vec<Vec<u64>>, ContextSource)> {
    let &ContextSource::Classes { field, shift, contexts } = source else { return Vec::new() };
    let mut variants = Vec::new();
    // as many as tables of the next precision can be
    let precision = limits.of_contexts(contexts);
    let most = limits.slots >> (precision + 1);
    if contexts > most && most > 1 && precision < limits.precision {
        let source = ContextSource::Classes { field, shift, contexts: most };
        variants.push((joined(counts, most, |context| context.min(most - 1)), source));
    }
    if contexts.div_ceil(2) > 1 && shift < MAX_CONTEXT_SHIFT {
        variants.push(half_the_contexts(counts, source));
    }
    variants
}
