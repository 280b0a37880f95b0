//! A file whose lossy tensors are replaced by what the quantiser made of them.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use crate::encode::input::FileInput;
use crate::error::Result;
use crate::source::ReadAt;

/// Makes the bytes of the lossy tensor with this number once more.
pub(super) type Remake<'a> = dyn Fn(usize) -> Result<Vec<u8>> + Sync + Send + 'a;

/// The place of a lossy tensor in a file.
pub(super) struct Replaced {
    pub(super) range: Range<u64>,
    /// The number of the lossy tensor.
    pub(super) number: usize,
    /// The bytes; `None` if there was no room to keep them.
    pub(super) bytes: Option<Arc<Vec<u8>>>,
}

/// A file with other bytes in the places of lossy tensors.
pub(super) struct LossyFile<'a> {
    source: Box<dyn ReadAt + 'a>,
    /// In ascending order of their places.
    replaced: Vec<Replaced>,
    remake: &'a Remake<'a>,
    /// The tensor that was made last, with its number.
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

impl<'a> LossyFile<'a> {
    pub(super) fn new(file: &FileInput<'a>, replaced: Vec<Replaced>, remake: &'a Remake<'a>) -> Self {
        Self { source: file.source(), replaced, remake, last: Mutex::new(None) }
    }

    fn bytes_of(&self, replaced: &Replaced) -> io::Result<Arc<Vec<u8>>> {
        if let Some(bytes) = &replaced.bytes {
            return Ok(Arc::clone(bytes));
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, bytes)) = &*last
            && *number == replaced.number
        {
            return Ok(Arc::clone(bytes));
        }
        let bytes = Arc::new((self.remake)(replaced.number).map_err(io::Error::other)?);
        *last = Some((replaced.number, Arc::clone(&bytes)));
        Ok(bytes)
    }
}

impl ReadAt for LossyFile<'_> {
    fn len(&self) -> io::Result<u64> {
        self.source.len()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset + buffer.len() as u64;
        let mut at = offset;
        let first = self.replaced.partition_point(|replaced| replaced.range.end <= offset);
        for replaced in self.replaced[first..].iter().take_while(|replaced| replaced.range.start < end) {
            let part = replaced.range.start.max(offset)..replaced.range.end.min(end);
            self.source.read_exact_at(at, &mut buffer[(at - offset) as usize..(part.start - offset) as usize])?;
            let bytes = self.bytes_of(replaced)?;
            let own = (part.start - replaced.range.start) as usize..(part.end - replaced.range.start) as usize;
            let own = bytes.get(own).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer[(part.start - offset) as usize..(part.end - offset) as usize].copy_from_slice(own);
            at = part.end;
        }
        self.source.read_exact_at(at, &mut buffer[(at - offset) as usize..])
    }
}
