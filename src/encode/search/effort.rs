//! The options of the search at each level.

use super::hurdles::LevelHurdles;
use super::scale::Resolution;
use crate::coders::Adaptation;
use crate::kernel::Kernel;
use crate::spec::{
    LEVEL_1_CHUNK_WORDS, LEVEL_1_PRECISION, LEVEL_1_SERIAL_ELEMENTS, LEVEL_1_SLOTS, MAX_CHUNK_ELEMENTS,
    MAX_DECODER_LEVEL, MAX_PRECISION, MAX_SLOTS,
};

/// The frequency tables that a decoder accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableLimits {
    /// The frequencies of a table add up to at most 2^precision.
    pub(crate) precision: u32,
    /// The frequencies of all tables of a stream add up to at most this number.
    pub(crate) slots: usize,
}

/// The options of a level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) kernel: Kernel,
    pub(crate) zstd_level: i32,
    /// The maximum number of mantissa bits that the first field may have besides the exponent.
    pub(crate) most_mantissa_bits: u32,
    /// The resolutions of scales that are tried. If there are none, no field has contexts by scale.
    pub(crate) resolutions: &'static [Resolution],
    /// The number of words on which scales are judged.
    pub(crate) sample_words: usize,
    /// Whether low bits of words may have contexts.
    pub(crate) plane_contexts: bool,
    /// The adaptations that are tried besides the static table.
    pub(crate) adaptations: &'static [Adaptation],
    /// The number of chunks on which adaptations are measured.
    pub(crate) measured_chunks: usize,
    /// The number of words on which mixing is judged. If 0, it is not tried.
    pub(crate) mixed_words: usize,
    pub(crate) hurdles: LevelHurdles,
    /// The shifts of the predictor of the mixer that are tried.
    pub(crate) mixed_shifts: &'static [u32],
    /// The factor for the coded bytes that chunks with mixed fields aim at. They are longer, because a mixer learns
    /// anew in each chunk.
    pub(crate) mixed_chunks: u64,
    /// The maximum number of symbols of a field that may have bit coding.
    pub(crate) bits_symbols: usize,
    /// Whether a segment may be coded by zstd.
    pub(crate) zstd: bool,
    /// Segments of more elements have no serial coding: neither zstd nor bits.
    pub(crate) serial_elements: u64,
    pub(crate) tables: TableLimits,
    /// The decoder level that a file claims.
    pub(crate) decoder_level: u8,
}

const fn adaptation(interval: u8, rate: u8) -> Adaptation {
    Adaptation { interval, rate }
}

impl Effort {
    pub(crate) fn of(level: u8) -> Self {
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
            adaptations: &[],
            measured_chunks: 0,
            mixed_words: 0,
            hurdles: LevelHurdles::of(level),
            mixed_shifts: &[5],
            mixed_chunks: 4,
            bits_symbols: 1 << 10,
            zstd: true,
            serial_elements: u64::MAX,
            tables: TableLimits { precision: MAX_PRECISION, slots: MAX_SLOTS },
            decoder_level: MAX_DECODER_LEVEL,
        };
        let of_level = match level {
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
                mixed_shifts: &[4, 5, 6],
                mixed_chunks: 16,
                ..Self::of(8)
            },
        };
        Self { hurdles: LevelHurdles::of(level), ..of_level }
    }
}

impl Effort {
    /// Restricts the effort to what decoder level 1 allows (section 3.2).
    pub(crate) fn at_decoder_level_1(self) -> Self {
        Self {
            adaptations: &[],
            mixed_words: 0,
            serial_elements: LEVEL_1_SERIAL_ELEMENTS,
            tables: TableLimits { precision: LEVEL_1_PRECISION, slots: LEVEL_1_SLOTS },
            decoder_level: 1,
            ..self
        }
    }

    /// Returns the most elements of a chunk, where an element has `words` words. With `words` 1 it is also the most
    /// values.
    pub(super) fn chunk_elements(&self, words: u32) -> u64 {
        match self.decoder_level {
            1 => LEVEL_1_CHUNK_WORDS / u64::from(words),
            _ => MAX_CHUNK_ELEMENTS,
        }
    }

    /// Returns the effort for a segment of `elements` elements.
    pub(super) fn for_segment(self, elements: u64) -> Self {
        match elements <= self.serial_elements {
            true => self,
            false => Self { bits_symbols: 0, zstd: false, ..self },
        }
    }
}

const fn resolution(unit: i32, shift: u8) -> Resolution {
    Resolution { unit, shift }
}
