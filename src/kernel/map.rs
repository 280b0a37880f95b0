//! Memory-mapped files.

use std::fs::File;
use std::io;
use std::path::Path;

/// A file mapped into memory, read-only.
///
/// Wherever a [`ReadAt`](crate::ReadAt) is asked for, a map serves without copies.
#[derive(Debug)]
pub struct Map(Option<memmap2::Mmap>);

impl Map {
    /// Maps the file at `path`.
    ///
    /// # Safety
    /// While the map lives nobody may change or shorten the file: not this program, not another. The bytes of the map are
    /// handed out as `&[u8]`, which must not change; and on most systems touching a page beyond the new end of a
    /// shortened file kills the process (SIGBUS). A file that is replaced by renaming another over it is not changed in
    /// this sense. If that cannot be promised, use [`Reader::open`](crate::Reader::open), which copies what it reads.
    ///
    /// The content of the file need not be trusted.
    ///
    /// # Errors
    /// What opening and mapping the file give.
    pub unsafe fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if file.metadata()?.len() == 0 {
            // an empty map is an error on some systems
            return Ok(Self(None));
        }
        // SAFETY: the caller promises that nobody changes or shortens the file while the map lives.
        unsafe { memmap2::Mmap::map(&file) }.map(|map| Self(Some(map)))
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or(&[])
    }
}
