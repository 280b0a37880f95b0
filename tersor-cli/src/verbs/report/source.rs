//! The input of a report: a container, or files that are encoded first.

use std::fs::File;
use std::io::{BufWriter, Error, Seek, Write};
use std::path::{Path, PathBuf};

use super::args::ReportArgs;
use crate::files::container_index::ContainerIndex;
use crate::files::input::Originals;
use crate::files::source::{self, start_of};
use crate::formats::foreign::{self, FileFormat};
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::encode::{encode_options, warn_of_left_out};

/// The input at a path.
pub enum Source {
    /// A Tersor file.
    Container(source::Source),
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
            return source::Source::open_container(path).map(Self::Container);
        }
        if ContainerIndex::recognise(path)?.is_some() {
            let problem = "this index names several Tersor files, and a report is about single files";
            return Err(Failure::wrong_use(path, problem, "give the Tersor files that it names"));
        }
        let start = start_of(&source::Source::open(path)?).map_err(|error| Failure::reading(path, &error))?;
        let format = foreign::recognise(path, &start);
        let is_index = path.to_string_lossy().ends_with(".json");
        match format {
            FileFormat::Tersor => source::Source::open_container(path).map(Self::Container),
            format if is_index || format == FileFormat::Safetensors => Originals::open(path).map(Self::Originals),
            _ => source::Source::open_container(path).map(Self::Container),
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
    warn_of_left_out(&originals.left_out);
    let place = std::env::temp_dir();
    let not_written = |error: Error| Failure::writing(&place, &error);
    let file = tempfile::tempfile().map_err(|error| Failure::creating(&place, &error))?;
    // the files are read once for encoding, and the container is decoded twice, and once more for a page
    bar.set_total(originals.len().saturating_mul(if args.html.is_some() && args.files.len() == 1 { 4 } else { 3 }));
    let options = encode_options(args.level.0, args.threads, bar);
    let sink = BufWriter::with_capacity(1 << 20, file);
    let (mut sink, _) =
        originals.encode(sink, options).map_err(|error| originals.encode_failure(path, &place, &error))?;
    sink.flush().map_err(not_written)?;
    let mut file = sink.into_inner().map_err(|error| not_written(error.into_error()))?;
    file.rewind().map_err(not_written)?;
    Ok(file)
}
