//! Normalised least mean squares: linear predictors whose weights follow the error of each prediction.

/// Returns the error of a prediction, bounded.
#[inline(always)]
pub(super) fn error(value: i32, prediction: i64) -> i64 {
    (i64::from(value) - prediction).clamp(-(1 << 22), 1 << 22)
}

/// Returns the gain: the error divided by the norm of the inputs, in units of 2^-28.
#[inline(always)]
pub(super) fn gain(error: i64, norm: i64) -> i64 {
    (error << 28) / norm
}

/// Moves a weight by `gain · input`, in units of 2^-shift.
#[inline(always)]
pub(super) fn follow(weight: &mut i32, gain: i64, input: i64, shift: u32) {
    *weight = (i64::from(*weight) + ((gain * input) >> shift)).clamp(-(1 << 20), 1 << 20) as i32;
}
