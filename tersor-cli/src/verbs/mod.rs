//! The verbs of the command, and the command line that chooses one of them.

mod batch;
mod common;
mod decode;
mod diff;
mod encode;
mod extract;
mod footprint;
mod inspect;
mod ledger;
mod level;
mod list;
mod lossy;
mod manual;
mod report;
mod verify;

use std::env;
use std::path::Path;

use clap::{CommandFactory, Parser, Subcommand};
use tersor::Kernel;

use crate::screen::failure::{Failure, Outcome};
use common::CommonArgs;

/// An entropy-coded container for neural-network weights: small on disk, and
/// lossless to the bit.
#[derive(Debug, Parser)]
#[command(name = "tersor", version, max_term_width = 80, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  tersor encode model.safetensors     write model.tersor
  tersor decode model.tersor          write model.safetensors again
  tersor inspect model.tersor         list tensors and files, and the use of the bytes
  tersor report model.tersor          compare the size with theoretical bounds
  tersor verify model.tersor --against model.safetensors
  tersor diff model.safetensors quantised.tersor
  tersor extract model.tersor lm_head.weight --rows 0..10 -o head.npy

Tersor files are mapped into memory: do not change or shorten them while tersor
is running.

If a verb with --json fails, it prints a message to stderr and nothing to stdout;
only `verify --json` then prints an object, in which `ok` is false. With several
inputs, `encode` and `decode` print an object for each one that succeeds.

Exit status: 0 success; 1 the data are bad, a comparison found a difference, or
reading or writing failed; 2 the command was used incorrectly.")]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Encode a safetensors file, or a folder with a model, to a Tersor file
    Encode(encode::EncodeArgs),
    /// Restore the encoded files, bit for bit
    Decode(decode::DecodeArgs),
    /// List the contents of a Tersor file and the use of each byte, without
    /// decoding
    Inspect(inspect::InspectArgs),
    /// List the tensors of a Tersor file, one on a line
    List(list::ListArgs),
    /// Compare the size of a model with theoretical bounds
    Report(report::ReportArgs),
    /// Decode in memory and check every checksum and digest
    Verify(verify::VerifyArgs),
    /// Compare the tensors of two models
    Diff(diff::DiffArgs),
    /// Write tensors, or some of their rows, to a .npy or .safetensors file
    Extract(extract::ExtractArgs),
    /// Print the completions of a shell
    #[command(hide = true)]
    Completions(manual::CompletionsArgs),
    /// Print the manual page
    #[command(hide = true)]
    Man,
}

impl Cli {
    /// Runs the chosen verb.
    pub fn run(&self) -> Outcome {
        check_kernel()?;
        let common = &self.common;
        match &self.verb {
            Verb::Encode(args) => encode::run(args, common),
            Verb::Decode(args) => decode::run(args, common),
            Verb::Inspect(args) => inspect::run(args, common),
            Verb::List(args) => list::run(args, common),
            Verb::Report(args) => report::run(args, common),
            Verb::Verify(args) => verify::run(args, common),
            Verb::Diff(args) => diff::run(args, common),
            Verb::Extract(args) => extract::run(args, common),
            Verb::Completions(args) => manual::completions(args, Self::command()),
            Verb::Man => manual::man(Self::command()),
        }
    }
}

/// Checks the environment variable that selects a kernel, so that no file is blamed for it.
fn check_kernel() -> Outcome {
    match env::var("TERSOR_KERNEL") {
        Ok(name) if !name.is_empty() => name.parse::<Kernel>().map(drop).map_err(|error| {
            let setting = format!("TERSOR_KERNEL={name}");
            Failure::wrong_use(Path::new(&setting), error.to_string(), "choose one of these, or unset the variable")
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_80_columns() {
        let mut command = Cli::command();
        command.build();
        let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
        let mut texts = vec![command.render_help().to_string(), command.render_long_help().to_string()];
        for name in names {
            let verb = command.find_subcommand_mut(&name).unwrap();
            texts.extend([verb.render_help().to_string(), verb.render_long_help().to_string()]);
        }
        for line in texts.iter().flat_map(|text| text.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
