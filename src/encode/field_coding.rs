//! The coding of one field, from how often its symbols occur.

use crate::entropy::{
    Adaptation, BIT, LaneModel, MAX_PRECISION, MAX_SLOTS, MAX_SYMBOL_BITS, Tables, adaptive_cost, static_cost,
};
use crate::represent::{Coding, ContextSource};

/// A byte in units of cost.
pub(super) const BYTE: u64 = 8 * BIT;
/// What a stream in lanes takes beside its words: states and counts.
pub(super) const LANE_OVERHEAD: u64 = 132 * BYTE;

/// The precision of the tables of so many contexts.
fn precision(contexts: usize) -> u32 {
    (MAX_SLOTS / contexts).ilog2().min(MAX_PRECISION)
}

/// The cheapest coding of a field with these counts among raw, constant and static lanes. Contexts cost `context_cost`
/// besides, and are dropped if they do not save that.
pub(super) fn plan_field(counts: &[Vec<u64>], width: u32, source: &ContextSource, context_cost: u64) -> (Coding, u64) {
    let merged: Vec<u64> = (0..1 << width).map(|symbol| counts.iter().map(|counts| counts[symbol]).sum()).collect();
    let total: u64 = merged.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    let mut present = merged.iter().enumerate().filter(|(_, count)| **count > 0);
    if let (Some((value, _)), None) = (present.next(), present.next()) {
        return (Coding::Constant(value as u16), 2 * BYTE);
    }
    if width > MAX_SYMBOL_BITS || adaptive_cost(&merged) > raw_cost - raw_cost / 512 && counts.len() == 1 {
        return (Coding::Raw, raw_cost);
    }
    let lanes = |counts: &[Vec<u64>], source: &ContextSource| {
        let tables = Tables::from_counts(counts, width, precision(counts.len()));
        let model = LaneModel { tables, adaptation: Adaptation::STATIC };
        let mut parameters = Vec::new();
        model.write(&mut parameters);
        let cost = static_cost(counts, &model.tables) + parameters.len() as u64 * BYTE + LANE_OVERHEAD;
        (Coding::Lanes(source.clone(), model), cost)
    };
    let mut best = lanes(counts, source);
    best.1 += context_cost;
    if counts.len() > 1 && total < 1 << 16 {
        // few symbols: what was estimated may have been wrong
        let alone = lanes(&[merged], &ContextSource::None);
        if alone.1 < best.1 {
            best = alone;
        }
    }
    // a field that gains less than a five-hundredth is not worth its time
    if best.1 > raw_cost - raw_cost / 512 {
        return (Coding::Raw, raw_cost);
    }
    best
}
