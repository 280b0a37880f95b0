//! A slot: the probability of a 0 in one context (section 12.1).

use super::super::sink::Sink;
use super::tables::MixerTables;

/// The probability of a 0 in units of 2^-22, and below it, in 10 bits, the number of bits seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(u32);

impl Slot {
    pub(super) const NEW: Self = Self(1 << 31);

    /// Restores a slot from [`Slot::difference`].
    #[inline(always)]
    pub(super) fn from_difference(difference: u32) -> Self {
        Self(difference ^ Self::NEW.0)
    }

    /// Returns the difference from a new slot, so that zeroed memory holds new slots.
    #[inline(always)]
    pub(super) fn difference(self) -> u32 {
        self.0 ^ Self::NEW.0
    }

    /// Returns log2 of the odds of a 0, in units of 2^-8.
    #[inline(always)]
    pub(super) fn stretched(self, tables: &MixerTables) -> i32 {
        i32::from(tables.stretch[(self.0 >> 20) as usize])
    }

    /// Returns this slot with another count, below 1024.
    #[inline(always)]
    pub(super) fn with_count(self, count: u32) -> Self {
        Self(self.0 & !1023 | count)
    }

    #[inline(always)]
    pub(super) fn follow(&mut self, bit: bool, tables: &MixerTables) {
        let count = self.0 & 1023;
        let old = i64::from(self.0 >> 10);
        let end = if bit { 0 } else { (1 << 22) - 1 };
        let new = old + (((end - old) * i64::from(tables.rates[count as usize])) >> 16);
        self.0 = (new as u32) << 10 | (count + 1).min(1023);
    }

    /// Codes a bit in this slot alone, without mixing. The slot then follows the bit.
    #[inline(always)]
    pub(super) fn code<S: Sink>(&mut self, sink: &mut S, bit: bool, tables: &MixerTables) -> Result<bool, S::Error> {
        let bit = sink.code(bit, (self.0 >> 16).clamp(16, 65_520) as u16)?;
        self.follow(bit, tables);
        Ok(bit)
    }
}
