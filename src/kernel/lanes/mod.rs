//! The inner loops of the lane coder (section 10.1). They work on *rounds*: 32 consecutive symbols, one for each lane.
//!
//! ```text
//!   decode/      symbols from lanes: portable, AVX2, AVX-512
//!    └── slot    the entries of a decoder's look-up table
//!   encode/      symbols to lanes: portable, AVX2
//!    └── place   the entries of an encoder's look-up table
//!   precision    compiles the loops once for each precision
//! ```

mod decode;
mod encode;
mod place;
mod precision;
mod slot;

pub(crate) use decode::{DecodingLanes, MAX_ROUNDS, decode_last_lanes};
pub(crate) use encode::EncodingLanes;
pub(crate) use place::{ReverseWords, SPARE_WORDS, SlotPlace, SlotPlaces};
pub(crate) use slot::first_slot;
