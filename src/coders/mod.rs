//! Coders: symbols to words and back (sections 9 to 12 of the specification), and the cost of coding.
//!
//! There are two coders. The *lane coder* is fast: 32 interleaved rANS states under frequency tables, one for each
//! context, which can follow the symbols. The *bits coder* is an adaptive binary range coder. It codes small or very
//! skewed streams, and the side information: classes, codebooks, scales and the tables of the lane coder. At the
//! highest levels a logistic mixer predicts its bits.
//!
//! ```text
//!   price          costs: integers that decide in the encoder
//!   range          the binary range coder
//!   sink           where bits go: encoder, decoder, cost, code length; one routine serves all four
//!   context        adaptive bits and trees of them
//!   tables/        frequency tables: fit to counts, read, write, normalise
//!   lanes/         the lane coder: model, adaptation, encode, decode, cost (inner loops: crate::kernel)
//!   bits           fields coded by trees of adaptive bits
//!   side/          side information: classes, codebooks, scales
//!   mixing/        fields, masks and kept values predicted by a mixer
//!   packed_bits    values of a few bits, one after another
//! ```
//!
//! A decoder returns symbols or an error for any bytes. It never panics, and its memory is bounded by a constant plus
//! the sizes of input and output.

mod bits;
mod context;
mod lanes;
mod mixing;
mod packed_bits;
mod price;
mod range;
mod side;
mod sink;
mod tables;
#[cfg(test)]
mod testing;

#[cfg(feature = "internals")]
pub(crate) use bits::decode_bits;
pub(crate) use bits::{BitsDecoder, BitsModel, WordSize, bits_cost, bits_meter, encode_bits, skip_bits};
#[cfg(feature = "internals")]
pub(crate) use lanes::decode_lanes;
pub(crate) use lanes::{
    Adaptation, AdaptiveCodeLength, CHUNKS_AT_ONCE, LaneDecoder, LaneModel, LanePiece, LaneTables, encode_lanes,
    lanes_cost, skip_lanes, static_code_length, static_cost,
};
pub(crate) use mixing::{
    FieldPredictor, Geometry, KeptKind, KeptModel, KeptPredictor, MaskPredictor, MixedKind, MixedModel, MixingDecoder,
    Predictor, encode_kept, encode_mask, encode_mixed, kept_cost, mask_cost, mixed_cost, mixing_meter, skip_mixed,
};
#[cfg(feature = "internals")]
pub(crate) use mixing::{decode_kept, decode_mask};
pub(crate) use packed_bits::{pack, packed_len, unpack};
pub(crate) use price::{BIT, adaptive_cost, entropy_cost, log2_fixed};
pub(crate) use side::{
    ClassCoding, decode_codebooks, decode_scales, encode_codebooks, encode_scales, skip_classes, skip_map,
};
pub(crate) use sink::CodeLengthMeter;
pub(crate) use tables::Tables;

use bitvec::order::Lsb0;
use bitvec::vec::BitVec;

use crate::error::{Error, Result};
use crate::spec::MAX_SYMBOL_BITS;

/// For each value of a chunk whether the mask keeps it (section 8.5). The unused bits of the last byte are 0.
pub(crate) type MaskBits = BitVec<u8, Lsb0>;

/// Checks the width of a field that is coded by lanes, bits or mixing, which is 1 to [`MAX_SYMBOL_BITS`] (section 8.1).
fn check_symbol_width(width: u32) -> Result<()> {
    match width {
        1..=MAX_SYMBOL_BITS => Ok(()),
        _ => Err(Error::corrupt(format!("a field of {width} bits cannot have this coding"))),
    }
}
