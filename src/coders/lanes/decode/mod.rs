//! Decodes lanes (section 10.1), 32 symbols at a time.

mod adaptive;
mod escapes;
mod words;

use adaptive::AdaptiveSlots;
use escapes::Escapes;
use words::Words;

use super::super::tables::Tables;
use super::adapt::Adaptation;
use super::model::{LaneModel, LaneStream};
use super::slots::{Slots, escape_label, labels_of};
use crate::error::{Error, Result};
use crate::kernel::{DecodingLanes, Kernel, MAX_ROUNDS};
use crate::spec::{LANES, STATE_LOWER_BOUND};
use crate::wire::Cursor;

/// The look-up tables of one stream, which are kept from chunk to chunk.
#[derive(Debug, Default)]
pub(crate) struct LaneTables {
    slots: Slots,
    /// Whether the slots hold the tables of the segment, without adaptation.
    is_filled: bool,
}

impl LaneTables {
    /// Must be called before a stream of another segment is decoded.
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

/// Decodes the stream of a chunk into `out`.
///
/// `contexts` has one context for each symbol, or is empty if there is only one context. A context that the model does
/// not have is an error.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn decode_lanes(
    cursor: &mut Cursor<'_>,
    model: &LaneModel,
    contexts: &[u8],
    kernel: Kernel,
    out: &mut [u16],
) -> Result<()> {
    let mut tables = LaneTables::default();
    let mut decoder = LaneDecoder::new(cursor, model, out.len(), &mut tables, kernel)?;
    decoder.next(contexts, out)?;
    decoder.finish()
}

/// Decodes the stream of a chunk piece by piece.
#[derive(Debug)]
pub(crate) struct LaneDecoder<'a> {
    kernel: Kernel,
    model: &'a LaneModel,
    slots: &'a mut Slots,
    states: [u32; LANES],
    words: Words<'a>,
    escapes: Escapes,
    adaptive: Option<AdaptiveSlots>,
    /// The number of symbols decoded.
    position: usize,
    /// The start of the stream, for errors.
    start: Cursor<'a>,
}

impl<'a> LaneDecoder<'a> {
    /// Reads the stream of `count` symbols. `tables` must belong to this stream, or have been told to forget.
    pub(crate) fn new<'c: 'a>(
        cursor: &mut Cursor<'c>,
        model: &'a LaneModel,
        count: usize,
        tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Self> {
        let start = cursor.clone();
        let stream = LaneStream::read(cursor, count, model.tables.width())?;
        tables.fill(&model.tables);
        let adaptive = (model.adaptation != Adaptation::STATIC).then(|| {
            tables.is_filled = false;
            AdaptiveSlots::new(model)
        });
        Ok(Self {
            kernel,
            model,
            slots: &mut tables.slots,
            states: stream.states,
            words: Words::new(stream.words),
            escapes: Escapes::new(stream.escapes, &model.tables),
            adaptive,
            position: 0,
            start,
        })
    }

    /// Decodes the next symbols. Their number is a multiple of 32, except for the last ones.
    ///
    /// `contexts` has one context for each symbol, or is empty if there is only one context.
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
                let interval_len = self.model.adaptation.interval_len();
                if self.position > 0 && self.position.is_multiple_of(interval_len) {
                    adaptive.follow(self.model, self.slots);
                }
                end = end.min(start + interval_len - self.position % interval_len);
            }
            let contexts = if contexts.is_empty() { contexts } else { &contexts[start..end] };
            let piece = &mut out[start..end];
            self.decode(contexts, piece)?;
            self.position += piece.len();
            start = end;
        }
        Ok(())
    }

    /// Decodes symbols under the current frequencies.
    fn decode(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        let tables = &self.model.tables;
        let escape = tables.may_escape().then(|| escape_label(tables.precision()));
        let slots = self.slots.all();
        let mut done = 0;
        while done < symbols.len() {
            let (words, before) = self.words.ahead()?;
            let position = self.words.position - before;
            let mut lanes = DecodingLanes {
                states: &mut self.states,
                slots,
                precision: tables.precision(),
                words,
                position,
                first: tables.first(),
                escape,
            };
            let left = symbols.len() - done;
            let len = if left < LANES { left } else { (left / LANES).min(MAX_ROUNDS) * LANES };
            let contexts = if contexts.is_empty() { contexts } else { &contexts[done..done + len] };
            let symbols = &mut symbols[done..done + len];
            let decoded = match len {
                LANES.. => lanes.decode(self.kernel, contexts, symbols),
                _ => lanes.decode_last(contexts, symbols),
            };
            self.words.position = before + lanes.position;
            if decoded.rounds == 0 {
                return Err(Error::corrupt("a context without a table"));
            }
            let len = len.min(decoded.rounds * LANES);
            let symbols = &mut symbols[..len];
            if let Some(adaptive) = &mut self.adaptive {
                adaptive.count(self.position + done, contexts, symbols);
            }
            if let Some(escape) = escape {
                let mut escaped = decoded.escaped;
                while escaped != 0 {
                    let start = escaped.trailing_zeros() as usize * LANES;
                    let round = start..len.min(start + LANES);
                    let contexts = if contexts.is_empty() { contexts } else { &contexts[round.clone()] };
                    self.escapes.replace(escape.wrapping_add(tables.first()), tables, contexts, &mut symbols[round])?;
                    escaped &= escaped - 1;
                }
            }
            done += len;
        }
        Ok(())
    }

    /// Checks the end of the stream (section 10.1).
    pub(crate) fn finish(self) -> Result<()> {
        let ends_right = || match self.states.iter().all(|&state| state == STATE_LOWER_BOUND) {
            true => Ok(()),
            false => Err(Error::corrupt("the final state of a lane is wrong")),
        };
        let checked = self.words.finish().and_then(|()| self.escapes.finish()).and_then(|()| ends_right());
        checked.map_err(|error| self.start.place(error))
    }
}
