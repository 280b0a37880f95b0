//! Encodes one state after another. All other kernels must give the same result.
#![forbid(unsafe_code)]

use super::super::place::{ReverseWords, SlotPlace, SlotPlaces};
use crate::spec::{LANES, STATE_LOWER_BOUND};

/// Codes whole rounds, from the last to the first.
pub(super) fn encode<const MANY: bool, const PRECISION: u32>(
    states: &mut [u32; LANES],
    places: &SlotPlaces<'_>,
    contexts: &[[u8; LANES]],
    symbols: &[[u16; LANES]],
    words: &mut ReverseWords<'_>,
    special: &mut dyn FnMut(usize),
) {
    // A local copy, so that the compiler knows that nothing else can change it.
    let mut local = *states;
    for (at, symbols) in symbols.iter().enumerate().rev() {
        let contexts = if MANY { &contexts[at] } else { &[0; LANES] };
        if encode_round::<MANY, PRECISION>(&mut local, places, contexts, symbols, words) {
            special(at);
        }
    }
    *states = local;
}

/// Codes one symbol by each state, from the last to the first. Returns whether a symbol is escaped or has no code.
#[inline(always)]
pub(super) fn encode_round<const MANY: bool, const PRECISION: u32>(
    states: &mut [u32],
    places: &SlotPlaces<'_>,
    contexts: &[u8],
    symbols: &[u16],
    words: &mut ReverseWords<'_>,
) -> bool {
    let mut marks = 0;
    for (i, state) in states.iter_mut().enumerate().rev() {
        let place = places.of(if MANY { contexts[i] } else { 0 }, symbols[i]);
        marks |= place.0;
        let (next, word) = place.code::<PRECISION>(*state);
        debug_assert!(place == SlotPlace::NONE || next >= STATE_LOWER_BOUND);
        *state = next;
        // Always written, and kept if `start` moves.
        words.room[words.start - 1] = word.unwrap_or(0).to_le_bytes();
        words.start -= usize::from(word.is_some());
    }
    marks >> 62 != 0
}
