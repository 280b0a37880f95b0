//! Slot places, the entries of an encoder's look-up table; and the words that it writes.

/// The slots of an entry, prepared for coding: the reciprocal of the frequency in the lower half, and other numbers in
/// the upper half.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct SlotPlace(pub(super) u64);

impl SlotPlace {
    /// The upper half holds, from the lowest bit: a bias, the frequency less 1, a shift and two marks.
    pub(super) const BIAS_BITS: u32 = 13;
    pub(super) const FREQUENCY_BITS: u32 = 12;
    pub(super) const SHIFT_AT: u32 = Self::BIAS_BITS + Self::FREQUENCY_BITS;
    const ESCAPE: u64 = 1 << 62;
    const NO_CODE: u64 = 1 << 63;

    /// The place of a symbol that cannot be coded.
    pub(crate) const NONE: Self = Self(Self::NO_CODE);

    /// Prepares an entry of this frequency that begins at `start`.
    ///
    /// With s = ceil(log2 f) and R = ceil(2^(31 + s) / f), the quotient (x · R) >> (31 + s) is x / f or, if x is 2^31
    /// or more, possibly x / f + 1. This is because x · R exceeds x · 2^(31 + s) / f by less than x, which is at most 2
    /// / f of 2^(31 + s). For f = 1, R = 2^32 − 1 and a shift by one bit less give x − 1, and the bias corrects this.
    pub(crate) fn new(frequency: u16, start: u16, precision: u32, is_escape: bool) -> Self {
        let f = u64::from(frequency);
        let (reciprocal, shift, bias) = match f.max(1) {
            1 => ((1 << 32) - 1, 0, u64::from(start) + (1 << precision) - 1),
            f => {
                let s = 64 - (f - 1).leading_zeros();
                ((1u64 << (31 + s)).div_ceil(f), s - 1, u64::from(start))
            }
        };
        let upper = bias | (f.max(1) - 1) << Self::BIAS_BITS | u64::from(shift) << Self::SHIFT_AT;
        Self(reciprocal | upper << 32 | if is_escape { Self::ESCAPE } else { 0 })
    }

    pub(crate) fn is_escape(self) -> bool {
        self.0 & Self::ESCAPE != 0
    }

    /// Codes the symbol. Returns the next state, and the word that is written, if any.
    #[inline(always)]
    pub(super) fn code<const PRECISION: u32>(self, state: u32) -> (u32, Option<u16>) {
        let upper = self.0 >> 32;
        let less_one = (upper >> Self::BIAS_BITS & ((1 << Self::FREQUENCY_BITS) - 1)) as u32;
        let is_high = state >> (32 - PRECISION) > less_one;
        let x = if is_high { state >> 16 } else { state };
        let product = u64::from(x) * (self.0 & 0xffff_ffff);
        let quotient = ((product >> 32) as u32) >> (upper >> Self::SHIFT_AT & 0xf);
        // Negative if the quotient is too large by one.
        let rest = x.wrapping_sub(quotient.wrapping_mul(less_one + 1)) as i32;
        let quotient = quotient.wrapping_sub(u32::from(rest < 0));
        let bias = (upper & ((1 << Self::BIAS_BITS) - 1)) as u32;
        let other = (1 << PRECISION) - 1 - less_one;
        (x.wrapping_add(quotient.wrapping_mul(other)).wrapping_add(bias), is_high.then_some(state as u16))
    }
}

/// The places of all symbols. The place of a symbol in a context is at context << bits | (symbol − first), or at
/// context << bits | beyond if the symbol is outside of the range of the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotPlaces<'a> {
    pub(crate) all: &'a [SlotPlace],
    pub(crate) bits: u32,
    pub(crate) first: u16,
    /// Below 2^bits.
    pub(crate) beyond: u16,
    pub(crate) precision: u32,
}

impl SlotPlaces<'_> {
    /// Panics unless all contexts have 2^bits places, and `beyond` is one of them.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn check(&self, contexts: &[u8]) {
        let max = contexts.iter().copied().fold(0, u8::max);
        assert!((usize::from(max) + 1) << self.bits <= self.all.len() && self.beyond >> self.bits == 0);
    }

    /// Returns the place of a symbol in a context.
    #[inline(always)]
    pub(crate) fn of(&self, context: u8, symbol: u16) -> SlotPlace {
        let label = symbol.wrapping_sub(self.first).min(self.beyond);
        self.all[usize::from(context) << self.bits | usize::from(label)]
    }
}

/// Words that are written from the last to the first.
#[derive(Debug)]
pub(crate) struct ReverseWords<'a> {
    pub(super) room: &'a mut [[u8; 2]],
    /// The words from here on are written.
    pub(super) start: usize,
}

impl<'a> ReverseWords<'a> {
    /// Writes to the end of `room`.
    pub(crate) fn new(room: &'a mut [[u8; 2]]) -> Self {
        Self { start: room.len(), room }
    }

    /// Panics unless there is room for `count` words and [`SPARE_WORDS`] more.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn check(&self, count: usize) {
        assert!(self.start >= count + SPARE_WORDS && self.start <= self.room.len());
    }

    /// Returns the words that were written, in the order in which a decoder reads them.
    pub(crate) fn into_written(self) -> &'a [[u8; 2]] {
        &self.room[self.start..]
    }
}

/// The number of words before the written ones that a kernel may overwrite.
pub(crate) const SPARE_WORDS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const PRECISION: u32>() {
        for frequency in 1..=1u32 << PRECISION {
            let start = ((1 << PRECISION) - frequency) / 3;
            let place = SlotPlace::new(frequency as u16, start as u16, PRECISION, false);
            let bound = u64::from(frequency) << (32 - PRECISION);
            let check = |x: u64| {
                let (next, word) = place.code::<PRECISION>(x as u32);
                let y = if x >= bound { x >> 16 } else { x };
                assert_eq!(word, (x >= bound).then_some(x as u16), "{x} / {frequency}");
                let f = u64::from(frequency);
                assert_eq!(u64::from(next), ((y / f) << PRECISION) + y % f + u64::from(start), "{x} / {frequency}");
            };
            // Errors are most likely at multiples of the frequency, and just before.
            let end = 1u64 << (32 - PRECISION);
            for quotient in (0..end).step_by(9973).chain(end - 3..end) {
                let x = quotient * u64::from(frequency);
                for x in [x, x + u64::from(frequency) - 1] {
                    if x >= 1 << 16 {
                        check(x);
                    }
                }
            }
            for x in [1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1] {
                check(x);
            }
        }
    }

    #[test]
    fn reciprocals_divide_exactly() {
        check::<9>();
        check::<10>();
        check::<11>();
        check::<12>();
    }
}
