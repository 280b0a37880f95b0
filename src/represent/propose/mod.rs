//! Proposals of steps for the values of a segment. A proposal is cheap to make; the encoder measures its cost.
//!
//! A new map proposes itself in a file here and a line in [`propose`].

mod codebook;
mod grid;
mod grid_finder;
mod survey;
mod unpack;
mod view;

pub(crate) use survey::{Survey, survey};
pub(crate) use unpack::propose_unpack;
pub(crate) use view::{Bid, MaskUse, ValueView};

use super::steps::Map;
use super::values::Word;

/// Returns all proposals that are worth pricing.
pub(crate) fn propose<T: Word>(view: &ValueView<'_, T>) -> Vec<Bid> {
    let mut bids = codebook::propose(view);
    bids.extend(grid::propose(view));
    // a step that removes the low bits of words is smaller than all that follows
    if !bids.iter().any(|bid| bid.removes_low_bits) {
        bids.extend(codebook::propose_of_rows(view));
        bids.extend(words(view));
    }
    bids
}

/// Proposes words as they are, and behind the mask.
fn words<T: Word>(view: &ValueView<'_, T>) -> Vec<Bid> {
    // raw bits of a value that a mask omits do not pay
    let count = view.values.len();
    let is_plain = view.bits <= 16 || view.omitted.is_none_or(|omitted| omitted.kept > count / 2);
    let masked = view.omitted.map(|_| view.bid(MaskUse::Step, Map::None));
    is_plain.then(|| Bid::plain(count)).into_iter().chain(masked).collect()
}
