//! Symbols to lanes (section 10.1), from the last to the first.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use super::place::{ReverseWords, SlotPlaces};
use super::precision::{self, LaneLoop};
use crate::kernel::token::{Kernel, Kind};
use crate::spec::LANES;

/// The lanes of a stream that is encoded.
#[derive(Debug)]
pub(crate) struct EncodingLanes<'a> {
    pub(crate) states: [u32; LANES],
    pub(crate) words: ReverseWords<'a>,
}

impl EncodingLanes<'_> {
    /// Codes symbols from the last to the first. Symbol i goes to lane i mod 32.
    ///
    /// Calls `special` with the number of each round that has an escaped symbol or a symbol without a code, from the
    /// last to the first. There is one context for each symbol, or none if all are in context 0. The words have room
    /// for one word for each symbol and [`SPARE_WORDS`](super::place::SPARE_WORDS) more.
    pub(crate) fn encode(
        &mut self,
        kernel: Kernel,
        places: &SlotPlaces<'_>,
        contexts: &[u8],
        symbols: &[u16],
        mut special: impl FnMut(usize),
    ) {
        assert!(contexts.is_empty() || contexts.len() == symbols.len());
        let symbols = Symbols { lanes: self, kernel, places, contexts, symbols, special: &mut special };
        let coded = precision::run(symbols, !contexts.is_empty(), places.precision);
        assert!(coded.is_some(), "no precision of {} bits", places.precision);
    }
}

/// Symbols to encode.
struct Symbols<'s, 'a> {
    lanes: &'s mut EncodingLanes<'a>,
    kernel: Kernel,
    places: &'s SlotPlaces<'s>,
    contexts: &'s [u8],
    symbols: &'s [u16],
    special: &'s mut dyn FnMut(usize),
}

impl LaneLoop for Symbols<'_, '_> {
    type Output = ();

    fn run<const MANY: bool, const PRECISION: u32>(self) {
        let Self { lanes: EncodingLanes { states, words }, kernel, places, contexts, symbols, special } = self;
        let (whole, rest) = symbols.as_chunks::<LANES>();
        let (whole_contexts, rest_contexts) = contexts.as_chunks::<LANES>();
        let last = &mut states[..rest.len()];
        if portable::encode_round::<MANY, PRECISION>(last, places, rest_contexts, rest, words) {
            special(whole.len());
        }
        match kernel.kind() {
            Kind::Portable => {
                portable::encode::<MANY, PRECISION>(states, places, whole_contexts, whole, words, special);
            }
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 | Kind::Avx2 => {
                places.check(contexts);
                words.check(whole.len() * LANES);
                // SAFETY: these kernels exist only if the processor has AVX2 and POPCNT. All contexts have places, and
                // there is room for the words, as was just checked. There are contexts for each round if `MANY`.
                unsafe { avx2::encode::<MANY, PRECISION>(states, places, whole_contexts, whole, words, special) }
            }
        }
    }
}
