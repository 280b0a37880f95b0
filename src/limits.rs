//! What a file may ask of its reader.

use crate::error::{Error, Result};

/// Bounds for files that are not trusted, checked against what a file declares before anything is allocated.
///
/// A tensor of zeros may legally take a few bytes and decode to terabytes, so the size of a file bounds nothing. The
/// defaults suit a server that decodes models of strangers.
///
/// ```
/// let limits = tersor::Limits::default().with_tensor_bytes(1 << 20);
/// assert_eq!(limits.tensor_bytes, 1 << 20);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Decoded bytes of all tensors and files together; 64 GiB by default.
    pub total_bytes: u64,
    /// Decoded bytes of one tensor or file content; 16 GiB by default.
    pub tensor_bytes: u64,
    /// Number of tensors and file contents; 2^20 by default.
    pub tensors: u64,
    /// Bytes of a name; 4096 by default.
    pub name_bytes: u64,
    /// Bytes of one head: manifest, index, a segment's chunk table, unpacked; 256 MiB by default.
    pub head_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 64 << 30,
            tensor_bytes: 16 << 30,
            tensors: 1 << 20,
            name_bytes: 4096,
            head_bytes: 256 << 20,
        }
    }
}

impl Limits {
    /// No bounds but those of the format: for files from a trusted source.
    pub fn none() -> Self {
        Self {
            total_bytes: u64::MAX,
            tensor_bytes: u64::MAX,
            tensors: u64::MAX,
            name_bytes: u64::MAX,
            head_bytes: u64::MAX,
        }
    }

    /// With another [`total_bytes`](Self::total_bytes).
    #[must_use]
    pub fn with_total_bytes(mut self, bytes: u64) -> Self {
        self.total_bytes = bytes;
        self
    }

    /// With another [`tensor_bytes`](Self::tensor_bytes).
    #[must_use]
    pub fn with_tensor_bytes(mut self, bytes: u64) -> Self {
        self.tensor_bytes = bytes;
        self
    }

    /// With another [`tensors`](Self::tensors).
    #[must_use]
    pub fn with_tensors(mut self, count: u64) -> Self {
        self.tensors = count;
        self
    }

    /// With another [`name_bytes`](Self::name_bytes).
    #[must_use]
    pub fn with_name_bytes(mut self, bytes: u64) -> Self {
        self.name_bytes = bytes;
        self
    }

    /// With another [`head_bytes`](Self::head_bytes).
    #[must_use]
    pub fn with_head_bytes(mut self, bytes: u64) -> Self {
        self.head_bytes = bytes;
        self
    }
}

/// `asked` of `what` against `limit`.
pub(crate) fn check(asked: u64, limit: u64, what: &str) -> Result<()> {
    if asked > limit {
        return Err(Error::limit(format!("{asked} {what}, the limit is {limit}")));
    }
    Ok(())
}
