//! Sign, magnitude and window of symbols (sections 12.2 and 12.4).

/// The way in which the sign of a symbol is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// The symbol is a magnitude without a sign.
    Absent,
    /// The most significant bit is the sign, as in floats.
    Bit,
    /// The symbol is an integer in two's complement.
    Complement,
}

/// How symbols split into sign and magnitude, and which magnitudes are coded by mixing: those in the window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Window {
    pub(super) sign: Sign,
    pub(super) magnitude_bits: u32,
    /// The window has 2^bits magnitudes.
    pub(super) bits: u32,
    /// The first magnitude of the window.
    pub(super) first: u16,
}

impl Window {
    /// Returns whether the window lies within the magnitudes.
    pub(super) fn fits(&self) -> bool {
        u32::from(self.first) + (1 << self.bits) <= 1 << self.magnitude_bits
    }

    /// Splits a symbol into its sign and its magnitude.
    #[inline(always)]
    pub(super) fn split(&self, symbol: u16) -> (bool, u16) {
        if self.sign == Sign::Absent {
            return (false, symbol);
        }
        let top = 1 << self.magnitude_bits;
        let negative = symbol & top != 0;
        let symbol = if negative && self.sign == Sign::Complement { !symbol } else { symbol };
        (negative, symbol & (top - 1))
    }

    /// Inverts [`Window::split`].
    #[inline(always)]
    pub(super) fn join(&self, negative: bool, magnitude: u16) -> u16 {
        let top = 1 << self.magnitude_bits;
        match (negative, self.sign) {
            (false, _) => magnitude,
            (true, Sign::Complement) => !magnitude & (2 * top - 1),
            (true, _) => magnitude | top,
        }
    }

    /// Returns the position of a magnitude in the window, or of the nearest magnitude in the window.
    #[inline(always)]
    pub(super) fn offset(&self, magnitude: u16) -> i32 {
        (i32::from(magnitude) - i32::from(self.first)).clamp(0, (1 << self.bits) - 1)
    }
}
