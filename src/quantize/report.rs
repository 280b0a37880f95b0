//! What was done to a tensor, and how large its error is.

use crate::tensor::Dtype;

/// What was done to a tensor, and how large its error is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QuantizedTensor {
    /// The name.
    pub name: String,
    /// The dtype; it does not change.
    pub dtype: Dtype,
    /// The dimensions, the outermost first.
    pub shape: Vec<u64>,
    /// What was done, in words for tables: `scalar`, `codebook 16`, `prune 0.5`, `prune 0.5, codebook 16` or `lossless`.
    pub action: String,
    /// Why the tensor stays lossless although it could be quantised; `None` if it is lossy, or if it is no float.
    pub reason: Option<String>,
    /// The step of the grid, if there is one. Important rows or columns have a power of two less.
    pub step: Option<f32>,
    /// The sum of the squared values. 0 if the tensor is lossless.
    pub energy: f64,
    /// The sum of the squared errors.
    pub squared_error: f64,
    /// The sum of the squared errors, each times its weight, over the sum of the squared values times their weights.
    pub weighted_nmse: f64,
    /// The largest error.
    pub largest_error: f64,
    /// The share of the values that are 0.
    pub zeros: f64,
    /// The size in the file in bytes. Tensors that share a segment have their share of it; an alias has none.
    pub coded_bytes: f64,
}

impl QuantizedTensor {
    /// Returns the number of values.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Returns whether values could change.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.action != "lossless"
    }

    /// Returns the normalised mean squared error: the mean squared error over the mean square. 0 if the tensor is
    /// lossless.
    #[must_use]
    pub fn nmse(&self) -> f64 {
        if self.energy > 0.0 { self.squared_error / self.energy } else { 0.0 }
    }

    /// Returns the signal-to-noise ratio in dB; `None` if there is no error.
    #[must_use]
    pub fn snr(&self) -> Option<f64> {
        (self.squared_error > 0.0 && self.energy > 0.0).then(|| -10.0 * libm::log10(self.nmse()))
    }

    /// Returns the bits for each weight in the file.
    #[must_use]
    pub fn bits_per_weight(&self) -> f64 {
        8.0 * self.coded_bytes / self.weights().max(1) as f64
    }
}
