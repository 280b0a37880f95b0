//! `tersor list`

use std::path::PathBuf;

use clap::Args;
use tersor::Escaped;

use super::common::CommonArgs;
use super::lossy;
use crate::files::model::Model;
use crate::screen::failure::Outcome;
use crate::screen::print::{ignore_closed_pipe, print_with};

/// `tersor list`
#[derive(Debug, Args)]
#[command(after_help = "\
Each line has the name, the dtype, the shape and the decoded size in bytes, \
separated by tabs. Nothing is decoded, and no more than the index is read. \
`tersor inspect` shows more.

Examples:
  tersor list model.tersor
  tersor list model.tersor | sort -t \"$(printf '\\t')\" -k 4 -n | tail")]
pub struct ListArgs {
    /// A Tersor file, or the index of a model in several (.tersor.index.json)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Prints a line for each tensor.
pub fn run(args: &ListArgs, common: &CommonArgs) -> Outcome {
    let model = Model::open(&args.file, common.decode_options(None))?;
    model.readers(&args.file)?.iter().for_each(|(_, reader)| lossy::warn(common.quiet, reader));
    let tensors = model.tensors()?;
    ignore_closed_pipe(print_with(|out| {
        tensors.iter().try_for_each(|tensor| {
            let shape: Vec<String> = tensor.shape().iter().map(u64::to_string).collect();
            let (name, dtype, shape) = (Escaped(tensor.name()), tensor.dtype(), shape.join(","));
            writeln!(out, "{name}\t{dtype}\t[{shape}]\t{}", tensor.byte_len())
        })
    }))
}
