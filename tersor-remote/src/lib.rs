//! Opens Tersor files on web servers and in object stores, and reads only the bytes that are used.
//!
#![doc = include_str!("../README.md")]

mod error;
mod file;
mod options;
mod runtime;
mod store;

pub use file::RemoteFile;
pub use options::RemoteOptions;

use tersor::{DecodeOptions, ReadAheadOptions, Reader, Result};

/// Returns whether `name` is a URL that [`open`] understands, and no path of a file.
#[must_use]
pub fn is_url(name: &str) -> bool {
    let scheme = name.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| matches!(&*scheme, "http" | "https" | "s3" | "s3a" | "gs"))
}

/// Opens a Tersor file at a URL with default options. See [`RemoteFile::open`] for the kinds of URL.
///
/// # Errors
/// As [`open_with`].
pub fn open(url: &str) -> Result<Reader<'static>> {
    open_with(url, &RemoteOptions::default(), DecodeOptions::default())
}

/// Opens a Tersor file at a URL.
///
/// # Errors
/// `InvalidArgument` for a URL that is not understood; `Io` if a request fails; the errors of [`Reader::new`].
pub fn open_with(url: &str, options: &RemoteOptions, decode: DecodeOptions) -> Result<Reader<'static>> {
    let file = RemoteFile::open(url, options)?;
    Reader::with_options(file.read_ahead(ReadAheadOptions::default())?, decode)
}
