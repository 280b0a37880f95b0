//! Hurdles: the part of a cost that a choice has to save before it replaces another one. There are two reasons for a hurdle:
//! a choice takes longer to decode, or an estimate from a sample is not certain. All hurdles but that of unpacking, `MARGIN` in
//! `represent/unpack/find.rs`, are in this file.
//!
//! One rate a level that exchanges decode time for bits was tried in their place, at level 6 and with assumed decode times (a
//! lane symbol 0.7 ns, a decision of the bits coder 4 ns). On one network, PP-OCRv4 det, no rate kept both size and speed. At
//! 0.012 bit a nanosecond its pruned form grew by 0.35 %, as bit coding behind masks was given up, and its F32 form got 0.44
//! lane fields a weight more for 0.02 %. At 0.0015 bit a nanosecond the pruned form grew by 0.05 %, and the F16 form got 0.65
//! lane fields a weight more for 0.12 %.

/// A choice has to save one part in so many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hurdle(u64);

impl Hurdle {
    /// Returns the cost that a choice must not exceed to replace one that costs `cost`.
    pub(super) fn below(self, cost: u64) -> u64 {
        cost - cost / self.0
    }

    /// Returns the cost up to which a choice may replace one that costs `cost`, because it decodes faster or because both
    /// estimates are uncertain.
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
/// Mask symbols of several bits may cost so much more than single bits, because they decode in fewer steps.
pub(super) const MASK_SYMBOLS: Hurdle = Hurdle(256);

/// The hurdles that depend on the level: the higher the level, the more decode time a saving may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelHurdles {
    /// A coder of low bits against raw bits. It takes as long to decode as that of the first field, and saves less.
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
/// Contexts by an exponent must save so much on a sample before they are counted on all words.
pub(super) const EXPONENT_SAMPLE: Hurdle = Hurdle(512);
/// zstd must save so much on a sample before it is tried on all bytes.
pub(super) const SAMPLE: Hurdle = Hurdle(64);
/// Shapes of mask symbols may cost so much more on a sample than the best one.
pub(super) const MASK_SAMPLE: Hurdle = Hurdle(16);
