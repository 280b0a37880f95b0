//! Proposes codebooks: one of all values, or one for each row.

use super::survey::distinct_of;
use super::view::{Bid, MaskUse, ValueView};
use crate::represent::codebook::{Codebook, CodebookMap};
use crate::represent::steps::{GroupValues, Map};
use crate::represent::values::{Groups, Word};
use crate::spec::{MAX_CHUNK_ELEMENTS, MAX_CODEBOOK_ENTRIES};

/// An entry of a codebook has to stand for so many values on average.
const VALUES_AN_ENTRY: usize = 2;
/// A codebook of at most so many entries is always smaller than the low bits of the values.
const SMALL_CODEBOOK: usize = 256;
/// The most entries of the codebook of a row.
const MOST_OF_ROW: usize = 256;

/// Proposes the codebook of all values, and without the omitted one behind the mask, if the values are few.
pub(super) fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<Bid> {
    let Some(codebook) = view.survey.distinct.as_ref().filter(|codebook| is_few(view, codebook)) else {
        return Vec::new();
    };
    let map = CodebookMap::new(Groups::ONE, view.order(), view.bits, std::slice::from_ref(codebook));
    let mask = if view.omitted.is_some() { MaskUse::Contexts } else { MaskUse::None };
    let removes_low_bits = codebook.0.len() <= SMALL_CODEBOOK && view.bits > 16;
    let whole = Bid { removes_low_bits, ..view.bid(mask, Map::Codebook(map)) };
    let masked = view.omitted.and_then(|omitted| {
        let others = codebook.0.iter().copied().filter(|&value| value != omitted.value).collect();
        coded_by(view, vec![Codebook(others)], Groups::ONE)
    });
    std::iter::once(whole).chain(masked).collect()
}

/// Proposes a codebook for each row of a single member, if the rows have few values each.
pub(super) fn propose_of_rows<T: Word>(view: &ValueView<'_, T>) -> Option<Bid> {
    let shape = view.layout.single().filter(|shape| shape.len() > 1 && view.bits > 8)?;
    let row = shape[1..].iter().product::<u64>() as usize;
    if row as u64 > MAX_CHUNK_ELEMENTS || row < 4 * VALUES_AN_ENTRY {
        return None;
    }
    let most = MOST_OF_ROW.min(row / VALUES_AN_ENTRY);
    let omitted = view.omitted.map(|omitted| omitted.value);
    let of_row = |number: usize| {
        let values = (number * row..(number + 1) * row).map(|index| view.values.get(index));
        distinct_of(values, omitted, most, view.bits, view.order())
    };
    let codebooks = (0..view.values.len() / row).map(of_row).collect::<Option<Vec<Codebook>>>()?;
    let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
    if entries * VALUES_AN_ENTRY > view.kept(view.mask_step()) {
        return None;
    }
    coded_by(view, codebooks, Groups { block: row as u64, period: 1 })
}

/// Returns whether values are few enough for a codebook. Values of up to 8 bits need none.
fn is_few<T: Word>(view: &ValueView<'_, T>, codebook: &Codebook) -> bool {
    let entries = codebook.0.len();
    view.bits > 8 && entries > 1 && entries * VALUES_AN_ENTRY <= view.kept(view.mask_step())
}

fn coded_by<T: Word>(view: &ValueView<'_, T>, codebooks: Vec<Codebook>, groups: Groups) -> Option<Bid> {
    let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
    if groups.are_global() && entries > MAX_CODEBOOK_ENTRIES {
        return None;
    }
    let bid = view.bid(view.mask_step(), Map::Codebook(CodebookMap::new(groups, view.order(), view.bits, &codebooks)));
    let group_values = if groups.are_global() { GroupValues::None } else { GroupValues::Codebook(codebooks) };
    Some(Bid { group_values, ..bid })
}
