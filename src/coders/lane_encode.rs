//! Encoding lanes (section 10.1): where frequencies adapt, a forward pass counts and notes what they were; a backward
//! pass codes.

use std::cell::RefCell;
use std::ops::Range;

use super::adapt::{Adaptation, Follower, is_counted};
use super::lanes::{LaneModel, LaneStream};
use super::table::Tables;
use crate::kernel::{Kernel, Place, Places, SPARE_WORDS, WordsBack, encode_groups};
use crate::spec::{LANES, STATE_LOWER_BOUND};

thread_local! {
    /// Room for the words of a chunk, kept from one to the next: to fault in fresh memory takes longer than to fill it.
    static WORDS: RefCell<Vec<[u8; 2]>> = const { RefCell::new(Vec::new()) };
}

/// Appends the stream of a chunk's symbols, each below 2^width. `contexts` has that of each symbol, or, if there is only
/// one, may be empty.
///
/// # Panics
///
/// If a symbol cannot be coded: the tables were made from counts in which it does not occur in its context.
pub(crate) fn encode_lanes(symbols: &[u16], contexts: &[u8], model: &LaneModel, kernel: Kernel, out: &mut Vec<u8>) {
    assert!(model.has_contexts_for(symbols.len(), contexts), "a context for each symbol");
    WORDS.with_borrow_mut(|words| {
        let room = symbols.len().next_multiple_of(LANES) + SPARE_WORDS;
        if words.len() < room {
            words.resize(room, [0; 2]);
        }
        match model.tables.contexts() {
            1 => encode::<false>(symbols, &[], model, kernel, words, out),
            _ => encode::<true>(symbols, contexts, model, kernel, words, out),
        }
    });
}

fn encode<const MANY: bool>(
    symbols: &[u16],
    contexts: &[u8],
    model: &LaneModel,
    kernel: Kernel,
    room: &mut [[u8; 2]],
    out: &mut Vec<u8>,
) {
    let mut history = History::new(&model.tables);
    if model.adaptation != Adaptation::STATIC {
        history.adapt::<MANY>(symbols, contexts, model, &Entries::new(&model.tables));
    }
    let mut table = PlaceTable::new(&model.tables);
    for (context, frequencies) in history.frequencies.iter().enumerate() {
        table.fill(context, &model.tables, frequencies);
    }
    let mut states = [STATE_LOWER_BOUND; LANES];
    let mut words = WordsBack { start: room.len(), room };
    // the last first
    let mut escapes = Vec::new();
    let block_len = match model.adaptation {
        Adaptation::STATIC => symbols.len().max(1),
        adaptation => adaptation.block_len(),
    };
    for start in (0..symbols.len()).step_by(block_len).rev() {
        let end = symbols.len().min(start + block_len);
        let (symbols, contexts) = (&symbols[start..end], if MANY { &contexts[start..end] } else { &[] });
        let places = table.places();
        encode_groups(kernel, &mut states, &places, contexts, symbols, &mut words, |group| {
            let from = group * LANES;
            for (i, &symbol) in symbols[from..].iter().take(LANES).enumerate().rev() {
                let place = places.of(if MANY { contexts[from + i] } else { 0 }, symbol);
                assert!(place != Place::NONE, "a symbol without a code");
                if place.is_escape() {
                    escapes.push(symbol);
                }
            }
        });
        while let Some(context) = history.undo_change_at(start) {
            table.fill(context, &model.tables, &history.frequencies[context]);
        }
    }
    escapes.reverse();
    let WordsBack { room, start } = words;
    LaneStream::write(&states, &room[start..], &escapes, model.tables.width(), out);
}

/// What coding each symbol takes, in each context.
struct PlaceTable {
    all: Vec<Place>,
    /// Of a symbol's label; the last label is that of what lies beyond the tables' range.
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
            all: vec![Place::NONE; tables.contexts() << bits],
            bits,
            first: tables.first(),
            beyond: beyond as u16,
            precision: tables.precision(),
        }
    }

    /// Sets those of a context.
    fn fill(&mut self, context: usize, tables: &Tables, frequencies: &[u16]) {
        let table = tables.table(context);
        let own = &mut self.all[context << self.bits..(context + 1) << self.bits];
        let mut start = (1 << self.precision) - frequencies.last().copied().unwrap_or(0);
        let escape = match frequencies.last() {
            Some(&frequency) if table.has_escape() => Place::new(frequency, start, self.precision, true),
            _ => Place::NONE,
        };
        own.fill(escape);
        start = 0;
        for (&symbol, &frequency) in table.symbols().iter().zip(frequencies) {
            own[usize::from(symbol - self.first)] = Place::new(frequency, start, self.precision, false);
            start += frequency;
        }
    }

    fn places(&self) -> Places<'_> {
        let &Self { ref all, bits, first, beyond, precision } = self;
        Places { all, bits, first, beyond, precision }
    }
}

/// How often an entry occurred, in four parts to be added up: adding twice in a row to the same place would wait.
pub(super) type Count = [u32; 4];

/// Marks the entries of symbols that are coded as escapes; no entry has this bit.
const ESCAPED: u16 = 1 << 15;

/// The entries of all tables, numbered from the first table's first.
pub(super) struct Entries {
    /// By context << width | symbol; with [`ESCAPED`] if it is the escape. For a symbol that cannot be coded the number
    /// of all entries.
    of_symbol: Vec<u16>,
    /// Of each context its first entry; after them the number of all entries.
    first: Vec<usize>,
    width: u32,
}

impl Entries {
    pub(super) fn new(tables: &Tables) -> Self {
        let width = tables.width();
        let mut first = vec![0];
        let mut count = 0;
        for table in tables.iter() {
            count += table.len();
            first.push(count);
        }
        let mut of_symbol = Vec::with_capacity(tables.contexts() << width);
        for (table, &start) in tables.iter().zip(&first) {
            let escape =
                if table.has_escape() { (start + table.symbols().len()) as u16 | ESCAPED } else { count as u16 };
            let table_start = of_symbol.len();
            of_symbol.resize(table_start + (1 << width), escape);
            for (&symbol, entry) in table.symbols().iter().zip(start..) {
                of_symbol[table_start + usize::from(symbol)] = entry as u16;
            }
        }
        Self { of_symbol, first, width }
    }

    pub(super) fn count(&self) -> usize {
        self.first.last().copied().unwrap_or(0)
    }

    pub(super) fn of_context(&self, context: usize) -> Range<usize> {
        self.first[context]..self.first[context + 1]
    }

    /// With [`ESCAPED`] if it is the escape.
    #[inline(always)]
    fn marked<const MANY: bool>(&self, context: u8, symbol: u16) -> u16 {
        let table_start = if MANY { usize::from(context) << self.width } else { 0 };
        self.of_symbol[table_start + usize::from(symbol)]
    }

    /// Counts the entries of some groups of lanes (section 10.2); the first symbol is number `start` of the chunk, a multiple
    /// of 32.
    pub(super) fn count_some<const MANY: bool>(
        &self,
        start: usize,
        symbols: &[u16],
        contexts: &[u8],
        counts: &mut [u32],
    ) {
        for (at, group) in symbols.chunks(LANES).enumerate().filter(|(at, _)| is_counted(start / LANES + at)) {
            for (i, &symbol) in group.iter().enumerate() {
                let context = if MANY { contexts[at * LANES + i] } else { 0 };
                counts[usize::from(self.marked::<MANY>(context, symbol) & !ESCAPED)] += 1;
            }
        }
    }

    /// Counts each symbol's entry. `counts` has one more than there are entries, for what cannot be coded.
    #[inline(never)]
    pub(super) fn add_counts<const MANY: bool>(&self, symbols: &[u16], contexts: &[u8], counts: &mut [Count]) {
        let mut add = |i: usize, context, symbol| {
            counts[usize::from(self.marked::<MANY>(context, symbol) & !ESCAPED)][i] += 1;
        };
        let (fours, rest) = symbols.as_chunks::<4>();
        let (context_fours, context_rest) = contexts.as_chunks::<4>();
        for (at, four) in fours.iter().enumerate() {
            let contexts = if MANY { context_fours[at] } else { [0; 4] };
            for (i, (&symbol, context)) in four.iter().zip(contexts).enumerate() {
                add(i, context, symbol);
            }
        }
        for (i, &symbol) in rest.iter().enumerate() {
            add(i, if MANY { context_rest[i] } else { 0 }, symbol);
        }
    }
}

/// The frequencies of all contexts, and the way back to what they were.
struct History {
    frequencies: Vec<Vec<u16>>,
    /// For each change, in order: the symbol before which it happened, and the context.
    changes: Vec<(usize, usize)>,
    /// What each of them replaced, one after another. There are fewer of them than symbols, as a context changes only
    /// after as many as a table can have entries.
    replaced: Vec<u16>,
}

impl History {
    fn new(tables: &Tables) -> Self {
        let frequencies = tables.iter().map(|table| table.frequencies().to_vec()).collect();
        Self { frequencies, changes: Vec::new(), replaced: Vec::new() }
    }

    /// Section 10.2, for a whole chunk.
    fn adapt<const MANY: bool>(&mut self, symbols: &[u16], contexts: &[u8], model: &LaneModel, entries: &Entries) {
        let precision = model.tables.precision();
        let mut followers: Vec<Follower> =
            self.frequencies.iter().map(|of| Follower::new(of, precision, model.adaptation)).collect();
        let mut counts = vec![0; entries.count() + 1];
        let block_len = model.adaptation.block_len();
        // What follows the last block's end adapts to nothing.
        for end in (block_len..symbols.len()).step_by(block_len) {
            let block = end - block_len..end;
            let contexts = if MANY { &contexts[block.clone()] } else { &[] };
            entries.count_some::<MANY>(block.start, &symbols[block], contexts, &mut counts);
            for (context, (follower, frequencies)) in followers.iter_mut().zip(&mut self.frequencies).enumerate() {
                let counts = &mut counts[entries.of_context(context)];
                if follower.is_due(counts) {
                    self.changes.push((end, context));
                    self.replaced.extend_from_slice(frequencies);
                    follower.follow(counts, frequencies);
                }
            }
        }
    }

    /// Takes back the last change if it happened before this symbol; returns its context.
    fn undo_change_at(&mut self, symbol: usize) -> Option<usize> {
        let (_, context) = self.changes.pop_if(|(at, _)| *at == symbol)?;
        let frequencies = &mut self.frequencies[context];
        let start = self.replaced.len() - frequencies.len();
        frequencies.copy_from_slice(&self.replaced[start..]);
        self.replaced.truncate(start);
        Some(context)
    }
}
