//! The parameters of a field coded in lanes, and the parts of a chunk's stream (section 10).

use super::super::packed_bits::{pack, packed_len, unpack};
use super::super::tables::Tables;
use super::adapt::Adaptation;
use crate::error::{Error, Result};
use crate::spec::{LANES, STATE_LOWER_BOUND};
use crate::wire::{Cursor, put_varint};

const STATE_BYTES: usize = 4;
const WORD_BYTES: usize = 2;

/// The parameters of a field coded in lanes, without its context source (section 8.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LaneModel {
    /// One table for each context.
    pub(crate) tables: Tables,
    pub(crate) adaptation: Adaptation,
}

impl LaneModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        let adaptation = Adaptation::read(cursor)?;
        let tables = Tables::read(cursor, width, contexts)?;
        Ok(Self { tables, adaptation })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.adaptation.write(out);
        self.tables.write(out);
    }

    /// Returns whether `contexts` has one context for each of `count` symbols. It may be empty if there is only one
    /// context.
    pub(crate) fn has_contexts_for(&self, count: usize, contexts: &[u8]) -> bool {
        contexts.len() == count || (contexts.is_empty() && self.tables.contexts() == 1)
    }
}

/// The parts of a chunk's stream.
#[derive(Debug)]
pub(crate) struct LaneStream<'a> {
    /// The initial states, each at least [`STATE_LOWER_BOUND`].
    pub(crate) states: [u32; LANES],
    /// Little-endian words, in the order in which a decoder reads them.
    pub(crate) words: &'a [[u8; WORD_BYTES]],
    /// The escaped symbols.
    pub(crate) escapes: Vec<u16>,
}

impl<'a> LaneStream<'a> {
    /// Reads the stream of `count` symbols of `width` bits.
    pub(crate) fn read(cursor: &mut Cursor<'a>, count: usize, width: u32) -> Result<Self> {
        let start = cursor.clone();
        let (word_count, escape_count) = read_counts(cursor)?;
        if escape_count > count {
            return Err(start.place(Error::corrupt(format!("{escape_count} escapes among {count} symbols"))));
        }
        let mut states = [0; LANES];
        for state in &mut states {
            let start = cursor.clone();
            *state = cursor.u32()?;
            if *state < STATE_LOWER_BOUND {
                return Err(start.place(Error::corrupt("the initial state of a lane is too small")));
            }
        }
        let words = cursor.bytes(word_count.saturating_mul(WORD_BYTES))?.as_chunks().0;
        let start = cursor.clone();
        let packed = cursor.bytes(packed_len(escape_count, width))?;
        let mut escapes = vec![0; escape_count];
        unpack(packed, width, &mut escapes).map_err(|error| start.place(error))?;
        Ok(Self { states, words, escapes })
    }

    /// Appends the stream.
    pub(crate) fn write(&self, width: u32, out: &mut Vec<u8>) {
        put_varint(out, self.words.len() as u64);
        put_varint(out, self.escapes.len() as u64);
        out.extend(self.states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend_from_slice(self.words.as_flattened());
        pack(&self.escapes, width, out);
    }
}

/// Reads the number of words and the number of escapes.
pub(super) fn read_counts(cursor: &mut Cursor<'_>) -> Result<(usize, usize)> {
    Ok((cursor.count(WORD_BYTES, "words")?, cursor.length("number of escapes")?))
}

/// The sizes in bytes of the parts of a chunk's stream.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct LaneSizes {
    pub(crate) counts: usize,
    pub(crate) states: usize,
    pub(crate) words: usize,
    pub(crate) escapes: usize,
}

/// Skips a chunk's stream.
pub(crate) fn skip_lanes(cursor: &mut Cursor<'_>, model: &LaneModel) -> Result<LaneSizes> {
    let start = cursor.position();
    let (word_count, escape_count) = read_counts(cursor)?;
    let sizes = LaneSizes {
        counts: cursor.position() - start,
        states: LANES * STATE_BYTES,
        words: word_count.saturating_mul(WORD_BYTES),
        escapes: packed_len(escape_count, model.tables.width()),
    };
    cursor.bytes(sizes.states)?;
    cursor.bytes(sizes.words)?;
    cursor.bytes(sizes.escapes)?;
    Ok(sizes)
}
