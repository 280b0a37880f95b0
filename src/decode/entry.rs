//! A declared tensor or file content of an open file.

use std::sync::Arc;

use super::{Reader, Segment};
use crate::container::{Entry, Place};
use crate::error::{Error, Result};
use crate::source::ReadAt;

/// One entry of a reader's manifest.
pub(super) struct EntryRef<'r, S> {
    pub(super) reader: &'r Reader<S>,
    pub(super) ordinal: usize,
}

impl<S> Clone for EntryRef<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for EntryRef<'_, S> {}

impl<'r, S: ReadAt> EntryRef<'r, S> {
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

    /// Adds the name to an error.
    pub(super) fn locate(self, error: Error) -> Error {
        error.in_tensor(self.get().label())
    }
}
