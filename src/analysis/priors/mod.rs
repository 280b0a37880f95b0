//! Code lengths of weights under priors. A prior ignores the order of the weights.
//!
//! With the step `t`, a weight at level `k` represents the interval `((k - 1/2) t, (k + 1/2) t)`. Its code length under
//! a density is `-log2` of the mass in this interval, in bits. If the step is small compared with the features of the
//! density, the mean is `h - log2 t` bits per weight, with the differential entropy `h` in bits: halving the step adds
//! one bit per weight.
//!
//! Parameters are part of the description. With the precision that `n` weights determine, each parameter needs `1/2
//! log2 n` bits (Rissanen 1978; as the cost of universal coding, Rissanen 1984). [`Prior::bits`] is the sum of both.
//! This description length compares priors at the same step.
//!
//! | prior | as a penalty in training |
//! |---|---|
//! | uniform | none |
//! | Gaussian | weight decay, L2: `w^2 / (2 s^2)` nats |
//! | Laplace | L1: `\|w\| / b` nats |
//! | mixture of Gaussians | soft weight sharing (Nowlan and Hinton 1992) |
//! | codebook | weight sharing, quantisation |
//! | pruned | the number of weights, L0, and L2 or L1 for the rest |
//!
//! ```
//! use tersor::priors::{Histogram, PriorKind, Priors};
//!
//! let mut histogram = Histogram::new(0.25);
//! histogram.add_all(&[0.0f32, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0].repeat(100));
//! let priors = Priors::of(&histogram);
//! let best = priors.best().unwrap();
//! assert_eq!(best.kind, PriorKind::Codebook);
//! // the mask needs 0.811 bits per weight, and one weight in four needs a sign
//! assert!((best.bits - best.parameter_bits - 800.0 * (0.811_278 + 0.25)).abs() < 0.01);
//! ```

mod bits_back;
mod codebook;
mod gaussian;
mod histogram;
mod laplace;
mod mixture;
mod normal;
mod prior;
mod pruned;
mod search;
mod uniform;

pub use bits_back::BitsBack;
pub use histogram::{Histogram, Moments};
pub use prior::{Prior, PriorKind};

/// The description lengths of weights under all priors.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Priors {
    /// The step of the levels, in units of the weights.
    pub step: f64,
    /// The number of weights.
    pub weights: u64,
    /// The number of skipped values: NaN, infinite, or too large.
    pub skipped: u64,
    /// The priors in the order of [`PriorKind`]; empty without weights.
    pub models: Vec<Prior>,
}

impl Priors {
    /// Fits all priors. The time is proportional to the number of distinct levels.
    pub fn of(histogram: &Histogram) -> Self {
        let levels = histogram.levels();
        let step = histogram.step();
        let fits = [uniform::prior, gaussian::prior, laplace::prior, mixture::prior, codebook::prior, pruned::prior];
        let models = if levels.is_empty() { vec![] } else { fits.iter().map(|fit| fit(&levels, step)).collect() };
        Self { step, weights: histogram.weights(), skipped: histogram.skipped(), models }
    }

    /// Returns the prior with the fewest bits, the first one in case of a tie; `None` without weights.
    #[must_use]
    pub fn best(&self) -> Option<&Prior> {
        self.models.iter().min_by(|a, b| a.bits.total_cmp(&b.bits))
    }
}

#[cfg(test)]
mod tests;
