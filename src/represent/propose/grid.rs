//! Proposes grids with the groups of scales that quantisers use.

use super::grid_finder::find_grid;
use super::view::{Bid, MaskUse, ValueView};
use crate::represent::grid::Grid;
use crate::represent::steps::{GroupValues, Map};
use crate::represent::values::{Groups, SegmentLayout, Word};
use crate::spec::MAX_CHUNK_ELEMENTS;

/// Lengths of blocks in a row that may have scales of their own.
const BLOCKS: [u64; 6] = [256, 128, 64, 32, 16, 512];

/// Proposes a grid of all values, and one of the values that the mask keeps.
pub(super) fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<Bid> {
    let masked = view.omitted.and_then(|omitted| grid(view, MaskUse::Step, Some(T::from_number(omitted.value))));
    grid(view, MaskUse::None, None).into_iter().chain(masked).collect()
}

/// Proposes the grid on which all values but the omitted one lie.
fn grid<T: Word>(view: &ValueView<'_, T>, mask: MaskUse, omitted: Option<T>) -> Option<Bid> {
    let dtype = view.layout.dtype;
    if view.is_unpacked || !Grid::is_for(dtype) {
        return None;
    }
    let found = find_grid(view.values, omitted, dtype, &groups_of_scales(view.layout))?;
    let map = Grid::new(found.groups, dtype, found.lowest, found.highest, &found.scales)?;
    let group_values = if found.groups.are_global() { GroupValues::None } else { GroupValues::Grid(found.scales) };
    Some(Bid { group_values, removes_low_bits: true, ..view.bid(mask, Map::Grid(map)) })
}

/// Returns groups that quantisers use, the largest first.
fn groups_of_scales(layout: &SegmentLayout<'_>) -> Vec<Groups> {
    let mut groups = vec![Groups::ONE];
    let Some([first @ .., last]) = layout.single() else { return groups };
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
