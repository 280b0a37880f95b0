//! Where bytes come from: anything that can be read at an offset.

use std::fs::File;
use std::io;

use crate::kernel::Map;

/// A positional reader: a file, bytes in memory, or what a caller brings, such as ranges of an object in a store.
///
/// Reads may come from several threads at once.
pub trait ReadAt: Send + Sync {
    /// Length in bytes.
    ///
    /// # Errors
    /// Whatever finding it out gives.
    fn len(&self) -> io::Result<u64>;

    /// Whether there are no bytes.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if they end before, and whatever reading gives.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// The bytes themselves, if they lie in memory: then nothing is copied.
    fn bytes(&self) -> Option<&[u8]> {
        None
    }
}

fn copy_at(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let found = usize::try_from(offset).ok().and_then(|start| bytes.get(start..)?.get(..buffer.len()));
    buffer.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
    Ok(())
}

macro_rules! read_at_memory {
    ($($type:ty),*) => {$(
        impl ReadAt for $type {
            fn len(&self) -> io::Result<u64> {
                Ok(<Self as AsRef<[u8]>>::as_ref(self).len() as u64)
            }
            fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
                copy_at(self.as_ref(), offset, buffer)
            }
            fn bytes(&self) -> Option<&[u8]> {
                Some(self.as_ref())
            }
        }
    )*};
}

read_at_memory!([u8], Vec<u8>, Map);

impl<S: ReadAt + ?Sized> ReadAt for &S {
    fn len(&self) -> io::Result<u64> {
        (**self).len()
    }
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_exact_at(offset, buffer)
    }
    fn bytes(&self) -> Option<&[u8]> {
        (**self).bytes()
    }
}

#[cfg(any(unix, windows))]
impl ReadAt for File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(self, buffer, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
