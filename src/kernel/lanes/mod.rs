//! The inner loops of the lane coder (section 10.1). They work on *lane blocks*: 32 consecutive symbols, one for each lane.
//!
//! ```text
//!   decode/      symbols from lanes: portable, AVX2      └ slot     what a decoder looks up
//!   encode/      symbols to lanes: portable, AVX2        └ place    what an encoder looks up
//!   precision    compiles the loops once for each precision
//! ```

mod decode;
mod encode;
mod place;
mod precision;
mod slot;

pub(crate) use decode::{DecodingLanes, LANE_BLOCKS};
pub(crate) use encode::EncodingLanes;
pub(crate) use place::{ReverseWords, SPARE_WORDS, SlotPlace, SlotPlaces};
pub(crate) use slot::first_slot;
