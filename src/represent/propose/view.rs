//! The values of a segment, and proposals of steps for them.

use super::survey::{Survey, survey};
use crate::represent::codebook::Order;
use crate::represent::steps::{GroupValues, Map};
use crate::represent::values::{SegmentLayout, Values, Word};

/// A mask has to omit one of so many values.
const MASK_SHARE: usize = 16;
/// The same for values of few bits, which need no raw bits.
const MASK_SHARE_OF_SMALL: usize = 3;

/// A value that a mask may omit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Omitted {
    pub(crate) value: u64,
    /// The number of other values.
    pub(crate) kept: usize,
}

/// The values of a segment, surveyed.
#[derive(Debug)]
pub(crate) struct ValueView<'a, T> {
    /// The dtype of the elements and the shapes of the values.
    pub(crate) layout: &'a SegmentLayout<'a>,
    /// Bits of a value.
    pub(crate) bits: u32,
    /// Whether the values were unpacked from larger words.
    pub(crate) is_unpacked: bool,
    pub(crate) values: Values<'a, T>,
    pub(crate) survey: Survey,
    /// The value that a mask may omit, if one is frequent.
    pub(crate) omitted: Option<Omitted>,
}

/// How a proposal uses the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaskUse {
    /// Not at all.
    None,
    /// The mask is no step, but the contexts of its bits may suit the values.
    Contexts,
    /// The mask is a step.
    Step,
}

/// A proposal of steps.
#[derive(Debug)]
pub(crate) struct Bid {
    pub(crate) mask: MaskUse,
    pub(crate) map: Map,
    pub(crate) group_values: GroupValues,
    /// The number of symbol words that the steps leave.
    pub(crate) kept: usize,
    /// Whether the steps remove the low bits of words, so that no proposal without them can be smaller.
    pub(crate) removes_low_bits: bool,
}

impl Bid {
    /// Returns the proposal without any step.
    pub(crate) fn plain(count: usize) -> Self {
        let (mask, map, group_values) = (MaskUse::None, Map::None, GroupValues::None);
        Self { mask, map, group_values, kept: count, removes_low_bits: false }
    }
}

impl<'a, T: Word> ValueView<'a, T> {
    /// Surveys values of `bits` bits.
    pub(crate) fn new(layout: &'a SegmentLayout<'a>, bits: u32, is_unpacked: bool, values: Values<'a, T>) -> Self {
        let survey = survey(values, bits, Order::of(layout.dtype, is_unpacked));
        let count = values.len();
        let share = if bits > 8 { MASK_SHARE } else { MASK_SHARE_OF_SMALL };
        let omitted = survey.frequent.filter(|&(_, occurs)| occurs < count && occurs >= count / share);
        let omitted = omitted.map(|(value, occurs)| Omitted { value, kept: count - occurs });
        Self { layout, bits, is_unpacked, values, survey, omitted }
    }

    pub(super) fn order(&self) -> Order {
        Order::of(self.layout.dtype, self.is_unpacked)
    }

    /// Returns the use of the mask if it is a step wherever there is one.
    pub(super) fn mask_step(&self) -> MaskUse {
        if self.omitted.is_some() { MaskUse::Step } else { MaskUse::None }
    }

    /// Returns the number of symbol words with this use of the mask.
    pub(super) fn kept(&self, mask: MaskUse) -> usize {
        match self.omitted {
            Some(omitted) if mask == MaskUse::Step => omitted.kept,
            _ => self.values.len(),
        }
    }

    /// Returns the proposal of a map whose groups, if it has several, lie in the head.
    pub(super) fn bid(&self, mask: MaskUse, map: Map) -> Bid {
        Bid { mask, map, group_values: GroupValues::None, kept: self.kept(mask), removes_low_bits: false }
    }
}
