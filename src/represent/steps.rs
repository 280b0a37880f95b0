//! The steps of a segment, from elements to symbol words and back: unpack, mask, and one of the maps listed here.

use std::ops::Range;

use super::bid::{Bid, ValueView};
use super::codebook::CodebookMap;
use super::grid::Grid;
use super::map::maps;
use super::mask::{ChunkMask, Mask};
use super::step::{MapStep, Step, StepInput};
use super::stream_bytes::StreamBytes;
use super::unpack::Unpack;
use super::values::{Groups, SegmentLayout, Word, read_words, with_word};
use crate::error::{Error, Result};
use crate::spec::MAX_CHUNK_ELEMENTS;
use crate::tensor::Dtype;
use crate::wire::Cursor;

// one line a map; a new map needs its own file, and a line here
maps! {
    Codebook(CodebookMap),
    Grid(Grid),
}

/// The steps of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) unpack: Option<Unpack>,
    pub(crate) mask: Option<Mask>,
    pub(crate) map: Map,
}

impl Map {
    /// Returns the groups whose values the chunk with these values stores; empty if the segment head stores group
    /// values.
    fn groups_of_chunk(&self, values: &Range<u64>) -> Range<usize> {
        match self.groups() {
            Some(groups) if !groups.are_global() => groups.numbers(values),
            _ => 0..0,
        }
    }

    /// Whether chunks store group values.
    pub(crate) fn is_in_chunks(&self) -> bool {
        self.groups().is_some_and(|groups| !groups.are_global())
    }
}

impl Steps {
    /// No step: symbol words are the words of elements.
    pub(crate) const NONE: Self = Self { unpack: None, mask: None, map: Map::None };

    /// Returns the flags byte, which says which steps there are.
    pub(crate) fn flags(&self) -> u8 {
        let unpack = if self.unpack.is_some() { Unpack::FLAG } else { 0 };
        let mask = self.mask.as_ref().map_or(0, Mask::flag);
        unpack | mask | self.map.flag()
    }

    /// Returns the number of bits of a value.
    pub(crate) fn value_bits(&self, dtype: Dtype) -> u32 {
        self.unpack.map_or(dtype.word_bits(), |unpack| unpack.bits)
    }

    /// Returns the number of bits of a symbol word.
    pub(crate) fn symbol_bits(&self, dtype: Dtype) -> u32 {
        self.map.symbol_bits().unwrap_or_else(|| self.value_bits(dtype))
    }

    /// Returns the values of the elements of a chunk.
    pub(crate) fn values(&self, elements: &Range<u64>) -> Range<u64> {
        match &self.unpack {
            Some(unpack) => unpack.values_before(elements.start)..unpack.values_before(elements.end),
            None => elements.clone(),
        }
    }

    /// Checks that a segment may have `chunks` chunks of `chunk_len` elements: no chunk divides a run or a group.
    pub(crate) fn check_chunk_len(&self, chunk_len: u64, chunks: u64) -> Result<()> {
        let values = self.values(&(0..chunk_len));
        let groups = self.map.groups().map_or(1, Groups::unit);
        let words = self.unpack.map_or(1, |unpack| unpack.unit());
        let is_whole = chunks == 1 || (chunk_len.is_multiple_of(words) && values.end.is_multiple_of(groups));
        // a chunk may be longer than its segment, and then end within a run
        let is_bounded = self.unpack.is_none_or(|unpack| {
            chunk_len.saturating_mul(unpack.values_a_run()) <= MAX_CHUNK_ELEMENTS * u64::from(unpack.words)
        });
        if !is_whole || !is_bounded {
            return Err(Error::corrupt(format!("chunks of {chunk_len} elements do not suit the steps")));
        }
        Ok(())
    }

    /// Checks the flags byte and reads the step that comes before the class fields.
    pub(crate) fn read_unpack(
        flags: u8,
        cursor: &mut Cursor<'_>,
        layout: &SegmentLayout<'_>,
    ) -> Result<Option<Unpack>> {
        let dtype = layout.dtype;
        let is_known = Map::is_known(flags & !(Unpack::FLAG | Mask::FLAGS)) && flags & Mask::FLAGS != Mask::FLAGS;
        if !is_known || (flags != 0 && dtype.words() > 1) {
            return Err(cursor.place(Error::corrupt(format!("steps {flags} of {dtype}"))));
        }
        let input = StepInput { layout, bits: dtype.word_bits(), is_unpacked: false, class_fields: 0 };
        (flags & Unpack::FLAG != 0).then(|| Unpack::read(cursor, &input)).transpose()
    }

    /// Reads the steps that come after the class fields. `layout` is the layout of the values.
    pub(crate) fn read(
        flags: u8,
        unpack: Option<Unpack>,
        cursor: &mut Cursor<'_>,
        layout: &SegmentLayout<'_>,
        class_fields: usize,
    ) -> Result<Self> {
        let bits = unpack.map_or(layout.dtype.word_bits(), |unpack| unpack.bits);
        let input = StepInput { layout, bits, is_unpacked: unpack.is_some(), class_fields };
        let mask = Mask::read(flags, cursor, &input)?;
        let map = Map::read(flags & !(Unpack::FLAG | Mask::FLAGS), cursor, &input)?;
        Ok(Self { unpack, mask, map })
    }

    /// Appends the parameters that come after the class fields.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        if let Some(mask) = &self.mask {
            mask.write(out);
        }
        self.map.write(out);
    }

    /// Describes each step in words.
    pub(crate) fn describe(&self) -> Vec<String> {
        let unpack = self.unpack.iter().map(Step::describe);
        let mask = self.mask.iter().map(Mask::describe);
        unpack.chain(mask).chain(self.map.describe()).collect()
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        self.mask.as_ref().map_or(0, Mask::memory) + self.map.memory()
    }

    /// Returns the mask and the symbol words of the elements in `bytes`. `start` is the number of the first value.
    /// If something is unpacked, the elements must be a whole chunk. `group_values` has the group values of the whole
    /// segment.
    pub(crate) fn forward<V: Word>(
        &self,
        dtype: Dtype,
        start: u64,
        bytes: &[u8],
        group_values: &GroupValues,
    ) -> (Option<ChunkMask>, Vec<V>) {
        if *self == Self::NONE {
            return (None, read_words(bytes, dtype.word_bits()));
        }
        match &self.unpack {
            Some(unpack) => {
                // the planner has seen that all bits above the values are 0
                let values = unpack.apply(dtype, bytes).unwrap_or_default();
                self.forward_values::<u8, V>(&values, start, group_values)
            }
            None => with_word!(dtype.word_bits(), T => {
                self.forward_values::<T, V>(&read_words::<T>(bytes, dtype.word_bits()), start, group_values)
            }),
        }
    }

    /// Does the same from values.
    pub(crate) fn forward_values<T: Word, V: Word>(
        &self,
        values: &[T],
        start: u64,
        group_values: &GroupValues,
    ) -> (Option<ChunkMask>, Vec<V>) {
        let groups = self.map.groups_of_chunk(&(start..start + values.len() as u64));
        let (mask, of_mask) = match &self.mask {
            Some(mask) => {
                let (mask, others) = mask.forward(start, values);
                (Some(mask), others)
            }
            None => (None, Vec::new()),
        };
        let values = if mask.is_some() { &of_mask[..] } else { values };
        let kept = mask.as_ref().map(|mask| &mask.kept);
        let group_of = match self.map.groups() {
            Some(of) => of.of_kept(start, groups.start, values.len(), kept),
            None => Vec::new(),
        };
        let words = self.map.forward(values, group_values, groups, &group_of);
        (mask, words)
    }
}
