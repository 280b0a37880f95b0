//! Reads an input from front to back.

use std::io::Read;

use crate::error::{Error, Result};

/// A reader that counts its bytes. Its allocations grow with the bytes that arrive, not with declared lengths.
#[derive(Debug)]
pub(super) struct Input<R> {
    input: R,
    position: u64,
}

impl<R: Read> Input<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, position: 0 }
    }

    /// Returns the number of bytes read so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Reads `count` bytes, or fewer at the end of the input.
    pub(super) fn up_to(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(1 << 20) as usize);
        let read = (&mut self.input).take(count).read_to_end(&mut bytes);
        self.position += bytes.len() as u64;
        read.map_err(|error| Error::from(error).at(self.position))?;
        Ok(bytes)
    }

    /// Reads `count` bytes; returns an error of kind `Truncated` if there are fewer.
    pub(super) fn exactly(&mut self, count: u64, section: &'static str) -> Result<Vec<u8>> {
        let bytes = self.up_to(count)?;
        if (bytes.len() as u64) < count {
            let what = format!("the input ends: {count} bytes expected, {} left", bytes.len());
            return Err(Error::truncated(what).in_section(section).at(self.position));
        }
        Ok(bytes)
    }

    /// Reads and drops `count` bytes; returns an error of kind `Truncated` if there are fewer.
    pub(super) fn skip(&mut self, count: u64) -> Result<()> {
        let skipped = std::io::copy(&mut (&mut self.input).take(count), &mut std::io::sink())?;
        self.position += skipped;
        if skipped < count {
            return Err(Error::truncated("the input ends within a frame").at(self.position));
        }
        Ok(())
    }
}
