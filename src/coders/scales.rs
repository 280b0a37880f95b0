//! Scales of an affine grid (section 8.7): floats of 32 bits, coded by the narrow bits coder.

use super::ascending::{decode_halves, encode_halves};
use super::coder::{BitsDecoder, BitsEncoder, Narrow};
use super::context::{AdaptiveBit, Tree};
use crate::error::{Error, Result};
use crate::spec::MAP_LIMIT;
use crate::wire::Cursor;

/// Bits of a float's mantissa.
const MANTISSA: u32 = 23;
/// Of sign and exponent.
const TOP: u32 = 9;

/// Appends a stream of scales: finite floats, of whose bits the `zero_bits` lowest are 0.
pub(crate) fn encode_scales(scales: &[f32], zero_bits: u32, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<Narrow>::new();
    let (mut same, mut tops) = (AdaptiveBit::NEW, Tree::new(TOP));
    let mut last = 0;
    for scale in scales.iter().map(|scale| scale.to_bits()) {
        same.encode(&mut encoder, scale == last, MAP_LIMIT);
        if scale != last {
            tops.encode(&mut encoder, (scale >> MANTISSA) as u16, MAP_LIMIT);
            encode_halves(&mut encoder, u64::from(scale >> zero_bits), MANTISSA - zero_bits);
        }
        last = scale;
    }
    encoder.finish(out);
}

/// Reads a stream of `count` scales, at least one.
pub(crate) fn decode_scales(cursor: &mut Cursor<'_>, count: usize, zero_bits: u32) -> Result<Vec<f32>> {
    let start = cursor.clone();
    let mut decode = || {
        let mut decoder = BitsDecoder::<Narrow>::new(cursor)?;
        let (mut same, mut tops) = (AdaptiveBit::NEW, Tree::new(TOP));
        let mut scales = Vec::new();
        let mut last = 0u32;
        for _ in 0..count {
            if !same.decode(&mut decoder, MAP_LIMIT)? {
                let top = u32::from(tops.decode(&mut decoder, MAP_LIMIT)?);
                if top & 255 == 255 {
                    return Err(Error::corrupt("a scale that is no finite number"));
                }
                let mantissa = decode_halves(&mut decoder, MANTISSA - zero_bits)? as u32;
                last = top << MANTISSA | mantissa << zero_bits;
            }
            scales.push(f32::from_bits(last));
        }
        decoder.finish()?;
        Ok(scales)
    };
    decode().map_err(|error: Error| start.place(error))
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
