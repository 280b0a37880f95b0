//! From any stored dtype to f32, f16 or bf16.

use byteorder::{ByteOrder, LittleEndian};
use half::{bf16, f16};

use super::Dtype;
use crate::error::{Error, Result};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for half::f16 {}
    impl Sealed for half::bf16 {}
}

/// A float that tensors can be decoded to: `f32`, [`half::f16`] or [`half::bf16`].
///
/// Conversion rounds once, to nearest, ties to even, as IEEE 754 does; what is too large becomes infinite. NaN stays NaN;
/// where dtype and target are the same every bit stays.
pub trait Float: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// The dtype with these very values.
    const DTYPE: Dtype;
    #[doc(hidden)]
    fn from_f32(value: f32) -> Self;
    #[doc(hidden)]
    fn from_f64(value: f64) -> Self;
    #[doc(hidden)]
    fn from_le(bytes: &[u8]) -> Self;
}

impl Float for f32 {
    const DTYPE: Dtype = Dtype::F32;
    fn from_f32(value: f32) -> Self {
        value
    }
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    fn from_le(bytes: &[u8]) -> Self {
        Self::from_bits(LittleEndian::read_u32(bytes))
    }
}

impl Float for f16 {
    const DTYPE: Dtype = Dtype::F16;
    fn from_f32(value: f32) -> Self {
        Self::from_f32(value)
    }
    fn from_f64(value: f64) -> Self {
        Self::from_f32(round_to_odd(value))
    }
    fn from_le(bytes: &[u8]) -> Self {
        Self::from_bits(LittleEndian::read_u16(bytes))
    }
}

impl Float for bf16 {
    const DTYPE: Dtype = Dtype::BF16;
    fn from_f32(value: f32) -> Self {
        Self::from_f32(value)
    }
    fn from_f64(value: f64) -> Self {
        Self::from_f32(round_to_odd(value))
    }
    fn from_le(bytes: &[u8]) -> Self {
        Self::from_bits(LittleEndian::read_u16(bytes))
    }
}

/// `value` as f32, rounded towards zero, with the last bit set if anything was lost: from that any shorter float, rounded to
/// nearest, is what it would be from `value` itself (Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums").
fn round_to_odd(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) == value || value.is_nan() {
        return near;
    }
    let beyond = f64::from(near).abs() > value.abs();
    f32::from_bits((near.to_bits() - u32::from(beyond)) | 1)
}

/// A magnitude as f64, rounded to odd in the same way.
fn integer_to_odd(magnitude: u64) -> f64 {
    match magnitude >> 53 {
        0 => magnitude as f64,
        _ => (magnitude >> 11 | u64::from(magnitude & 0x7ff != 0)) as f64 * 2048.0,
    }
}

/// The values of the elements in `bytes`, one for each of `out`, all exact but integers of 64 bits, which are rounded to nearest.
///
/// # Errors
/// `Unsupported` for complex elements.
pub(crate) fn read_values(dtype: Dtype, bytes: &[u8], out: &mut [f64]) -> Result<()> {
    /// Elements of any dtype that are whole bytes.
    const BLOCK: usize = 256;
    fn each<const N: usize>(bytes: &[u8], out: &mut [f64], value: impl Fn(&[u8]) -> f64) {
        bytes.as_chunks::<N>().0.iter().zip(out).for_each(|(element, out)| *out = value(element));
    }
    match dtype {
        Dtype::F64 => each::<8>(bytes, out, LittleEndian::read_f64),
        Dtype::I64 => each::<8>(bytes, out, |b| LittleEndian::read_i64(b) as f64),
        Dtype::U64 => each::<8>(bytes, out, |b| LittleEndian::read_u64(b) as f64),
        Dtype::I32 => each::<4>(bytes, out, |b| f64::from(LittleEndian::read_i32(b))),
        Dtype::U32 => each::<4>(bytes, out, |b| f64::from(LittleEndian::read_u32(b))),
        // what is most common without a detour
        Dtype::F32 => each::<4>(bytes, out, |b| f64::from(LittleEndian::read_f32(b))),
        Dtype::BF16 => each::<2>(bytes, out, |b| f64::from(f32::from_bits(u32::from(LittleEndian::read_u16(b)) << 16))),
        // f32 holds all others
        _ => {
            let mut singles = [0f32; BLOCK];
            for (bytes, out) in bytes.chunks(BLOCK * dtype.bits() as usize / 8).zip(out.chunks_mut(BLOCK)) {
                let singles = &mut singles[..out.len()];
                convert(dtype, bytes, singles)?;
                out.iter_mut().zip(singles).for_each(|(out, single)| *out = f64::from(*single));
            }
        }
    }
    Ok(())
}

/// Converts the elements in `bytes` to `out`, one for each.
pub(crate) fn convert<T: Float>(dtype: Dtype, bytes: &[u8], out: &mut [T]) -> Result<()> {
    /// One element after another, each of `N` bytes.
    fn each<T, const N: usize>(bytes: &[u8], out: &mut [T], value: impl Fn(&[u8]) -> T) {
        debug_assert_eq!(bytes.len(), N * out.len());
        for (element, out) in bytes.chunks_exact(N).zip(out) {
            *out = value(element);
        }
    }
    if dtype == T::DTYPE {
        match T::DTYPE {
            Dtype::F32 => each::<T, 4>(bytes, out, T::from_le),
            _ => each::<T, 2>(bytes, out, T::from_le),
        }
        return Ok(());
    }
    match dtype {
        Dtype::Bool | Dtype::U8 => each::<T, 1>(bytes, out, |b| T::from_f32(f32::from(b[0]))),
        Dtype::I8 => each::<T, 1>(bytes, out, |b| T::from_f32(f32::from(b[0] as i8))),
        Dtype::U16 => each::<T, 2>(bytes, out, |b| T::from_f32(f32::from(LittleEndian::read_u16(b)))),
        Dtype::I16 => each::<T, 2>(bytes, out, |b| T::from_f32(f32::from(LittleEndian::read_i16(b)))),
        Dtype::U32 => each::<T, 4>(bytes, out, |b| T::from_f64(f64::from(LittleEndian::read_u32(b)))),
        Dtype::I32 => each::<T, 4>(bytes, out, |b| T::from_f64(f64::from(LittleEndian::read_i32(b)))),
        Dtype::U64 => each::<T, 8>(bytes, out, |b| T::from_f64(integer_to_odd(LittleEndian::read_u64(b)))),
        Dtype::I64 => each::<T, 8>(bytes, out, |b| {
            let value = LittleEndian::read_i64(b);
            let magnitude = integer_to_odd(value.unsigned_abs());
            T::from_f64(if value < 0 { -magnitude } else { magnitude })
        }),
        Dtype::F16 => each::<T, 2>(bytes, out, |b| T::from_f32(f16::from_le(b).to_f32())),
        Dtype::BF16 => each::<T, 2>(bytes, out, |b| T::from_f32(bf16::from_le(b).to_f32())),
        Dtype::F32 => each::<T, 4>(bytes, out, |b| T::from_f32(f32::from_le(b))),
        Dtype::F64 => each::<T, 8>(bytes, out, |b| T::from_f64(LittleEndian::read_f64(b))),
        Dtype::C64 => return Err(Error::unsupported("complex tensors have no real counterpart")),
        Dtype::F8_E4M3
        | Dtype::F8_E5M2
        | Dtype::F8_E8M0
        | Dtype::F8_E4M3FNUZ
        | Dtype::F8_E5M2FNUZ
        | Dtype::F6_E2M3
        | Dtype::F6_E3M2
        | Dtype::F4 => {
            let values: Vec<T> = (0..1u32 << dtype.bits()).map(|code| T::from_f32(small_float(dtype, code))).collect();
            let (bits, mask) = (dtype.bits() as usize, (1usize << dtype.bits()) - 1);
            for (index, out) in out.iter_mut().enumerate() {
                let (byte, shift) = (index * bits / 8, index * bits % 8);
                let low = usize::from(bytes[byte]) | usize::from(*bytes.get(byte + 1).unwrap_or(&0)) << 8;
                *out = values[low >> shift & mask];
            }
        }
    }
    Ok(())
}

/// The value of a float of at most 8 bits: OCP 8-bit floating point specification, revision 1.0; OCP microscaling formats,
/// version 1.0; the FNUZ kinds after arXiv:2206.02915.
fn small_float(dtype: Dtype, code: u32) -> f32 {
    /// 2^exponent, exact for all exponents that occur here.
    fn power(exponent: i32) -> f32 {
        f32::powi(2.0, exponent)
    }
    if dtype == Dtype::F8_E8M0 {
        return if code == 255 { f32::NAN } else { (2.0f64).powi(code as i32 - 127) as f32 };
    }
    let exponent_bits = dtype.exponent_bits().unwrap_or(1);
    let mantissa_bits = dtype.bits() - 1 - exponent_bits;
    let sign = if code >> (dtype.bits() - 1) == 1 { -1.0 } else { 1.0 };
    let exponent = (code >> mantissa_bits & ((1 << exponent_bits) - 1)) as i32;
    let mantissa = code & ((1 << mantissa_bits) - 1);
    let mut bias = (1 << (exponent_bits - 1)) - 1;
    match dtype {
        Dtype::F8_E4M3 if code & 0x7f == 0x7f => return f32::NAN,
        Dtype::F8_E5M2 if exponent == 31 => return if mantissa == 0 { sign * f32::INFINITY } else { f32::NAN },
        Dtype::F8_E4M3FNUZ | Dtype::F8_E5M2FNUZ => {
            if code == 0x80 {
                return f32::NAN;
            }
            bias += 1;
        }
        _ => {}
    }
    let fraction = mantissa as f32 / (1u32 << mantissa_bits) as f32;
    match exponent {
        0 => sign * fraction * power(1 - bias),
        _ => sign * (1.0 + fraction) * power(exponent - bias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(dtype: Dtype, code: u32) -> f32 {
        small_float(dtype, code)
    }

    #[test]
    fn known_small_floats() {
        assert_eq!(one(Dtype::F8_E4M3, 0x7e), 448.0);
        assert_eq!(one(Dtype::F8_E4M3, 0x01), 2f32.powi(-9));
        assert!(one(Dtype::F8_E4M3, 0xff).is_nan());
        assert_eq!(one(Dtype::F8_E5M2, 0x7b), 57344.0);
        assert_eq!(one(Dtype::F8_E5M2, 0xfc), f32::NEG_INFINITY);
        assert_eq!(one(Dtype::F8_E4M3FNUZ, 0x7f), 240.0);
        assert_eq!(one(Dtype::F8_E5M2FNUZ, 0x7f), 57344.0);
        assert!(one(Dtype::F8_E5M2FNUZ, 0x80).is_nan());
        assert_eq!(one(Dtype::F8_E8M0, 127), 1.0);
        assert_eq!(one(Dtype::F8_E8M0, 0), 2f32.powi(-127));
        assert_eq!(one(Dtype::F6_E2M3, 0x1f), 7.5);
        assert_eq!(one(Dtype::F6_E3M2, 0x1f), 28.0);
        assert_eq!(one(Dtype::F4, 0x7), 6.0);
        assert_eq!(one(Dtype::F4, 0x9), -0.5);
    }

    #[test]
    fn packed_floats_unpack_in_order() {
        let mut out = [0f32; 4];
        convert(Dtype::F4, &[0x12, 0x7f], &mut out).unwrap();
        assert_eq!(out, [1.0, 0.5, -6.0, 6.0]);
        convert(Dtype::F6_E2M3, &[0x1f, 0, 0x7c], &mut out).unwrap();
        assert_eq!(out, [7.5, 0.0, 0.0, 7.5]);
    }

    #[test]
    fn the_same_dtype_keeps_every_bit() {
        let nan = 0x7fa0_0001u32.to_le_bytes();
        let mut out = [0f32];
        convert(Dtype::F32, &nan, &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x7fa0_0001);
    }

    #[test]
    fn rounding_is_once() {
        let mut halves = [f16::ZERO];
        convert(Dtype::F64, &(1.0 + 2f64.powi(-11) + 2f64.powi(-40)).to_le_bytes(), &mut halves).unwrap();
        assert_eq!(halves[0].to_f64(), 1.0 + 2f64.powi(-10));
        let mut brains = [bf16::ZERO];
        convert(Dtype::I32, &1_077_936_129i32.to_le_bytes(), &mut brains).unwrap();
        assert_eq!(brains[0].to_f64(), 1_082_130_432.0);
        let mut singles = [0f32; 2];
        // just above the middle of two f32, by less than f64 can tell
        let above_tie = (1u64 << 62) + (1 << 38) + 1;
        let bytes: Vec<u8> = [above_tie as i64, -(above_tie as i64)].iter().flat_map(|x| x.to_le_bytes()).collect();
        convert(Dtype::I64, &bytes, &mut singles).unwrap();
        assert_eq!(singles, [above_tie as f32, -(above_tie as f32)]);
        convert(Dtype::F64, &f64::MAX.to_le_bytes(), &mut halves).unwrap();
        assert_eq!(halves[0], f16::INFINITY);
        convert(Dtype::F64, &(-1e-300f64).to_le_bytes(), &mut brains).unwrap();
        assert_eq!(brains[0].to_bits(), 0x8000);
    }

    #[test]
    fn rounding_is_to_nearest_even() {
        let mut out = [bf16::ZERO];
        convert(Dtype::F32, &0x3f80_8000u32.to_le_bytes(), &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x3f80);
        convert(Dtype::F32, &0x3f81_8000u32.to_le_bytes(), &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x3f82);
    }
}
