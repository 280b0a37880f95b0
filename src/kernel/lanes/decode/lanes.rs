//! The lanes of a stream that is decoded.

use crate::spec::LANES;

/// The maximum number of rounds that are decoded at a time.
pub(crate) const MAX_ROUNDS: usize = u64::BITS as usize;

/// The lanes of a stream, the tables that they look up, and the symbols to decode.
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
    /// One context for each symbol, or none if all symbols are in context 0.
    pub(crate) contexts: &'a [u8],
    pub(crate) symbols: &'a mut [u16],
}

/// The lanes of a stream whose symbols are whole rounds.
pub(super) struct Rounds<'r> {
    pub(super) states: &'r mut [u32; LANES],
    pub(super) slots: &'r [u32],
    pub(super) words: &'r [[u8; 2]],
    pub(super) position: &'r mut usize,
    pub(super) first: u16,
    pub(super) escape: Option<u16>,
    pub(super) contexts: &'r [[u8; LANES]],
    pub(super) symbols: &'r mut [[u16; LANES]],
}

impl DecodingLanes<'_> {
    /// Returns the whole rounds of the symbols.
    pub(super) fn rounds(&mut self) -> Rounds<'_> {
        Rounds {
            states: self.states,
            slots: self.slots,
            words: self.words,
            position: &mut self.position,
            first: self.first,
            escape: self.escape,
            contexts: self.contexts.as_chunks().0,
            symbols: self.symbols.as_chunks_mut().0,
        }
    }
}

/// Returns the 32 words at `position`, if so many are left. A round takes at most 32.
pub(super) fn ahead(words: &[[u8; 2]], position: usize) -> Option<&[[u8; 2]; LANES]> {
    words.get(position..).and_then(|rest| rest.first_chunk())
}

/// The result of decoding rounds of `N` streams with a kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decoded<const N: usize> {
    /// The number of rounds of each stream.
    pub(crate) rounds: usize,
    /// For each stream, bit i says whether round i has an escape.
    pub(crate) escaped: [u64; N],
}

impl<const N: usize> Decoded<N> {
    pub(super) const NOTHING: Self = Self { rounds: 0, escaped: [0; N] };
}
