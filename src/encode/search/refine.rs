//! Replaces codings of fields by others that are measured on some chunks: tables that adapt to the symbols, and bit
//! coding.

use super::cost::{BYTE, LANE_OVERHEAD};
use super::effort::Effort;
use super::hurdles::BIT_CODING;
use super::plans::{FieldPlan, PlannedField};
use super::view::WordView;
use crate::coders::{BIT, BitsModel, LaneModel, WordSize, bits_cost, lanes_cost, mixed_cost};
use crate::represent::{Coding, ContextSource, FieldPlace, ForwardBlock, Word};
use crate::spec::{MAX_SLOTS, MAX_SYMBOL_BITS};

/// The maximum number of symbols of a chunk for which bit coding uses narrow words.
const NARROW_SYMBOLS: u64 = 1 << 10;

/// The maximum number of symbols of a chunk for which bit coding is also tried without contexts and with a low limit.
const TREE_SYMBOLS: u64 = 1 << 12;

/// Returns the plan with the codings that are cheapest on some chunks. `chunk_len` is in values, or, for C64, elements.
pub(super) fn measured<W: Word>(view: WordView<'_, W>, mut plan: FieldPlan, chunk_len: u64) -> FieldPlan {
    let effort = view.effort;
    let in_bits = view.count() <= effort.bits_symbols;
    if in_bits || !effort.adaptations.is_empty() {
        let chunks = Chunks::new(view, chunk_len);
        let options = plan.fields.iter().map(|field| alternatives(field, chunk_len, in_bits, effort)).collect();
        let options = chunks.measure(view, &plan, options);
        for (field, options) in plan.fields.iter_mut().zip(options) {
            let Some((_, present_cost)) = options.first() else { continue };
            let present_cost = *present_cost;
            let earns = |(coding, cost): &(Coding, u64)| {
                let is_adapted = matches!(coding, Coding::Lanes(..));
                let hurdle = if is_adapted { effort.hurdles.adaptation } else { BIT_CODING };
                *cost < hurdle.below(present_cost)
            };
            let best = options.into_iter().skip(1).filter(earns).min_by_key(|(_, cost)| *cost);
            if let Some((coding, cost)) = best {
                *field = field.with_coding(coding);
                plan.cost = plan.cost.saturating_sub(chunks.of_all(present_cost - cost));
            }
        }
    }
    plan.join_raw_fields();
    plan
}

/// The chunks on which codings are measured.
struct Chunks {
    /// Chunks of the segment.
    all: usize,
    /// Chunks that are measured.
    measured: usize,
    /// Words of a chunk.
    words: usize,
}

impl Chunks {
    fn new<W: Word>(view: WordView<'_, W>, chunk_len: u64) -> Self {
        let words = chunk_len as usize * view.words_of_element();
        let all = view.values().div_ceil(words.max(1));
        Self { all, measured: view.effort.measured_chunks.clamp(1, all.max(1)), words }
    }

    /// Estimates the cost of all chunks from the cost of the measured ones.
    fn of_all(&self, cost: u64) -> u64 {
        (u128::from(cost) * self.all as u128 / self.measured as u128) as u64
    }

    /// Adds the cost of the measured chunks to each of the codings that the fields of the plan may have.
    fn measure<W: Word>(&self, view: WordView<'_, W>, plan: &FieldPlan, mut options: Vec<Options>) -> Vec<Options> {
        for index in 0..self.measured {
            // spread evenly over the segment
            let start = index * self.all / self.measured * self.words;
            let block = view.read(start..(start + self.words).min(view.values()));
            let mut symbols = vec![0; block.words.len()];
            let mut shift = view.bits();
            for (field, options) in plan.fields.iter().zip(&mut options) {
                shift -= field.width;
                if options.len() < 2 {
                    continue;
                }
                let contexts = contexts_of(view, plan, field, &block);
                block.symbols(FieldPlace { lowest: shift, width: field.width }, &mut symbols);
                for (coding, cost) in options {
                    *cost += chunk_cost(&symbols, &contexts, coding, field.width);
                }
            }
        }
        options
    }
}

/// Returns the contexts of the words of a block, or nothing if the field has only one context.
fn contexts_of<W: Word>(
    view: WordView<'_, W>,
    plan: &FieldPlan,
    field: &PlannedField,
    block: &ForwardBlock<W>,
) -> Vec<u8> {
    let words = view.words_of_element();
    let sums = field.classes.as_ref().map(|classes| {
        let elements = block.values.start / words as u64..block.values.end / words as u64;
        block.of_kept(classes.sums(elements))
    });
    // only the first field gives contexts to others
    let first = plan.fields[0].width;
    let place = FieldPlace { lowest: view.bits() - first, width: first };
    block.contexts(field.coding.source(), sums.as_slice(), |_| place, words)
}

/// Codings that a field may have, each with its cost; the first one is the present coding. Empty if nothing may replace
/// it.
type Options = Vec<(Coding, u64)>;

/// Returns the present coding of a field and those that may replace it, each with its cost once a segment.
fn alternatives(field: &PlannedField, chunk_len: u64, in_bits: bool, effort: &Effort) -> Options {
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
        // a field of many words that looks random is random
        Coding::Raw if field.width <= MAX_SYMBOL_BITS && chunk_len <= 2 * NARROW_SYMBOLS => {
            options.push((Coding::Raw, 0));
        }
        _ => return options,
    }
    if in_bits {
        let word = if chunk_len <= NARROW_SYMBOLS { WordSize::Narrow } else { WordSize::Wide };
        // many symbols repay the learning of many contexts, and each trial takes time
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

/// Returns the cost of the symbols of a chunk, with overhead. `contexts` come from the present source of the field.
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
        // never among the codings that are tried here
        Coding::MixedMask(_) | Coding::MixedKept(_) => u64::MAX >> 1,
    }
}
