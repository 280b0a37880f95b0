//! Opening and closing of readers.

use std::ffi::c_char;
use std::path::Path;
use std::sync::OnceLock;

use tersor::{Error, ReadAt};

use crate::options::DecodeOptions;
use crate::pointers::{self, Input, Output, Text};
use crate::source::{CallbackSource, Source};
use crate::status::{Failure, Status, free, guard};

/// An open Tersor file. All functions that take a reader may be called from several threads at the same time, except
/// `tersor_reader_free`.
pub struct Reader {
    pub(crate) inner: tersor::Reader<'static>,
    /// The ordinal of each tensor in the file.
    pub(crate) ordinals: Vec<usize>,
    /// Copied from the file when they are first needed.
    pub(crate) metadata: OnceLock<Vec<(Box<str>, Box<str>)>>,
}

/// The type of a place for a new reader.
type NewReader = Output<Option<Box<Reader>>>;

/// Opens the file at `path` and writes a handle to `reader`, or NULL after an error. The file is read by positional
/// reads. `options` can be NULL. Free the handle with `tersor_reader_free`.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_open(
    path: Text,
    options: Option<&DecodeOptions>,
    reader: Output<Option<Box<Reader>>>,
) -> Status {
    open(reader, options, || {
        let path = path.path("path")?;
        let file = std::fs::File::open(path).map_err(|error| Error::from(error).in_file(path))?;
        Ok((Box::new(file), Some(path)))
    })
}

/// Opens the file at `path` as `tersor_open` does, but maps it into memory. Nobody may change or shorten the file while
/// the reader is open: its bytes would change under the reader, and access beyond the new end kills the process.
/// Replacing the file by a rename is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_open_map(
    path: Text,
    options: Option<&DecodeOptions>,
    reader: Output<Option<Box<Reader>>>,
) -> Status {
    open(reader, options, || {
        let path = path.path("path")?;
        let map = pointers::map(path).map_err(|error| Error::from(error).in_file(path))?;
        Ok((Box::new(map), Some(path)))
    })
}

/// Opens a file in memory, as `tersor_open` does. The `len` bytes are not copied: they must stay as they are until the
/// reader is freed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_open_memory(
    bytes: Input<u8>,
    len: usize,
    options: Option<&DecodeOptions>,
    reader: Output<Option<Box<Reader>>>,
) -> Status {
    open(reader, options, || {
        let bytes: &'static [u8] = bytes.slice(len, "bytes")?;
        Ok((Box::new(bytes), None))
    })
}

/// Opens a file in memory, as `tersor_open` does. The `len` bytes are copied.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_open_copy(
    bytes: Input<u8>,
    len: usize,
    options: Option<&DecodeOptions>,
    reader: Output<Option<Box<Reader>>>,
) -> Status {
    open(reader, options, || Ok((Box::new(bytes.slice(len, "bytes")?.to_vec()), None)))
}

/// Opens a source that is read by callbacks, as `tersor_open` does. The struct itself is copied. The callback `close` is
/// called when the reader is freed, and also if this function fails, unless `source` or `read` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_open_source(
    source: Option<&Source>,
    options: Option<&DecodeOptions>,
    reader: Output<Option<Box<Reader>>>,
) -> Status {
    open(reader, options, || {
        let source = source.ok_or_else(|| Error::invalid("source is NULL"))?;
        Ok((Box::new(CallbackSource::new(source)?), None))
    })
}

/// Frees a reader. NULL is accepted. Names, shapes and metadata that the reader lent are no longer valid.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_reader_free(reader: Option<Box<Reader>>) {
    free(reader);
}

/// Opens a source and writes the handle. An error names the path, if there is one.
fn open<'a>(
    place: NewReader,
    options: Option<&DecodeOptions>,
    source: impl FnOnce() -> tersor::Result<(Box<dyn ReadAt>, Option<&'a Path>)>,
) -> Status {
    guard(|| {
        let emptied = place.put(None, "reader");
        // also if there is no place for the reader, the source is made, so that dropping closes it
        let (source, path) = source()?;
        emptied?;
        let inner = tersor::Reader::with_options(source, DecodeOptions::of(options));
        let inner = inner.map_err(|error| path.into_iter().fold(error, Error::in_file))?;
        let ordinals = inner.tensors().map(|tensor| tensor.ordinal()).collect();
        let reader = Reader { inner, ordinals, metadata: OnceLock::new() };
        Ok(place.put(Some(Box::new(reader)), "reader")?)
    })
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("tensors", &self.ordinals.len()).finish_non_exhaustive()
    }
}

impl Reader {
    /// Returns the reader, or an error for NULL.
    pub(crate) fn of(reader: Option<&Self>) -> Result<&Self, Failure> {
        reader.ok_or_else(|| Error::invalid("reader is NULL").into())
    }
}

/// Returns the version of the library, such as `0.1.0`. The text is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
