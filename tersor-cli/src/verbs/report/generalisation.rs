//! Bounds on the error on samples that were not in the training set, from the size of the file and from the bits-back
//! length.

use tersor::generalisation::{occam, pac_bayes_gap, pac_bayes_kl};

use super::args::ReportArgs;

/// Generalisation bounds. With a posterior there are two of each, and either may be used: then each holds with
/// probability `1 - delta / 2`, and both together with `1 - delta`.
#[derive(Debug, Clone, Copy)]
pub struct Generalisation {
    /// The number of training samples.
    pub samples: u64,
    /// The probability that a bound may fail.
    pub delta: f64,
    /// The error on the training set.
    pub training_error: Option<f64>,
    /// The bounds from the size of the file.
    pub of_file: ErrorBound,
    /// The bounds from the bits-back length, for networks drawn from the posterior.
    pub of_bits_back: Option<ErrorBound>,
}

/// Bounds from one code length.
#[derive(Debug, Clone, Copy)]
pub struct ErrorBound {
    /// The code length in bits.
    pub code_bits: f64,
    /// The largest difference between the true error and the training error: by Occam's razor for the file, PAC-Bayes
    /// for a posterior.
    pub gap: f64,
    /// The largest true error, by PAC-Bayes, if the training error is known.
    pub error: Option<f64>,
}

impl ErrorBound {
    /// Returns whether no bound is below 1.
    pub fn is_vacuous(&self) -> bool {
        self.gap >= 1.0 && self.error.is_none_or(|error| error >= 1.0)
    }
}

impl Generalisation {
    pub fn new(file_bits: u64, bits_back: Option<f64>, samples: u64, args: &ReportArgs) -> tersor::Result<Self> {
        let delta = if bits_back.is_some() { args.delta / 2.0 } else { args.delta };
        type Gap = fn(f64, u64, f64) -> tersor::Result<f64>;
        let bound = |code_bits: f64, gap: Gap| -> tersor::Result<ErrorBound> {
            let error = |error: f64| pac_bayes_kl(code_bits, samples, delta, error);
            Ok(ErrorBound {
                code_bits,
                gap: gap(code_bits, samples, delta)?,
                error: args.training_error.map(error).transpose()?,
            })
        };
        Ok(Self {
            samples,
            delta: args.delta,
            training_error: args.training_error,
            of_file: bound(file_bits as f64, occam)?,
            of_bits_back: bits_back.map(|bits| bound(bits, pac_bayes_gap)).transpose()?,
        })
    }

    /// Returns the tighter of the bounds, and whether it is the one of the bits-back length.
    pub fn tighter(&self) -> (&ErrorBound, bool) {
        match &self.of_bits_back {
            Some(bound) if bound.gap < self.of_file.gap => (bound, true),
            _ => (&self.of_file, false),
        }
    }
}
