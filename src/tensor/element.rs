//! The Rust types that hold elements of tensors.

use std::borrow::Cow;

use super::Dtype;
use super::convert::{convert_to_float, convert_to_integer};
use crate::error::Result;

/// A Rust type that holds elements of a tensor: `bool`, the integers of 8 to 64 bits, `f32` and `f64`; with the feature
/// `half` also `half::f16` and `half::bf16`.
///
/// [`TensorView::from_slice`](crate::TensorView::from_slice) takes slices of these types. Decoding converts from the
/// tensor's dtype to the requested type:
///
/// - If both are the same, every bit is kept, including the bits of a NaN.
/// - To a float: from every dtype but C64. The value is rounded once, to nearest with ties to even, as IEEE 754
///   specifies. A value that is too large becomes infinite. NaN stays NaN.
/// - To an integer or `bool`: from BOOL and every integer dtype. A value that does not fit is an error of kind
///   [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
///
/// Every other conversion is an error of kind [`Unsupported`](crate::ErrorKind::Unsupported).
pub trait Element: sealed::Sealed + Copy + Default + Send + Sync + 'static {
    /// The dtype with the same values.
    const DTYPE: Dtype;
}

pub(crate) mod sealed {
    use super::{Cow, Dtype, Result};

    /// Closes [`Element`](super::Element) for other crates and keeps its methods out of the public interface.
    pub trait Sealed: Sized {
        /// Converts the little-endian elements in `bytes`, one for each of `out`.
        fn convert(dtype: Dtype, bytes: &[u8], out: &mut [Self]) -> Result<()>;

        /// Returns the little-endian bytes of `values`; borrowed if memory holds them in this order.
        fn bytes(values: &[Self]) -> Cow<'_, [u8]>;

        /// Returns the memory of `values` if it holds little-endian bytes and every byte pattern is a value.
        fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]>;
    }
}

/// Implements [`Element`] for a number type.
macro_rules! element {
    ($type:ty, $dtype:ident, $convert:ident) => {
        impl Element for $type {
            const DTYPE: Dtype = Dtype::$dtype;
        }

        impl sealed::Sealed for $type {
            fn convert(dtype: Dtype, bytes: &[u8], out: &mut [Self]) -> Result<()> {
                if dtype == Dtype::$dtype {
                    for (element, out) in bytes.as_chunks().0.iter().zip(out) {
                        *out = Self::from_le_bytes(*element);
                    }
                    return Ok(());
                }
                $convert(dtype, bytes, out)
            }

            fn bytes(values: &[Self]) -> Cow<'_, [u8]> {
                if cfg!(target_endian = "little") {
                    return Cow::Borrowed(bytemuck::cast_slice(values));
                }
                Cow::Owned(values.iter().flat_map(|value| value.to_le_bytes()).collect())
            }

            fn bytes_mut(values: &mut [Self]) -> Option<&mut [u8]> {
                cfg!(target_endian = "little").then(|| bytemuck::cast_slice_mut(values))
            }
        }
    };
}

element!(u8, U8, convert_to_integer);
element!(i8, I8, convert_to_integer);
element!(u16, U16, convert_to_integer);
element!(i16, I16, convert_to_integer);
element!(u32, U32, convert_to_integer);
element!(i32, I32, convert_to_integer);
element!(u64, U64, convert_to_integer);
element!(i64, I64, convert_to_integer);
element!(f32, F32, convert_to_float);
element!(f64, F64, convert_to_float);
#[cfg(feature = "half")]
element!(half::f16, F16, convert_to_float);
#[cfg(feature = "half")]
element!(half::bf16, BF16, convert_to_float);

impl Element for bool {
    const DTYPE: Dtype = Dtype::Bool;
}

impl sealed::Sealed for bool {
    fn convert(dtype: Dtype, bytes: &[u8], out: &mut [Self]) -> Result<()> {
        convert_to_integer(dtype, bytes, out)
    }

    fn bytes(values: &[Self]) -> Cow<'_, [u8]> {
        Cow::Borrowed(bytemuck::cast_slice(values))
    }

    /// A byte above 1 is no `bool`.
    fn bytes_mut(_: &mut [Self]) -> Option<&mut [u8]> {
        None
    }
}

/// Converts the little-endian elements in `bytes`, one for each of `out`; see [`Element`] for the rules.
pub(crate) fn convert<T: Element>(dtype: Dtype, bytes: &[u8], out: &mut [T]) -> Result<()> {
    T::convert(dtype, bytes, out)
}

/// Returns the memory of `values` if the elements of `dtype` can be decoded into it as they are stored.
pub(crate) fn bytes_mut<T: Element>(dtype: Dtype, values: &mut [T]) -> Option<&mut [u8]> {
    if dtype == T::DTYPE { T::bytes_mut(values) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn the_same_dtype_keeps_every_bit() {
        let nan = 0x7fa0_0001u32.to_le_bytes();
        let mut out = [0f32];
        convert(Dtype::F32, &nan, &mut out).unwrap();
        assert_eq!(out[0].to_bits(), 0x7fa0_0001);
    }

    #[test]
    fn integers_are_converted_if_they_fit() {
        let mut wide = [0i64; 2];
        convert(Dtype::I8, &[0xff, 3], &mut wide).unwrap();
        assert_eq!(wide, [-1, 3]);
        let mut narrow = [0u8; 2];
        convert(Dtype::I64, &[200, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], &mut narrow).unwrap();
        assert_eq!(narrow, [200, 1]);
        let kind = |outcome: Result<()>| outcome.unwrap_err().kind();
        assert_eq!(kind(convert(Dtype::U16, &[0, 1, 1, 0], &mut narrow)), ErrorKind::InvalidArgument);
        assert_eq!(kind(convert(Dtype::I8, &[0xff, 1], &mut narrow)), ErrorKind::InvalidArgument);
        assert_eq!(kind(convert(Dtype::F16, &[0; 4], &mut narrow)), ErrorKind::Unsupported);
        assert_eq!(kind(convert(Dtype::C64, &[0; 16], &mut [0f32; 2])), ErrorKind::Unsupported);
        let mut flags = [false; 2];
        convert(Dtype::Bool, &[1, 0], &mut flags).unwrap();
        assert_eq!(flags, [true, false]);
        assert_eq!(kind(convert(Dtype::Bool, &[2, 0], &mut flags)), ErrorKind::InvalidArgument);
    }

    #[test]
    fn bytes_are_little_endian() {
        assert_eq!(&*<u16 as sealed::Sealed>::bytes(&[0x0102, 3]), [2, 1, 3, 0]);
        assert_eq!(&*<bool as sealed::Sealed>::bytes(&[true, false]), [1, 0]);
    }
}
