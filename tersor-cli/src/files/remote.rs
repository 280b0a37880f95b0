//! Files on web servers and in object stores.

use std::path::Path;

/// The object at a URL.
#[cfg(feature = "remote")]
pub type Remote = tersor::ReadAhead<tersor_remote::RemoteFile>;

/// Returns the URL if `path` is one, and no file has this name.
pub fn url_of(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    let (scheme, _) = text.split_once("://")?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_scheme && !path.exists()).then_some(text)
}

/// Opens the object at a URL.
#[cfg(feature = "remote")]
pub fn open(url: &str) -> std::io::Result<Remote> {
    let file = tersor_remote::RemoteFile::open(url, &tersor_remote::RemoteOptions::default())?;
    file.read_ahead(tersor::ReadAheadOptions::default())
}
