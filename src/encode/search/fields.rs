//! Chooses the fields that words are cut into, and the contexts and the coding of each: the cheapest that are found.

use std::ops::RangeInclusive;

use super::contexts::{Contexts, MaskContexts, choose_contexts, count_top};
use super::effort::Effort;
use super::field_coding::plan_field;
use super::histograms::{look, narrowed};
use super::hurdles::FIRST_FIELD;
use super::magnitude::SymbolMeaning;
use super::planes::{plan_planes, planes_below};
use super::plans::FieldPlan;
use super::refine::measured;
use super::view::{ValueSource, WordView};
use crate::coders::{BIT, adaptive_cost};
use crate::represent::{Map, SegmentLayout, Transform, Word};
use crate::spec::MAX_SYMBOL_BITS;

/// The maximum number of words of a segment in which every width of the first field is planned and refined.
const SMALL_WORDS: usize = 1 << 12;

/// The first field: the widths that it may have, and the meaning of its symbols.
pub(super) struct FirstField {
    pub(super) transform: Transform,
    pub(super) widths: RangeInclusive<u32>,
    pub(super) meaning: SymbolMeaning,
}

impl FirstField {
    /// Returns the first field of these values.
    pub(super) fn of_values(layout: &SegmentLayout<'_>, source: ValueSource<'_>, effort: &Effort) -> Self {
        let dtype = layout.dtype;
        let bits = source.steps.symbol_bits(dtype);
        let are_words = source.steps.unpack.is_none() && source.steps.map == Map::None;
        let (transform, widths, meaning) = match dtype.exponent_bits() {
            _ if !are_words && bits <= MAX_SYMBOL_BITS => (Transform::Identity, bits..=bits, SymbolMeaning::Unsigned),
            _ if !are_words => (Transform::Identity, 8..=MAX_SYMBOL_BITS, SymbolMeaning::Unsigned),
            Some(exponent) if bits > 8 => {
                let most = (exponent + effort.most_mantissa_bits).min(MAX_SYMBOL_BITS).min(bits - 1);
                (Transform::Rotate, exponent..=most, SymbolMeaning::Float { mantissa_bits: most - exponent })
            }
            Some(exponent) if bits == 8 && exponent < 7 => {
                // sign, exponent and mantissa together
                (Transform::Rotate, bits..=bits, SymbolMeaning::Float { mantissa_bits: bits - exponent })
            }
            // zero in the middle of the range: a table then has fewer symbols between its first and its last
            _ if bits <= 8 && dtype.is_signed_integer() => {
                (Transform::Offset(1 << (bits - 1)), bits..=bits, SymbolMeaning::Signed)
            }
            _ if bits <= 8 => (Transform::Identity, bits..=bits, SymbolMeaning::Unsigned),
            _ if dtype.is_signed_integer() => (Transform::Zigzag, 8..=8, SymbolMeaning::Zigzag),
            _ => (Transform::Identity, 8..=8, SymbolMeaning::Zigzag),
        };
        Self { transform, widths, meaning }
    }
}

/// Plans the fields of the words. Returns the plan, and the contexts of the first field that were chosen, even if the
/// plan has no use for them. `chunk_len` gives, for a cost, the values of a chunk. The cost of steps is not counted.
pub(super) fn plan_fields<W: Word>(
    view: WordView<'_, W>,
    first: FirstField,
    of_mask: Option<&MaskContexts>,
    chunk_len: &impl Fn(u64) -> u64,
) -> (FieldPlan, Contexts) {
    let (bits, most) = (view.bits(), *first.widths.end());
    let with_sums = !view.effort.resolutions.is_empty() && view.words_of_element() == 1;
    let statistics = look(view, first.widths.clone(), first.meaning, with_sums);
    let histograms = &statistics.histograms;
    let contexts = choose_contexts(view, most, &statistics, of_mask);
    let counts = match &contexts.classes {
        Some(_) => count_top(view, most, &contexts),
        None => vec![histograms.top.clone()],
    };
    // the first field costs most, so it decides where the others begin
    let estimate = |first: u32| {
        let top: u64 = counts.iter().map(|counts| adaptive_cost(&narrowed(counts, most - first))).sum();
        let planes = planes_below(bits - first).map(|(plane, width)| {
            let counts = histograms.of_bits(8 * plane, width);
            adaptive_cost(&counts).min(counts.iter().sum::<u64>() * u64::from(width) * BIT)
        });
        top + planes.sum::<u64>()
    };
    let plan = |first: u32| {
        let narrow: Vec<Vec<u64>> = counts.iter().map(|counts| narrowed(counts, most - first)).collect();
        let (field, first_cost) = plan_field(&narrow, first, &contexts, FIRST_FIELD, view.effort.tables);
        let of_mask = of_mask.and_then(|of_mask| of_mask.stored.clone());
        let is_of_mask = |classes: &_| of_mask.as_ref().is_some_and(|of_mask| std::sync::Arc::ptr_eq(of_mask, classes));
        let own = field.classes.clone().filter(|classes| !is_of_mask(classes));
        let known = of_mask.iter().cloned().chain(own).collect();
        let (planes, planes_cost) = plan_planes(view, first, Some(histograms), known);
        let cost = first_cost + planes_cost;
        let fields = std::iter::once(field).chain(planes).collect();
        let plan = FieldPlan { transform: view.transform, fields, wider_map: None, cost };
        measured(view, plan, chunk_len(cost))
    };
    let best = if view.count() <= view.effort.bits_symbols.min(SMALL_WORDS) {
        first.widths.map(plan).min_by_key(|plan| plan.cost)
    } else {
        first.widths.min_by_key(|&first| estimate(first)).map(plan)
    };
    (best.unwrap_or_else(|| unreachable!("a range of widths is not empty")), contexts)
}
