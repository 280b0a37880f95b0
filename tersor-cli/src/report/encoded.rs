//! What is reported on: a container, or files that are encoded first.

use std::fs::File;
use std::io::{BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use tersor::{EncodeOptions, FileInput, Map, encode_files};

use crate::Outcome;
use crate::args::ReportArgs;
use crate::bar::Bar;
use crate::encode::failed;
use crate::failure::{Failure, shown};
use crate::foreign::{self, Kind};
use crate::input::{Originals, map_container, map_file};
use crate::words::say;

/// What a path leads to.
pub enum Source {
    /// A Tersor file.
    Container(Map),
    /// What is to be encoded.
    Originals(Originals),
}

impl Source {
    /// By what it is: what a file begins with, a folder, or an index.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path != Path::new("-") && !path.is_dir() && kind(path)? == Kind::Tersor {
            return map_container(path).map(Self::Container);
        }
        let is_index = path.to_string_lossy().ends_with(".json");
        if path.is_dir() || is_index || is_safetensors(path)? {
            return Originals::open(path).map(Self::Originals);
        }
        map_container(path).map(Self::Container)
    }

    /// The files behind it.
    pub fn paths(&self, path: &Path) -> Vec<PathBuf> {
        match self {
            Self::Container(_) => vec![path.to_owned()],
            Self::Originals(originals) => originals.paths(),
        }
    }
}

fn is_safetensors(path: &Path) -> Outcome<bool> {
    Ok(path != Path::new("-") && kind(path)? == Kind::Safetensors)
}

fn kind(path: &Path) -> Outcome<Kind> {
    Ok(foreign::kind(path, map_file(path)?.as_ref()))
}

/// Encodes to a file without a name, which vanishes with its handle.
pub fn encode(path: &Path, originals: &Originals, args: &ReportArgs, bar: &Bar) -> Outcome<File> {
    for folder in &originals.left_out {
        say(false, &format!("tersor: {}: a subfolder, left out", shown(folder)));
    }
    let place = std::env::temp_dir();
    let unwritten = |error: std::io::Error| Failure::writing(&place, &error);
    let file = tempfile::tempfile().map_err(|error| Failure::creating(&place, &error))?;
    bar.set_total(3 * originals.len());
    let mut options = EncodeOptions::default().with_progress(bar.progress());
    options = options.with_level(args.level);
    if let Some(threads) = args.threads {
        options = options.with_threads(threads);
    }
    let inputs: Vec<FileInput<'_>> = originals.files.iter().map(|file| file.as_input()).collect();
    let sink = BufWriter::with_capacity(1 << 20, file);
    let (mut sink, _) =
        encode_files(&inputs, sink, options).map_err(|error| failed(originals, path, &place, &error))?;
    sink.flush().map_err(unwritten)?;
    let mut file = sink.into_inner().map_err(|error| unwritten(error.into_error()))?;
    file.rewind().map_err(unwritten)?;
    Ok(file)
}
