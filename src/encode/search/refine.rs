//! Lets tables follow the symbols, or codes fields bit by bit, where that was measured to be shorter on some chunks.

use super::effort::Effort;
use super::field_coding::{BYTE, LANE_OVERHEAD};
use super::plans::{FieldPlan, tidy};
use super::view::Words;
use crate::coders::{BIT, BitsModel, LaneModel, WordSize, bits_cost, lanes_cost, mixed_cost};
use crate::represent::{Coding, ContextSource, Field, SegmentLayout, Word, all_sums, contexts_of_field, take_field};
use crate::spec::{MAX_SLOTS, MAX_SYMBOL_BITS};

/// Chunks of up to so many symbols are coded in narrow words.
const NARROW_SYMBOLS: u64 = 1 << 10;

/// Up to so many symbols trees are tried with fewer contexts and a low limit too.
const TREE_SYMBOLS: u64 = 1 << 12;

/// Replaces codings of the plan by cheaper ones; `chunk_len` is in values, or, for C64, elements.
pub(super) fn refine<W: Word>(
    plan: &mut FieldPlan,
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    chunk_len: u64,
    effort: &Effort,
) {
    let words_an_element = layout.dtype.words() as usize;
    let chunk_words = chunk_len as usize * words_an_element;
    let chunks = words.values().div_ceil(chunk_words.max(1));
    let measured = effort.measured_chunks.clamp(1, chunks.max(1));
    let in_bits = words.count() <= effort.bits_symbols;
    if in_bits || !effort.adaptations.is_empty() {
        let fields = &plan.fields;
        let mut options: Vec<Vec<(Coding, u64)>> =
            fields.fields.iter().map(|field| alternatives(field, chunk_len, in_bits, effort)).collect();
        for index in 0..measured {
            // spread evenly over the segment
            let start = index * chunks / measured * chunk_words;
            let range = start..(start + chunk_words).min(words.values());
            let elements = (range.start / words_an_element) as u64..(range.end / words_an_element) as u64;
            let rows: Vec<&[u8]> = fields
                .class_fields
                .iter()
                .zip(&plan.in_chunks.row_classes)
                .map(|(field, classes)| field.rows_of_chunk(&elements, classes))
                .collect();
            let mut sums = all_sums(&fields.class_fields, &elements, &rows);
            let block = words.read(range);
            sums.iter_mut().for_each(|sums| *sums = block.of_kept(std::mem::take(sums)));
            let words = block.words;
            let mut symbols = vec![0; words.len()];
            let mut shift = fields.fields.iter().map(|field| field.width).sum::<u32>();
            for (number, (field, options)) in fields.fields.iter().zip(&mut options).enumerate() {
                shift -= field.width;
                if options.len() < 2 {
                    continue;
                }
                let contexts = contexts_of_field(fields, number, &sums, &words, layout.dtype);
                take_field(&words, shift, field.width, &mut symbols);
                for (coding, cost) in options {
                    *cost += chunk_cost(&symbols, &contexts, coding, field.width);
                }
            }
        }
        for (field, options) in plan.fields.fields.iter_mut().zip(options) {
            let Some((_, present_cost)) = options.first() else { continue };
            // what moves or is coded bit by bit costs time: it has to earn it
            let present_cost = *present_cost;
            let earns = |(coding, cost): &(Coding, u64)| {
                let least = if matches!(coding, Coding::Lanes(..)) { effort.adaptation_gain } else { 4096 };
                *cost < present_cost - present_cost / least
            };
            let best = options.into_iter().skip(1).filter(earns).min_by_key(|(_, cost)| *cost);
            if let Some((coding, cost)) = best {
                field.coding = coding;
                let saved = (u128::from(present_cost - cost) * chunks as u128 / measured as u128) as u64;
                plan.cost = plan.cost.saturating_sub(saved);
            }
        }
    }
    tidy(plan);
}

/// The field's present coding and those that may replace it, with what each costs once a segment.
fn alternatives(field: &Field, chunk_len: u64, in_bits: bool, effort: &Effort) -> Vec<(Coding, u64)> {
    let mut options = Vec::new();
    let source = field.coding.source();
    match &field.coding {
        Coding::Lanes(_, model) => {
            let mut parameters = Vec::new();
            model.write(&mut parameters);
            let table_cost = parameters.len() as u64 * BYTE;
            options.push((field.coding.clone(), table_cost));
            let adapted = effort.adaptations.iter().map(|&adaptation| LaneModel { adaptation, ..model.clone() });
            options.extend(adapted.map(|model| (Coding::Lanes(source.clone(), model), table_cost)));
        }
        // what looks random among many words is
        Coding::Raw if field.width <= MAX_SYMBOL_BITS && chunk_len <= 2 * NARROW_SYMBOLS => {
            options.push((Coding::Raw, 0));
        }
        _ => return options,
    }
    if in_bits {
        let word = if chunk_len <= NARROW_SYMBOLS { WordSize::Narrow } else { WordSize::Wide };
        // many symbols learn many contexts, and all that is tried takes time
        let is_small = chunk_len <= TREE_SYMBOLS;
        let limits = if is_small { &[255, 30][..] } else { &[255] };
        let sources = [Some(source.clone()), (source.contexts() > 1 && is_small).then_some(ContextSource::None)];
        for source in sources.into_iter().flatten() {
            let contexts = source.contexts();
            if contexts << field.width > MAX_SLOTS {
                continue;
            }
            let model = |limit| BitsModel { word, limit, width: field.width, contexts };
            options.extend(limits.iter().map(|&limit| (Coding::Bits(source.clone(), model(limit)), 3 * BYTE)));
        }
    }
    options
}

/// What a chunk's symbols take, overhead included. `contexts` are those of the field's present source.
fn chunk_cost(symbols: &[u16], contexts: &[u8], coding: &Coding, width: u32) -> u64 {
    let contexts = if matches!(coding.source(), ContextSource::None) { &[] } else { contexts };
    match coding {
        Coding::Raw => symbols.len() as u64 * u64::from(width) * BIT,
        Coding::Constant(_) => 0,
        Coding::Lanes(_, model) => lanes_cost(symbols, contexts, model) + LANE_OVERHEAD,
        Coding::Bits(_, model) => {
            let overhead = match model.word {
                WordSize::Narrow => 4 * BYTE,
                WordSize::Wide => 8 * BYTE,
            };
            bits_cost(symbols, contexts, model) + overhead
        }
        Coding::Mixed(_, model) => mixed_cost(symbols, contexts, model) + 8 * BYTE,
        // planned elsewhere, and never among those that are tried here
        Coding::MixedMask(_) | Coding::MixedKept(_) => u64::MAX >> 1,
    }
}
