//! The lanes of a stream that is decoded.

use crate::spec::LANES;

/// The maximum number of rounds that are decoded at a time.
pub(crate) const MAX_ROUNDS: usize = u64::BITS as usize;

/// The lanes of a stream, and the tables that they look up.
#[derive(Debug)]
pub(crate) struct DecodingLanes<'a> {
    pub(crate) states: &'a mut [u32; LANES],
    /// All slots, by context << P | slot.
    pub(crate) slots: &'a [u32],
    /// P: 9 to 12.
    pub(crate) precision: u32,
    /// Little-endian words.
    pub(crate) words: &'a [[u8; 2]],
    /// The number of words taken.
    pub(crate) position: usize,
    /// The symbol of label 0.
    pub(crate) first: u16,
    /// The label of the escape, if there is one.
    pub(crate) escape: Option<u16>,
}

/// The result of decoding rounds with a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decoded {
    /// The number of rounds.
    pub(crate) rounds: usize,
    /// Bit i says whether round i has an escape.
    pub(crate) escaped: u64,
}

impl Decoded {
    pub(super) const NOTHING: Self = Self { rounds: 0, escaped: 0 };
}
