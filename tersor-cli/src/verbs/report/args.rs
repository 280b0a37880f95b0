//! The arguments of `tersor report`.

use std::path::PathBuf;

use clap::Args;

use crate::verbs::common::parse_threads;
use crate::verbs::level::Level;

/// `tersor report`
#[derive(Debug, Args)]
#[command(after_help = "\
Code lengths, in bits:
  order 0      each symbol is coded by its frequency in its whole stream
  conditional  each symbol is coded by its frequency in its context
  KT           as conditional, but the frequencies are learned adaptively
               (Krichevsky and Trofimov)
  model        each symbol is coded with the file's own models
  actual       the bits in the file
They are of the streams that have a model. Raw bits, which are stored without \
one, are shown on their own.
The section on priors rounds the values of each tensor to multiples of a step, \
and shows how many bits they need with standard distributions, such as the \
Gaussian that weight decay assumes.

Several files are reported as a series, for example of checkpoints.

Examples:
  tersor report model.tersor
  tersor report model.safetensors --level 9 --json
  tersor report model.tersor --html model.html
  tersor report step-1000.tersor step-2000.tersor --csv > streams.csv
  tersor report lenet5.tersor --samples 60000 --training-error 0.01")]
pub struct ReportArgs {
    /// Tersor files, or inputs of `encode`, which are encoded to a temporary
    /// file first
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print comma-separated values, one line per stream
    #[arg(long)]
    pub csv: bool,
    /// Print comma-separated values, one line per tensor
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    pub csv_tensors: bool,
    /// Also write an HTML page
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
    /// Show every tensor, not only the largest ones
    #[arg(long)]
    pub all: bool,
    /// The number of threads [default: one per core]; the result does not
    /// depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// The step for priors, such as 0.001 or 2^-10: values are rounded to its
    /// multiples [default: 1 for integers, else for each tensor the power of two
    /// nearest to its root mean square / 256]
    #[arg(long, value_name = "STEP", allow_negative_numbers = true, value_parser = parse_positive)]
    pub precision: Option<f64>,
    /// A .safetensors file with the posterior variance of each weight, in
    /// tensors of the same names and shapes; with it the report shows the
    /// bits-back length, and --samples uses the tighter bound
    #[arg(long, value_name = "FILE")]
    pub posterior: Option<PathBuf>,
    /// The number of training samples; with it the report shows upper bounds on
    /// the error for samples that were not used in training
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,
    /// The largest probability that the bounds of --samples do not hold
    #[arg(long, value_name = "D", default_value_t = 0.05, allow_negative_numbers = true, value_parser = parse_share, requires = "samples")]
    pub delta: f64,
    /// The share of the training samples that the network gets wrong, 0 to 1;
    /// with --posterior the mean share of networks drawn from it
    #[arg(long, value_name = "E", allow_negative_numbers = true, value_parser = parse_error_share, requires = "samples")]
    pub training_error: Option<f64>,
    /// Replace the file of --html if it exists
    #[arg(long, short)]
    pub force: bool,
    // the level comes last, because its hidden options count in the order of the help.
    #[command(flatten)]
    pub level: Level,
}

fn parse_positive(text: &str) -> Result<f64, String> {
    // the report shows steps as powers of two
    let number = match text.strip_prefix("2^") {
        Some(power) => power.parse::<i32>().ok().map(|power| 2f64.powi(power)),
        None => text.parse::<f64>().ok(),
    };
    match number {
        Some(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("give a number above 0, such as 0.001 or 2^-10".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if 0.0 < share && share < 1.0 => Ok(share),
        _ => Err("give a number between 0 and 1".to_owned()),
    }
}

fn parse_error_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}
