//! The values of float tensors: their bytes as f32, and back.

use half::{bf16, f16};

use crate::tensor::{Dtype, convert};

/// Returns whether tensors of a dtype can be quantised.
pub(crate) fn is_quantizable(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// Returns the values of a tensor of a dtype that can be quantised.
pub(crate) fn read_floats(dtype: Dtype, bytes: &[u8]) -> Vec<f32> {
    let mut values = vec![0.0; bytes.len() * 8 / dtype.bits() as usize];
    let converted = convert(dtype, bytes, &mut values);
    debug_assert!(converted.is_ok(), "real floats can be converted");
    values
}

/// Returns the value of `dtype` that is nearest to `value`, ties to even.
#[inline(always)]
pub(crate) fn rounded(value: f32, dtype: Dtype) -> f32 {
    match dtype {
        Dtype::F16 => f16::from_f32(value).to_f32(),
        Dtype::BF16 => bf16::from_f32(value).to_f32(),
        _ => value,
    }
}

/// Appends values of `dtype` as little-endian bytes. Other values are rounded to nearest, ties to even.
pub(crate) fn write_floats(values: impl Iterator<Item = f32>, dtype: Dtype, out: &mut Vec<u8>) {
    match dtype {
        Dtype::F16 => values.for_each(|value| out.extend(f16::from_f32(value).to_le_bytes())),
        Dtype::BF16 => values.for_each(|value| out.extend(bf16::from_f32(value).to_le_bytes())),
        _ => values.for_each(|value| out.extend(value.to_le_bytes())),
    }
}
