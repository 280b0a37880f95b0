//! Which fields a segment's words are cut into, under which contexts, and how each is coded: the cheapest that was found.

use super::contexts::{MaskContexts, choose_contexts, count_top};
use super::effort::Effort;
use super::field_coding::{LEAST_GAIN, plan_field};
use super::histograms::{look, narrowed};
use super::magnitude::SymbolMeaning;
use super::mixing::mixed_plan;
use super::mixing_behind_mask::mixed_kept;
use super::planes::{plan_planes, planes_below};
use super::plans::FieldPlan;
use super::refine::refine;
use super::scale::Classes;
use super::view::{Source, Words};
use crate::coders::{BIT, adaptive_cost};
use crate::represent::{ContextSource, Field, Map, SegmentLayout, Transform, Word};
use crate::spec::MAX_SYMBOL_BITS;

/// Segments of at most so many words have each of their layouts refined.
const SMALL_WORDS: usize = 1 << 12;

/// Plans the fields of a segment whose values have this layout. `mask_contexts` are the contexts of its mask; `chunk_len` gives, for a
/// cost, the values a chunk. What steps cost is not counted.
pub(super) fn plan_fields<W: Word>(
    layout: &SegmentLayout<'_>,
    source: Source<'_>,
    meaning: Option<SymbolMeaning>,
    mask_contexts: Option<MaskContexts<'_>>,
    chunk_len: &impl Fn(u64) -> u64,
    effort: &Effort,
) -> FieldPlan {
    let dtype = layout.dtype;
    let bits = source.steps.symbol_bits(dtype);
    let are_words = source.steps.unpack.is_none() && source.steps.map == Map::None;
    let (transform, least, most, meaning) = match dtype.exponent_bits() {
        _ if meaning.is_some() => (Transform::Identity, bits, bits, meaning.unwrap_or(SymbolMeaning::Unsigned)),
        _ if !are_words && bits <= MAX_SYMBOL_BITS => (Transform::Identity, bits, bits, SymbolMeaning::Unsigned),
        _ if !are_words => (Transform::Identity, 8, MAX_SYMBOL_BITS, SymbolMeaning::Unsigned),
        Some(exponent) if bits > 8 => {
            let most = (exponent + effort.most_mantissa_bits).min(MAX_SYMBOL_BITS).min(bits - 1);
            (Transform::Rotate, exponent, most, SymbolMeaning::Float { mantissa_bits: most - exponent })
        }
        Some(exponent) if bits == 8 && exponent < 7 => {
            // sign, exponent and mantissa together
            (Transform::Rotate, bits, bits, SymbolMeaning::Float { mantissa_bits: bits - exponent })
        }
        // a bell in one piece: tables have fewer symbols between the first and the last
        _ if bits <= 8 && dtype.is_signed_integer() => {
            (Transform::Offset(1 << (bits - 1)), bits, bits, SymbolMeaning::Signed)
        }
        _ if bits <= 8 => (Transform::Identity, bits, bits, SymbolMeaning::Unsigned),
        _ if dtype.is_signed_integer() => (Transform::Zigzag, 8, 8, SymbolMeaning::Zigzag),
        _ => (Transform::Identity, 8, 8, SymbolMeaning::Zigzag),
    };
    let words = Words::<W>::new(source, transform);
    let (histograms, sums, magnitudes) = look(words, layout, least, most, meaning, effort);
    let contexts = choose_contexts(words, layout, most, sums, &magnitudes, mask_contexts, effort);
    let counts = match &contexts.classes {
        Some(_) => count_top(words, most, &contexts),
        None => vec![histograms.top.clone()],
    };
    // the first field costs most: it decides where the others begin
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
        let (coding, mut cost) = plan_field(&narrow, first, &contexts.source, contexts.cost, LEAST_GAIN, effort.tables);
        let is_used = !matches!(coding.source(), ContextSource::None);
        let mut fields = vec![Field { width: first, coding }];
        let of_mask = mask_contexts
            .filter(|mask_contexts| mask_contexts.is_paid)
            .and_then(|mask_contexts| mask_contexts.contexts.classes.as_ref());
        let is_mask_s = of_mask.is_some() && matches!(contexts.source, ContextSource::Classes { field: 0, .. });
        let is_new = is_used && !is_mask_s;
        let own = contexts.classes.iter().filter(|_| is_new);
        let mut all_classes: Vec<Classes> = of_mask.into_iter().chain(own).cloned().collect();
        cost += plan_planes(words, layout, first, Some(&histograms), &mut all_classes, &mut fields, effort);
        let mut plan = FieldPlan::new(source, transform, all_classes, fields, cost);
        refine(&mut plan, words, layout, chunk_len(cost), effort);
        plan
    };
    let widths = least..=most;
    let best = if words.count() <= effort.bits_symbols.min(SMALL_WORDS) {
        widths.map(plan).min_by_key(|plan| plan.cost)
    } else {
        widths.min_by_key(|&first| estimate(first)).map(plan)
    };
    let best = best.unwrap_or_else(|| unreachable!("a range of widths is not empty"));
    let mixed = match source.steps.mask {
        Some(_) => mixed_kept(source, layout, &best, effort),
        None => mixed_plan::<W>(source, layout, contexts.classes.as_ref(), &contexts.source, &best, effort),
    };
    mixed.unwrap_or(best)
}
