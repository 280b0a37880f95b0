//! Proposes ways to code a segment: its words as they are, or behind steps that suit the values. A proposal is cheap to make;
//! its cost is measured later.

use super::grid::find_grid;
use super::mask::plan_mask;
use super::plans::MaskPlan;
use super::survey::{Survey, distinct_of};
use super::view::{MaskView, SegmentView};
use crate::represent::{Codebook, CodebookMap, Grid, GroupValues, Groups, Map, Values, Word, kept_values};
use crate::spec::{MAX_CHUNK_ELEMENTS, MAX_CODEBOOK_ENTRIES};

/// A mask has to omit one of so many values.
const MASK_SHARE: usize = 16;
/// The same for values of few bits, which need no raw bits.
const MASK_SHARE_OF_SMALL: usize = 3;
/// An entry of a codebook has to stand for so many values on average.
const VALUES_AN_ENTRY: usize = 2;
/// A codebook of at most so many entries is better than its values as they are.
const SMALL_CODEBOOK: usize = 256;
/// The most entries of the codebook of a row.
const MOST_OF_ROW: usize = 256;
/// Lengths of blocks in a row that may have scales of their own.
const BLOCKS: [u64; 6] = [256, 128, 64, 32, 16, 512];

/// A mask of the segment, planned once for all bids.
#[derive(Debug)]
pub(super) struct Masked {
    pub(super) plan: MaskPlan,
    /// Number of values that the mask keeps.
    pub(super) kept: usize,
}

/// How a bid uses the mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskUse {
    /// Not at all.
    None,
    /// The mask is no step, but the contexts of its bits may suit the values.
    Contexts,
    /// The mask is a step.
    Step,
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
}

/// Plans a mask if one value is frequent.
pub(super) fn mask<T: Word>(view: &SegmentView<'_>, values: Values<'_, T>, survey: &Survey) -> Option<Masked> {
    let count = values.len();
    let share = if view.bits > 8 { MASK_SHARE } else { MASK_SHARE_OF_SMALL };
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
    survey: Survey,
    mask: Option<&Masked>,
) -> Vec<Bid> {
    let proposer = Proposer { view, values, mask };
    let mut bids = Vec::new();
    let distinct = survey.distinct.filter(|codebook| proposer.is_few(codebook));
    if let Some(codebook) = &distinct {
        bids.extend(proposer.codebooks(codebook));
    }
    let on_grid: Vec<Bid> = proposer.grids().collect();
    // A grid or a small codebook removes the low bits of the words, so no other representation can be smaller.
    let is_small = |codebook: &Codebook| codebook.0.len() <= SMALL_CODEBOOK && view.bits > 16;
    let is_clear = distinct.as_ref().is_some_and(is_small) || !on_grid.is_empty();
    bids.extend(on_grid);
    if !is_clear {
        bids.extend(proposer.codebooks_of_rows());
        bids.extend(proposer.words());
    }
    bids
}

/// The values of a segment, and its mask if it may have one.
struct Proposer<'a, T> {
    view: &'a SegmentView<'a>,
    values: Values<'a, T>,
    mask: Option<&'a Masked>,
}

impl<T: Word> Proposer<'_, T> {
    /// Returns the number of symbol words with the mask, or without it.
    fn kept(&self, mask: MaskUse) -> usize {
        match self.mask {
            Some(masked) if mask == MaskUse::Step => masked.kept,
            _ => self.values.len(),
        }
    }

    /// Returns the use of the mask if it is a step wherever there is one.
    fn step(&self) -> MaskUse {
        if self.mask.is_some() { MaskUse::Step } else { MaskUse::None }
    }

    fn bid(&self, mask: MaskUse, map: Map, group_values: GroupValues) -> Bid {
        Bid { mask, map, group_values, kept: self.kept(mask) }
    }

    /// Returns whether values are few enough for a codebook. Values of up to 8 bits need none.
    fn is_few(&self, codebook: &Codebook) -> bool {
        let (bits, entries) = (self.view.bits, codebook.0.len());
        bits > 8 && entries > 1 && entries * VALUES_AN_ENTRY <= self.kept(self.step())
    }

    /// Proposes words as they are, and behind the mask.
    fn words(&self) -> impl Iterator<Item = Bid> {
        // raw bits of a value that a mask omits do not pay
        let count = self.values.len();
        let is_plain = self.view.bits <= 16 || self.mask.is_none_or(|masked| masked.kept > count / 2);
        let masked = self.mask.map(|_| self.bid(MaskUse::Step, Map::None, GroupValues::None));
        is_plain.then(|| Bid::plain(count)).into_iter().chain(masked)
    }

    /// Proposes the codebook of all values, and without the omitted one behind the mask.
    fn codebooks(&self, codebook: &Codebook) -> impl Iterator<Item = Bid> {
        let view = self.view;
        let entries = std::slice::from_ref(codebook);
        let map = Map::Codebook(CodebookMap::new(Groups::ONE, view.order(), view.bits, entries));
        let use_of_mask = if self.mask.is_some() { MaskUse::Contexts } else { MaskUse::None };
        let whole = self.bid(use_of_mask, map, GroupValues::None);
        let masked = self.mask.and_then(|masked| {
            let omitted = masked.plan.mask.omitted;
            let others = codebook.0.iter().copied().filter(|&value| value != omitted).collect();
            self.coded_by(&[Codebook(others)], Groups::ONE)
        });
        std::iter::once(whole).chain(masked)
    }

    fn coded_by(&self, codebooks: &[Codebook], groups: Groups) -> Option<Bid> {
        let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
        if groups.are_global() && entries > MAX_CODEBOOK_ENTRIES {
            return None;
        }
        let map = CodebookMap::new(groups, self.view.order(), self.view.bits, codebooks);
        let group_values =
            if groups.are_global() { GroupValues::None } else { GroupValues::Codebook(codebooks.to_vec()) };
        Some(self.bid(self.step(), Map::Codebook(map), group_values))
    }

    /// Proposes a codebook for each row of a single member, if the rows have few values each.
    fn codebooks_of_rows(&self) -> Option<Bid> {
        let view = self.view;
        let shape = view.layout.single().filter(|shape| shape.len() > 1 && view.bits > 8)?;
        let row = shape[1..].iter().product::<u64>() as usize;
        if row as u64 > MAX_CHUNK_ELEMENTS || row < 4 * VALUES_AN_ENTRY {
            return None;
        }
        let most = MOST_OF_ROW.min(row / VALUES_AN_ENTRY);
        let omitted = self.mask.map(|masked| masked.plan.mask.omitted);
        let of_row = |number: usize| {
            let values = (number * row..(number + 1) * row).map(|index| self.values.get(index));
            distinct_of(values, omitted, most, view.bits, view.order())
        };
        let codebooks = (0..self.values.len() / row).map(of_row).collect::<Option<Vec<Codebook>>>()?;
        let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
        let are_few = entries * VALUES_AN_ENTRY <= self.kept(self.step());
        are_few.then(|| self.coded_by(&codebooks, Groups { block: row as u64, period: 1 })).flatten()
    }

    /// Proposes a grid of all values, and one of the values that the mask keeps.
    fn grids(&self) -> impl Iterator<Item = Bid> {
        let omitted = self.mask.map(|masked| T::from_number(masked.plan.mask.omitted));
        let masked = omitted.and_then(|omitted| self.grid(MaskUse::Step, Some(omitted)));
        self.grid(MaskUse::None, None).into_iter().chain(masked)
    }

    /// Proposes the grid on which all values but the omitted one lie.
    fn grid(&self, mask: MaskUse, omitted: Option<T>) -> Option<Bid> {
        let dtype = self.view.dtype();
        if self.view.unpack.is_some() || !Grid::is_for(dtype) {
            return None;
        }
        let grid = find_grid(self.values, omitted, dtype, &self.groups_of_scales())?;
        let map = Grid::new(grid.groups, dtype, grid.lowest, grid.highest, &grid.scales)?;
        let group_values = if grid.groups.are_global() { GroupValues::None } else { GroupValues::Grid(grid.scales) };
        Some(self.bid(mask, Map::Grid(map), group_values))
    }

    /// Returns groups that quantisers use, the largest first.
    fn groups_of_scales(&self) -> Vec<Groups> {
        let mut groups = vec![Groups::ONE];
        let Some([first @ .., last]) = self.view.layout.single() else { return groups };
        let row: u64 = first.iter().skip(1).product::<u64>() * last;
        let mut push = |block: u64, period: u64| groups.push(Groups { block, period });
        if !first.is_empty() && (1..=MAX_CHUNK_ELEMENTS).contains(&row) {
            push(row, 1);
        }
        if !first.is_empty() && (2..=1 << 20).contains(last) {
            push(0, *last);
        }
        for block in BLOCKS {
            if last.is_multiple_of(block) && *last > block {
                push(block, 1);
            }
            if let [rows] = first
                && rows.is_multiple_of(block)
                && *rows > block
                && block * last <= MAX_CHUNK_ELEMENTS
            {
                push(block, *last);
            }
        }
        groups
    }
}
