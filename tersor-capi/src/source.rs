//! Sources that a program reads by its own functions.

use std::io;

use tersor::{Error, ReadAt, Result};

use crate::pointers::{Output, UserData};

/// Fills `buffer` with the `len` bytes that begin at `offset`, and returns 0. Any other value is an error, which the
/// message names. The range always lies within the length of the source. It is called from several threads at the same
/// time, and must not leave by an exception or `longjmp`.
pub type ReadCallback = Option<extern "C" fn(user_data: UserData, offset: u64, buffer: Output<u8>, len: usize) -> i32>;

/// Releases the source. It is called once, from the thread that frees the reader.
pub type CloseCallback = Option<extern "C" fn(user_data: UserData)>;

/// A source of bytes that a program reads by its own functions, such as ranges of an object in a cloud store.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Source {
    /// Passed to the callbacks.
    pub user_data: UserData,
    /// The number of bytes.
    pub len: u64,
    /// Reads some bytes.
    pub read: ReadCallback,
    /// Releases the source, or NULL.
    pub close: CloseCallback,
}

/// The callbacks of a source that is open.
pub(crate) struct CallbackSource {
    user_data: UserData,
    len: u64,
    read: extern "C" fn(UserData, u64, Output<u8>, usize) -> i32,
    close: CloseCallback,
}

impl CallbackSource {
    pub(crate) fn new(source: &Source) -> Result<Self> {
        let read = source.read.ok_or_else(|| Error::invalid("the callback read is NULL"))?;
        Ok(Self { user_data: source.user_data, len: source.len, read, close: source.close })
    }
}

impl ReadAt for CallbackSource {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match (self.read)(self.user_data, offset, Output::of_slice(buffer), buffer.len()) {
            0 => Ok(()),
            code => Err(io::Error::other(format!("the callback read returned {code}"))),
        }
    }
}

impl Drop for CallbackSource {
    fn drop(&mut self) {
        if let Some(close) = self.close {
            close(self.user_data);
        }
    }
}
