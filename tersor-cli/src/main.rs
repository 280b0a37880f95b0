//! The command `tersor`: encodes, decodes, inspects, reports, verifies, compares and extracts.
//!
//! Exit status: 0 fine; 1 bad data, a mismatch or difference, or reading or writing failed; 2 wrong use.

mod args;
mod bar;
mod cleanup;
mod compare;
mod decode;
mod diff;
mod encode;
mod entries;
mod extract;
mod failure;
mod folder;
mod foreign;
mod input;
mod inspect;
mod json_list;
mod npy;
mod ordered;
mod output;
mod report;
mod safetensors_file;
mod table;
mod verify;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Verb};
use failure::{BAD_DATA, Failure, WRONG_USE};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    cleanup::install();
    let done = match &cli.verb {
        Verb::Encode(args) => encode::run(args, &cli.shared),
        Verb::Decode(args) => decode::run(args, &cli.shared),
        Verb::Inspect(args) => inspect::run(args, &cli.shared),
        Verb::Report(args) => report::run(args, &cli.shared),
        Verb::Verify(args) => verify::run(args, &cli.shared),
        Verb::Diff(args) => diff::run(args, &cli.shared),
        Verb::Extract(args) => extract::run(args, &cli.shared),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Help and version go to stdout; what is wrong with the arguments is said in the form of all other errors.
fn not_parsed(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match error.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(BAD_DATA),
        };
    }
    let text = error.render().to_string();
    let text = match text.strip_prefix("error: ") {
        Some(text) => format!("tersor: {text}"),
        None => text,
    };
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(WRONG_USE)
}

/// What a verb comes to.
type Outcome<T = ()> = Result<T, Failure>;
