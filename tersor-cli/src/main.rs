//! The command `tersor`: encodes, decodes, inspects, reports, verifies, compares and extracts.
//!
//! Exit status: 0 success; 1 bad data, a difference, or reading or writing failed; 2 incorrect use.

mod files;
mod formats;
mod screen;
mod verbs;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use screen::failure::{BAD_DATA, WRONG_USE};
use verbs::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    files::cleanup::install();
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Prints the help or the version to stdout, or an error in the arguments to stderr in the form of all other errors.
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
