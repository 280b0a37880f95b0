//! Finds out whether values are few enough for codebooks.

use crate::represent::bid::ValueView;
use crate::represent::values::{Word, distinct_of};

/// The least average number of values for each entry of a codebook.
const VALUES_AN_ENTRY: usize = 2;
/// The maximum number of entries of a codebook that is better than its values as they are.
const SMALL_CODEBOOK: usize = 256;
/// The most entries of the codebook of a row.
const MOST_OF_ROW: usize = 256;

/// Returns all values that occur, in ascending order, if one codebook of them is worth pricing. Values of up to 8 bits
/// need no codebook.
pub(super) fn few_values<'a, T: Word>(view: &ValueView<'a, T>) -> Option<&'a [u64]> {
    let is_few =
        |values: &&[u64]| view.bits > 8 && values.len() > 1 && values.len() * VALUES_AN_ENTRY <= view.kept(view.step());
    view.distinct.filter(is_few)
}

/// Returns whether a codebook of `entries` entries is so small that the values as they are cannot take fewer bits.
pub(super) fn is_clear(entries: usize, bits: u32) -> bool {
    entries <= SMALL_CODEBOOK && bits > 16
}

/// Returns the number of values of a row and the values that occur in each row, if the segment has a single member
/// whose rows have few values each.
pub(super) fn few_values_of_rows<T: Word>(view: &ValueView<'_, T>) -> Option<(u64, Vec<Vec<u64>>)> {
    let shape = view.layout.single().filter(|shape| shape.len() > 1 && view.bits > 8)?;
    let row = shape[1..].iter().product::<u64>() as usize;
    if row as u64 > view.chunk_values || row < 4 * VALUES_AN_ENTRY {
        return None;
    }
    let most = MOST_OF_ROW.min(row / VALUES_AN_ENTRY);
    let of_row = |number: usize| {
        let values = (number * row..(number + 1) * row).map(|index| view.values.get(index));
        let distinct = distinct_of(values, view.omitted(), most, view.bits, view.order())?;
        // a codebook has at least one entry
        Some(if distinct.is_empty() { vec![0] } else { distinct })
    };
    let rows = (0..view.values.len() / row).map(of_row).collect::<Option<Vec<Vec<u64>>>>()?;
    let entries: usize = rows.iter().map(Vec::len).sum();
    (entries * VALUES_AN_ENTRY <= view.kept(view.step())).then_some((row as u64, rows))
}
