//! Hurdles: the part of a cost that a choice must save before it replaces another one. There are two reasons for a
//! hurdle: a choice takes longer to decode, or an estimate from a sample is not certain. All hurdles are in this file,
//! except the hurdle of unpacking, which is `MARGIN` in `represent/unpack/find.rs`.
//!
//! A trial replaced the hurdles of a level by one rate that exchanges bits for decode time. It used level 6 and ten
//! networks, and assumed 0.7 ns for a lane symbol and 4 ns for a decision of the bits coder. No rate kept both size and
//! speed, as one of the networks, PP-OCRv4 det, shows. At 0.0125 bit a nanosecond, the planner gave up bit coding
//! behind masks, so the pruned form grew by 0.35 %, and the F32 form had 0.44 more lane fields a weight to save 0.02 %.
//! At 0.0015 bit a nanosecond, the pruned form grew by 0.05 %, and the F16 form had 0.65 more lane fields a weight to
//! save 0.12 %.

/// The part of a cost that a choice must save: one divided by this number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hurdle(u64);

impl Hurdle {
    /// Returns the cost that a choice must not exceed to replace one that costs `cost`.
    pub(super) fn below(self, cost: u64) -> u64 {
        cost - cost / self.0
    }

    /// Returns the cost up to which a choice may replace one that costs `cost`, because it decodes faster or because
    /// both estimates are uncertain.
    pub(super) fn above(self, cost: u64) -> u64 {
        cost + cost / self.0
    }

    /// Returns a hurdle of half the height.
    pub(super) fn half(self) -> Self {
        Self(2 * self.0)
    }
}

// Decoding takes time.

/// Any coding against raw bytes, which a reader can borrow from a memory map.
pub(super) const CODING: Hurdle = Hurdle(1 << 10);
/// A coder of the first field, or of a mask, against raw bits.
pub(super) const FIRST_FIELD: Hurdle = Hurdle(512);
/// Contexts by scale. The estimate is from a sample, but its bias is subtracted, so the hurdle is low.
pub(super) const CONTEXTS: Hurdle = Hurdle(1 << 11);
/// Bit coding against lanes or raw bits. Segments with bit coding are small, so its time matters little.
pub(super) const BIT_CODING: Hurdle = Hurdle(1 << 12);
/// Symbols of several bits in a mask may cost this much more than single bits, because they decode in fewer steps.
pub(super) const MASK_SYMBOLS: Hurdle = Hurdle(256);

/// The hurdles that depend on the level: the higher the level, the more decode time a saving may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelHurdles {
    /// A coder of low bits against raw bits. It takes as long to decode as a coder of the first field, and saves less.
    pub(super) plane: Hurdle,
    /// A table that adapts against a static one.
    pub(super) adaptation: Hurdle,
    /// Mixing against all other codings. It decodes about a hundred times more slowly.
    pub(super) mixing: Hurdle,
}

impl LevelHurdles {
    pub(super) const fn of(level: u8) -> Self {
        let (plane, adaptation) = if level < 7 { (128, 512) } else { (512, 4096) };
        let mixing = if level < 9 { 64 } else { 1 << 10 };
        Self { plane: Hurdle(plane), adaptation: Hurdle(adaptation), mixing: Hurdle(mixing) }
    }
}

// An estimate from a sample is not certain.

/// Fields without structure: if the entropy of low bits is less than this below their width, contexts are not tried.
pub(super) const STRUCTURE: Hurdle = Hurdle(400);
/// Contexts by an exponent must save this much on a sample before all words are counted.
pub(super) const EXPONENT_SAMPLE: Hurdle = Hurdle(512);
/// zstd must save this much on a sample before it is tried on all bytes.
pub(super) const SAMPLE: Hurdle = Hurdle(64);
/// A shape of mask symbols may cost this much more than the best one on a sample.
pub(super) const MASK_SAMPLE: Hurdle = Hurdle(16);
