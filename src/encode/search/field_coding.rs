//! Chooses the coding of one field from the counts of its symbols.

use super::contexts::Contexts;
use super::cost::{BYTE, LANE_OVERHEAD};
use super::effort::TableLimits;
use super::hurdles::Hurdle;
use super::plans::PlannedField;
use crate::coders::{Adaptation, BIT, LaneModel, Tables, adaptive_cost, static_cost};
use crate::represent::{Coding, ContextSource};
use crate::spec::{MAX_CONTEXT_SHIFT, MAX_SYMBOL_BITS, MIN_PRECISION};

/// The least number of symbols of a field for which fewer contexts are tried too.
const MANY_SYMBOLS: u64 = 1 << 19;

impl TableLimits {
    /// Returns the precision of the tables if there are `contexts` contexts.
    fn precision_of(self, contexts: usize) -> u32 {
        (self.slots / contexts).ilog2().min(self.precision)
    }

    /// Returns the maximum number of contexts.
    fn contexts(self) -> usize {
        self.slots >> MIN_PRECISION
    }
}

/// Returns the cheapest coding of a field with these counts among raw, constant and static lanes, and its cost.
/// Contexts are dropped if they save less than they cost. A coder has to clear the hurdle, and its tables have to keep
/// the limits.
pub(super) fn plan_field(
    counts: &[Vec<u64>],
    width: u32,
    contexts: &Contexts,
    hurdle: Hurdle,
    limits: TableLimits,
) -> (PlannedField, u64) {
    if counts.len() > limits.contexts() {
        let (counts, source) = half_the_contexts(counts, &contexts.source);
        return plan_field(&counts, width, &Contexts { source, ..contexts.clone() }, hurdle, limits);
    }
    let (coding, cost) = cheapest_coding(counts, width, contexts, hurdle, limits);
    let uses_classes = matches!(coding.source(), ContextSource::Classes { .. });
    let classes = contexts.classes.clone().filter(|_| uses_classes);
    (PlannedField { width, coding, classes }, cost)
}

fn cheapest_coding(
    counts: &[Vec<u64>],
    width: u32,
    contexts: &Contexts,
    hurdle: Hurdle,
    limits: TableLimits,
) -> (Coding, u64) {
    let merged: Vec<u64> = (0..1 << width).map(|symbol| counts.iter().map(|counts| counts[symbol]).sum()).collect();
    let total: u64 = merged.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    let mut present = merged.iter().enumerate().filter(|(_, count)| **count > 0);
    if let (Some((value, _)), None) = (present.next(), present.next()) {
        return (Coding::Constant(value as u16), 2 * BYTE);
    }
    if width > MAX_SYMBOL_BITS || counts.len() == 1 && adaptive_cost(&merged) > hurdle.below(raw_cost) {
        return (Coding::Raw, raw_cost);
    }
    let lanes = |counts: &[Vec<u64>], source: &ContextSource| {
        let tables = Tables::from_counts(counts, width, limits.precision_of(counts.len()));
        let model = LaneModel { tables, adaptation: Adaptation::STATIC };
        let mut parameters = Vec::new();
        model.write(&mut parameters);
        let cost = static_cost(counts, &model.tables) + parameters.len() as u64 * BYTE + LANE_OVERHEAD;
        (Coding::Lanes(source.clone(), model), cost)
    };
    let mut best = lanes(counts, &contexts.source);
    if total >= MANY_SYMBOLS {
        let fewer = fewer_contexts(counts, &contexts.source, limits);
        best = fewer
            .iter()
            .map(|(counts, source)| lanes(counts, source))
            .fold(best, |best, other| if other.1 < best.1 { other } else { best });
    }
    best.1 += contexts.cost;
    if counts.len() > 1 && total < 1 << 16 {
        // with few symbols the estimate that chose the contexts may have been wrong
        let alone = lanes(&[merged], &ContextSource::None);
        if alone.1 < best.1 {
            best = alone;
        }
    }
    if best.1 > hurdle.below(raw_cost) { (Coding::Raw, raw_cost) } else { best }
}

/// Joins the counts of contexts: context c becomes context `of(c)` of `contexts`.
fn joined(counts: &[Vec<u64>], contexts: usize, of: impl Fn(usize) -> usize) -> Vec<Vec<u64>> {
    let mut joined = vec![vec![0; counts[0].len()]; contexts];
    for (context, counts) in counts.iter().enumerate() {
        joined[of(context)].iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    joined
}

/// Halves the number of contexts: two become one. Where contexts cannot be joined in this way, all become one.
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

/// Returns variants with fewer contexts, whose tables may be more precise: without the topmost, and two in one.
fn fewer_contexts(
    counts: &[Vec<u64>],
    source: &ContextSource,
    limits: TableLimits,
) -> Vec<(Vec<Vec<u64>>, ContextSource)> {
    let &ContextSource::Classes { field, shift, contexts } = source else { return Vec::new() };
    let mut variants = Vec::new();
    // as many as the tables may have at the next precision
    let precision = limits.precision_of(contexts);
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
