//! The arguments of `tersor extract`.

use std::ops::Range;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use half::{bf16, f16};
use tersor::{Dtype, Element};

/// `tersor extract`
#[derive(Debug, Args)]
#[command(after_help = "\
Only the chunks that hold the rows are decoded. If several files in the \
container have a tensor of this name, choose one with --file. Of an index, only \
the shards that hold the tensors are opened. The ending of OUT selects the \
format: .npy (NumPy) or .safetensors. NumPy has no BF16 and no floats of 8 bits \
or fewer: add --dtype f32, or write .safetensors.

Examples:
  tersor extract model.tersor model.norm.weight -o norm.npy
  tersor extract model.tersor lm_head.weight --rows 0..9 --dtype f32 -o rows.npy
  tersor extract model.tersor lm_head.weight -o head.safetensors
  tersor extract model.tersor 'model.layers.0.*' lm_head.weight -o some.safetensors")]
pub struct ExtractArgs {
    /// A Tersor file, or the index of a model in several (.tersor.index.json)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The name of the tensor, as `tersor list` shows it; `*` stands for any
    /// characters
    #[arg(value_name = "TENSOR", allow_hyphen_values = true)]
    pub tensor: String,
    /// Names of more tensors; several go to one .safetensors file
    #[arg(value_name = "MORE")]
    pub more: Vec<String>,
    /// The file in the container that has the tensor, needed if several files
    /// have a tensor of this name; or the shard, in place of the one that the
    /// index names
    #[arg(long = "file", value_name = "NAME")]
    pub of_file: Option<String>,
    /// The rows from A up to, but not including, B: `A..B`, `A..` or `..B`; a row
    /// is the part of a tensor with one index of the first dimension
    #[arg(long, value_name = "A..B", value_parser = parse_rows)]
    pub rows: Option<Rows>,
    /// Convert the values, rounding to nearest
    #[arg(long, value_name = "DTYPE")]
    pub dtype: Option<FloatName>,
    /// The output: a .npy or .safetensors file; `-` for .npy on stdout
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Replace the output if it exists
    #[arg(long, short)]
    pub force: bool,
}

/// A dtype that values can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FloatName {
    /// IEEE 754 binary32
    F32,
    /// IEEE 754 binary16
    F16,
    /// The upper half of binary32
    Bf16,
}

impl FloatName {
    /// Returns the dtype of the library.
    pub fn dtype(self) -> Dtype {
        match self {
            Self::F32 => f32::DTYPE,
            Self::F16 => f16::DTYPE,
            Self::Bf16 => bf16::DTYPE,
        }
    }
}

/// A range of rows as the user gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    start: u64,
    end: Option<u64>,
}

impl Rows {
    /// Returns the range in a tensor of `count` rows. A given end is not checked against `count`.
    pub fn of(&self, count: u64) -> Range<u64> {
        self.start..self.end.unwrap_or(count)
    }
}

fn parse_rows(text: &str) -> Result<Rows, String> {
    let wrong = || "give rows as A..B, A.. or ..B".to_owned();
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let start = if start.is_empty() { 0 } else { number(start)? };
    let end = if end.is_empty() { None } else { Some(number(end)?) };
    match end {
        Some(end) if end < start => Err(format!("the end {end} is less than the start {start}")),
        end => Ok(Rows { start, end }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        assert_eq!(parse_rows("2..5").unwrap().of(9), 2..5);
        assert_eq!(parse_rows("..5").unwrap().of(9), 0..5);
        assert_eq!(parse_rows("7..").unwrap().of(9), 7..9);
        assert!(["", "3", "5..2", "a..b", "1..=2", "-1..2"].iter().all(|text| parse_rows(text).is_err()));
    }
}
