//! The arguments of `tersor encode` for lossy coding.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tersor::{ErrorKind, ErrorMeasure, Importance, PruneStructure, Quantization, QuantizationRule};

use crate::screen::failure::{Failure, Outcome};

/// Lossy coding. Without any of these options encoding is lossless.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lossy coding (without these options every bit is kept)")]
pub struct LossyArgs {
    /// The size of the file in bits for each weight, above 0 and up to 16
    #[arg(long, value_name = "BITS", group = "dial", value_parser = parse_number)]
    pub bpw: Option<f64>,
    /// The normalised mean squared error, such as 1e-3
    #[arg(long, value_name = "NMSE", group = "dial", value_parser = parse_number)]
    pub nmse: Option<f64>,
    /// The signal-to-noise ratio in dB, such as 30
    #[arg(long, value_name = "DB", group = "dial", value_parser = parse_number)]
    pub snr: Option<f64>,
    /// How errors of different tensors compare: relative to the size of the weights
    /// of each tensor, or absolute
    #[arg(long, value_enum, value_name = "KIND", requires = "dial", default_value_t = ErrorName::Relative)]
    pub error: ErrorName,
    /// Replace the values of each tensor by at most N different ones
    #[arg(long, value_name = "N", conflicts_with = "dial")]
    pub codebook: Option<usize>,
    /// Set this share of the values of each tensor to 0, those of the least
    /// magnitude; above 0 and below 1
    #[arg(long, value_name = "SHARE", value_parser = parse_number)]
    pub prune: Option<f64>,
    /// What is pruned as a whole
    #[arg(long, value_enum, value_name = "KIND", requires = "prune", default_value_t = StructureName::Value)]
    pub prune_structure: StructureName,
    /// What is done to the tensors with matching names: PATTERN=lossless, bpw:3,
    /// nmse:1e-3, snr:30, step:0.01, codebook:16 or prune:0.5, or several, as in
    /// '*.attention.*=prune:0.5,codebook:16'; repeatable, the first match wins
    #[arg(long = "rule", value_name = "RULE", value_parser = parse_rule)]
    pub rules: Vec<QuantizationRule>,
    /// A safetensors file with a weight for each value, column ([n]) or row ([a] or
    /// [a,1]) of the tensors that it names; errors count by their weights
    #[arg(long, value_name = "FILE")]
    pub importance: Option<PathBuf>,
}

/// The values of `--error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ErrorName {
    /// All tensors have about the same relative error
    Relative,
    /// All tensors have the same step, and squared errors are added up
    Absolute,
}

/// The values of `--prune-structure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StructureName {
    /// Single values
    Value,
    /// Rows: the first dimension
    Row,
    /// Columns: the last dimension
    Column,
    /// Two of each four neighbours; the share is one half
    #[value(name = "2:4")]
    TwoOfFour,
    /// Blocks of 4 by 4 values
    Block,
}

impl LossyArgs {
    /// Returns the quantization; `None` if encoding is lossless.
    pub fn quantization(&self) -> Outcome<Option<Quantization>> {
        let is_lossless = [self.bpw, self.nmse, self.snr, self.prune].iter().all(Option::is_none)
            && self.codebook.is_none()
            && self.rules.is_empty();
        if is_lossless {
            return match &self.importance {
                Some(path) => {
                    let advice = "add --bpw, --nmse, --snr, --codebook, --prune or --rule";
                    Err(Failure::wrong_use(path, "without lossy coding no importance is needed", advice))
                }
                None => Ok(None),
            };
        }
        let wrong =
            |error: tersor::Error| Failure::wrong_use(Path::new("encode"), error.what(), "see `tersor encode --help`");
        self.dialled().map_err(wrong).and_then(|quantization| match &self.importance {
            Some(path) => Ok(Some(quantization.with_importance(importance(path)?))),
            None => Ok(Some(quantization)),
        })
    }

    fn dialled(&self) -> tersor::Result<Quantization> {
        let mut quantization = match (self.bpw, self.nmse, self.snr) {
            (Some(bits), ..) => Quantization::bits_per_weight(bits)?,
            (None, Some(nmse), _) => Quantization::nmse(nmse)?,
            (None, None, Some(decibels)) => Quantization::snr(decibels)?,
            (None, None, None) => Quantization::by_rules(),
        };
        quantization = quantization.with_error(match self.error {
            ErrorName::Relative => ErrorMeasure::Relative,
            ErrorName::Absolute => ErrorMeasure::Absolute,
        });
        if let Some(entries) = self.codebook {
            quantization = quantization.with_codebook(entries)?;
        }
        if let Some(share) = self.prune {
            let structure = match self.prune_structure {
                StructureName::Value => PruneStructure::Values,
                StructureName::Row => PruneStructure::Rows,
                StructureName::Column => PruneStructure::Columns,
                StructureName::TwoOfFour => PruneStructure::TwoOfFour,
                StructureName::Block => PruneStructure::Blocks,
            };
            quantization = quantization.with_pruning(share, structure)?;
        }
        Ok(self.rules.iter().cloned().fold(quantization, Quantization::with_rule))
    }
}

fn importance(path: &Path) -> Outcome<Importance> {
    let file = File::open(path).map_err(|error| Failure::reading(path, &error))?;
    Importance::from_safetensors(&file).map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Failure::bad_data(path, error.to_string(), "give weights of at least 0"),
        _ => Failure::original(path, &error),
    })
}

fn parse_number(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| "give a number, such as 4 or 1e-3".to_owned())
}

fn parse_rule(text: &str) -> Result<QuantizationRule, String> {
    text.parse().map_err(|error: tersor::Error| error.what().to_owned())
}
