//! Decodes one container.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tersor::{DecodeOptions, ErrorKind, LossyRecord, ReadAt, Reader, decode_files};

use super::converted::write_converted;
use super::destination::{BUFFER_BYTES, DecodedFiles, Job};
use super::tensors::write_tensors;
use crate::files::pipe::{is_pipe, open_pipe};
use crate::files::source::Source;
use crate::formats::foreign;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown, shown_output};
use crate::screen::words::{Summary, exact, say};
use crate::verbs::common::CommonArgs;
use crate::verbs::lossy;

/// A decoded container.
struct Decoded {
    raw_bytes: u64,
    coded_bytes: u64,
    /// The elements of all tensors, if known.
    weights: Option<u64>,
    /// The number of tensors that belong to no file, and so were not written.
    skipped: usize,
    output: PathBuf,
    /// What the container says about its lossy tensors, if it was read as a file.
    lossy: Option<LossyRecord>,
}

/// Restores the files of a container. Returns the path of the output.
pub fn decode_container(job: Job<'_>, common: &CommonArgs) -> Outcome<PathBuf> {
    let start = Instant::now();
    let bar = Bar::new(common.quiet);
    let options = common.decode_options(job.args.threads);
    let decoded = match open_file(job.file)? {
        Some(source) => decode_file(job, &source, &options, &bar)?,
        None => decode_pipe(job, options, &bar)?,
    };
    drop(bar);
    job.batch.wrote(&decoded.output);
    if decoded.skipped > 0 {
        // shown with --quiet too, because the output is incomplete
        let count = exact(decoded.skipped as u64);
        let warning = format!("tensors that belong to no file and were not written: {count}; see `tersor extract`");
        say(false, &format!("tersor: {}: {warning}", shown(job.file)));
    }
    let Decoded { raw_bytes, coded_bytes, weights, .. } = decoded;
    let summary = Summary { raw_bytes, coded_bytes, weights, time: start.elapsed() };
    if job.args.json {
        let mut object = summary.to_json(job.file, &decoded.output);
        object["tensors_not_written"] = decoded.skipped.into();
        job.batch.print(&object)?;
    }
    if let Some(record) = &decoded.lossy {
        say(common.quiet, &lossy::line(record));
    }
    say(common.quiet, &summary.of_decoding(&shown_output(&decoded.output)));
    Ok(decoded.output)
}

fn decode_file(job: Job<'_>, source: &Source, options: &DecodeOptions, bar: &Bar) -> Outcome<Decoded> {
    let coded_bytes = source.len().map_err(|error| Failure::reading(job.file, &error))?;
    let with_progress = options.clone().with_progress(bar.progress());
    let mut files = DecodedFiles::new(job, bar, true);
    let mut end_of_files = None;
    let output = match job.args.dtype {
        Some(name) => write_converted(&mut files, source, &with_progress, name)?,
        None => match decode_files(source.reader(), &mut files, with_progress.clone()) {
            Ok(found) => {
                end_of_files = found.last().map(|file| file.ordinals.end);
                files.commit()?
            }
            Err(error) if files.is_waiting() && error.kind() == ErrorKind::InvalidArgument => {
                write_tensors(&mut files, source, &with_progress)?
            }
            Err(error) => return Err(files.failed(&error)),
        },
    };
    // the container has been checked completely, so opening it succeeds
    let reader = Reader::with_options(source, options.clone()).ok();
    let weights = reader.as_ref().map(|reader| reader.tensors().map(|tensor| tensor.element_count()).sum());
    let skipped = match (&reader, end_of_files) {
        (Some(reader), Some(end)) => reader.tensors().filter(|tensor| tensor.ordinal() >= end).count(),
        _ => 0,
    };
    Ok(Decoded {
        raw_bytes: files.raw_bytes(),
        coded_bytes,
        weights,
        skipped,
        output,
        lossy: reader.as_ref().and_then(lossy::record),
    })
}

fn decode_pipe(job: Job<'_>, options: DecodeOptions, bar: &Bar) -> Outcome<Decoded> {
    if job.args.dtype.is_some() {
        let problem = "--dtype needs a file that can be read at any place";
        return Err(Failure::wrong_use(job.file, problem, "omit --dtype, or save the container to a file first"));
    }
    let mut input =
        Counted { input: BufReader::with_capacity(BUFFER_BYTES, open_pipe(job.file, "a Tersor file")?), bytes: 0 };
    let first = input.input.fill_buf().map_err(|error| Failure::reading(job.file, &error))?;
    foreign::expect_tersor(job.file, first)?;
    let mut files = DecodedFiles::new(job, bar, false);
    let output = match decode_files(&mut input, &mut files, options.with_progress(bar.progress())) {
        Ok(_) => files.commit()?,
        Err(error) if files.is_waiting() && error.kind() == ErrorKind::InvalidArgument => {
            let problem = "this container holds tensors and no files, which cannot be decoded from a pipe";
            return Err(Failure::wrong_use(job.file, problem, "save it to a file first, then decode that file"));
        }
        Err(error) => return Err(files.failed(&error)),
    };
    Ok(Decoded {
        raw_bytes: files.raw_bytes(),
        coded_bytes: input.bytes,
        weights: None,
        skipped: 0,
        output,
        lossy: None,
    })
}

/// Opens a regular file; returns `None` for a pipe.
fn open_file(path: &Path) -> Outcome<Option<Source>> {
    if is_pipe(path) { Ok(None) } else { Source::open_container(path).map(Some) }
}

/// A reader that counts the bytes read.
struct Counted<R> {
    input: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}
