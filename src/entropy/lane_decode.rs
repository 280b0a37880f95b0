//! Decoding lanes (section 10.1): 32 symbols at a time, each by a state of its own.

use super::adapt::{Adaptation, Follower};
use super::lanes::{LANES, LaneModel, LaneStream, STATE_LOWER_BOUND};
use super::slots::{ESCAPE, Slots, entry_symbols};
use super::table::{TOTAL, Table};
use crate::error::{Error, Result};
use crate::wire::Cursor;

/// Reads as many symbols as `out` holds.
pub(crate) fn decode_lanes(cursor: &mut Cursor<'_>, model: &LaneModel, out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let stream = LaneStream::read(cursor, out.len(), model.table.width())?;
    decode(&stream, model, out).map_err(|error| start.place(error))
}

fn decode(stream: &LaneStream<'_>, model: &LaneModel, out: &mut [u16]) -> Result<()> {
    check_escapes(&stream.escapes, &model.table)?;
    let mut decoder = Decoder {
        states: stream.states,
        words: Words::new(stream.words),
        escapes: &stream.escapes,
        slots: Slots::new(&model.table),
    };
    match model.adaptation {
        Adaptation::STATIC => decoder.run(out, |_| {})?,
        adaptation => decoder.run_adaptive(out, &model.table, adaptation)?,
    }
    decoder.finish()
}

/// A value among the escapes must not have a frequency.
fn check_escapes(escapes: &[u16], table: &Table) -> Result<()> {
    if escapes.is_empty() {
        return Ok(());
    }
    let entries = table.entry_of_symbol();
    let beyond = table.symbols().len();
    match escapes.iter().all(|&symbol| usize::from(entries[usize::from(symbol)]) == beyond) {
        true => Ok(()),
        false => Err(Error::corrupt("an escaped symbol that has a frequency")),
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

struct Decoder<'a> {
    states: [u32; LANES],
    words: Words<'a>,
    escapes: &'a [u16],
    slots: Slots,
}

impl Decoder<'_> {
    /// Decodes `out`, whose first symbol is the first lane's. `note` is shown the symbols of every full group, escapes as
    /// [`ESCAPE`]; what is no full group ends the chunk, and nothing follows it that could adapt.
    #[inline(always)]
    fn run(&mut self, out: &mut [u16], mut note: impl FnMut(&[u16])) -> Result<()> {
        // Local, so that the compiler knows that nothing else reaches it.
        let mut states = self.states;
        let (groups, rest) = out.as_chunks_mut::<LANES>();
        for group in groups {
            let (taken, seen) = step(&mut states, group, self.words.window()?, &self.slots);
            self.words.position += taken;
            note(group);
            if seen & ESCAPE != 0 {
                take_escapes(&mut self.escapes, group)?;
            }
        }
        if !rest.is_empty() {
            let (taken, _) = step(&mut states[..rest.len()], rest, self.words.window()?, &self.slots);
            self.words.position += taken;
            take_escapes(&mut self.escapes, rest)?;
        }
        self.states = states;
        Ok(())
    }

    /// Section 10.2: the same in blocks, the slots anew after each.
    fn run_adaptive(&mut self, out: &mut [u16], table: &Table, adaptation: Adaptation) -> Result<()> {
        let symbols = entry_symbols(table);
        let mut follower = Follower::new(table.frequencies(), adaptation);
        let mut frequencies = table.frequencies().to_vec();
        let mut counts = Counts::new();
        let mut blocks = out.chunks_mut(adaptation.block_len()).peekable();
        while let Some(block) = blocks.next() {
            self.run(block, |group| counts.add(group))?;
            if blocks.peek().is_some() {
                follower.follow(symbols.iter().map(|&symbol| counts.take(symbol)), &mut frequencies);
                self.slots.fill(&symbols, &frequencies);
            }
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
        if !self.escapes.is_empty() {
            return Err(Error::corrupt(format!("{} escapes left over", self.escapes.len())));
        }
        match self.states.iter().all(|&state| state == STATE_LOWER_BOUND) {
            true => Ok(()),
            false => Err(Error::corrupt("a lane does not end as it should")),
        }
    }
}

/// How often each symbol, and [`ESCAPE`], occurred.
struct Counts {
    /// Four for each, as adding twice in a row to the same place would wait.
    by_symbol: Box<[[u32; 4]; COUNTS]>,
}

/// A power of two, so that an index needs no check.
const COUNTS: usize = 2 * ESCAPE as usize;

impl Counts {
    fn new() -> Self {
        let counts = vec![[0; 4]; COUNTS].into_boxed_slice();
        Self { by_symbol: counts.try_into().expect("its length is COUNTS") }
    }

    #[inline(always)]
    fn add(&mut self, symbols: &[u16]) {
        for four in symbols.as_chunks::<4>().0 {
            for (i, &symbol) in four.iter().enumerate() {
                self.by_symbol[usize::from(symbol) % COUNTS][i] += 1;
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, symbol: u16) -> u32 {
        std::mem::take(&mut self.by_symbol[usize::from(symbol) % COUNTS]).iter().sum()
    }
}

/// One symbol for each state, at most 32. Returns how many words were taken, and all symbols or-ed together.
#[inline(always)]
fn step(states: &mut [u32], out: &mut [u16], window: &[[u8; 2]; LANES], slots: &Slots) -> (usize, u16) {
    let (steps, symbols) = (slots.steps(), slots.symbols());
    let mut taken = 0;
    let mut seen = 0;
    for (state, out) in states.iter_mut().zip(out) {
        let slot = *state as usize % TOTAL;
        let step = steps[slot];
        let symbol = symbols[slot];
        // Below 2^32: the frequency is at most 2^12, and a distance below it.
        let next = (step >> 16).wrapping_mul(*state >> 12).wrapping_add(step & 0xffff);
        // Before the i-th state at most i words were taken.
        let refilled = next << 16 | u32::from(u16::from_le_bytes(window[taken % LANES]));
        let is_low = next < STATE_LOWER_BOUND;
        *state = if is_low { refilled } else { next };
        taken += usize::from(is_low);
        seen |= symbol;
        *out = symbol;
    }
    (taken, seen)
}

/// Puts the next escapes where the group has marks.
#[inline(never)]
fn take_escapes(escapes: &mut &[u16], group: &mut [u16]) -> Result<()> {
    for symbol in group {
        if *symbol == ESCAPE {
            let (&escape, rest) = escapes.split_first().ok_or_else(|| Error::corrupt("escaped symbols are missing"))?;
            (*symbol, *escapes) = (escape, rest);
        }
    }
    Ok(())
}
