//! The bytes of a tensor together with their meaning.

use std::borrow::Cow;

use super::{Dtype, Element, byte_len};
use crate::error::{Error, Result};
use crate::spec::MAX_RANK;

/// A tensor in memory: its dtype, its shape and its elements as little-endian bytes in row-major order.
///
/// ```
/// use tersor::{Dtype, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let weights = TensorView::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?;
/// assert_eq!(weights.dtype(), Dtype::F32);
/// // for dtypes without a Rust type, such as BF16 here, give the bytes
/// let brains = TensorView::new(Dtype::BF16, &[2], &[0x80, 0x3f, 0x00, 0x40])?;
/// assert_eq!(brains.bytes().len(), 4);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct TensorView<'a> {
    dtype: Dtype,
    shape: &'a [u64],
    bytes: Cow<'a, [u8]>,
}

impl<'a> TensorView<'a> {
    /// Makes a view of little-endian bytes in row-major order. Elements of less than a byte are packed as
    /// section 5.1 of the specification says: the first element is in the lowest bits.
    ///
    /// # Errors
    /// `InvalidArgument` if `bytes` does not have the length that `dtype` and `shape` imply, if this length is not a
    /// whole number of bytes below 2^63, or if the rank is above 65,535.
    pub fn new(dtype: Dtype, shape: &'a [u64], bytes: &'a [u8]) -> Result<Self> {
        Self::checked(dtype, shape, Cow::Borrowed(bytes))
    }

    /// Makes a view of values. On little-endian machines nothing is copied.
    ///
    /// # Errors
    /// `InvalidArgument` if the number of values is not the product of the dimensions, or if the rank is above 65,535.
    pub fn from_slice<T: Element>(values: &'a [T], shape: &'a [u64]) -> Result<Self> {
        Self::checked(T::DTYPE, shape, T::bytes(values))
    }

    fn checked(dtype: Dtype, shape: &'a [u64], bytes: Cow<'a, [u8]>) -> Result<Self> {
        if shape.len() > MAX_RANK {
            return Err(Error::invalid(format!("rank {} is above {MAX_RANK}", shape.len())));
        }
        match byte_len(dtype, shape) {
            Some(length) if length == bytes.len() as u64 => Ok(Self { dtype, shape, bytes }),
            Some(length) => {
                Err(Error::invalid(format!("{dtype} of shape {shape:?} takes {length} bytes, not {}", bytes.len())))
            }
            None => {
                Err(Error::invalid(format!("{dtype} of shape {shape:?} is not a whole number of bytes below 2^63")))
            }
        }
    }

    /// Returns the dtype.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// Returns the dimensions, the outermost first.
    #[must_use]
    pub fn shape(&self) -> &'a [u64] {
        self.shape
    }

    /// Returns the elements as little-endian bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
