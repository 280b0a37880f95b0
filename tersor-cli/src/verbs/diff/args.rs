//! The arguments of `tersor diff`.

use std::path::PathBuf;

use clap::Args;

use crate::verbs::common::parse_threads;

/// `tersor diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Tensors are matched by name, or by file and name if a model has several tensors \
with the same name. Values are compared if the shapes are the same, even if the \
dtypes differ. 0 equals -0, and NaN equals NaN. Errors are absolute differences \
between finite values. SNR is the signal-to-noise ratio, with A's values as the \
signal. Stored bits are compared if the dtypes are the same. Each value of \
the metadata, and each file without tensors, is either equal or different. A file in a container is compared by \
its stored digest, which `tersor verify` checks.

Exit status: 0 no difference; 1 a difference, or an input is bad or cannot be \
read, with a message on stderr; 2 the command was used incorrectly.

Examples:
  tersor diff model.safetensors model.tersor
  tersor diff model-f32.safetensors model-bf16.tersor --tolerance 0.01 --quiet
  tersor diff Qwen3-8B/ Qwen3-8B-tuned/model.safetensors.index.json --all
  tersor diff a.tersor b.tersor --json | jq '.tensors[] | select(.same | not)'")]
pub struct DiffArgs {
    /// A .tersor or .safetensors file, a folder with a sharded model, or the index
    /// of one (.tersor.index.json or .safetensors.index.json)
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The model to compare A with, in any of these forms
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Show every tensor, not only those that differ
    #[arg(long)]
    pub all: bool,
    /// Treat tensors of the same shape as the same if no values differ by more
    /// than X; dtypes, bits, metadata and other files are then ignored
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = parse_tolerance)]
    pub tolerance: Option<f64>,
    /// The number of threads [default: one per core]; the result does not
    /// depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Print one JSON object with every tensor
    #[arg(long)]
    pub json: bool,
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(tolerance) if (0.0..=f64::MAX).contains(&tolerance) => Ok(tolerance),
        _ => Err("give a number that is not negative, such as 0.001".to_owned()),
    }
}
