//! The values of a segment: their words, shapes, places in a chunk, groups and mask symbols.

mod distinct;
mod groups;
mod layout;
mod order;
mod places;
mod symbol_shape;
mod word;

/// One bit for each value of a chunk: 1 if the mask keeps the value (section 8.5). Bits beyond the last value are 0.
pub(crate) use crate::coders::MaskBits;
pub(crate) use distinct::{ValueCounts, ValueSet, distinct_of};
pub(crate) use groups::Groups;
pub(crate) use layout::{Rows, SegmentLayout};
pub(crate) use order::Order;
pub(crate) use places::{FillOmitted, KeptPlaces, OneValue, PlacedValues, ValuePlaces, of_kept};
pub(crate) use symbol_shape::{SymbolShape, bits_of_bytes, mask_bits, pack_mask};
pub(crate) use word::{Values, Word, numbers, read_words, with_word, write_words};
