//! The lane coder (section 10): 32 interleaved rANS states that take turns. A *round* is one turn of all states: 32
//! symbols.
//!
//! ```text
//!   encode   decode/   cost   code_length
//!      │        │        └──────┴── measure    adds up costs or code lengths of symbols
//!      │        └── slots                      the look-up table of a decoder
//!      ├── entries                             numbers and counts the entries of all tables
//!      ├── adapt                               tables that follow the symbols
//!      └── model                               parameters in the segment's head; the parts of a chunk's stream
//! ```

mod adapt;
mod code_length;
mod cost;
mod decode;
mod encode;
mod entries;
mod measure;
mod model;
mod slots;

pub(crate) use adapt::Adaptation;
pub(crate) use code_length::{AdaptiveCodeLength, static_code_length};
pub(crate) use cost::{lanes_cost, static_cost};
#[cfg(any(test, feature = "internals"))]
pub(crate) use decode::decode_lanes;
pub(crate) use decode::{CHUNKS_AT_ONCE, LaneDecoder, LanePiece, LaneTables};
pub(crate) use encode::encode_lanes;
pub(crate) use model::{LaneModel, skip_lanes};

#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;
