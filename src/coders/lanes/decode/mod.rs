//! Decodes lanes (section 10.1), 32 symbols at a time.

mod adaptive;
mod escapes;
mod words;

use std::ops::Range;

use adaptive::AdaptiveSlots;
use escapes::Escapes;
use words::Words;

use super::adapt::Adaptation;
use super::model::{LaneModel, LaneStream};
use super::slots::{Slots, escape_label, labels_of};
use crate::error::{Error, Result};
use crate::kernel::{DecodingLanes, Kernel, MAX_ROUNDS, decode_last_lanes};
use crate::spec::{LANES, STATE_LOWER_BOUND};
use crate::wire::Cursor;

/// The largest number of chunks that are decoded at the same time. Each step of a chunk waits for the step before, and
/// another chunk fills these waits; a third one measured no faster.
pub(crate) const CHUNKS_AT_ONCE: usize = 2;

/// The look-up tables of one stream, which are kept from chunk to chunk.
#[derive(Debug, Default)]
pub(crate) struct LaneTables {
    /// The slots of each chunk that is decoded. Chunks whose frequencies do not adapt share the first ones.
    slots: [Slots; CHUNKS_AT_ONCE],
    /// Whether the first slots hold the tables of the segment, without adaptation.
    is_filled: bool,
}

impl LaneTables {
    /// Must be called before a stream of another segment is decoded.
    pub(crate) fn forget(&mut self) {
        self.is_filled = false;
    }

    /// Returns the slots of `count` chunks, at most [`CHUNKS_AT_ONCE`].
    fn fill(&mut self, model: &LaneModel, count: usize) -> Vec<ChunkSlots<'_>> {
        let tables = &model.tables;
        let is_static = model.adaptation == Adaptation::STATIC;
        if !self.is_filled {
            let labels = labels_of(tables);
            for slots in self.slots.iter_mut().take(if is_static { 1 } else { count }) {
                slots.resize(tables.contexts(), tables.precision());
                for (context, (labels, table)) in labels.iter().zip(tables.iter()).enumerate() {
                    slots.fill(context, tables.precision(), labels, table.frequencies());
                }
            }
        }
        self.is_filled = is_static;
        match is_static {
            true => (0..count).map(|_| ChunkSlots::Shared(&self.slots[0])).collect(),
            false => {
                let adaptive = |slots| ChunkSlots::Adaptive(slots, AdaptiveSlots::new(model));
                self.slots.iter_mut().take(count).map(adaptive).collect()
            }
        }
    }
}

/// The slots of a chunk.
#[derive(Debug)]
enum ChunkSlots<'a> {
    /// Those of the segment.
    Shared(&'a Slots),
    /// Slots that follow the symbols of the chunk.
    Adaptive(&'a mut Slots, AdaptiveSlots),
}

impl ChunkSlots<'_> {
    fn all(&self) -> &[u32] {
        match self {
            Self::Shared(slots) => slots.all(),
            Self::Adaptive(slots, _) => slots.all(),
        }
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
    let mut decoders = LaneDecoder::open(std::slice::from_mut(cursor), model, &[out.len()], &mut tables, kernel)?;
    decoders.iter_mut().try_for_each(|decoder| LaneDecoder::next([LanePiece { decoder, contexts, out }]))?;
    decoders.into_iter().try_for_each(LaneDecoder::finish)
}

/// Decodes the stream of a chunk piece by piece.
#[derive(Debug)]
pub(crate) struct LaneDecoder<'a> {
    kernel: Kernel,
    model: &'a LaneModel,
    slots: ChunkSlots<'a>,
    states: [u32; LANES],
    words: Words<'a>,
    escapes: Escapes,
    /// The number of symbols decoded.
    position: usize,
    /// The start of the stream, for errors.
    start: Cursor<'a>,
}

/// The next symbols of a chunk.
#[derive(Debug)]
pub(crate) struct LanePiece<'p, 'a> {
    pub(crate) decoder: &'p mut LaneDecoder<'a>,
    /// One context for each symbol, or none if there is only one context.
    pub(crate) contexts: &'p [u8],
    pub(crate) out: &'p mut [u16],
}

impl<'a> LaneDecoder<'a> {
    /// Reads the streams of at most [`CHUNKS_AT_ONCE`] chunks, each of so many symbols as `counts` says. `tables` must
    /// belong to this stream, or have been told to forget.
    pub(crate) fn open<'c: 'a>(
        cursors: &mut [Cursor<'c>],
        model: &'a LaneModel,
        counts: &[usize],
        tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Vec<Self>> {
        let slots = tables.fill(model, cursors.len());
        let chunks = cursors.iter_mut().zip(counts).zip(slots);
        let decoders = chunks.map(|((cursor, &count), slots)| {
            let start = cursor.clone();
            let stream = LaneStream::read(cursor, count, model.tables.width())?;
            Ok(Self {
                kernel,
                model,
                slots,
                states: stream.states,
                words: Words::new(stream.words),
                escapes: Escapes::new(stream.escapes, &model.tables),
                position: 0,
                start,
            })
        });
        decoders.collect()
    }

    /// Decodes the next symbols of each of `N` chunks at the same time. All chunks were opened together, have decoded
    /// equally many symbols, and now decode equally many: a multiple of 32, except for the last ones.
    pub(crate) fn next<const N: usize>(mut pieces: [LanePiece<'_, 'a>; N]) -> Result<()> {
        let Some(LanePiece { decoder: Self { model, position: first, .. }, out, .. }) = pieces.first() else {
            return Ok(());
        };
        let (model, first, count) = (*model, *first, out.len());
        for piece in &mut pieces {
            debug_assert!(std::ptr::eq(piece.decoder.model, model) && piece.decoder.position == first);
            debug_assert_eq!(piece.out.len(), count);
            if !model.has_contexts_for(count, piece.contexts) {
                let error = Error::corrupt(format!("{} contexts for {count} symbols", piece.contexts.len()));
                return Err(piece.decoder.start.place(error));
            }
            if model.tables.contexts() == 1 {
                piece.contexts = &[];
            }
        }
        let mut done = 0;
        while done < count {
            let mut len = count - done;
            if model.adaptation != Adaptation::STATIC {
                let interval_len = model.adaptation.interval_len();
                let position = first + done;
                if position > 0 && position.is_multiple_of(interval_len) {
                    pieces.iter_mut().for_each(|piece| piece.decoder.follow());
                }
                len = len.min(interval_len - position % interval_len);
            }
            Self::decode(&mut pieces, done..done + len)?;
            done += len;
        }
        Ok(())
    }

    /// Ends an interval.
    fn follow(&mut self) {
        if let ChunkSlots::Adaptive(slots, adaptive) = &mut self.slots {
            adaptive.follow(self.model, slots);
        }
    }

    /// Decodes symbols of the pieces under the current frequencies.
    fn decode<const N: usize>(pieces: &mut [LanePiece<'_, 'a>; N], range: Range<usize>) -> Result<()> {
        let mut done = range.start;
        while done < range.end {
            let left = range.end - done;
            let len = if left < LANES { left } else { (left / LANES).min(MAX_ROUNDS) * LANES };
            let rounds = Self::decode_rounds(pieces, done..done + len)?;
            done += len.min(rounds * LANES);
        }
        Ok(())
    }

    /// Decodes rounds, or a last, incomplete round. Returns their number.
    fn decode_rounds<const N: usize>(pieces: &mut [LanePiece<'_, 'a>; N], range: Range<usize>) -> Result<usize> {
        for LanePiece { decoder, .. } in &*pieces {
            decoder.words.check().map_err(|error| decoder.start.place(error))?;
        }
        let kernel = pieces.first().map_or(Kernel::PORTABLE, |piece| piece.decoder.kernel);
        let mut lanes = pieces.each_mut().map(|piece| piece.lanes(range.clone()));
        let before = lanes.each_ref().map(|lanes| lanes.position);
        let decoded = match range.len() {
            LANES.. => kernel.decode_lanes(&mut lanes),
            _ => decode_last_lanes(&mut lanes),
        };
        let after = lanes.map(|lanes| lanes.position);
        let done = range.start..range.end.min(range.start + decoded.rounds * LANES);
        for (n, piece) in pieces.iter_mut().enumerate() {
            piece.decoder.words.position += after[n] - before[n];
            let added = match decoded.rounds {
                0 => Err(Error::corrupt("a context without a table")),
                _ => piece.add_decoded(done.clone(), decoded.escaped[n]),
            };
            added.map_err(|error| piece.decoder.start.place(error))?;
        }
        Ok(decoded.rounds)
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

impl LanePiece<'_, '_> {
    /// Returns whether both chunks have decoded equally many symbols of one stream, and now decode equally many.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        std::ptr::eq(self.decoder.model, other.decoder.model)
            && self.decoder.position == other.decoder.position
            && self.out.len() == other.out.len()
    }

    /// Prepares a range of the symbols for a kernel.
    fn lanes(&mut self, range: Range<usize>) -> DecodingLanes<'_> {
        let LaneDecoder { model, slots, states, words, .. } = &mut *self.decoder;
        let (ahead, before) = words.ahead();
        let tables = &model.tables;
        DecodingLanes {
            states,
            slots: slots.all(),
            precision: tables.precision(),
            words: ahead,
            position: words.position - before,
            first: tables.first(),
            escape: tables.may_escape().then(|| escape_label(tables.precision())),
            contexts: self.contexts.get(range.clone()).unwrap_or_default(),
            symbols: &mut self.out[range],
        }
    }

    /// Counts decoded symbols and replaces escapes. Bit i of `escaped` says whether round i of the range has an escape.
    fn add_decoded(&mut self, range: Range<usize>, mut escaped: u64) -> Result<()> {
        let LaneDecoder { model, slots, escapes, position, .. } = &mut *self.decoder;
        let tables = &model.tables;
        let contexts = self.contexts.get(range.clone()).unwrap_or_default();
        let symbols = &mut self.out[range];
        if let ChunkSlots::Adaptive(_, adaptive) = slots {
            adaptive.count(*position, contexts, symbols);
        }
        let escape = escape_label(tables.precision()).wrapping_add(tables.first());
        while escaped != 0 {
            let start = escaped.trailing_zeros() as usize * LANES;
            let round = start..symbols.len().min(start + LANES);
            let contexts = contexts.get(round.clone()).unwrap_or_default();
            escapes.replace(escape, tables, contexts, &mut symbols[round])?;
            escaped &= escaped - 1;
        }
        *position += symbols.len();
        Ok(())
    }
}
