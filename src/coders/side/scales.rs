//! The scales of grids (section 8.7): 32-bit floats.

use super::super::context::{AdaptiveBit, Tree};
use super::super::range::{BitDecoder, BitEncoder, Narrow};
use super::super::sink::{Sink, infallible};
use crate::error::{Error, Result};
use crate::spec::MAP_LIMIT;
use crate::wire::Cursor;

/// Bits of the mantissa of a 32-bit float.
const MANTISSA: u32 = 23;
/// Bits of its sign and exponent.
const TOP: u32 = 9;

/// Appends a stream of scales. They are finite, and their `zero_bits` lowest bits are 0.
pub(crate) fn encode_scales(scales: &[f32], zero_bits: u32, out: &mut Vec<u8>) {
    let mut encoder = BitEncoder::<Narrow>::new();
    let mut model = ScaleModel::new(zero_bits);
    for scale in scales {
        infallible(model.code(&mut encoder, scale.to_bits()));
    }
    encoder.finish(out);
}

/// Reads a stream of `count` scales, at least one.
pub(crate) fn decode_scales(cursor: &mut Cursor<'_>, count: usize, zero_bits: u32) -> Result<Vec<f32>> {
    let start = cursor.clone();
    let mut decode = || {
        let mut decoder = BitDecoder::<Narrow>::new(cursor)?;
        let mut model = ScaleModel::new(zero_bits);
        let mut scales = Vec::new();
        for _ in 0..count {
            let scale = f32::from_bits(model.code(&mut decoder, 0)?);
            if !scale.is_finite() {
                return Err(Error::corrupt("a scale that is not a finite number"));
            }
            scales.push(scale);
        }
        decoder.finish()?;
        Ok(scales)
    };
    decode().map_err(|error: Error| start.place(error))
}

/// The contexts of a stream of scales.
struct ScaleModel {
    /// The context of the bit that says whether a scale equals the scale before.
    same: AdaptiveBit,
    /// Sign and exponent.
    tops: Tree,
    zero_bits: u32,
    last: u32,
}

impl ScaleModel {
    fn new(zero_bits: u32) -> Self {
        Self { same: AdaptiveBit::NEW, tops: Tree::new(TOP), zero_bits, last: 0 }
    }

    /// Codes the bits of a scale and returns them.
    fn code<S: Sink>(&mut self, sink: &mut S, scale: u32) -> Result<u32, S::Error> {
        if !self.same.code(sink, scale == self.last, MAP_LIMIT)? {
            let top = u32::from(self.tops.code(sink, (scale >> MANTISSA) as u16, MAP_LIMIT)?);
            let mantissa = sink.code_halves(u64::from(scale >> self.zero_bits), MANTISSA - self.zero_bits)? as u32;
            self.last = top << MANTISSA | mantissa << self.zero_bits;
        }
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scales_come_back(
            scales in prop::collection::vec(prop_oneof![any::<f32>(), Just(1.5f32), -1e-3f32..1e-3], 1..50),
            zero_bits in 0u32..=23,
        ) {
            let cut = |scale: f32| f32::from_bits(scale.to_bits() >> zero_bits << zero_bits);
            let scales: Vec<f32> = scales.into_iter().map(cut).filter(|scale| scale.is_finite()).collect();
            prop_assume!(!scales.is_empty());
            let mut out = Vec::new();
            encode_scales(&scales, zero_bits, &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            let back = decode_scales(&mut cursor, scales.len(), zero_bits).unwrap();
            cursor.finish().unwrap();
            prop_assert!(back.iter().zip(&scales).all(|(a, b)| a.to_bits() == b.to_bits()));
            for at in 0..out.len() {
                prop_assert!(decode_scales(&mut Cursor::unplaced(&out[..at], "test"), scales.len(), zero_bits).is_err());
            }
        }
    }

    #[test]
    fn scales_are_finite() {
        let mut out = Vec::new();
        encode_scales(&[1.0, f32::INFINITY], 0, &mut out);
        assert!(decode_scales(&mut Cursor::unplaced(&out, "test"), 2, 0).is_err());
    }

    #[test]
    fn bytes_are_pinned() {
        let mut out = Vec::new();
        encode_scales(&[0.0, 0.0, 1.5, 1.5, -0.25], 20, &mut out);
        assert_eq!(out, [3, 247, 151, 187, 76, 15, 16]);
    }
}
