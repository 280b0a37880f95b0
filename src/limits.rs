//! Upper bounds for the resources that a file can claim.

use std::time::Duration;

use crate::error::{Error, Result};

const CACHE_BYTES: u64 = 64 << 20;

/// Bounds for files that are not trusted. They are compared with the sizes that a file declares before any memory is
/// allocated.
///
/// A tensor of zeros can take a few bytes in a file and decode to terabytes, so the size of a file is no bound for the
/// memory that it needs. The defaults suit a server that decodes models of strangers.
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
    /// Decoded bytes of one tensor or file content; 16 GiB by default. A conversion to another type is counted in
    /// bytes of that type.
    pub tensor_bytes: u64,
    /// Number of tensors and file contents; 2^20 by default.
    pub tensors: u64,
    /// Bytes of a name; 4096 by default.
    pub name_bytes: u64,
    /// Bytes of one manifest, index or segment head in memory; 256 MiB by default. All segment heads that a reader
    /// keeps take no more than this together.
    pub head_bytes: u64,
    /// Estimated time that one core takes to decode all segments that a reader uses; 10 minutes by default. The estimate
    /// follows from the parameters and the size of a segment, not from a clock: the same file is refused on every
    /// machine. Most models take a few nanoseconds a byte. Models of level 9 take about a tenth of a microsecond a
    /// byte, and the slowest segments that the format allows take about 2 microseconds a byte.
    pub work: Duration,
    /// Memory that a thread takes to decode a chunk, beside the chunk itself; 128 MiB by default.
    pub scratch_bytes: u64,
    /// Decoded bytes that a reader keeps, so that tensors that share a chunk need not decode it again; 64 MiB by
    /// default. This limits memory and refuses no file.
    pub cache_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total_bytes: 64 << 30,
            tensor_bytes: 16 << 30,
            tensors: 1 << 20,
            name_bytes: 4096,
            head_bytes: 256 << 20,
            work: Duration::from_secs(600),
            scratch_bytes: 128 << 20,
            cache_bytes: CACHE_BYTES,
        }
    }
}

impl Limits {
    /// Returns limits that allow everything that the format allows; `cache_bytes` has its default. Use them only for
    /// files from a trusted source.
    #[must_use]
    pub fn unlimited() -> Self {
        Self {
            total_bytes: u64::MAX,
            tensor_bytes: u64::MAX,
            tensors: u64::MAX,
            name_bytes: u64::MAX,
            head_bytes: u64::MAX,
            work: Duration::MAX,
            scratch_bytes: u64::MAX,
            cache_bytes: CACHE_BYTES,
        }
    }

    /// Sets [`total_bytes`](Self::total_bytes).
    #[must_use]
    pub fn with_total_bytes(mut self, bytes: u64) -> Self {
        self.total_bytes = bytes;
        self
    }

    /// Sets [`tensor_bytes`](Self::tensor_bytes).
    #[must_use]
    pub fn with_tensor_bytes(mut self, bytes: u64) -> Self {
        self.tensor_bytes = bytes;
        self
    }

    /// Sets [`tensors`](Self::tensors).
    #[must_use]
    pub fn with_tensors(mut self, count: u64) -> Self {
        self.tensors = count;
        self
    }

    /// Sets [`name_bytes`](Self::name_bytes).
    #[must_use]
    pub fn with_name_bytes(mut self, bytes: u64) -> Self {
        self.name_bytes = bytes;
        self
    }

    /// Sets [`head_bytes`](Self::head_bytes).
    #[must_use]
    pub fn with_head_bytes(mut self, bytes: u64) -> Self {
        self.head_bytes = bytes;
        self
    }

    /// Sets [`work`](Self::work).
    #[must_use]
    pub fn with_work(mut self, work: Duration) -> Self {
        self.work = work;
        self
    }

    /// Sets [`scratch_bytes`](Self::scratch_bytes).
    #[must_use]
    pub fn with_scratch_bytes(mut self, bytes: u64) -> Self {
        self.scratch_bytes = bytes;
        self
    }

    /// Sets [`cache_bytes`](Self::cache_bytes).
    #[must_use]
    pub fn with_cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }
}

/// A field of [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    TotalBytes,
    TensorBytes,
    Tensors,
    NameBytes,
    HeadBytes,
    ScratchBytes,
}

impl Bound {
    /// Returns the name of the field.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TotalBytes => "total_bytes",
            Self::TensorBytes => "tensor_bytes",
            Self::Tensors => "tensors",
            Self::NameBytes => "name_bytes",
            Self::HeadBytes => "head_bytes",
            Self::ScratchBytes => "scratch_bytes",
        }
    }
}

impl Limits {
    /// Returns an error of kind `Limit` if `requested` is above a limit; `unit` names the counted things.
    pub(crate) fn check(&self, bound: Bound, requested: u64, unit: &str) -> Result<()> {
        let limit = match bound {
            Bound::TotalBytes => self.total_bytes,
            Bound::TensorBytes => self.tensor_bytes,
            // ordinals have 32 bits
            Bound::Tensors => self.tensors.min(u32::MAX.into()),
            Bound::NameBytes => self.name_bytes,
            Bound::HeadBytes => self.head_bytes,
            Bound::ScratchBytes => self.scratch_bytes,
        };
        if requested > limit {
            return Err(Error::limit(format!("{requested} {unit}, the limit is {limit}")).of_limit(bound.name()));
        }
        Ok(())
    }

    /// Returns an error of kind `Limit` if decoding takes longer than [`work`](Self::work).
    pub(crate) fn check_work(&self, nanoseconds: u64) -> Result<()> {
        let time = Duration::from_nanos(nanoseconds);
        if time > self.work {
            let what = format!("decoding takes about {time:.1?} of one core, the limit is {:.1?}", self.work);
            return Err(Error::limit(what).of_limit("work"));
        }
        Ok(())
    }
}
