//! The lane coder's streams (section 10): what lies in the segment's head, and what in each chunk.

use super::adapt::Adaptation;
use super::pack::{pack, packed_len, unpack};
use super::table::Tables;
use crate::error::{Error, Result};
use crate::spec::{LANES, STATE_LOWER_BOUND};
use crate::wire::{Cursor, put_varint};

const STATE_BYTES: usize = 4;
const WORD_BYTES: usize = 2;

/// What the segment's head says about a field coded in lanes, but for where its contexts come from (section 8.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LaneModel {
    /// One for each context.
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

    /// Whether `contexts` are as many as they have to be for `count` symbols; for one context there may be none.
    pub(crate) fn has_contexts_for(&self, count: usize, contexts: &[u8]) -> bool {
        contexts.len() == count || (contexts.is_empty() && self.tables.contexts() == 1)
    }
}

/// A chunk's stream, in its parts.
#[derive(Debug)]
pub(crate) struct LaneStream<'a> {
    /// Checked to be at least [`STATE_LOWER_BOUND`].
    pub(crate) states: [u32; LANES],
    /// Little-endian.
    pub(crate) words: &'a [[u8; WORD_BYTES]],
    pub(crate) escapes: Vec<u16>,
}

impl<'a> LaneStream<'a> {
    /// Reads the stream of `count` symbols; there cannot be more escapes.
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
                return Err(start.place(Error::corrupt("a lane's state is too small")));
            }
        }
        let words = cursor.bytes(word_count.saturating_mul(WORD_BYTES))?.as_chunks().0;
        let start = cursor.clone();
        let packed = cursor.bytes(packed_len(escape_count, width))?;
        let mut escapes = vec![0; escape_count];
        unpack(packed, width, &mut escapes).map_err(|error| start.place(error))?;
        Ok(Self { states, words, escapes })
    }

    /// Appends a stream whose words are given in the order in which they will be read.
    pub(crate) fn write(
        states: &[u32; LANES],
        words: &[[u8; WORD_BYTES]],
        escapes: &[u16],
        width: u32,
        out: &mut Vec<u8>,
    ) {
        put_varint(out, words.len() as u64);
        put_varint(out, escapes.len() as u64);
        out.extend(states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend_from_slice(words.as_flattened());
        pack(escapes, width, out);
    }
}

fn read_counts(cursor: &mut Cursor<'_>) -> Result<(usize, usize)> {
    Ok((cursor.count(WORD_BYTES, "words")?, cursor.length("number of escapes")?))
}

/// The bytes of a chunk's stream, by part.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct LaneSizes {
    pub(crate) counts: usize,
    pub(crate) states: usize,
    pub(crate) words: usize,
    pub(crate) escapes: usize,
}

/// Passes over a chunk's stream.
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

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
