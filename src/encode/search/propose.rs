//! Proposes ways to code a segment: its words as they are, or behind steps that suit the values. A proposal is cheap to
//! make; its cost is measured later.

use super::mask::plan_mask;
use super::plans::MaskPlan;
use super::survey::Survey;
use super::view::{MaskView, SegmentView};
use crate::represent::{GroupValues, Map, MaskUse, PossibleMask, ValueView, Values, Word, kept_values};

/// A mask must omit at least one in this number of values.
const MASK_SHARE: usize = 16;
/// The same for values of few bits. They need no raw bits, so a mask must omit a larger share.
const MASK_SHARE_OF_SMALL: usize = 3;

/// The same for values of a grid that is known. A coding of small integers makes zeros short without a mask.
const MASK_SHARE_OF_HINTED: usize = 2;

/// A mask of the segment, planned once for all bids.
#[derive(Debug)]
pub(super) struct Masked {
    pub(super) plan: MaskPlan,
    /// Number of values that the mask keeps.
    pub(super) kept: usize,
}

/// A way to code a segment.
#[derive(Debug)]
pub(super) struct Bid {
    pub(super) mask: MaskUse,
    pub(super) map: Map,
    pub(super) group_values: GroupValues,
    /// Number of symbol words that the steps leave.
    pub(super) kept: usize,
}

impl Bid {
    /// Returns the bid without any step.
    pub(super) fn plain(count: usize) -> Self {
        Self { mask: MaskUse::None, map: Map::None, group_values: GroupValues::None, kept: count }
    }

    /// Returns the bid of a mask that keeps this number of values, without a map.
    pub(super) fn behind_mask(kept: usize) -> Self {
        Self { mask: MaskUse::Step, ..Self::plain(kept) }
    }
}

/// Plans a mask if one value is frequent.
pub(super) fn mask<T: Word>(view: &SegmentView<'_>, values: Values<'_, T>, survey: &Survey) -> Option<Masked> {
    let count = values.len();
    let share = match view.hint {
        Some(_) => MASK_SHARE_OF_HINTED,
        None if view.bits > 8 => MASK_SHARE,
        None => MASK_SHARE_OF_SMALL,
    };
    let (omitted, occurs) = survey.frequent.filter(|&(_, occurs)| occurs < count && occurs >= count / share)?;
    let kept = kept_values(values.iter(), T::from_number(omitted));
    let chunk_len = |cost: u64| view.values_of(view.limits.chunk_len(cost));
    let mask = MaskView { layout: view.layout, effort: view.effort, kept: &kept, omitted };
    Some(Masked { plan: plan_mask(mask, &chunk_len), kept: count - occurs })
}

/// Returns all bids that are worth pricing.
pub(super) fn propose<T: Word>(
    view: &SegmentView<'_>,
    values: Values<'_, T>,
    survey: &Survey,
    masked: Option<&Masked>,
) -> Vec<Bid> {
    let hint = view.hint;
    let view = ValueView {
        hint,
        layout: view.layout,
        chunk_values: view.effort.chunk_elements(1),
        is_unpacked: view.unpack.is_some(),
        bits: view.bits,
        values,
        // a codebook could only number the integers of a known grid anew
        distinct: survey.distinct.as_deref().filter(|_| hint.is_none()),
        mask: masked
            .and_then(|masked| Some(PossibleMask { omitted: masked.plan.mask.omitted_value()?, kept: masked.kept })),
    };
    let maps = Map::propose(&view);
    // A grid or a small codebook removes the low bits of the words, so no other representation can be smaller.
    let is_clear = maps.iter().any(|bid| bid.is_clear);
    let bid = |mask, map, group_values| Bid { mask, map, group_values, kept: view.kept(mask) };
    let mut bids: Vec<Bid> = maps.into_iter().map(|own| bid(own.mask, own.map, own.group_values)).collect();
    if !is_clear {
        // raw bits of a value that a mask omits do not pay
        let is_plain = view.bits <= 16 || view.mask.is_none_or(|mask| mask.kept > values.len() / 2);
        bids.extend(is_plain.then(|| Bid::plain(values.len())));
        bids.extend(view.mask.map(|_| bid(MaskUse::Step, Map::None, GroupValues::None)));
    }
    bids
}
