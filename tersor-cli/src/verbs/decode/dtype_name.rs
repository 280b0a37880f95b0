//! The dtypes that `--dtype` takes, and tensors converted to them.

use clap::ValueEnum;
use half::{bf16, f16};
use tersor::{Dtype, Tensor};

/// The values of `--dtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DtypeName {
    F32,
    F16,
    Bf16,
}

impl DtypeName {
    fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::F16 => Dtype::F16,
            Self::Bf16 => Dtype::BF16,
        }
    }

    /// Returns the dtype of a tensor in the output: the other one if it holds floats.
    pub fn of(self, tensor: &Tensor<'_>) -> Dtype {
        if tensor.dtype().is_float() { self.dtype() } else { tensor.dtype() }
    }

    /// Returns the bytes of a tensor in the output. Values are rounded to nearest, ties to even.
    pub fn bytes(self, tensor: &Tensor<'_>) -> tersor::Result<Vec<u8>> {
        if self.of(tensor) == tensor.dtype() {
            return tensor.decode();
        }
        Ok(match self {
            Self::F32 => tensor.decode_as::<f32>()?.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::F16 => tensor.decode_as::<f16>()?.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Self::Bf16 => tensor.decode_as::<bf16>()?.iter().flat_map(|value| value.to_le_bytes()).collect(),
        })
    }
}
