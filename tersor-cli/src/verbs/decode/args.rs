//! The arguments of `tersor decode`.

use std::path::PathBuf;

use clap::Args;

use super::dtype_name::DtypeName;
use crate::verbs::common::parse_threads;

/// `tersor decode`
#[derive(Debug, Args)]
#[command(after_help = "\
A container of one file is decoded to that file, under its original name, beside \
FILE. A container of a folder is decoded to a folder that has the name of FILE \
without .tersor; if the folder exists, --force replaces the decoded files in it \
and keeps all others. A container with tensors but without files, which the \
library can write, is decoded to a new .safetensors file. Of an index, all \
shards and the original index are restored beside it, or in the folder OUT, which \
is created if it does not exist. With several FILEs \
each one gets its own output. One that fails does not stop the others; the exit \
status is that of the first failure.

Examples:
  tersor decode model.tersor
  tersor decode model.tersor -o copy.safetensors
  tersor decode *.tersor --output-dir restored/
  tersor decode coded/model.tersor.index.json -o restored/
  curl -s https://example.org/model.tersor | tersor decode - > model.safetensors")]
pub struct DecodeArgs {
    /// Tersor files, or indexes of models in several (.tersor.index.json); `-` for
    /// stdin
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The output of a single FILE: a file, or a folder for several files; `-` for
    /// stdout
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// The folder for all outputs, which get their default names
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub output_dir: Option<PathBuf>,
    /// Write one safetensors file with all float tensors converted to this dtype,
    /// rounded to nearest; other tensors stay as they are
    #[arg(long, value_enum, value_name = "DTYPE")]
    pub dtype: Option<DtypeName>,
    /// The number of threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Replace the output if it exists; in a folder, replace only decoded files
    #[arg(long, short)]
    pub force: bool,
    /// Print a JSON object with the sizes; with several FILEs or shards one for
    /// each, on a line of its own
    #[arg(long)]
    pub json: bool,
}
