//! The trait of all steps on the way from elements to symbol words (sections 8.4 to 8.7). This file knows no particular
//! step.

use std::fmt::Debug;

use super::bid::{Bid, ValueView};
use super::stream_bytes::StreamBytes;
use super::values::{Groups, SegmentLayout, Word};
use crate::error::Result;
use crate::wire::Cursor;

/// The facts that the parameters of a step depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepInput<'a> {
    /// The dtype of the elements, and the shapes of the values that the step takes.
    pub(crate) layout: &'a SegmentLayout<'a>,
    /// Bits of a value.
    pub(crate) bits: u32,
    /// Whether the values were unpacked from larger words; they are unsigned integers then.
    pub(crate) is_unpacked: bool,
    /// The number of class fields of the segment.
    pub(crate) class_fields: usize,
}

/// A step with its parameters.
pub(crate) trait Step: Sized {
    /// The bits of the flags byte that say that a segment has this step.
    const FLAG: u8;

    /// Reads the parameters.
    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self>;

    /// Appends the parameters.
    fn write(&self, out: &mut Vec<u8>);

    /// Describes the step in words for tables.
    fn describe(&self) -> String;

    /// Estimates the heap memory in bytes.
    fn memory(&self) -> usize;
}

/// A bid of a map, with its group values.
pub(crate) type MapBid<M> = Bid<M, Vec<<M as MapStep>::GroupValue>>;

/// A step that replaces each value by a symbol word, by a rule that the values of a group share.
pub(crate) trait MapStep: Step + Debug + Clone + Eq {
    /// The data that the values of a group share, for example a codebook or a scale.
    type GroupValue: Debug + Clone + PartialEq;

    /// Returns the groups.
    fn groups(&self) -> Groups;

    /// Returns the number of bits of a symbol word.
    fn symbol_bits(&self) -> u32;

    /// Returns the group values that the segment head stores; empty if the chunks store them.
    fn global(&self) -> &[Self::GroupValue];

    /// Appends group values as a chunk stores them.
    fn encode_groups(&self, group_values: &[Self::GroupValue], out: &mut Vec<u8>);

    /// Reads `count` group values.
    fn decode_groups(&self, cursor: &mut Cursor<'_>, count: usize) -> Result<Vec<Self::GroupValue>>;

    /// Adds the size of the group values of a chunk to its line of the ledger.
    fn account(bytes: u64, into: &mut StreamBytes);

    /// Returns how many of the `MAX_CODEBOOK_ENTRIES` entries of a chunk a group value takes.
    fn entries(_group_value: &Self::GroupValue) -> usize {
        1
    }

    /// Returns the most entries that a group value may take.
    fn most_entries(&self) -> usize {
        1
    }

    /// Returns the symbol words of values. `group_of` has the index in `group_values` for each value; if it is empty,
    /// all values belong to the first one.
    fn forward<T: Word, V: Word>(&self, values: &[T], group_values: &[Self::GroupValue], group_of: &[u32]) -> Vec<V>;

    /// Returns how many symbol words have a value in a group; these are the words from 0 on.
    fn word_count(&self, group_value: &Self::GroupValue) -> u64;

    /// Returns the value of a symbol word in a group, or `None` if it has none.
    fn inverse<T: Word>(&self, word: u64, group_value: &Self::GroupValue) -> Option<T>;

    /// Returns how many symbol words stand for values below `value` and how many stand for others, if symbol words are
    /// in the order of values and this order is the same everywhere in the segment.
    fn words_around(&self, _value: u64) -> Option<(u64, u64)> {
        None
    }

    /// Makes symbol words at least `bits` bits wide.
    fn widen(&mut self, bits: u32);

    /// Proposes maps that suit the values.
    fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<MapBid<Self>>;

    /// Proposes maps that are worth pricing only if no map has made a clear bid.
    fn propose_unclear<T: Word>(_view: &ValueView<'_, T>) -> Vec<MapBid<Self>> {
        Vec::new()
    }
}
