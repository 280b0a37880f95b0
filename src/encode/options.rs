//! How to encode.

use crate::entropy::Adaptation;
use crate::error::{Error, Result};
use crate::progress::Progress;

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
    pub(crate) chunk_bytes: u64,
    pub(crate) progress: Progress,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { level: 6, threads: None, chunk_bytes: 256 << 10, progress: Progress::default() }
    }
}

impl EncodeOptions {
    /// 1, the fastest, to 9, the smallest; 6 if not set.
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

    /// The coded bytes that a chunk aims at, 4096 to 2^30; 256 KiB if not set. Small chunks make rows cheap to reach, and the file larger.
    #[must_use]
    pub fn with_chunk_bytes(mut self, bytes: u64) -> Self {
        self.chunk_bytes = bytes.clamp(4096, 1 << 30);
        self
    }

    /// Hears of encoded bytes, and may cancel.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    pub(crate) fn effort(&self) -> Effort {
        Effort::of(self.level)
    }
}

/// What a level tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) zstd_level: i32,
    /// Mantissa bits that may join the exponent.
    pub(crate) most_mantissa_bits: u32,
    /// Adaptations tried beside the static table.
    pub(crate) adaptations: &'static [Adaptation],
    /// Chunks that an adaptation is measured on.
    pub(crate) measured_chunks: usize,
    /// Fields of at most so many symbols may be coded in bits.
    pub(crate) bits_symbols: usize,
}

const fn adaptation(interval: u8, rate: u8) -> Adaptation {
    Adaptation { interval, rate }
}

impl Effort {
    fn of(level: u8) -> Self {
        const SOME: &[Adaptation] = &[adaptation(13, 3)];
        const MORE: &[Adaptation] = &[adaptation(12, 4), adaptation(13, 3), adaptation(14, 2)];
        const ALL: &[Adaptation] = &[
            adaptation(10, 5),
            adaptation(11, 4),
            adaptation(11, 6),
            adaptation(12, 3),
            adaptation(12, 4),
            adaptation(12, 5),
            adaptation(13, 3),
            adaptation(14, 2),
        ];
        let (zstd_level, most_mantissa_bits, adaptations, measured_chunks, bits_symbols) = match level {
            1 => (1, 2, &[][..], 0, 1 << 10),
            2 => (3, 3, &[][..], 0, 1 << 12),
            3 => (3, 3, SOME, 1, 1 << 13),
            4 => (6, 3, SOME, 2, 1 << 14),
            5 => (9, 3, SOME, 4, 1 << 14),
            6 => (12, 3, MORE, 4, 1 << 14),
            7 => (15, 3, MORE, 8, 1 << 16),
            8 => (19, 3, ALL, 8, 1 << 18),
            _ => (19, 3, ALL, usize::MAX, usize::MAX),
        };
        Self { zstd_level, most_mantissa_bits, adaptations, measured_chunks, bits_symbols }
    }
}
