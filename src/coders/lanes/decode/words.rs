//! The words of a chunk, with room to look ahead.

use crate::error::{Error, Result};
use crate::spec::LANES;

/// The words of a chunk. A copy of the last words, with zeros after them, lets a decoder always look 32 words ahead.
#[derive(Debug)]
pub(super) struct Words<'a> {
    all: &'a [[u8; 2]],
    end: [[u8; 2]; 2 * LANES],
    /// The position of the first word that `end` repeats.
    end_start: usize,
    /// The number of words taken.
    pub(super) position: usize,
}

impl<'a> Words<'a> {
    pub(super) fn new(all: &'a [[u8; 2]]) -> Self {
        let end_start = all.len().saturating_sub(LANES);
        let mut end = [[0; 2]; 2 * LANES];
        end[..all.len() - end_start].copy_from_slice(&all[end_start..]);
        Self { all, end, end_start, position: 0 }
    }

    /// Checks that no more words were taken than there are.
    pub(super) fn check(&self) -> Result<()> {
        match self.position > self.all.len() {
            true => Err(Error::corrupt("words of the lanes are missing")),
            false => Ok(()),
        }
    }

    /// Returns words of which at least 32 are left, and the position of the first of them. No more words were taken than
    /// there are.
    ///
    /// The copy of the last words is cut so that 32 words are no longer left after one too many was taken.
    pub(super) fn ahead(&self) -> (&[[u8; 2]], usize) {
        match self.position + LANES <= self.all.len() {
            true => (self.all, 0),
            false => (&self.end[..self.all.len() - self.end_start + LANES], self.end_start),
        }
    }

    /// Checks that all words were taken, and no more.
    pub(super) fn finish(&self) -> Result<()> {
        if self.position == self.all.len() {
            return Ok(());
        }
        Err(Error::corrupt(format!("{} words of the lanes taken, but there are {}", self.position, self.all.len())))
    }
}
