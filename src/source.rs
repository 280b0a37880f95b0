//! Sources that are read at an offset.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::kernel::Map;

/// A source that is read at an offset: a file, bytes in memory, or an implementation of your own, for example HTTP
/// range requests to an object store.
///
/// A reader calls it from several threads at the same time. `&T`, `Box<T>` and `Arc<T>` are sources if `T` is one, so a
/// `Reader<Box<dyn ReadAt>>` works with any source.
///
/// ```
/// use std::io;
/// use tersor::ReadAt;
///
/// /// The part of another source after its first `start` bytes.
/// struct Tail<S> {
///     source: S,
///     start: u64,
/// }
///
/// impl<S: ReadAt> ReadAt for Tail<S> {
///     fn len(&self) -> io::Result<u64> {
///         Ok(self.source.len()?.saturating_sub(self.start))
///     }
///     fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
///         let offset = offset.checked_add(self.start).ok_or(io::ErrorKind::UnexpectedEof)?;
///         self.source.read_exact_at(offset, buffer)
///     }
/// }
/// ```
pub trait ReadAt: Send + Sync {
    /// Returns the length in bytes.
    ///
    /// # Errors
    /// Any error of the source.
    fn len(&self) -> io::Result<u64>;

    /// Returns whether the source has no bytes.
    ///
    /// # Errors
    /// As [`len`](Self::len).
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if the source ends before the buffer is full, and any other error of the source.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Announces ranges that will be read soon, in the order in which they will be read. A slow source can begin to load
    /// them; see [`ReadAhead`](crate::ReadAhead). The default does nothing. A range may lie outside the source.
    fn prefetch(&self, ranges: &[Range<u64>]) {
        let _ = ranges;
    }

    /// Returns all bytes if they are in memory: then they are used without a copy. The default returns `None`.
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

macro_rules! read_at_pointer {
    ($($type:ty),*) => {$(
        impl<S: ReadAt + ?Sized> ReadAt for $type {
            fn len(&self) -> io::Result<u64> {
                (**self).len()
            }
            fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
                (**self).read_exact_at(offset, buffer)
            }
            fn prefetch(&self, ranges: &[Range<u64>]) {
                (**self).prefetch(ranges)
            }
            fn bytes(&self) -> Option<&[u8]> {
                (**self).bytes()
            }
        }
    )*};
}

read_at_pointer!(&S, Box<S>, Arc<S>);

#[cfg(any(unix, windows))]
impl ReadAt for std::fs::File {
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
