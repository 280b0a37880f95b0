//! Decoding lanes (section 10.1): 32 symbols at a time, each by a state of its own.

use std::cell::RefCell;

use super::adapt::{Adaptation, Count, Follower};
use super::lanes::{LANES, LaneModel, LaneStream, STATE_LOWER_BOUND};
use super::slots::{Slots, boxed};
use super::table::{MAX_CONTEXTS, MAX_ENTRIES, MAX_SLOTS, MAX_SYMBOL_BITS, Table, Tables};
use crate::error::{Error, Result};
use crate::wire::Cursor;

/// Names of entries: a power of two, so that an index needs no check.
const NAMES: usize = MAX_CONTEXTS * MAX_ENTRIES;
const _: () = assert!(NAMES.is_power_of_two() && NAMES >= 2 * ESCAPE as usize);

/// Marks the escape in place of a symbol; no symbol has this bit.
const ESCAPE: u16 = 1 << MAX_SYMBOL_BITS;

thread_local! {
    /// Kept from one chunk to the next: to fault in fresh memory takes longer than to fill it.
    static WORKSPACE: RefCell<Workspace> = RefCell::new(Workspace::new());
}

struct Workspace {
    slots: Slots,
    /// How often each name was seen.
    counts: Box<[Count; NAMES]>,
    /// What is named by its entry.
    symbols: Box<[u16; NAMES]>,
}

impl Workspace {
    fn new() -> Self {
        Self { slots: Slots::new(), counts: boxed(), symbols: boxed() }
    }

    /// For the start of a chunk. Returns the names of each context's entries, below [`NAMES`]: their symbols, or
    /// [`ESCAPE`]; but if what is counted has to be told apart by contexts, context << 8 | entry.
    fn reset(&mut self, tables: &Tables, by_entry: bool) -> Vec<Vec<u16>> {
        let name = |(context, table): (usize, &Table)| {
            let mut names = table.symbols().to_vec();
            names.resize(table.len(), ESCAPE);
            if by_entry {
                let entries = context * MAX_ENTRIES..context * MAX_ENTRIES + table.len();
                self.symbols[entries.clone()].copy_from_slice(&names);
                names = entries.map(|entry| entry as u16).collect();
            }
            self.slots.fill(context, tables.precision(), &names, table.frequencies());
            names.iter().for_each(|&name| self.counts[usize::from(name)] = [0; 4]);
            names
        };
        tables.iter().enumerate().map(name).collect()
    }
}

/// Reads as many symbols as `out` holds. `contexts` has that of each, or, if there is only one, may be empty. A context
/// that the model does not have gives an error or arbitrary symbols.
pub(crate) fn decode_lanes(cursor: &mut Cursor<'_>, model: &LaneModel, contexts: &[u8], out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let stream = LaneStream::read(cursor, out.len(), model.tables.width())?;
    if !model.has_contexts_for(out.len(), contexts) {
        return Err(start.place(Error::corrupt(format!("{} contexts for {} symbols", contexts.len(), out.len()))));
    }
    let decoded = WORKSPACE.with_borrow_mut(|workspace| match (model.tables.contexts(), model.tables.precision()) {
        (1, 12) => decode::<false, 12>(&stream, model, &[], workspace, out),
        (1, 11) => decode::<false, 11>(&stream, model, &[], workspace, out),
        (1, 10) => decode::<false, 10>(&stream, model, &[], workspace, out),
        (1, _) => decode::<false, 9>(&stream, model, &[], workspace, out),
        (_, 12) => decode::<true, 12>(&stream, model, contexts, workspace, out),
        (_, 11) => decode::<true, 11>(&stream, model, contexts, workspace, out),
        (_, 10) => decode::<true, 10>(&stream, model, contexts, workspace, out),
        (_, _) => decode::<true, 9>(&stream, model, contexts, workspace, out),
    });
    decoded.map_err(|error| start.place(error))
}

fn decode<const MANY: bool, const PRECISION: u32>(
    stream: &LaneStream<'_>,
    model: &LaneModel,
    contexts: &[u8],
    workspace: &mut Workspace,
    out: &mut [u16],
) -> Result<()> {
    let mut decoder = Decoder::<MANY, PRECISION> {
        states: stream.states,
        words: Words::new(stream.words),
        escapes: Escapes::new(&stream.escapes, &model.tables),
        workspace,
    };
    let is_static = model.adaptation == Adaptation::STATIC;
    let names = decoder.workspace.reset(&model.tables, MANY && !is_static);
    if is_static {
        decoder.run::<false>(contexts, out)?;
    } else {
        decoder.run_adaptive(model, &names, contexts, out)?;
    }
    decoder.finish()
}

/// The escapes not taken yet.
struct Escapes<'a> {
    rest: &'a [u16],
    /// By context << width | symbol: whether the symbol has a frequency. Empty if there are no escapes.
    has_frequency: Vec<bool>,
    width: u32,
}

impl<'a> Escapes<'a> {
    fn new(rest: &'a [u16], tables: &Tables) -> Self {
        let width = tables.width();
        let mut has_frequency = Vec::new();
        if !rest.is_empty() {
            has_frequency.resize(tables.contexts() << width, false);
            for (context, table) in tables.iter().enumerate() {
                for &symbol in table.symbols() {
                    has_frequency[context << width | usize::from(symbol)] = true;
                }
            }
        }
        Self { rest, has_frequency, width }
    }

    /// Puts the next escapes where the group has marks.
    #[inline(never)]
    fn take<const MANY: bool>(&mut self, contexts: &[u8], group: &mut [u16]) -> Result<()> {
        for (i, symbol) in group.iter_mut().enumerate().filter(|(_, symbol)| **symbol == ESCAPE) {
            let Some((&escape, rest)) = self.rest.split_first() else {
                return Err(Error::corrupt("escaped symbols are missing"));
            };
            let context = if MANY { usize::from(contexts[i]) } else { 0 };
            if self.has_frequency.get(context << self.width | usize::from(escape)).is_none_or(|&has| has) {
                return Err(Error::corrupt("an escaped symbol that has a frequency"));
            }
            (*symbol, self.rest) = (escape, rest);
        }
        Ok(())
    }
}

/// The words, and those of the end once more with words to waste behind them: a group may always look 32 ahead.
struct Words<'a> {
    all: &'a [[u8; 2]],
    end: [[u8; 2]; 2 * LANES],
    /// The first word that `end` repeats.
    end_start: usize,
    position: usize,
}

impl<'a> Words<'a> {
    fn new(all: &'a [[u8; 2]]) -> Self {
        let end_start = all.len().saturating_sub(LANES);
        let mut end = [[0; 2]; 2 * LANES];
        end[..all.len() - end_start].copy_from_slice(&all[end_start..]);
        Self { all, end, end_start, position: 0 }
    }

    /// The next 32 words, as far as there are any; an error if more were taken than there are.
    #[inline(always)]
    fn window(&self) -> Result<&[[u8; 2]; LANES]> {
        match self.all.get(self.position..).and_then(|rest| rest.first_chunk()) {
            Some(window) => Ok(window),
            None => self.last_window(),
        }
    }

    fn last_window(&self) -> Result<&[[u8; 2]; LANES]> {
        match self.end.get(self.position - self.end_start..).and_then(|rest| rest.first_chunk()) {
            Some(window) if self.position <= self.all.len() => Ok(window),
            _ => Err(Error::corrupt("words of the lanes are missing")),
        }
    }
}

struct Decoder<'a, const MANY: bool, const PRECISION: u32> {
    states: [u32; LANES],
    words: Words<'a>,
    escapes: Escapes<'a>,
    workspace: &'a mut Workspace,
}

impl<const MANY: bool, const PRECISION: u32> Decoder<'_, MANY, PRECISION> {
    /// Decodes `out`, whose first symbol is the first lane's.
    #[inline(always)]
    fn run<const ADAPTIVE: bool>(&mut self, contexts: &[u8], out: &mut [u16]) -> Result<()> {
        // Local, so that the compiler knows that nothing else reaches it.
        let mut states = self.states;
        let (groups, rest) = out.as_chunks_mut::<LANES>();
        let (context_groups, context_rest) = contexts.as_chunks::<LANES>();
        for (i, group) in groups.iter_mut().enumerate() {
            let contexts = if MANY { &context_groups[i] } else { &[0; LANES] };
            self.decode_group::<ADAPTIVE>(&mut states, contexts, group)?;
        }
        if !rest.is_empty() {
            self.decode_group::<ADAPTIVE>(&mut states[..rest.len()], context_rest, rest)?;
        }
        self.states = states;
        Ok(())
    }

    /// Section 10.2: the same in blocks, the slots of contexts that changed anew after each.
    fn run_adaptive(&mut self, model: &LaneModel, names: &[Vec<u16>], contexts: &[u8], out: &mut [u16]) -> Result<()> {
        let mut frequencies: Vec<Vec<u16>> = model.tables.iter().map(|table| table.frequencies().to_vec()).collect();
        let mut followers: Vec<Follower> =
            frequencies.iter().map(|of| Follower::new(of, PRECISION, model.adaptation)).collect();
        let mut gathered: Vec<Count> = Vec::with_capacity(MAX_ENTRIES);
        let block_len = model.adaptation.block_len();
        for start in (0..out.len()).step_by(block_len) {
            let end = out.len().min(start + block_len);
            self.run::<true>(if MANY { &contexts[start..end] } else { &[] }, &mut out[start..end])?;
            if end == out.len() {
                break;
            }
            let Workspace { slots, counts, .. } = &mut *self.workspace;
            for (context, (follower, frequencies)) in followers.iter_mut().zip(&mut frequencies).enumerate() {
                let names = &names[context];
                let counts = if MANY {
                    &mut counts[context * MAX_ENTRIES..][..names.len()]
                } else {
                    // The only context is always due.
                    gathered.clear();
                    gathered.extend(names.iter().map(|&name| std::mem::take(&mut counts[usize::from(name) % NAMES])));
                    &mut gathered
                };
                if follower.follow(counts, frequencies) {
                    slots.fill(context, PRECISION, names, frequencies);
                }
            }
        }
        Ok(())
    }

    /// One symbol for each state, at most 32.
    #[inline(always)]
    fn decode_group<const ADAPTIVE: bool>(
        &mut self,
        states: &mut [u32],
        contexts: &[u8],
        group: &mut [u16],
    ) -> Result<()> {
        let Workspace { slots, counts, symbols } = &mut *self.workspace;
        let (steps, names) = (slots.steps(), slots.names());
        let window = self.words.window()?;
        let mut taken = 0;
        let mut seen = 0;
        for (i, (state, out)) in states.iter_mut().zip(group.iter_mut()).enumerate() {
            let context = if MANY { usize::from(contexts[i]) } else { 0 };
            let slot = (context << PRECISION | (*state as usize % (1 << PRECISION))) % MAX_SLOTS;
            let step = steps[slot];
            let name = names[slot];
            // Below 2^32: the frequency is at most 2^P, and a distance below it.
            let next = (step >> 16).wrapping_mul(*state >> PRECISION).wrapping_add(step & 0xffff);
            // Before the i-th state at most i words were taken.
            let refilled = next << 16 | u32::from(u16::from_le_bytes(window[taken % LANES]));
            let is_low = next < STATE_LOWER_BOUND;
            *state = if is_low { refilled } else { next };
            taken += usize::from(is_low);
            seen |= name;
            *out = name;
        }
        if ADAPTIVE && MANY {
            seen = count_and_rename(group, counts, symbols);
        } else if ADAPTIVE {
            for four in group.as_chunks::<4>().0 {
                for (i, &name) in four.iter().enumerate() {
                    counts[usize::from(name) % NAMES][i] += 1;
                }
            }
        }
        self.words.position += taken;
        if seen & ESCAPE != 0 {
            self.escapes.take::<MANY>(contexts, group)?;
        }
        Ok(())
    }

    /// Section 10.1, after the last symbol.
    fn finish(&self) -> Result<()> {
        if self.words.position != self.words.all.len() {
            return Err(Error::corrupt(format!(
                "{} words of the lanes taken, {} there",
                self.words.position,
                self.words.all.len()
            )));
        }
        if !self.escapes.rest.is_empty() {
            return Err(Error::corrupt(format!("{} escapes left over", self.escapes.rest.len())));
        }
        match self.states.iter().all(|&state| state == STATE_LOWER_BOUND) {
            true => Ok(()),
            false => Err(Error::corrupt("a lane does not end as it should")),
        }
    }
}

/// Counts names that are entries, and puts their symbols in their place. Returns all symbols or-ed together.
///
/// One function for all decoders: inlined into each, it was slower in some of them.
#[inline(never)]
fn count_and_rename(group: &mut [u16], counts: &mut [Count; NAMES], symbols: &[u16; NAMES]) -> u16 {
    let mut seen = 0;
    for (i, out) in group.iter_mut().enumerate() {
        let name = usize::from(*out) % NAMES;
        counts[name][i % 4] += 1;
        *out = symbols[name];
        seen |= *out;
    }
    seen
}
