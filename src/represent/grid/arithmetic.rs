//! The arithmetic of grids (section 8.7). It is that of IEEE 754, the same on every machine.

use half::{bf16, f16};

use crate::spec::MAX_GRID_INTEGER;
use crate::tensor::Dtype;

/// Returns whether values of a dtype may lie on a grid.
pub(crate) fn has_grids(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F16 | Dtype::BF16 | Dtype::F32)
}

/// Returns the value of a float dtype of at most 32 bits that is nearest to `product`.
#[inline(always)]
pub(crate) fn rounded(product: f32, dtype: Dtype) -> u64 {
    match dtype {
        Dtype::F16 => f16::from_f32(product).to_bits().into(),
        Dtype::BF16 => bf16::from_f32(product).to_bits().into(),
        _ => product.to_bits().into(),
    }
}

/// Returns a value as a float of 32 bits, exactly.
#[inline(always)]
pub(crate) fn widened(value: u64, dtype: Dtype) -> f32 {
    match dtype {
        Dtype::F16 => f16::from_bits(value as u16).to_f32(),
        Dtype::BF16 => bf16::from_bits(value as u16).to_f32(),
        _ => f32::from_bits(value as u32),
    }
}

/// Returns the integer whose multiple of `scale` is nearest to `value`, or 0 if there is none up to 2^24.
#[inline(always)]
pub(crate) fn nearest(value: f32, scale: f32) -> i64 {
    /// 1.5 · 2^52: floats of this size are integers, so adding it rounds to nearest, ties to even. The processors that
    /// every build is for have no instruction for this, and a call of a function took a third of the planner's time.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let quotient = f64::from(value) / f64::from(scale) + ROUNDER - ROUNDER;
    // NaN becomes 0
    if quotient.abs() <= MAX_GRID_INTEGER as f64 { quotient as i64 } else { 0 }
}
