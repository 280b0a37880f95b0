//! The view of a segment's values from which each kind of map proposes candidates, and the type of a candidate (a
//! *bid*). Nothing here depends on a particular kind of map.

use super::grid_hint::GridHint;
use super::values::{Order, SegmentLayout, Values, Word};

/// The values of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ValueView<'a, T> {
    /// The layout of the values.
    pub(crate) layout: &'a SegmentLayout<'a>,
    /// The maximum number of values of a chunk.
    pub(crate) chunk_values: u64,
    /// Whether the values were unpacked from larger words.
    pub(crate) is_unpacked: bool,
    /// Bits of a value.
    pub(crate) bits: u32,
    pub(crate) values: Values<'a, T>,
    /// All values that occur, in ascending order, if they are few.
    pub(crate) distinct: Option<&'a [u64]>,
    /// The mask that the segment may have.
    pub(crate) mask: Option<PossibleMask>,
    /// The grid that the caller made the values on, if it did.
    pub(crate) hint: Option<&'a GridHint>,
}

/// A mask that a segment may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PossibleMask {
    /// The value that is omitted.
    pub(crate) omitted: u64,
    /// The number of values that the mask keeps.
    pub(crate) kept: usize,
}

/// How a bid uses the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaskUse {
    /// Not at all.
    None,
    /// The mask is no step, but the contexts of its bits may suit the values.
    Contexts,
    /// The mask is a step.
    Step,
}

/// A map that is worth pricing.
#[derive(Debug)]
pub(crate) struct Bid<M, G> {
    pub(crate) mask: MaskUse,
    pub(crate) map: M,
    /// The group values that chunks store.
    pub(crate) group_values: G,
    /// Whether the map removes enough bits that a representation without a map cannot be smaller.
    pub(crate) is_clear: bool,
}

impl<T: Word> ValueView<'_, T> {
    /// Returns the order of the values.
    pub(crate) fn order(&self) -> Order {
        Order::of(self.layout.dtype, self.is_unpacked)
    }

    /// Returns the use of the mask if it is a step wherever the segment may have one.
    pub(crate) fn step(&self) -> MaskUse {
        if self.mask.is_some() { MaskUse::Step } else { MaskUse::None }
    }

    /// Returns the number of symbol words with the mask, or without it.
    pub(crate) fn kept(&self, mask: MaskUse) -> usize {
        match self.mask {
            Some(possible) if mask == MaskUse::Step => possible.kept,
            _ => self.values.len(),
        }
    }

    /// Returns the value that the mask omits.
    pub(crate) fn omitted(&self) -> Option<u64> {
        self.mask.map(|mask| mask.omitted)
    }
}

impl<M, G> Bid<M, G> {
    /// Returns the bid with other types for the map and the group values.
    pub(crate) fn with<N, H>(self, map: impl FnOnce(M) -> N, group_values: impl FnOnce(G) -> H) -> Bid<N, H> {
        let Self { mask, map: own, group_values: values, is_clear } = self;
        Bid { mask, map: map(own), group_values: group_values(values), is_clear }
    }
}
