//! Options for encoding.

use super::scale::Resolution;
use crate::coders::Adaptation;
use crate::kernel::Kernel;
use crate::progress::Progress;

/// The coded bytes that a chunk aims at.
pub(super) const CHUNK_BYTES: u64 = 256 << 10;

/// Options for encoding: level, chunk size, threads, progress and kernel.
///
/// The bytes written depend only on the input, the level and the chunk size.
///
/// ```
/// let options = tersor::EncodeOptions::default().with_level(9).with_threads(2);
/// ```
#[derive(Debug, Clone)]
#[must_use]
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
    /// Sets the level, from 1 (the fastest) to 9 (the smallest files). Other values are moved into this range. The default
    /// is 6. Files of levels 1 to 7 decode at about the same speed. Levels 8 and 9 can code tensors by mixing, which
    /// decodes only a few million weights a second.
    pub fn with_level(mut self, level: u8) -> Self {
        self.level = level.clamp(1, 9);
        self
    }

    /// Sets the number of threads; 0 counts as 1. With 1 all work is done on the calling thread. The default is the
    /// rayon pool of the caller, which by default has one thread a core. Without the feature `threads` the number has
    /// no effect. The bytes written are the same for every number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Sets the target size of a coded chunk in bytes, from 4096 to 2^30. Other values are moved into this range. The
    /// default is 256 KiB, and at the highest levels up to 4 MiB. With smaller chunks a few rows are faster to read, and
    /// the file is larger.
    pub fn with_chunk_bytes(mut self, bytes: u64) -> Self {
        self.chunk_bytes = Some(bytes.clamp(4096, 1 << 30));
        self
    }

    /// Sets the kernel. The default is described at [`Kernel`]. The bytes written are the same for every kernel.
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Sets a callback that receives the number of encoded bytes and can cancel.
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

/// What a level tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) kernel: Kernel,
    pub(crate) zstd_level: i32,
    /// Mantissa bits that may join the exponent.
    pub(crate) most_mantissa_bits: u32,
    /// Resolutions of scales that are tried; none: no contexts by scale.
    pub(crate) resolutions: &'static [Resolution],
    /// Words on which scales are judged.
    pub(crate) sample_words: usize,
    /// Whether low bits of words may have contexts.
    pub(crate) plane_contexts: bool,
    /// A coder of low bits has to save one part in so many: it takes as long to decode as the bits above.
    pub(crate) plane_gain: u64,
    /// Adaptations tried beside the static table.
    pub(crate) adaptations: &'static [Adaptation],
    /// An adaptation has to save one part of so many: it takes time to decode.
    pub(crate) adaptation_gain: u64,
    /// Chunks that an adaptation is measured on.
    pub(crate) measured_chunks: usize,
    /// Words on which mixing is judged; 0: it is not tried.
    pub(crate) mixed_words: usize,
    /// Mixing has to save one part of so many.
    pub(crate) mixed_gain: u64,
    /// Shifts of the mixer's predictor that are tried.
    pub(crate) mixed_shifts: &'static [u32],
    /// Chunks with mixed fields aim at so many times the coded bytes, as a mixer learns anew in each.
    pub(crate) mixed_chunks: u64,
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
        const COARSE: &[Resolution] = &[resolution(16, 0)];
        const FINE: &[Resolution] = &[resolution(32, 0), resolution(16, 0), resolution(8, 1)];
        const FINEST: &[Resolution] = &[
            resolution(32, 0),
            resolution(16, 0),
            resolution(16, 1),
            resolution(8, 1),
            resolution(8, 2),
            resolution(4, 2),
        ];
        let basic = Self {
            kernel: Kernel::PORTABLE,
            zstd_level: 1,
            most_mantissa_bits: 2,
            resolutions: &[],
            sample_words: 1 << 16,
            plane_contexts: false,
            plane_gain: 128,
            adaptations: &[],
            adaptation_gain: 512,
            measured_chunks: 0,
            mixed_words: 0,
            mixed_gain: 64,
            mixed_shifts: &[5],
            mixed_chunks: 4,
            bits_symbols: 1 << 10,
        };
        match level {
            1 => basic,
            2 => Self { most_mantissa_bits: 3, bits_symbols: 1 << 12, ..basic },
            3 => Self { zstd_level: 3, resolutions: COARSE, ..Self::of(2) },
            4 => Self { zstd_level: 6, resolutions: FINE, ..Self::of(3) },
            5 => Self { zstd_level: 12, plane_contexts: true, ..Self::of(4) },
            6 => Self { adaptations: SOME, measured_chunks: 2, bits_symbols: 1 << 14, ..Self::of(5) },
            7 => Self {
                zstd_level: 15,
                resolutions: FINEST,
                sample_words: 1 << 18,
                adaptations: MORE,
                adaptation_gain: 4096,
                plane_gain: 512,
                measured_chunks: 4,
                bits_symbols: 1 << 15,
                ..Self::of(6)
            },
            8 => Self {
                zstd_level: 19,
                adaptations: ALL,
                measured_chunks: 8,
                bits_symbols: 1 << 16,
                mixed_words: 1 << 16,
                ..Self::of(7)
            },
            _ => Self {
                sample_words: 1 << 20,
                bits_symbols: 1 << 18,
                mixed_words: 1 << 18,
                mixed_gain: 1024,
                mixed_shifts: &[4, 5, 6],
                mixed_chunks: 16,
                ..Self::of(8)
            },
        }
    }
}

const fn resolution(unit: i32, shift: u8) -> Resolution {
    Resolution { unit, shift }
}
