//! How to encode.

use super::search::Effort;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::progress::Progress;

/// The coded bytes that a chunk aims at.
pub(super) const CHUNK_BYTES: u64 = 256 << 10;

/// Level, threads, chunk size and progress.
///
/// The bytes written depend on the tensors, the level and the chunk size alone.
///
/// ```
/// # fn main() -> tersor::Result<()> {
/// let options = tersor::EncodeOptions::default().with_level(9)?.with_threads(2);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct EncodeOptions {
    pub(crate) level: u8,
    pub(crate) threads: Option<usize>,
    /// If not set, [`CHUNK_BYTES`], and more for what has to learn in every chunk.
    pub(crate) chunk_bytes: Option<u64>,
    pub(crate) progress: Progress,
    pub(crate) kernel: Option<Kernel>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { level: 6, threads: None, chunk_bytes: None, progress: Progress::default(), kernel: None }
    }
}

impl EncodeOptions {
    /// 1, the fastest, to 9, the smallest; 6 if not set. Decoding is about as fast up to 7; at 8 and 9 what was coded by mixing
    /// decodes at a few million weights a second.
    ///
    /// # Errors
    /// `InvalidArgument` for any other level.
    pub fn with_level(mut self, level: u8) -> Result<Self> {
        if !(1..=9).contains(&level) {
            return Err(Error::invalid(format!("level {level} is not one of 1 to 9")));
        }
        self.level = level;
        Ok(self)
    }

    /// The number of threads; if not set, those of the rayon pool that the caller is in. 1: only the caller's own.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// The coded bytes that a chunk aims at, 4096 to 2^30; if not set 256 KiB, and at the highest levels up to 4 MiB. Small chunks make rows cheap to reach, and the file larger.
    #[must_use]
    pub fn with_chunk_bytes(mut self, bytes: u64) -> Self {
        self.chunk_bytes = Some(bytes.clamp(4096, 1 << 30));
        self
    }

    /// The code that encodes; see [`Kernel`] for what is used if not set. The bytes written are the same.
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Hears of encoded bytes, and may cancel.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    pub(crate) fn effort(&self) -> Effort {
        let effort = Effort::of(self.level);
        let mixed_chunks = if self.chunk_bytes.is_some() { 1 } else { effort.mixed_chunks };
        Effort { mixed_chunks, kernel: self.kernel.unwrap_or(Kernel::PORTABLE), ..effort }
    }
}
