//! Encoding lanes (section 10.1): where frequencies adapt, a forward pass counts and notes what they were; a backward
//! pass codes.

use std::cell::RefCell;
use std::ops::Range;

use super::adapt::{Adaptation, Follower, is_counted};
use super::lanes::{LANES, LaneModel, LaneStream, STATE_LOWER_BOUND};
use super::table::{MAX_PRECISION, Tables};

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
pub(crate) fn encode_lanes(symbols: &[u16], contexts: &[u8], model: &LaneModel, out: &mut Vec<u8>) {
    assert!(model.has_contexts_for(symbols.len(), contexts), "a context for each symbol");
    WORDS.with_borrow_mut(|words| {
        let room = symbols.len().next_multiple_of(LANES);
        if words.len() < room {
            words.resize(room, [0; 2]);
        }
        match (model.tables.contexts(), model.tables.precision()) {
            (1, 12) => encode::<false, 12>(symbols, &[], model, words, out),
            (1, 11) => encode::<false, 11>(symbols, &[], model, words, out),
            (1, 10) => encode::<false, 10>(symbols, &[], model, words, out),
            (1, _) => encode::<false, 9>(symbols, &[], model, words, out),
            (_, 12) => encode::<true, 12>(symbols, contexts, model, words, out),
            (_, 11) => encode::<true, 11>(symbols, contexts, model, words, out),
            (_, 10) => encode::<true, 10>(symbols, contexts, model, words, out),
            (_, _) => encode::<true, 9>(symbols, contexts, model, words, out),
        }
    });
}

fn encode<const MANY: bool, const PRECISION: u32>(
    symbols: &[u16],
    contexts: &[u8],
    model: &LaneModel,
    words: &mut [[u8; 2]],
    out: &mut Vec<u8>,
) {
    let entries = Entries::new(&model.tables);
    let mut history = History::new(&model.tables);
    if model.adaptation != Adaptation::STATIC {
        history.adapt::<MANY>(symbols, contexts, model, &entries);
    }
    let mut encoder = Encoder::<MANY, PRECISION> {
        states: [STATE_LOWER_BOUND; LANES],
        escapes: Vec::new(),
        used: 0,
        words,
        // One more, whose frequency is 0, for the symbols that cannot be coded.
        places: vec![Place::default(); entries.count() + 1],
        entries: &entries,
    };
    for (context, frequencies) in history.frequencies.iter().enumerate() {
        encoder.place(context, frequencies);
    }
    let block_len = match model.adaptation {
        Adaptation::STATIC => symbols.len().max(1),
        adaptation => adaptation.block_len(),
    };
    for start in (0..symbols.len()).step_by(block_len).rev() {
        let end = symbols.len().min(start + block_len);
        encoder.encode(&symbols[start..end], if MANY { &contexts[start..end] } else { &[] });
        while let Some(context) = history.undo_change_at(start) {
            encoder.place(context, &history.frequencies[context]);
        }
    }
    let Encoder { states, mut escapes, used, words, .. } = encoder;
    escapes.reverse();
    LaneStream::write(&states, &words[words.len() - used..], &escapes, model.tables.width(), out);
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

/// An entry among the slots, as an encoder needs it.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Of the frequency; 0 if that is 0.
    reciprocal: u64,
    /// The greatest state that takes the entry without giving a word away first.
    most: u32,
    /// What the frequency leaves to the other entries.
    rest: u16,
    start: u16,
}

/// ceil(2^44 / F) by frequency, for P = 12. By F << (12 - P) it is ceil(2^(32 + P) / F) for every P.
///
/// For x < F · 2^(32 - P), as every state is that is divided by F, (x · ceil(2^(32 + P) / F)) >> (32 + P) is x / F: the
/// product exceeds x · 2^(32 + P) / F by less than x, which is below 2^(32 + P) / F as F · F <= 2^2P; and it stays below
/// 2^64, as 2^(32 - P) · (F - 1) <= 2^(32 + P) / F but for F = 2^P, where the quotient is whole.
static RECIPROCALS: [u64; (1 << MAX_PRECISION) + 1] = {
    let mut table = [0; (1 << MAX_PRECISION) + 1];
    let mut frequency = 1;
    while frequency <= 1 << MAX_PRECISION {
        table[frequency] = (1u64 << (32 + MAX_PRECISION)).div_ceil(frequency as u64);
        frequency += 1;
    }
    table
};

impl Place {
    fn new<const PRECISION: u32>(frequency: u16, start: u16) -> Self {
        Self {
            reciprocal: RECIPROCALS[usize::from(frequency) << (MAX_PRECISION - PRECISION)],
            most: ((u64::from(frequency) << (32 - PRECISION)) - 1) as u32,
            rest: (1 << PRECISION) - frequency,
            start,
        }
    }

    /// x / F · 2^P + x mod F + start, for a state x that is at most `most`.
    #[inline(always)]
    fn next_state<const PRECISION: u32>(&self, state: u32) -> u32 {
        let quotient = ((u64::from(state) * self.reciprocal) >> (32 + PRECISION)) as u32;
        state + quotient * u32::from(self.rest) + u32::from(self.start)
    }
}

struct Encoder<'a, const MANY: bool, const PRECISION: u32> {
    states: [u32; LANES],
    /// The last first.
    escapes: Vec<u16>,
    /// Words written, to the end of `words`, which has room for one a symbol, rounded up to whole groups.
    used: usize,
    words: &'a mut [[u8; 2]],
    places: Vec<Place>,
    entries: &'a Entries,
}

impl<const MANY: bool, const PRECISION: u32> Encoder<'_, MANY, PRECISION> {
    /// Sets the places of a context.
    fn place(&mut self, context: usize, frequencies: &[u16]) {
        let mut start = 0;
        for (place, &frequency) in self.places[self.entries.of_context(context)].iter_mut().zip(frequencies) {
            *place = Place::new::<PRECISION>(frequency, start);
            start += frequency;
        }
    }

    /// Codes symbols that follow a multiple of 32 others.
    fn encode(&mut self, symbols: &[u16], contexts: &[u8]) {
        let (groups, rest) = symbols.as_chunks::<LANES>();
        let (context_groups, context_rest) = contexts.as_chunks::<LANES>();
        if !rest.is_empty() {
            let mut states = self.states;
            self.encode_group(&mut states[..rest.len()], rest, context_rest);
            self.states = states;
        }
        // Local, so that the compiler knows that nothing else reaches it.
        let mut states = self.states;
        for (i, group) in groups.iter().enumerate().rev() {
            let contexts = if MANY { &context_groups[i] } else { &[0; LANES] };
            self.encode_group(&mut states, group, contexts);
        }
        self.states = states;
    }

    /// One symbol for each state, from the last to the first.
    #[inline(always)]
    fn encode_group(&mut self, states: &mut [u32], symbols: &[u16], contexts: &[u8]) {
        let end = self.words.len() - self.used;
        let window: &mut [[u8; 2]; LANES] = self.words[..end].last_chunk_mut().expect("room for a group of words");
        let mut used = 0;
        let mut seen = 0;
        for (i, state) in states.iter_mut().enumerate().rev() {
            let entry = self.entries.marked::<MANY>(if MANY { contexts[i] } else { 0 }, symbols[i]);
            seen |= entry;
            let place = &self.places[usize::from(entry & !ESCAPED)];
            assert!(place.reciprocal > 0, "a symbol without a code");
            window[(LANES - 1 - used) % LANES] = (*state as u16).to_le_bytes();
            let is_high = *state > place.most;
            used += usize::from(is_high);
            *state = place.next_state::<PRECISION>(if is_high { *state >> 16 } else { *state });
        }
        self.used += used;
        if seen & ESCAPED != 0 {
            let is_escaped =
                |&i: &usize| self.entries.marked::<MANY>(if MANY { contexts[i] } else { 0 }, symbols[i]) & ESCAPED != 0;
            self.escapes.extend((0..symbols.len()).rev().filter(is_escaped).map(|i| symbols[i]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const PRECISION: u32>() {
        for frequency in 1..=1u32 << PRECISION {
            let place = Place::new::<PRECISION>(frequency as u16, 0);
            assert_eq!(u64::from(place.most), (u64::from(frequency) << (32 - PRECISION)) - 1);
            // In u64, as the quotient alone does not fit the state.
            let check = |x: u64| {
                let quotient = (x * place.reciprocal) >> (32 + PRECISION);
                assert_eq!(quotient, x / u64::from(frequency), "{x} / {frequency}");
            };
            // The quotient is nearest to going wrong just before and at multiples.
            let end = 1u64 << (32 - PRECISION);
            for quotient in (0..end).step_by(997).chain(end - 3..end) {
                check(quotient * u64::from(frequency));
                check(quotient * u64::from(frequency) + u64::from(frequency) - 1);
            }
        }
    }

    #[test]
    fn reciprocals_divide_exactly() {
        check::<9>();
        check::<10>();
        check::<11>();
        check::<12>();
    }
}
