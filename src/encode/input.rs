//! Files to encode, read block by block.

use std::io;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::source::ReadAt;

/// Bytes that are read at a time. Small tensors that lie side by side are read together.
const BLOCK_BYTES: u64 = 8 << 20;

/// A file to encode.
#[derive(Clone, Copy)]
pub struct FileInput<'a> {
    pub(super) path: &'a str,
    content: Content<'a>,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    Bytes(&'a [u8]),
    Source(&'a dyn ReadAt),
}

impl<'a> FileInput<'a> {
    /// Makes an input from a path and the content. The path is the name of the file, or leads to it from the folder that
    /// is encoded, with `/` between its components.
    ///
    /// The tensors of a safetensors file are encoded one by one; it is recognised by its content. If the path ends in
    /// `.safetensors`, the content must be a safetensors file. Every other file is encoded as bytes.
    #[must_use]
    pub fn new(path: &'a str, bytes: &'a [u8]) -> Self {
        Self { path, content: Content::Bytes(bytes) }
    }

    /// Makes an input from a path and a source, such as a [`File`](std::fs::File), which is read while it is encoded.
    /// The source must not change meanwhile. See [`new`](Self::new).
    #[must_use]
    pub fn of_source(path: &'a str, source: &'a dyn ReadAt) -> Self {
        Self { path, content: Content::Source(source) }
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// Returns whether two reads of the file can give different bytes.
    pub(super) fn can_change(&self) -> bool {
        matches!(self.content, Content::Source(_))
    }

    pub(super) fn source(&self) -> Box<dyn ReadAt + 'a> {
        match self.content {
            Content::Bytes(bytes) => Box::new(bytes),
            Content::Source(source) => Box::new(source),
        }
    }

    /// Returns the error for an error in reading the file.
    pub(super) fn failed(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => self.changed(),
            _ => Error::from(error).in_tensor(self.path),
        }
    }

    /// Returns the error for a file that changes while it is read.
    pub(super) fn changed(&self) -> Error {
        Error::corrupt("the file changed while it was read").in_tensor(self.path)
    }
}

impl std::fmt::Debug for FileInput<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileInput").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Reads ranges of files. It keeps the last block that it read.
pub(super) struct Blocks<'a> {
    files: &'a [FileInput<'a>],
    sources: Vec<Box<dyn ReadAt + 'a>>,
    /// The number of the file and the offset of the bytes in `buffer`.
    place: (usize, u64),
    buffer: Vec<u8>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(files: &'a [FileInput<'a>]) -> Self {
        let sources = files.iter().map(FileInput::source).collect();
        Self { files, sources, place: (0, 0), buffer: Vec::new() }
    }

    /// Returns the bytes of file number `number` in this range.
    pub(super) fn read(&mut self, number: usize, range: Range<u64>) -> Result<&[u8]> {
        let file = &self.files[number];
        let len = (range.end - range.start) as usize;
        if let Some(bytes) = self.sources[number].bytes() {
            let end = range.end as usize;
            return bytes.get(range.start as usize..end).ok_or_else(|| file.changed());
        }
        let (held, start) = self.place;
        let has = held == number && range.start >= start && range.end <= start + self.buffer.len() as u64;
        if !has {
            let source = &self.sources[number];
            let left = source.len().map_err(|error| file.failed(error))?.saturating_sub(range.start);
            let block = (len as u64).max(left.min(BLOCK_BYTES));
            // while it is taken, the buffer is empty and holds nothing, also if reading fails
            let mut buffer = std::mem::take(&mut self.buffer);
            resize(&mut buffer, block)?;
            source.read_exact_at(range.start, &mut buffer).map_err(|error| file.failed(error))?;
            (self.place, self.buffer) = ((number, range.start), buffer);
        }
        let from = (range.start - self.place.1) as usize;
        Ok(&self.buffer[from..from + len])
    }
}

/// Gives a buffer another length. Returns an error of kind `Limit` if there is not enough memory.
fn resize(buffer: &mut Vec<u8>, len: u64) -> Result<()> {
    let refused = || Error::limit(format!("no memory for {len} bytes"));
    let len = usize::try_from(len).map_err(|_| refused())?;
    buffer.try_reserve_exact(len.saturating_sub(buffer.len())).map_err(|_| refused())?;
    buffer.resize(len, 0);
    Ok(())
}
