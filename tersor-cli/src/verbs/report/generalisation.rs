//! Bounds on the error on samples that were not in the training set, from the size of the file.

use tersor::analysis::Totals;
use tersor::generalisation::{occam, pac_bayes_kl};

use super::args::ReportArgs;

/// Generalisation bounds.
#[derive(Debug, Clone, Copy)]
pub struct Generalisation {
    /// The number of training samples.
    pub samples: u64,
    /// The probability that the bounds may fail.
    pub delta: f64,
    /// The size of the file in bits.
    pub code_bits: f64,
    /// The largest difference between the true error and the training error.
    pub occam_gap: f64,
    /// The error on the training set.
    pub training_error: Option<f64>,
    /// The largest true error.
    pub pac_bayes_error: Option<f64>,
}

impl Generalisation {
    pub fn new(totals: &Totals, samples: u64, args: &ReportArgs) -> tersor::Result<Self> {
        let code_bits = totals.file_bits as f64;
        let bound = |error: f64| pac_bayes_kl(code_bits, samples, args.delta, error);
        Ok(Self {
            samples,
            delta: args.delta,
            code_bits,
            occam_gap: occam(code_bits, samples, args.delta)?,
            training_error: args.training_error,
            pac_bayes_error: args.training_error.map(bound).transpose()?,
        })
    }

    /// Returns whether no bound is below 1.
    pub fn is_vacuous(&self) -> bool {
        self.occam_gap >= 1.0 && self.pac_bayes_error.is_none_or(|error| error >= 1.0)
    }
}
