//! Decoding lanes (section 10.1): 32 symbols at a time, each by a state of its own.

use super::adapt::{Adaptation, Follower, is_counted};
use super::lanes::{LaneModel, LaneStream};
use super::slots::{Slots, escape_label, labels_of};
use super::table::Tables;
use crate::error::{Error, Result};
use crate::kernel::{GROUPS, Kernel, Lanes};
use crate::spec::{LANES, STATE_LOWER_BOUND};
use crate::wire::Cursor;

/// What is looked up for the symbols of one stream, kept from chunk to chunk.
#[derive(Debug, Default)]
pub(crate) struct LaneRoom {
    slots: Slots,
    /// Whether the slots are those of the segment's tables.
    is_filled: bool,
}

impl LaneRoom {
    /// Before a stream of another segment is decoded.
    pub(crate) fn forget(&mut self) {
        self.is_filled = false;
    }

    fn fill(&mut self, tables: &Tables) {
        if !self.is_filled {
            self.slots.resize(tables.contexts(), tables.precision());
            for (context, (labels, table)) in labels_of(tables).iter().zip(tables.iter()).enumerate() {
                self.slots.fill(context, tables.precision(), labels, table.frequencies());
            }
        }
        self.is_filled = true;
    }
}

/// Reads as many symbols as `out` holds. `contexts` has that of each, or, if there is only one, may be empty. A context
/// that the model does not have gives an error.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn decode_lanes(
    cursor: &mut Cursor<'_>,
    model: &LaneModel,
    contexts: &[u8],
    kernel: Kernel,
    out: &mut [u16],
) -> Result<()> {
    let mut room = LaneRoom::default();
    let mut decoder = LaneDecoder::new(cursor, model, out.len(), &mut room, kernel)?;
    decoder.next(contexts, out)?;
    decoder.finish()
}

/// A chunk's stream, decoded block by block.
#[derive(Debug)]
pub(crate) struct LaneDecoder<'a> {
    kernel: Kernel,
    model: &'a LaneModel,
    slots: &'a mut Slots,
    states: [u32; LANES],
    words: Words<'a>,
    escapes: Escapes,
    adaptive: Option<Adaptive>,
    /// Symbols decoded.
    position: usize,
    /// Where the stream lies, for errors.
    start: Cursor<'a>,
}

impl<'a> LaneDecoder<'a> {
    /// Reads the stream of `count` symbols. The room is this stream's, or was told to forget.
    pub(crate) fn new<'c: 'a>(
        cursor: &mut Cursor<'c>,
        model: &'a LaneModel,
        count: usize,
        room: &'a mut LaneRoom,
        kernel: Kernel,
    ) -> Result<Self> {
        let start = cursor.clone();
        let stream = LaneStream::read(cursor, count, model.tables.width())?;
        room.fill(&model.tables);
        let adaptive = (model.adaptation != Adaptation::STATIC).then(|| {
            room.is_filled = false;
            Adaptive::new(model)
        });
        Ok(Self {
            kernel,
            model,
            slots: &mut room.slots,
            states: stream.states,
            words: Words::new(stream.words),
            escapes: Escapes::new(stream.escapes, &model.tables),
            adaptive,
            position: 0,
            start,
        })
    }

    /// The next symbols, a multiple of 32 but for the last ones. `contexts` has that of each, or, if there is only one, may be
    /// empty.
    pub(crate) fn next(&mut self, contexts: &[u8], out: &mut [u16]) -> Result<()> {
        self.next_unplaced(contexts, out).map_err(|error| self.start.place(error))
    }

    fn next_unplaced(&mut self, contexts: &[u8], out: &mut [u16]) -> Result<()> {
        if !self.model.has_contexts_for(out.len(), contexts) {
            return Err(Error::corrupt(format!("{} contexts for {} symbols", contexts.len(), out.len())));
        }
        let contexts = if self.model.tables.contexts() == 1 { &[] } else { contexts };
        let mut start = 0;
        while start < out.len() {
            let mut end = out.len();
            if let Some(adaptive) = &mut self.adaptive {
                let block_len = self.model.adaptation.block_len();
                if self.position > 0 && self.position.is_multiple_of(block_len) {
                    adaptive.follow(self.model, self.slots);
                }
                end = end.min(start + block_len - self.position % block_len);
            }
            let contexts = if contexts.is_empty() { contexts } else { &contexts[start..end] };
            let block = &mut out[start..end];
            self.decode(contexts, block)?;
            self.position += block.len();
            start = end;
        }
        Ok(())
    }

    /// Symbols under the tables as they are.
    fn decode(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        let tables = &self.model.tables;
        let escape = tables.may_escape().then(|| escape_label(tables.precision()));
        let slots = self.slots.all();
        let mut done = 0;
        while done < symbols.len() {
            let (words, before) = self.words.ahead()?;
            let position = self.words.position - before;
            let mut lanes = Lanes {
                states: &mut self.states,
                slots,
                precision: tables.precision(),
                words,
                position,
                first: tables.first(),
                escape,
            };
            let left = symbols.len() - done;
            let len = if left < LANES { left } else { (left / LANES).min(GROUPS) * LANES };
            let contexts = if contexts.is_empty() { contexts } else { &contexts[done..done + len] };
            let symbols = &mut symbols[done..done + len];
            let decoded = match len {
                LANES.. => lanes.decode(self.kernel, contexts, symbols),
                _ => lanes.decode_last(contexts, symbols),
            };
            self.words.position = before + lanes.position;
            if decoded.groups == 0 {
                return Err(Error::corrupt("a context without a table"));
            }
            let len = len.min(decoded.groups * LANES);
            let symbols = &mut symbols[..len];
            if let Some(adaptive) = &mut self.adaptive {
                adaptive.count(self.position + done, contexts, symbols);
            }
            if let Some(escape) = escape {
                let mut escaped = decoded.escaped;
                while escaped != 0 {
                    let start = escaped.trailing_zeros() as usize * LANES;
                    let group = start..len.min(start + LANES);
                    let contexts = if contexts.is_empty() { contexts } else { &contexts[group.clone()] };
                    self.escapes.take(escape.wrapping_add(tables.first()), tables, contexts, &mut symbols[group])?;
                    escaped &= escaped - 1;
                }
            }
            done += len;
        }
        Ok(())
    }

    /// Section 10.1, after the last symbol.
    pub(crate) fn finish(self) -> Result<()> {
        let checked = || {
            if self.words.position != self.words.all.len() {
                return Err(Error::corrupt(format!(
                    "{} words of the lanes taken, {} there",
                    self.words.position,
                    self.words.all.len()
                )));
            }
            if self.escapes.taken != self.escapes.all.len() {
                return Err(Error::corrupt(format!(
                    "{} escapes left over",
                    self.escapes.all.len() - self.escapes.taken
                )));
            }
            match self.states.iter().all(|&state| state == STATE_LOWER_BOUND) {
                true => Ok(()),
                false => Err(Error::corrupt("a lane does not end as it should")),
            }
        };
        checked().map_err(|error| self.start.place(error))
    }
}

/// The values behind escapes.
#[derive(Debug)]
struct Escapes {
    all: Vec<u16>,
    taken: usize,
    /// By context << width | symbol: whether the symbol has a frequency. Empty if there are no escapes.
    has_frequency: Vec<bool>,
}

impl Escapes {
    fn new(all: Vec<u16>, tables: &Tables) -> Self {
        let width = tables.width();
        let mut has_frequency = Vec::new();
        if !all.is_empty() {
            has_frequency.resize(tables.contexts() << width, false);
            for (context, table) in tables.iter().enumerate() {
                for &symbol in table.symbols() {
                    has_frequency[context << width | usize::from(symbol)] = true;
                }
            }
        }
        Self { all, taken: 0, has_frequency }
    }

    /// Puts the next escaped symbols where `escape` is.
    fn take(&mut self, escape: u16, tables: &Tables, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        for (i, place) in symbols.iter_mut().enumerate().filter(|(_, symbol)| **symbol == escape) {
            let Some(&symbol) = self.all.get(self.taken) else {
                return Err(Error::corrupt("escaped symbols are missing"));
            };
            let context = contexts.get(i).map_or(0, |&context| usize::from(context));
            if self.has_frequency.get(context << tables.width() | usize::from(symbol)).is_none_or(|&has| has) {
                return Err(Error::corrupt("an escaped symbol that has a frequency"));
            }
            self.taken += 1;
            *place = symbol;
        }
        Ok(())
    }
}

/// Section 10.2: counts, and the frequencies that follow them.
#[derive(Debug)]
struct Adaptive {
    /// For each context its entries' labels.
    labels: Vec<Vec<u16>>,
    frequencies: Vec<Vec<u16>>,
    followers: Vec<Follower>,
    /// By context · stride + label; the escape's is the last.
    counts: Vec<u32>,
    stride: usize,
    /// The symbol of label 0.
    first: u16,
}

impl Adaptive {
    fn new(model: &LaneModel) -> Self {
        let tables = &model.tables;
        let frequencies: Vec<Vec<u16>> = tables.iter().map(|table| table.frequencies().to_vec()).collect();
        let follower = |of: &Vec<u16>| Follower::new(of, tables.precision(), model.adaptation);
        let stride = tables.span() + 1;
        Self {
            labels: labels_of(tables),
            followers: frequencies.iter().map(follower).collect(),
            frequencies,
            counts: vec![0; stride * tables.contexts()],
            stride,
            first: tables.first(),
        }
    }

    /// Counts symbols, or what stands for an escape; the first is symbol `start` of the chunk, a multiple of 32.
    fn count(&mut self, start: usize, contexts: &[u8], symbols: &[u16]) {
        for (at, group) in symbols.chunks(LANES).enumerate().filter(|(at, _)| is_counted(start / LANES + at)) {
            for (i, symbol) in group.iter().enumerate() {
                let context = contexts.get(at * LANES + i).map_or(0, |&context| usize::from(context));
                let label = usize::from(symbol.wrapping_sub(self.first)).min(self.stride - 1);
                if let Some(count) = self.counts.get_mut(context * self.stride + label) {
                    *count += 1;
                }
            }
        }
    }

    /// At the end of a block.
    fn follow(&mut self, model: &LaneModel, slots: &mut Slots) {
        let mut gathered = Vec::new();
        for (context, (follower, frequencies)) in self.followers.iter_mut().zip(&mut self.frequencies).enumerate() {
            let labels = &self.labels[context];
            let counts = &mut self.counts[context * self.stride..(context + 1) * self.stride];
            let place = |label: &u16| usize::from(*label).min(self.stride - 1);
            gathered.clear();
            gathered.extend(labels.iter().map(|label| counts[place(label)]));
            if follower.follow(&mut gathered, frequencies) {
                counts.fill(0);
                slots.fill(context, model.tables.precision(), labels, frequencies);
            }
        }
    }
}

/// The words, and those of the end once more with words to waste behind them: a group may always look 32 ahead.
#[derive(Debug)]
struct Words<'a> {
    all: &'a [[u8; 2]],
    end: [[u8; 2]; 2 * LANES],
    /// The first word that `end` repeats.
    end_start: usize,
    /// Words taken.
    position: usize,
}

impl<'a> Words<'a> {
    fn new(all: &'a [[u8; 2]]) -> Self {
        let end_start = all.len().saturating_sub(LANES);
        let mut end = [[0; 2]; 2 * LANES];
        end[..all.len() - end_start].copy_from_slice(&all[end_start..]);
        Self { all, end, end_start, position: 0 }
    }

    /// Words of which at least 32 are left, and how many there are before them; an error if more were taken than there are.
    ///
    /// Of the end there are just so many that none are left once too many were taken.
    fn ahead(&self) -> Result<(&[[u8; 2]], usize)> {
        if self.position + LANES <= self.all.len() {
            return Ok((self.all, 0));
        }
        if self.position > self.all.len() {
            return Err(Error::corrupt("words of the lanes are missing"));
        }
        Ok((&self.end[..self.all.len() - self.end_start + LANES], self.end_start))
    }
}
