//! Entropy coding (sections 9 to 11 of the specification): symbols into bits and back, and what that costs.
//!
//! Two coders, one for each job. *Lanes*: 32 interleaved rANS states under frequency tables, one for each context, that
//! may follow the symbols; for speed. *Bits*: an adaptive binary range coder, which the crate `constriction` encodes and a
//! decoder here, faster for two symbols, decodes; for small or very skewed streams, for classes, codebooks and scales, and for
//! the tables of the lanes themselves; and, at the highest levels, behind mixers.
//!
//! ```text
//!   cost      code lengths as integers, so that an encoder chooses the same everywhere
//!   length    code lengths of what was coded, exactly, to look at
//!   lanes ── lane_encode, lane_decode ── slots ── adapt ── table ── fit, levels      (groups of 32: crate::kernel)
//!   bits  ── context ─────────────────────────────── coder ──┘
//!   classes ─────┘                                    │
//!   ascending, scales ────────────────────────────────┤
//!   mixed, mixed_mask, mixed_kept ── mixer ───────────┘
//!   pack      values of a few bits, one after another
//! ```
//!
//! Whatever bytes a decoder here is given, it returns symbols or an error: it does not panic, and allocates no more than
//! a fixed amount plus what the input's length or the output's has paid for.

mod adapt;
mod ascending;
mod bits;
mod classes;
mod coder;
mod context;
mod cost;
mod fit;
mod lane_decode;
mod lane_encode;
mod lanes;
mod length;
mod levels;
mod mixed;
mod mixed_kept;
mod mixed_mask;
mod mixer;
mod pack;
mod scales;
mod slots;
mod table;

pub(crate) use adapt::Adaptation;
pub(crate) use ascending::{decode_ascending, encode_ascending, skip_map};
pub(crate) use bits::{BitsModel, WordSize, decode_bits, encode_bits, skip_bits};
pub(crate) use classes::{ClassCoding, skip_classes};
pub(crate) use cost::{BIT, adaptive_cost, bits_cost, entropy_cost, lanes_cost, log2_fixed, static_cost};
#[cfg(any(test, feature = "internals"))]
pub(crate) use lane_decode::decode_lanes;
pub(crate) use lane_decode::{LaneDecoder, LaneRoom};
pub(crate) use lane_encode::encode_lanes;
pub(crate) use lanes::{LaneModel, skip_lanes};
pub(crate) use length::{AdaptiveLanes, bits_length, static_lanes_length};
pub(crate) use mixed::{Kind as MixedKind, MixedModel, decode_mixed, encode_mixed, mixed_cost, mixed_length};
pub(crate) use mixed_kept::{KeptKind, KeptModel, decode_kept, encode_kept, kept_cost, kept_length};
pub(crate) use mixed_mask::{Geometry, decode_mask, encode_mask, mask_cost, mask_length};
pub(crate) use mixer::skip_mixed;
pub(crate) use pack::{pack, packed_len, unpack};
pub(crate) use scales::{decode_scales, encode_scales};
pub(crate) use table::Tables;

use bitvec::order::Lsb0;
use bitvec::vec::BitVec;

use crate::error::{Error, Result};
use crate::spec::MAX_SYMBOL_BITS;

/// For each value of a chunk whether its mask keeps it (section 8.5). Bits beyond the last are 0.
pub(crate) type Kept = BitVec<u8, Lsb0>;

/// Lane and bits coding are for fields of 1 to [`MAX_SYMBOL_BITS`] bits (section 8.1).
fn check_symbol_width(width: u32) -> Result<()> {
    match width {
        1..=MAX_SYMBOL_BITS => Ok(()),
        _ => Err(Error::corrupt(format!("a field of {width} bits cannot have this coding"))),
    }
}
