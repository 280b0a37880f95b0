//! A declared tensor or file content of an open file.

use std::sync::Arc;

use super::{Reader, Segment};
use crate::container::{Entry, Place};
use crate::error::{Error, Result};

/// One entry of a reader's manifest.
pub(super) struct EntryRef<'r> {
    pub(super) reader: &'r Reader<'r>,
    pub(super) ordinal: usize,
}

impl Clone for EntryRef<'_> {
    fn clone(&self) -> Self {
        *self
    }
}

impl Copy for EntryRef<'_> {}

impl<'r> EntryRef<'r> {
    /// Returns the declaration.
    pub(super) fn get(self) -> &'r Entry {
        &self.reader.directory().manifest.entries[self.ordinal]
    }

    /// Returns the segment that holds the elements and the place of the elements in it; `None` if there are no elements.
    pub(super) fn segment(self) -> Result<Option<(Place, Arc<Segment>)>> {
        let Some(place) = self.reader.directory().place(self.ordinal) else {
            return Ok(None);
        };
        let segment = self.reader.segment(place.segment).map_err(|error| self.locate(error))?;
        Ok(Some((place, segment)))
    }

    /// Returns an error if the length of an output differs from the number of things that are decoded.
    pub(super) fn check_output(self, len: usize, expected: u64, unit: &str) -> Result<()> {
        if len as u64 == expected {
            return Ok(());
        }
        let what = format!("the output has {len} {unit} where {expected} are decoded");
        Err(self.locate(Error::invalid(what)))
    }

    /// Adds the name to an error.
    pub(super) fn locate(self, error: Error) -> Error {
        error.in_tensor(self.get().label())
    }
}
