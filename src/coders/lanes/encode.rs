//! Encodes lanes (section 10.1). If frequencies adapt, a forward pass first records their changes. A backward pass then
//! codes the symbols from the last to the first, and undoes the changes on the way.

use std::cell::RefCell;

use super::super::tables::Tables;
use super::adapt::{Adaptation, AdaptiveTables};
use super::entries::Entries;
use super::model::{LaneModel, LaneStream};
use crate::kernel::{EncodingLanes, Kernel, ReverseWords, SPARE_WORDS, SlotPlace, SlotPlaces};
use crate::spec::{LANES, STATE_LOWER_BOUND};

thread_local! {
    /// Memory for the words of a chunk. It is used for one chunk after another, because each page of newly allocated
    /// memory costs a page fault.
    static WORDS: RefCell<Vec<[u8; 2]>> = const { RefCell::new(Vec::new()) };
}

/// Appends the stream of a chunk's symbols, each below 2^width.
///
/// `contexts` has one context for each symbol, or is empty if there is only one context.
///
/// # Panics
///
/// Panics if a symbol cannot be coded, because the tables were made from counts in which it does not occur in its
/// context.
pub(crate) fn encode_lanes(symbols: &[u16], contexts: &[u8], model: &LaneModel, kernel: Kernel, out: &mut Vec<u8>) {
    assert!(model.has_contexts_for(symbols.len(), contexts), "one context for each symbol");
    WORDS.with_borrow_mut(|memory| {
        let room = symbols.len().next_multiple_of(LANES) + SPARE_WORDS;
        if memory.len() < room {
            memory.resize(room, [0; 2]);
        }
        let lanes = EncodingLanes { states: [STATE_LOWER_BOUND; LANES], words: ReverseWords::new(memory) };
        match model.tables.contexts() {
            1 => encode::<false>(symbols, &[], model, kernel, lanes).write(model.tables.width(), out),
            _ => encode::<true>(symbols, contexts, model, kernel, lanes).write(model.tables.width(), out),
        }
    });
}

fn encode<'w, const MANY: bool>(
    symbols: &[u16],
    contexts: &[u8],
    model: &LaneModel,
    kernel: Kernel,
    mut lanes: EncodingLanes<'w>,
) -> LaneStream<'w> {
    let mut history = History::new(model);
    if model.adaptation != Adaptation::STATIC {
        history.adapt::<MANY>(symbols, contexts, model, &Entries::new(&model.tables));
    }
    let mut table = PlaceTable::new(&model.tables);
    for (context, frequencies) in history.tables.frequencies.iter().enumerate() {
        table.fill(context, &model.tables, frequencies);
    }
    // The last escape first.
    let mut escapes = Vec::new();
    let interval_len = model.adaptation.interval_len();
    for start in (0..symbols.len()).step_by(interval_len).rev() {
        let end = symbols.len().min(start.saturating_add(interval_len));
        let (symbols, contexts) = (&symbols[start..end], if MANY { &contexts[start..end] } else { &[] });
        let places = table.places();
        lanes.encode(kernel, &places, contexts, symbols, |round| {
            let from = round * LANES;
            for (i, &symbol) in symbols[from..].iter().take(LANES).enumerate().rev() {
                let place = places.of(if MANY { contexts[from + i] } else { 0 }, symbol);
                assert!(place != SlotPlace::NONE, "a symbol without a code");
                if place.is_escape() {
                    escapes.push(symbol);
                }
            }
        });
        while let Some(context) = history.undo_change_at(start) {
            table.fill(context, &model.tables, &history.tables.frequencies[context]);
        }
    }
    escapes.reverse();
    LaneStream { states: lanes.states, words: lanes.words.into_written(), escapes }
}

/// The place of each symbol's slots, by context and symbol.
struct PlaceTable {
    all: Vec<SlotPlace>,
    /// Bits of a symbol's label. The last label stands for all symbols outside of the range of the tables.
    bits: u32,
    first: u16,
    beyond: u16,
    precision: u32,
}

impl PlaceTable {
    fn new(tables: &Tables) -> Self {
        let beyond = tables.span();
        let bits = (beyond + 1).next_power_of_two().ilog2();
        Self {
            all: vec![SlotPlace::NONE; tables.contexts() << bits],
            bits,
            first: tables.first(),
            beyond: beyond as u16,
            precision: tables.precision(),
        }
    }

    /// Sets the places of a context.
    fn fill(&mut self, context: usize, tables: &Tables, frequencies: &[u16]) {
        let table = tables.table(context);
        let own = &mut self.all[context << self.bits..(context + 1) << self.bits];
        let mut start = (1 << self.precision) - frequencies.last().copied().unwrap_or(0);
        let escape = match frequencies.last() {
            Some(&frequency) if table.has_escape() => SlotPlace::new(frequency, start, self.precision, true),
            _ => SlotPlace::NONE,
        };
        own.fill(escape);
        start = 0;
        for (&symbol, &frequency) in table.symbols().iter().zip(frequencies) {
            own[usize::from(symbol - self.first)] = SlotPlace::new(frequency, start, self.precision, false);
            start += frequency;
        }
    }

    fn places(&self) -> SlotPlaces<'_> {
        let &Self { ref all, bits, first, beyond, precision } = self;
        SlotPlaces { all, bits, first, beyond, precision }
    }
}

/// The frequencies of all contexts, and a log to undo their changes.
struct History {
    tables: AdaptiveTables,
    /// The changes in order: the position of the symbol before which a change happened, and the context.
    changes: Vec<(usize, usize)>,
    /// The frequencies that each change replaced, one after another. They are fewer than the symbols, because a context
    /// changes only after at least as many symbols as a table can have entries.
    replaced: Vec<u16>,
}

impl History {
    fn new(model: &LaneModel) -> Self {
        let tables = AdaptiveTables::new(&model.tables, model.adaptation);
        Self { tables, changes: Vec::new(), replaced: Vec::new() }
    }

    /// Adapts the frequencies to all symbols of a chunk (section 10.2).
    fn adapt<const MANY: bool>(&mut self, symbols: &[u16], contexts: &[u8], model: &LaneModel, entries: &Entries) {
        let mut counts = vec![0; entries.count() + 1];
        let interval_len = model.adaptation.interval_len();
        // An interval that ends with the chunk changes nothing.
        for end in (interval_len..symbols.len()).step_by(interval_len) {
            let interval = end - interval_len..end;
            let contexts = if MANY { &contexts[interval.clone()] } else { &[] };
            entries.count_sampled::<MANY>(interval.start, &symbols[interval], contexts, &mut counts);
            for context in 0..model.tables.contexts() {
                let counts = &mut counts[entries.of_context(context)];
                if self.tables.is_due(context, counts) {
                    self.changes.push((end, context));
                    self.replaced.extend_from_slice(&self.tables.frequencies[context]);
                    self.tables.follow(context, counts);
                }
            }
        }
    }

    /// Undoes the last change if it happened before the symbol at this position; returns its context.
    fn undo_change_at(&mut self, position: usize) -> Option<usize> {
        let (_, context) = self.changes.pop_if(|(at, _)| *at == position)?;
        let frequencies = &mut self.tables.frequencies[context];
        let start = self.replaced.len() - frequencies.len();
        frequencies.copy_from_slice(&self.replaced[start..]);
        self.replaced.truncate(start);
        Some(context)
    }
}
