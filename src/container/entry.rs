//! The declaration of a tensor or of the content of a file (section 5).

use std::sync::Arc;

use crate::tensor::{Dtype, byte_len, element_count};

/// A tensor, or the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The name of the tensor; `None` for the content of a file.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) dtype: Dtype,
    /// The shape. Its size was checked when the entry was read or made.
    pub(crate) shape: Box<[u64]>,
    /// The ordinal of the entry that holds the bytes, if this one is an alias.
    pub(crate) alias_of: Option<u32>,
}

impl Entry {
    /// Returns the number of elements.
    pub(crate) fn elements(&self) -> u64 {
        element_count(&self.shape).unwrap_or(0)
    }

    /// Returns the size of the decoded entry in bytes.
    pub(crate) fn byte_len(&self) -> u64 {
        byte_len(self.dtype, &self.shape).unwrap_or(0)
    }

    /// Returns whether a segment holds the entry: it is no alias and has elements.
    pub(crate) fn is_stored(&self) -> bool {
        self.alias_of.is_none() && self.elements() > 0
    }

    /// Returns the name that is shown in messages.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("(file content)")
    }
}
