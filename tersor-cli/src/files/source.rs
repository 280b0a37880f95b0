//! The bytes of a regular file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use tersor::{Map, ReadAt, command_map};

use super::index_json::is_index_of_originals;
use super::remote;
use crate::formats::foreign;
use crate::screen::failure::{Failure, Outcome};

/// Enough bytes to recognise the format of a file.
pub const START_BYTES: u64 = 256;

/// The bytes of a regular file: mapped into memory, or read at an offset where the system cannot map them; or the bytes
/// at a URL.
#[derive(Debug)]
pub enum Source {
    /// The file in memory.
    Map(Map),
    /// The open file.
    File(File),
    /// The object at a URL.
    #[cfg(feature = "remote")]
    Remote(remote::Remote),
}

impl Source {
    /// Opens a regular file.
    pub fn open(path: &Path) -> Outcome<Self> {
        check_regular(path)?;
        Self::map(path).map_err(|error| Failure::reading(path, &error))
    }

    /// Opens a Tersor file, for random access.
    pub fn open_container(path: &Path) -> Outcome<Self> {
        if path == Path::new("-") {
            let problem = "this command needs random access, and a pipe has none";
            return Err(Failure::wrong_use(path, problem, "save it to a file first"));
        }
        let source = Self::open_any(path)?;
        if path.file_name().is_some_and(|name| is_index_of_originals(&name.to_string_lossy())) {
            let problem = "this index names safetensors files, not Tersor files";
            return Err(Failure::bad_data(path, problem, "encode it first, with `tersor encode`"));
        }
        let start = start_of(&source).map_err(|error| Failure::reading(path, &error))?;
        foreign::expect_tersor(path, &start)?;
        Ok(source)
    }

    /// Opens a regular file, or the object at a URL.
    pub fn open_any(path: &Path) -> Outcome<Self> {
        match remote::url_of(path) {
            None => Self::open(path),
            Some(_) if !cfg!(feature = "remote") => {
                let advice = "download the file, or build the command with the feature `remote`";
                Err(Failure::wrong_use(path, "this program was built without support for URLs", advice))
            }
            Some(url) => Self::open_url(url).map_err(|error| Failure::reading(path, &error)),
        }
    }

    /// Does the same as [`open_any`](Self::open_any) for a file that the user did not name.
    pub fn try_open(path: &Path) -> io::Result<Self> {
        match remote::url_of(path) {
            Some(url) => Self::open_url(url),
            None if fs::metadata(path)?.is_file() => Self::map(path),
            None => Err(io::Error::other("this is not a regular file")),
        }
    }

    fn map(path: &Path) -> io::Result<Self> {
        // some network and user-space file systems have no shared maps
        match command_map::map(path) {
            Ok(map) => Ok(Self::Map(map)),
            Err(_) => File::open(path).map(Self::File),
        }
    }

    #[cfg(feature = "remote")]
    fn open_url(url: &str) -> io::Result<Self> {
        remote::open(url).map(Self::Remote)
    }

    #[cfg(not(feature = "remote"))]
    fn open_url(_: &str) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Returns a reader of the whole file.
    pub fn reader(&self) -> Box<dyn Read + '_> {
        match self {
            #[cfg(feature = "remote")]
            Self::Remote(remote) => {
                remote.prefetch(&[0..remote.len().unwrap_or(0)]);
                Box::new(io::BufReader::with_capacity(1 << 20, FromStart::new(remote)))
            }
            Self::Map(map) => Box::new(map.as_ref()),
            Self::File(file) => Box::new(io::BufReader::with_capacity(1 << 20, FromStart::new(file))),
        }
    }
}

impl ReadAt for Source {
    fn len(&self) -> io::Result<u64> {
        match self {
            Self::Map(map) => map.len(),
            Self::File(file) => file.len(),
            #[cfg(feature = "remote")]
            Self::Remote(remote) => remote.len(),
        }
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match self {
            Self::Map(map) => map.read_exact_at(offset, buffer),
            Self::File(file) => file.read_exact_at(offset, buffer),
            #[cfg(feature = "remote")]
            Self::Remote(remote) => remote.read_exact_at(offset, buffer),
        }
    }

    fn prefetch(&self, ranges: &[Range<u64>]) {
        match self {
            Self::Map(_) | Self::File(_) => {}
            #[cfg(feature = "remote")]
            Self::Remote(remote) => remote.prefetch(ranges),
        }
        // without URLs there is nothing to announce
        let _ = ranges;
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Map(map) => map.bytes(),
            Self::File(_) => None,
            #[cfg(feature = "remote")]
            Self::Remote(_) => None,
        }
    }
}

/// Refuses a path that is not a regular file.
pub fn check_regular(path: &Path) -> Outcome {
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::wrong_use(path, "this is a folder, not a file", "give a file"));
    }
    if !metadata.is_file() {
        return Err(Failure::wrong_use(path, "this is not a regular file", "save it to a file first"));
    }
    Ok(())
}

/// Returns the first bytes of a file, by which its format is recognised.
pub fn start_of(source: &impl ReadAt) -> io::Result<Vec<u8>> {
    let mut start = vec![0; source.len()?.min(START_BYTES) as usize];
    source.read_exact_at(0, &mut start)?;
    Ok(start)
}

/// Reads a source from its start, without the position that all handles of a file share.
pub struct FromStart<'a, S> {
    source: &'a S,
    position: u64,
}

impl<'a, S: ReadAt> FromStart<'a, S> {
    /// Makes a reader of the whole source.
    pub fn new(source: &'a S) -> Self {
        Self { source, position: 0 }
    }
}

impl<S: ReadAt> Read for FromStart<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.source.len()?.saturating_sub(self.position);
        let count = (buffer.len() as u64).min(left) as usize;
        self.source.read_exact_at(self.position, &mut buffer[..count])?;
        self.position += count as u64;
        Ok(count)
    }
}
