//! `tersor encode`

use std::path::{Path, PathBuf};
use std::time::Instant;

use tersor::{EncodeOptions, Error, ErrorKind, FileInput, encode_files};

use crate::Outcome;
use crate::args::{EncodeArgs, Shared};
use crate::bar::Bar;
use crate::failure::{Failure, shown, shown_output};
use crate::input::Originals;
use crate::output::Sink;
use crate::words::{Done, say};

/// Encodes a file or the files of a model.
pub fn run(args: &EncodeArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let originals = Originals::open(&args.input)?;
    for folder in &originals.left_out {
        // also if quiet: something is missing from the output
        say(false, &format!("tersor: {}: a subfolder, left out", shown(folder)));
    }
    let path = args.output.as_ref().unwrap_or(&originals.default_output);
    let sink = Sink::open(path, args.force, &originals.paths())?;
    let bar = Bar::new(shared.quiet);
    bar.set_total(originals.len());
    let mut options = EncodeOptions::default().with_progress(bar.progress());
    options = options.with_level(args.level);
    if let Some(threads) = args.threads {
        options = options.with_threads(threads);
    }
    let inputs: Vec<FileInput<'_>> = originals.files.iter().map(|file| file.as_input()).collect();
    let encoded = encode_files(&inputs, sink, options).map_err(|error| failed(&originals, &args.input, path, &error));
    drop(bar);
    let (sink, summary) = encoded?;
    sink.finish()?;
    let done = Done {
        raw_bytes: summary.raw_bytes,
        coded_bytes: summary.coded_bytes,
        weights: Some(summary.weights),
        time: start.elapsed(),
    };
    say(shared.quiet, &done.line(&shown_output(path), false));
    Ok(())
}

/// Input is mapped, so that what fails in reading or writing is writing; the library names the file at fault where it does
/// not name a tensor.
pub fn failed(originals: &Originals, input: &Path, output: &Path, error: &Error) -> Failure {
    if error.kind() == ErrorKind::Io {
        return Failure::writing_by_library(output, error);
    }
    let at_fault = originals.files.iter().find(|file| Some(file.name.as_str()) == error.tensor());
    let path: PathBuf = match &originals.files[..] {
        [only] => only.path.clone(),
        _ => at_fault.map_or_else(|| input.to_owned(), |file| file.path.clone()),
    };
    if at_fault.is_some() {
        // the file is named by its path, not as if it were a tensor
        let mut plain = Error::new(error.kind(), error.what());
        if let Some(section) = error.section() {
            plain = plain.in_section(section);
        }
        if let Some(offset) = error.offset() {
            plain = plain.at(offset);
        }
        return Failure::original(&path, &plain);
    }
    Failure::original(&path, error)
}
