//! Moments of the values of a tensor, and their code lengths under priors.

use super::moments::MomentSums;
use super::priors::{Histogram, Priors};
use super::value_counts::TensorValues;
use crate::error::Result;
use crate::tensor::{Dtype, convert};

/// Statistics of the values of a tensor. 64-bit integers are rounded to the nearest f64; all other values are exact.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TensorStatistics {
    /// The number of distinct values; two values are equal if all their bits are. `None` if there are more than 65,536.
    pub distinct_values: Option<u64>,
    /// The order-0 entropy of the values in bits, n·H, of which no part depends on how the tensor is encoded. `None`
    /// if there are more than 65,536 distinct values.
    pub value_entropy_bits: Option<f64>,
    /// The number of NaN and infinite values, which are ignored in all following statistics.
    pub skipped: u64,
    /// The share of zeros of either sign. This and all following moments are `None` if all values were skipped.
    pub zero_share: Option<f64>,
    /// The mean, in units of the values. This and all following moments are also `None` if they overflow.
    pub mean: Option<f64>,
    /// The standard deviation (square root of the mean squared distance from the mean), in units of the values.
    pub deviation: Option<f64>,
    /// The fourth central moment divided by the squared variance: 3 for a normal distribution; `None` also if all
    /// values are equal.
    pub kurtosis: Option<f64>,
    /// The code lengths of the values, rounded to multiples of a step; see
    /// [`BoundsOptions::with_precision`](super::BoundsOptions::with_precision).
    pub priors: Priors,
}

impl TensorStatistics {
    pub(super) fn new(sums: &MomentSums, histogram: &Histogram, values: &TensorValues) -> Self {
        let values = values.entropy();
        Self {
            distinct_values: values.map(|(distinct, _)| distinct),
            value_entropy_bits: values.map(|(_, bits)| bits),
            skipped: sums.skipped(),
            zero_share: sums.zero_share(),
            mean: sums.mean(),
            deviation: sums.deviation(),
            kurtosis: sums.kurtosis(),
            priors: Priors::of(histogram),
        }
    }
}

/// The root mean square of floats divided by the default step, before rounding to a power of two.
const STEPS: f64 = 256.0;

/// Returns the default step of a tensor: 1 for integers, else the power of two nearest to the root mean square divided
/// by 256.
pub(super) fn step_of(dtype: Dtype, sums: &MomentSums) -> f64 {
    match sums.root_mean_square() {
        Some(size) if !dtype.is_integer() && size > 0.0 => (size / STEPS).log2().round().clamp(-1022.0, 1022.0).exp2(),
        _ => 1.0,
    }
}

/// Returns whether the elements of a dtype are real numbers.
pub(super) fn has_values(dtype: Dtype) -> bool {
    dtype != Dtype::C64
}

/// The number of elements that are converted together: a whole number of bytes for every dtype.
const BLOCK: usize = 2048;

/// Calls `each` with the values of `count` elements in `bytes`, block by block. Fails for complex elements.
pub(super) fn for_values(dtype: Dtype, bytes: &[u8], count: u64, mut each: impl FnMut(&[f64])) -> Result<()> {
    let mut values = [0f64; BLOCK];
    let block_bytes = BLOCK * dtype.bits() as usize / 8;
    let mut left = count;
    for bytes in bytes.chunks(block_bytes) {
        let values = &mut values[..left.min(BLOCK as u64) as usize];
        left -= values.len() as u64;
        convert(dtype, bytes, values)?;
        each(values);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(dtype: Dtype, bytes: &[u8], count: u64) -> Vec<f64> {
        let mut all = Vec::new();
        for_values(dtype, bytes, count, |values| all.extend_from_slice(values)).unwrap();
        all
    }

    #[test]
    fn values_are_exact() {
        let large = [i64::from(i32::MIN), -1, 7, i64::from(i32::MAX)];
        let bytes: Vec<u8> = large.iter().flat_map(|&value| (value as i32).to_le_bytes()).collect();
        assert_eq!(values(Dtype::I32, &bytes, 4), large.map(|value| value as f64));
        assert_eq!(values(Dtype::F64, &1e-300f64.to_le_bytes(), 1), [1e-300]);
        assert_eq!(values(Dtype::U64, &(1u64 << 53 | 1).to_le_bytes(), 1), [(1u64 << 53) as f64]);
        assert_eq!(values(Dtype::F4, &[0x12, 0x7f], 4), [1.0, 0.5, -6.0, 6.0]);
        let floats = [0x3f80u16, 0xc040, 0xff80, 0x8000, 0x0001];
        let bytes: Vec<u8> = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        let expected = [1.0, -3.0, f64::NEG_INFINITY, 0.0, 2f64.powi(-133)];
        assert_eq!(values(Dtype::BF16, &bytes, 5), expected);
        assert!(values(Dtype::BF16, &[0xc1, 0x7f], 1)[0].is_nan());
        assert_eq!(values(Dtype::F32, &1e-45f32.to_le_bytes(), 1), [2f64.powi(-149)]);
        let many: Vec<f64> = (0..5000).map(|i| f64::from(i % 7)).collect();
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i % 7) as u8).collect();
        assert_eq!(values(Dtype::U8, &bytes, 5000), many);
        assert!(for_values(Dtype::C64, &[0; 8], 1, |_| ()).is_err() && !has_values(Dtype::C64));
        assert!(values(Dtype::F32, &[], 0).is_empty());
    }

    #[test]
    fn steps_are_powers_of_two() {
        let mut sums = MomentSums::default();
        assert_eq!(step_of(Dtype::F32, &sums), 1.0);
        sums.add(&[0.02, -0.02]);
        // 0.02 / 256 = 2^-13.6
        assert_eq!(step_of(Dtype::F32, &sums), 2f64.powi(-14));
        assert_eq!(step_of(Dtype::I8, &sums), 1.0);
        let mut sums = MomentSums::default();
        sums.add(&[5e-324]);
        assert!(step_of(Dtype::F64, &sums) > 0.0);
    }
}
