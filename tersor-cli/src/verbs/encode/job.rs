//! Encodes one input to one file.

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use tersor::{EncodeOptions, ErrorKind, Quantization, Quantized, Summary as Encoded};

use super::args::EncodeArgs;
use super::lossy_report;
use crate::files::input::Originals;
use crate::files::output::{Destination, Sink, check_free};
use crate::files::pipe::is_pipe;
use crate::files::tree::LeftOut;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown, shown_output};
use crate::screen::print::{ignore_closed_pipe, print_with};
use crate::screen::words::{Summary, counted, say};
use crate::verbs::batch::Batch;
use crate::verbs::common::refuse_mixed;

/// The name of what comes from a pipe.
const PIPE_NAME: &str = "stdin.safetensors";

/// An input and the command line.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub input: &'a Path,
    pub args: &'a EncodeArgs,
    pub batch: &'a Batch<'a>,
}

impl Job<'_> {
    /// Encodes the input to one file. Returns the summary of the library.
    pub fn run(&self, quiet: bool) -> Outcome<Encoded> {
        let Self { input, args, batch } = *self;
        let start = Instant::now();
        let originals = self.open()?;
        if !originals.have_tensors()? && !args.force {
            return Err(originals.without_tensors(input));
        }
        warn_of_left_out(&originals.left_out);
        let path = &match batch.output() {
            Some(folder) if folder.is_dir() => folder.join(originals.default_output.file_name().unwrap_or_default()),
            Some(path) => path.to_owned(),
            None => batch.placed(&originals.default_output),
        };
        let lossy = args.lossy.quantization()?;
        if lossy.is_some() && !args.dry_run && matches!(Destination::of(path), Destination::Path) {
            // quantising takes long, so that a file in the way is named before
            check_free(path, args.force, &batch.inputs(originals.paths()))?;
        }
        let bar = Bar::new(quiet);
        let lossy = lossy.map(|quantization| self.quantize(&originals, path, &bar, quantization)).transpose()?;
        let encoded = match (args.dry_run, &lossy) {
            (true, Some(quantized)) => quantized.summary(),
            (true, None) => self.encode(&originals, path, io::sink(), &bar, None)?.1,
            (false, _) => self.write(&originals, path, &bar, lossy.as_ref())?,
        };
        drop(bar);
        let summary = Summary {
            raw_bytes: encoded.raw_bytes,
            coded_bytes: encoded.coded_bytes,
            weights: Some(encoded.weights),
            time: start.elapsed(),
        };
        if args.json {
            let mut object = summary.to_json(input, path);
            object["tensors"] = encoded.tensors.into();
            object["aliases"] = encoded.aliases.into();
            object["left_out"] = originals.left_out.len().into();
            object["dry_run"] = args.dry_run.into();
            if let Some(quantized) = &lossy {
                object["lossy"] = lossy_report::to_json(quantized);
            }
            batch.print(&object)?;
        }
        let not_written = if args.dry_run { " (not written)" } else { "" };
        say(quiet, &summary.of_encoding(&format!("{}{not_written}", shown_output(path))));
        if let Some(quantized) = &lossy {
            if args.dry_run && !args.json {
                ignore_closed_pipe(print_with(|out| lossy_report::write(quantized, out)))?;
            }
            say(quiet, &lossy_report::summary(quantized));
        }
        count_left_out(input, &originals.left_out);
        Ok(encoded)
    }

    fn open(&self) -> Outcome<Originals> {
        let name = self.args.name.as_deref();
        if !is_pipe(self.input) {
            return match name {
                Some(_) => Err(Failure::wrong_use(self.input, "this has a name already", "omit --name")),
                None => Originals::open(self.input),
            };
        }
        if !self.args.dry_run && self.batch.output().is_none() && !self.batch.has_folder() {
            let problem = "a pipe has no name, from which the output could have its own";
            return Err(Failure::wrong_use(self.input, problem, "name the output with -o"));
        }
        Originals::of_pipe(self.input, name.unwrap_or(PIPE_NAME))
    }

    fn write(&self, originals: &Originals, path: &Path, bar: &Bar, lossy: Option<&Quantized>) -> Outcome<Encoded> {
        refuse_mixed(self.args.json, Destination::of(path))?;
        self.batch.check_unused(path)?;
        let mut sink = Sink::open(path, self.args.force, &self.batch.inputs(originals.paths()))?;
        sink.keep(originals.attributes());
        let (sink, encoded) = self.encode(originals, path, sink, bar, lossy)?;
        sink.finish()?;
        self.batch.wrote(path);
        Ok(encoded)
    }

    fn quantize(
        &self,
        originals: &Originals,
        path: &Path,
        bar: &Bar,
        quantization: Quantization,
    ) -> Outcome<Quantized> {
        let quantized = originals.quantize(self.options(originals, bar).with_quantization(quantization));
        let quantized = quantized.map_err(|error| match error.kind() {
            // what was asked for cannot be done
            ErrorKind::InvalidArgument => {
                let advice = "change the options for lossy coding, or omit them";
                Failure::wrong_use(self.input, error.to_string(), advice)
            }
            _ => originals.encode_failure(self.input, path, &error),
        })?;
        originals.check_unchanged()?;
        Ok(quantized)
    }

    /// Encodes to `out`, or writes what was quantised before.
    fn encode<W: Write>(
        &self,
        originals: &Originals,
        path: &Path,
        out: W,
        bar: &Bar,
        lossy: Option<&Quantized>,
    ) -> Outcome<(W, Encoded)> {
        let encoded = match lossy {
            Some(quantized) => quantized.write_to(out).map(|out| (out, quantized.summary())),
            None => originals.encode(out, self.options(originals, bar)),
        };
        let encoded = encoded.map_err(|error| originals.encode_failure(self.input, path, &error))?;
        originals.check_unchanged()?;
        Ok(encoded)
    }

    fn options(&self, originals: &Originals, bar: &Bar) -> EncodeOptions {
        bar.set_total(originals.len());
        encode_options(self.args.level.0, self.args.threads, bar).with_profile(self.args.profile.into())
    }
}

/// Returns options for encoding.
pub fn encode_options(level: u8, threads: Option<usize>, bar: &Bar) -> EncodeOptions {
    let options = EncodeOptions::default().with_level(level).with_progress(bar.progress());
    match threads {
        Some(threads) => options.with_threads(threads),
        None => options,
    }
}

/// Names the files and folders that are not encoded. The warning is shown with `--quiet` too, because the output is
/// incomplete.
pub fn warn_of_left_out(left_out: &[LeftOut]) {
    const NAMED: usize = 20;
    for LeftOut { path, reason } in left_out.iter().take(NAMED) {
        say(false, &format!("tersor: {}: {reason}, left out", shown(path)));
    }
    if let Some(more) = left_out.len().checked_sub(NAMED).filter(|&more| more > 0) {
        say(false, &format!("tersor: ... and {} more", counted(more as u64, "item")));
    }
}

/// Repeats at the end of a run how many files and folders of an input are not encoded.
pub fn count_left_out(input: &Path, left_out: &[LeftOut]) {
    if !left_out.is_empty() {
        // shown with --quiet too, because the output is incomplete
        let count = counted(left_out.len() as u64, "item");
        say(false, &format!("tersor: {}: {count} left out, see above", shown(input)));
    }
}
