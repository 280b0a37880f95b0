//! Memory-mapped files.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file mapped into memory, read-only.
///
/// A map implements [`ReadAt`](crate::ReadAt) without copying bytes.
#[derive(Debug)]
pub struct Map(Option<memmap2::Mmap>);

impl Map {
    /// Maps the file at `path`.
    ///
    /// # Safety
    /// Nobody may change or shorten the file while the map exists, neither this program nor another one. The bytes of
    /// the map are lent as `&[u8]`, which must not change; and on most systems, access to a page beyond the new end of
    /// a shortened file kills the process (SIGBUS). Replacing the file by renaming another one over it is allowed. If
    /// you cannot promise this, use [`Reader::open`](crate::Reader::open), which copies the bytes that it reads.
    ///
    /// The content of the file need not be trusted.
    ///
    /// # Errors
    /// The errors of opening and mapping the file.
    pub unsafe fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if file.metadata()?.len() == 0 {
            // Some systems refuse to map an empty file.
            return Ok(Self(None));
        }
        // SAFETY: the caller promises that nobody changes or shortens the file while the map exists.
        unsafe { memmap2::Mmap::map(&file) }.map(|map| Self(Some(map)))
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}
