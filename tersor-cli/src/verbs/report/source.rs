//! The input of a report: a container, or files that are encoded first.

use std::fs::File;
use std::io::{BufWriter, Error, Seek, Write};
use std::path::{Path, PathBuf};

use tersor::{FileInput, Map, encode_files};

use super::args::ReportArgs;
use crate::files::input::{Originals, map_container, map_file};
use crate::formats::foreign::{self, FileFormat};
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::encode::{encode_options, warn_of_skipped};

/// The input at a path.
pub enum Source {
    /// A Tersor file.
    Container(Map),
    /// Files to encode.
    Originals(Originals),
}

impl Source {
    /// Opens a container, a safetensors file, a folder or an index. Files are recognised by their first bytes.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path.is_dir() {
            return Originals::open(path).map(Self::Originals);
        }
        if path == Path::new("-") {
            return map_container(path).map(Self::Container);
        }
        let format = foreign::recognise(path, map_file(path)?.as_ref());
        let is_index = path.to_string_lossy().ends_with(".json");
        match format {
            FileFormat::Tersor => map_container(path).map(Self::Container),
            format if is_index || format == FileFormat::Safetensors => Originals::open(path).map(Self::Originals),
            _ => map_container(path).map(Self::Container),
        }
    }

    /// Returns the paths of all files of the input.
    pub fn paths(&self, path: &Path) -> Vec<PathBuf> {
        match self {
            Self::Container(_) => vec![path.to_owned()],
            Self::Originals(originals) => originals.paths(),
        }
    }
}

/// Encodes the files to an unnamed temporary file.
pub fn encode(path: &Path, originals: &Originals, args: &ReportArgs, bar: &Bar) -> Outcome<File> {
    warn_of_skipped(originals);
    let place = std::env::temp_dir();
    let not_written = |error: Error| Failure::writing(&place, &error);
    let file = tempfile::tempfile().map_err(|error| Failure::creating(&place, &error))?;
    // the files are read once for encoding, and the container is decoded twice
    bar.set_total(3 * originals.len());
    let options = encode_options(args.level, args.threads, bar);
    let inputs: Vec<FileInput<'_>> = originals.files.iter().map(|file| file.as_input()).collect();
    let sink = BufWriter::with_capacity(1 << 20, file);
    let (mut sink, _) =
        encode_files(&inputs, sink, options).map_err(|error| originals.encode_failure(path, &place, &error))?;
    sink.flush().map_err(not_written)?;
    let mut file = sink.into_inner().map_err(|error| not_written(error.into_error()))?;
    file.rewind().map_err(not_written)?;
    Ok(file)
}
