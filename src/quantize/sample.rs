//! A sample of a tensor, on which steps are tried before whole tensors are quantised.

use super::apply::{ValueSetting, quantize_values, read_matrix};
use super::importance::Weighting;
use super::matrix::Matrix;
use super::measure::Errors;
use super::treatment::Prune;
use crate::error::Result;
use crate::tensor::{Dtype, TensorView};
use crate::workers::Workers;

/// The bits that the class of a row or a column takes, about.
const CLASS_BITS: f64 = 1.5;

/// The rows of a tensor that were picked, and what the whole tensor is like.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    matrix: Matrix,
    dtype: Dtype,
    /// The number of values of the tensor.
    pub(crate) values: u64,
    /// The sum of the squared values of the tensor, with and without weights.
    pub(crate) energy: f64,
    pub(crate) weighted_energy: f64,
    /// The largest magnitude.
    pub(crate) largest: f64,
}

/// The result of a trial, for a whole tensor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    /// The estimated cost in bits.
    pub(crate) bits: f64,
    /// The estimated weighted normalised mean squared error.
    pub(crate) nmse: f64,
}

impl Sample {
    /// Samples about `most` values of a tensor. Returns why the tensor cannot be quantised otherwise.
    pub(crate) fn take(
        tensor: &TensorView<'_>,
        weighting: Weighting,
        prune: Option<Prune>,
        most: usize,
    ) -> Result<Self, &'static str> {
        let matrix = read_matrix(tensor, weighting, prune);
        let values = &matrix.values;
        if values.iter().any(|value| value.is_nan()) {
            return Err("NaN values");
        }
        if values.iter().any(|value| value.is_infinite()) {
            return Err("infinite values");
        }
        let first = values.first().copied().unwrap_or(0.0);
        if values.iter().all(|&value| value == first) {
            return Err("all values are equal");
        }
        let whole = Errors::between(&matrix, values);
        let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        // steps far below the normal floats would not be exact
        let root = libm::sqrt(whole.energy / values.len() as f64);
        if root < 1e-25 || largest > 1e35 {
            return Err("values are too small or too large");
        }
        Ok(Self {
            matrix: if values.len() <= most { matrix.clone() } else { matrix.sample(most) },
            dtype: tensor.dtype(),
            values: values.len() as u64,
            energy: whole.energy,
            weighted_energy: whole.weighted_energy,
            largest: largest.into(),
        })
    }

    /// Returns the root mean square of the tensor.
    pub(crate) fn root_mean_square(&self) -> f64 {
        libm::sqrt(self.energy / self.values as f64)
    }

    /// Returns the least step: integers must not be too large for a grid.
    pub(crate) fn least_step(&self) -> f64 {
        // an important row or column has a step that is shorter by up to six octaves
        self.largest / f64::from(1u32 << 15)
    }

    /// Tries a setting.
    pub(crate) fn try_values(&self, values: ValueSetting, workers: &Workers) -> Result<Trial> {
        let share = self.matrix.values.len() as f64 / self.values as f64;
        let (quantised, _, bits) = quantize_values(&self.matrix, self.dtype, values, share, workers)?;
        let nmse = Errors::between(&self.matrix, &quantised).weighted_nmse();
        let rows = self.values as f64 / self.matrix.columns as f64;
        let classes = CLASS_BITS * (rows + self.matrix.columns as f64);
        Ok(Trial { bits: bits.unwrap_or(0.0) / share + classes, nmse })
    }
}
