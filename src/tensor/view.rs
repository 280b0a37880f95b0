//! A tensor's bytes with what they mean.

use super::{Dtype, byte_len};
use crate::error::{Error, Result};
use crate::spec::MAX_RANK;

/// Borrowed little-endian bytes of a tensor in row-major order, with dtype and shape; the length is right.
#[derive(Debug, Clone, Copy)]
pub struct TensorView<'a> {
    dtype: Dtype,
    shape: &'a [u64],
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// # Errors
    /// `InvalidArgument` if `bytes` has another length than dtype and shape ask for, or the rank is above 65535.
    pub fn new(dtype: Dtype, shape: &'a [u64], bytes: &'a [u8]) -> Result<Self> {
        if shape.len() > MAX_RANK {
            return Err(Error::invalid(format!("rank {} is above {}", shape.len(), MAX_RANK)));
        }
        match byte_len(dtype, shape) {
            Some(length) if length == bytes.len() as u64 => Ok(Self { dtype, shape, bytes }),
            Some(length) => {
                Err(Error::invalid(format!("{dtype} of shape {shape:?} takes {length} bytes, {} given", bytes.len())))
            }
            None => Err(Error::invalid(format!("{dtype} of shape {shape:?} is no whole number of bytes below 2^63"))),
        }
    }

    /// The dtype.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The dimensions, the outermost first.
    pub fn shape(&self) -> &'a [u64] {
        self.shape
    }

    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
