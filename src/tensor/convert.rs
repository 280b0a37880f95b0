//! Conversion between dtypes: from every real dtype to a float, and from integers to integers.

use byteorder::{ByteOrder, LittleEndian};
use half::{bf16, f16};

use super::Dtype;
use super::small_float::small_float;
use crate::error::{Error, Result};

/// The target of [`convert_to_float`]. Every method rounds to nearest, ties to even.
pub(super) trait FromNumber: Copy {
    fn from_f32(value: f32) -> Self;
    fn from_f64(value: f64) -> Self;
    fn from_u64(value: u64) -> Self;
    fn from_i64(value: i64) -> Self;
}

macro_rules! from_number {
    ($type:ty) => {
        impl FromNumber for $type {
            fn from_f32(value: f32) -> Self {
                value as Self
            }
            fn from_f64(value: f64) -> Self {
                value as Self
            }
            fn from_u64(value: u64) -> Self {
                value as Self
            }
            fn from_i64(value: i64) -> Self {
                value as Self
            }
        }
    };
}

from_number!(f32);
from_number!(f64);

/// Rounds wider types to odd on the way through f32, so that only the last conversion rounds to nearest.
#[cfg(any(test, feature = "half"))]
macro_rules! half_from_number {
    ($type:ty) => {
        impl FromNumber for $type {
            fn from_f32(value: f32) -> Self {
                Self::from_f32(value)
            }
            fn from_f64(value: f64) -> Self {
                Self::from_f32(round_to_odd(value))
            }
            fn from_u64(value: u64) -> Self {
                FromNumber::from_f64(integer_to_odd(value))
            }
            fn from_i64(value: i64) -> Self {
                let magnitude = integer_to_odd(value.unsigned_abs());
                FromNumber::from_f64(if value < 0 { -magnitude } else { magnitude })
            }
        }
    };
}

#[cfg(any(test, feature = "half"))]
half_from_number!(f16);
#[cfg(any(test, feature = "half"))]
half_from_number!(bf16);

/// Returns `value` as f32, rounded towards zero, with the last bit set if the conversion was not exact. Rounding the
/// result to a shorter float gives the same as rounding `value` itself (Boldo and Melquiond 2008, "Emulation of FMA and
/// correctly rounded sums").
#[cfg(any(test, feature = "half"))]
fn round_to_odd(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) == value || value.is_nan() {
        return near;
    }
    let beyond = f64::from(near).abs() > value.abs();
    f32::from_bits((near.to_bits() - u32::from(beyond)) | 1)
}

/// Returns `magnitude` as f64, rounded to odd like [`round_to_odd`].
#[cfg(any(test, feature = "half"))]
fn integer_to_odd(magnitude: u64) -> f64 {
    match magnitude >> 53 {
        0 => magnitude as f64,
        _ => (magnitude >> 11 | u64::from(magnitude & 0x7ff != 0)) as f64 * 2048.0,
    }
}

/// Converts the elements in `bytes`, of `N` bytes each, one after another.
fn each<T, const N: usize>(bytes: &[u8], out: &mut [T], value: impl Fn(&[u8; N]) -> T) {
    debug_assert_eq!(bytes.len(), N * out.len());
    for (element, out) in bytes.as_chunks::<N>().0.iter().zip(out) {
        *out = value(element);
    }
}

/// Converts the elements in `bytes`, one for each of `out`.
///
/// # Errors
/// `Unsupported` for complex elements.
pub(super) fn convert_to_float<T: FromNumber>(dtype: Dtype, bytes: &[u8], out: &mut [T]) -> Result<()> {
    match dtype {
        Dtype::Bool | Dtype::U8 => each(bytes, out, |&[b]| T::from_f32(f32::from(b))),
        Dtype::I8 => each(bytes, out, |&[b]| T::from_f32(f32::from(b as i8))),
        Dtype::U16 => each::<T, 2>(bytes, out, |b| T::from_f32(f32::from(LittleEndian::read_u16(b)))),
        Dtype::I16 => each::<T, 2>(bytes, out, |b| T::from_f32(f32::from(LittleEndian::read_i16(b)))),
        Dtype::U32 => each::<T, 4>(bytes, out, |b| T::from_f64(f64::from(LittleEndian::read_u32(b)))),
        Dtype::I32 => each::<T, 4>(bytes, out, |b| T::from_f64(f64::from(LittleEndian::read_i32(b)))),
        Dtype::U64 => each::<T, 8>(bytes, out, |b| T::from_u64(LittleEndian::read_u64(b))),
        Dtype::I64 => each::<T, 8>(bytes, out, |b| T::from_i64(LittleEndian::read_i64(b))),
        Dtype::F16 => each(bytes, out, |b| T::from_f32(f16::from_le_bytes(*b).to_f32())),
        Dtype::BF16 => each(bytes, out, |b| T::from_f32(bf16::from_le_bytes(*b).to_f32())),
        Dtype::F32 => each(bytes, out, |b| T::from_f32(f32::from_le_bytes(*b))),
        Dtype::F64 => each(bytes, out, |b| T::from_f64(f64::from_le_bytes(*b))),
        Dtype::C64 => return Err(Error::unsupported("complex values do not convert to a real type: decode the bytes")),
        Dtype::F8_E4M3
        | Dtype::F8_E5M2
        | Dtype::F8_E8M0
        | Dtype::F8_E4M3FNUZ
        | Dtype::F8_E5M2FNUZ
        | Dtype::F6_E2M3
        | Dtype::F6_E3M2
        | Dtype::F4 => {
            let mut values = [T::from_f32(0.0); 256];
            let (bits, mask) = (dtype.bits() as usize, (1usize << dtype.bits()) - 1);
            (0..).zip(&mut values[..=mask]).for_each(|(code, value)| *value = T::from_f32(small_float(dtype, code)));
            for (index, out) in out.iter_mut().enumerate() {
                let (byte, shift) = (index * bits / 8, index * bits % 8);
                let low = usize::from(bytes[byte]) | usize::from(*bytes.get(byte + 1).unwrap_or(&0)) << 8;
                *out = values[low >> shift & mask];
            }
        }
    }
    Ok(())
}

/// The target of [`convert_to_integer`].
pub(super) trait FromInteger: Sized {
    /// The name of the type, for messages.
    const NAME: &'static str;
    /// Returns `None` if the value does not fit.
    fn from_integer(value: i128) -> Option<Self>;
}

macro_rules! from_integer {
    ($($type:ty),*) => {$(
        impl FromInteger for $type {
            const NAME: &'static str = stringify!($type);
            fn from_integer(value: i128) -> Option<Self> {
                value.try_into().ok()
            }
        }
    )*};
}

from_integer!(u8, i8, u16, i16, u32, i32, u64, i64);

impl FromInteger for bool {
    const NAME: &'static str = "bool";
    fn from_integer(value: i128) -> Option<Self> {
        match value {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

/// Converts the integers in `bytes`, one for each of `out`.
///
/// # Errors
/// `InvalidArgument` if a value does not fit, `Unsupported` if the elements are no integers.
pub(super) fn convert_to_integer<T: FromInteger>(dtype: Dtype, bytes: &[u8], out: &mut [T]) -> Result<()> {
    fn each_fitting<T: FromInteger, const N: usize>(
        bytes: &[u8],
        out: &mut [T],
        value: impl Fn(&[u8; N]) -> i128,
    ) -> Result<()> {
        for (element, out) in bytes.as_chunks::<N>().0.iter().zip(out) {
            let value = value(element);
            *out = T::from_integer(value)
                .ok_or_else(|| Error::invalid(format!("the value {value} does not fit into {}", T::NAME)))?;
        }
        Ok(())
    }
    match dtype {
        Dtype::Bool | Dtype::U8 => each_fitting(bytes, out, |&[b]| b.into()),
        Dtype::I8 => each_fitting(bytes, out, |&[b]| (b as i8).into()),
        Dtype::U16 => each_fitting(bytes, out, |b| u16::from_le_bytes(*b).into()),
        Dtype::I16 => each_fitting(bytes, out, |b| i16::from_le_bytes(*b).into()),
        Dtype::U32 => each_fitting(bytes, out, |b| u32::from_le_bytes(*b).into()),
        Dtype::I32 => each_fitting(bytes, out, |b| i32::from_le_bytes(*b).into()),
        Dtype::U64 => each_fitting(bytes, out, |b| u64::from_le_bytes(*b).into()),
        Dtype::I64 => each_fitting(bytes, out, |b| i64::from_le_bytes(*b).into()),
        _ => Err(Error::unsupported(format!("{dtype} does not convert to {}: decode to a float", T::NAME))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_floats_unpack_in_order() {
        let mut out = [0f32; 4];
        convert_to_float(Dtype::F4, &[0x12, 0x7f], &mut out).unwrap();
        assert_eq!(out, [1.0, 0.5, -6.0, 6.0]);
        convert_to_float(Dtype::F6_E2M3, &[0x1f, 0, 0x7c], &mut out).unwrap();
        assert_eq!(out, [7.5, 0.0, 0.0, 7.5]);
    }

    #[test]
    fn rounding_is_once() {
        let mut halves = [f16::ZERO];
        convert_to_float(Dtype::F64, &(1.0 + 2f64.powi(-11) + 2f64.powi(-40)).to_le_bytes(), &mut halves).unwrap();
        assert_eq!(halves[0].to_f64(), 1.0 + 2f64.powi(-10));
        let mut brains = [bf16::ZERO];
        convert_to_float(Dtype::I32, &1_077_936_129i32.to_le_bytes(), &mut brains).unwrap();
        assert_eq!(brains[0].to_f64(), 1_082_130_432.0);
        convert_to_float(Dtype::U64, &((1u64 << 63) + (1 << 55) + 1).to_le_bytes(), &mut brains).unwrap();
        assert_eq!(brains[0].to_f64(), 2f64.powi(63) + 2f64.powi(56));
        let mut singles = [0f32; 2];
        // just above the middle of two f32, by less than f64 can represent
        let above_tie = (1u64 << 62) + (1 << 38) + 1;
        let bytes: Vec<u8> = [above_tie as i64, -(above_tie as i64)].iter().flat_map(|x| x.to_le_bytes()).collect();
        convert_to_float(Dtype::I64, &bytes, &mut singles).unwrap();
        assert_eq!(singles, [above_tie as f32, -(above_tie as f32)]);
        let mut doubles = [0f64; 2];
        convert_to_float(Dtype::I64, &bytes, &mut doubles).unwrap();
        assert_eq!(doubles, [above_tie as f64, -(above_tie as f64)]);
        convert_to_float(Dtype::F64, &f64::MAX.to_le_bytes(), &mut halves).unwrap();
        assert_eq!(halves[0], f16::INFINITY);
        convert_to_float(Dtype::F64, &(-1e-300f64).to_le_bytes(), &mut brains).unwrap();
        assert_eq!(brains[0].to_bits(), 0x8000);
    }

    #[test]
    fn rounding_is_to_nearest_even() {
        let mut out = [bf16::ZERO];
        convert_to_float(Dtype::F32, &0x3f80_8000u32.to_le_bytes(), &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x3f80);
        convert_to_float(Dtype::F32, &0x3f81_8000u32.to_le_bytes(), &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x3f82);
    }
}
