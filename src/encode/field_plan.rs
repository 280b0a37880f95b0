//! Which fields a segment's words are cut into, under which contexts, and how each is coded: the cheapest that was found.

use super::contexts::{Offer, choose_contexts, count_top};
use super::field_coding::{LEAST_GAIN, plan_field};
use super::histograms::{Histograms, look, narrowed};
use super::magnitude::Meaning;
use super::mixing::mixed_plan;
use super::mixing_kept::mixed_kept;
use super::options::Effort;
use super::planes::improve_plane;
use super::refine::refine;
use super::scale::Classes;
use super::words::{Source, Words};
use crate::coders::{BIT, MAX_SYMBOL_BITS, adaptive_cost};
use crate::represent::{
    ContextSource, Field, Fields, InChunks, MAX_CLASS_FIELDS, MAX_FIELDS, Map, SegmentLayout, Transform, Word,
};

/// Segments of at most so many words have each of their layouts refined.
const SMALL_WORDS: usize = 1 << 12;

/// Fields, the classes of rows that they use, and what all takes in units of 2^-16 bit.
#[derive(Debug, Clone)]
pub(super) struct FieldPlan {
    pub(super) fields: Fields,
    pub(super) in_chunks: InChunks,
    pub(super) cost: u64,
}

/// Plans the fields of a segment whose values have this layout. `offer` are the contexts of its mask; `chunk_len` gives, for a
/// cost, the values a chunk. What steps cost is not counted.
pub(super) fn plan_fields<W: Word>(
    layout: &SegmentLayout<'_>,
    source: Source<'_>,
    meaning: Option<Meaning>,
    offer: Option<Offer<'_>>,
    chunk_len: &impl Fn(u64) -> u64,
    effort: &Effort,
) -> FieldPlan {
    let dtype = layout.dtype;
    let bits = source.steps.symbol_bits(dtype);
    let are_words = source.steps.unpack.is_none() && source.steps.map == Map::None;
    let (transform, least, most, meaning) = match dtype.exponent_bits() {
        _ if meaning.is_some() => (Transform::Identity, bits, bits, meaning.unwrap_or(Meaning::Unsigned)),
        _ if !are_words && bits <= MAX_SYMBOL_BITS => (Transform::Identity, bits, bits, Meaning::Unsigned),
        _ if !are_words => (Transform::Identity, 8, MAX_SYMBOL_BITS, Meaning::Unsigned),
        Some(exponent) if bits > 8 => {
            let most = (exponent + effort.most_mantissa_bits).min(MAX_SYMBOL_BITS).min(bits - 1);
            (Transform::Rotate, exponent, most, Meaning::Float { mantissa_bits: most - exponent })
        }
        Some(exponent) if bits == 8 && exponent < 7 => {
            // sign, exponent and mantissa together
            (Transform::Rotate, bits, bits, Meaning::Float { mantissa_bits: bits - exponent })
        }
        // a bell in one piece: tables have fewer symbols between the first and the last
        _ if bits <= 8 && dtype.is_signed_integer() => {
            (Transform::Offset(1 << (bits - 1)), bits, bits, Meaning::Signed)
        }
        _ if bits <= 8 => (Transform::Identity, bits, bits, Meaning::Unsigned),
        _ if dtype.is_signed_integer() => (Transform::Zigzag, 8, 8, Meaning::Zigzag),
        _ => (Transform::Identity, 8, 8, Meaning::Zigzag),
    };
    let words = Words::<W>::new(source, transform);
    let (histograms, sums, magnitudes) = look(words, layout, least, most, meaning, effort);
    let contexts = choose_contexts(words, layout, most, sums, &magnitudes, offer, effort);
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
        let (coding, mut cost) = plan_field(&narrow, first, &contexts.source, contexts.cost, LEAST_GAIN);
        let is_used = !matches!(coding.source(), ContextSource::None);
        let mut fields = vec![Field { width: first, coding }];
        let of_mask = offer.filter(|offer| offer.is_paid).and_then(|offer| offer.contexts.classes.as_ref());
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

impl FieldPlan {
    /// The class field of the mask, if it has one.
    pub(super) fn classes_of_mask(&self) -> Vec<Classes> {
        let source = self.fields.steps.mask.as_ref().map(|mask| mask.coding.source());
        let Some(ContextSource::Classes { field, .. }) = source else { return Vec::new() };
        let (field, of_rows) = (&self.fields.class_fields[*field], &self.in_chunks.row_classes[*field]);
        vec![Classes { field: field.clone(), of_rows: of_rows.clone(), of_kinds: false }]
    }

    pub(super) fn new(
        source: Source<'_>,
        transform: Transform,
        all_classes: Vec<Classes>,
        fields: Vec<Field>,
        cost: u64,
    ) -> Self {
        let (class_fields, row_classes) =
            all_classes.into_iter().map(|classes| (classes.field, classes.of_rows)).unzip();
        let fields = Fields { steps: source.steps.clone(), class_fields, transform, fields };
        Self { fields, in_chunks: InChunks { row_classes, shared: source.shared.clone() }, cost }
    }
}

/// Plans what lies below the `first` topmost bits, byte by byte from the bottom; what it takes. Without histograms it makes its own.
pub(super) fn plan_planes<W: Word>(
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    first: u32,
    histograms: Option<&Histograms>,
    all_classes: &mut Vec<Classes>,
    fields: &mut Vec<Field>,
    effort: &Effort,
) -> u64 {
    let own;
    let histograms = match histograms {
        Some(histograms) => histograms,
        None => {
            let unscaled = Effort { resolutions: &[], ..*effort };
            own = look(words, layout, first, first, Meaning::Unsigned, &unscaled).0;
            &own
        }
    };
    let mut cost = 0;
    let planes = planes_below(words.bits() - first);
    for (plane, width) in planes {
        let plan = |shift: u32, width: u32, all_classes: &mut Vec<Classes>| {
            let counts = histograms.of_bits(8 * plane + shift, width);
            let (mut coding, mut cost) =
                plan_field(std::slice::from_ref(&counts), width, &ContextSource::None, 0, effort.plane_gain);
            if effort.plane_contexts && all_classes.len() < MAX_CLASS_FIELDS {
                let shift = 8 * plane + shift;
                let gain = effort.plane_gain;
                improve_plane(words, layout, shift, &counts, first, gain, all_classes, &mut coding, &mut cost);
            }
            (Field { width, coding }, cost)
        };
        // bits that never change need no coder, and may leave behind what needs none either
        let runs = histograms.runs(plane as usize, width);
        let (whole, whole_cost) = plan(0, width, all_classes);
        let known = all_classes.len();
        // one field at least for each plane that follows
        if runs.len() > 1 && fields.len() + runs.len() + plane as usize <= MAX_FIELDS {
            let parts: Vec<(Field, u64)> =
                runs.into_iter().rev().map(|(shift, width)| plan(shift, width, all_classes)).collect();
            let parts_cost: u64 = parts.iter().map(|(_, cost)| cost).sum();
            if parts_cost <= whole_cost {
                fields.extend(parts.into_iter().map(|(field, _)| field));
                cost += parts_cost;
                continue;
            }
            all_classes.truncate(known);
        }
        fields.push(whole);
        cost += whole_cost;
    }
    cost
}

/// The bytes of the `rest` lowest bits, the highest first, and how many bits of each are among them.
fn planes_below(rest: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..rest.div_ceil(8)).rev().map(move |plane| (plane, (rest - 8 * plane).min(8)))
}
