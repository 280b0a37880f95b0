//! Decodes one state after another. All other kernels must give the same result.
#![forbid(unsafe_code)]

use super::super::slot::{frequency_and_distance, label};
use super::lanes::{Decoded, DecodingLanes, Rounds, ahead};
use crate::spec::{LANES, STATE_LOWER_BOUND};

/// Decodes `count` whole rounds of each stream.
pub(super) fn decode<const N: usize, const MANY: bool, const PRECISION: u32>(
    mut streams: [Rounds<'_>; N],
    count: usize,
) -> Decoded<N> {
    // Local copies, so that the compiler knows that nothing else can change them.
    let mut states = streams.each_ref().map(|stream| *stream.states);
    let mut decoded = Decoded::NOTHING;
    for i in 0..count {
        let windows = streams.each_ref().map(|stream| ahead(stream.words, *stream.position));
        if windows.iter().any(Option::is_none) {
            break;
        }
        for (n, (stream, window)) in streams.iter_mut().zip(windows.iter().flatten()).enumerate() {
            let contexts = if MANY { &stream.contexts[i] } else { &[0; LANES] };
            let symbols = &mut stream.symbols[i];
            *stream.position += round::<MANY>(&mut states[n], stream.slots, PRECISION, window, contexts, symbols);
            decoded.escaped[n] |= u64::from(to_symbols(stream.first, stream.escape, symbols)) << i;
        }
        decoded.rounds += 1;
    }
    streams.into_iter().zip(states).for_each(|(stream, states)| *stream.states = states);
    decoded
}

/// Decodes an incomplete round, if 32 words are left. Returns whether it has an escape.
pub(super) fn decode_last(lanes: &mut DecodingLanes<'_>) -> Option<bool> {
    let window = ahead(lanes.words, lanes.position)?;
    let (contexts, symbols) = (lanes.contexts, &mut *lanes.symbols);
    let states = &mut lanes.states[..symbols.len().min(LANES)];
    lanes.position += match contexts {
        [] => round::<false>(states, lanes.slots, lanes.precision, window, &[], symbols),
        _ => round::<true>(states, lanes.slots, lanes.precision, window, contexts, symbols),
    };
    Some(to_symbols(lanes.first, lanes.escape, symbols))
}

/// Decodes a label by each state, of which there are at most 32. Returns the number of words taken.
#[inline(always)]
fn round<const MANY: bool>(
    states: &mut [u32],
    slots: &[u32],
    precision: u32,
    window: &[[u8; 2]; LANES],
    contexts: &[u8],
    labels: &mut [u16],
) -> usize {
    let mask = (1 << precision) - 1;
    let mut taken = 0;
    for (i, (state, decoded)) in states.iter_mut().zip(labels).enumerate() {
        let context = if MANY { usize::from(contexts[i]) } else { 0 };
        let slot = slots[context << precision | (*state & mask) as usize];
        let (frequency, distance) = frequency_and_distance(slot, precision);
        // Below 2^32: the frequency is at most 2^P, and the distance is below the frequency.
        let next = frequency.wrapping_mul(*state >> precision).wrapping_add(distance);
        // The states before state i took at most i words.
        let refilled = next << 16 | u32::from(u16::from_le_bytes(window[taken % LANES]));
        let is_low = next < STATE_LOWER_BOUND;
        *state = if is_low { refilled } else { next };
        taken += usize::from(is_low);
        *decoded = label(slot, precision);
    }
    taken
}

/// Turns labels into symbols; returns whether there is an escape.
#[inline(always)]
fn to_symbols(first: u16, escape: Option<u16>, labels: &mut [u16]) -> bool {
    let mut found = 0;
    for label in labels {
        found |= u16::from(escape == Some(*label));
        *label = label.wrapping_add(first);
    }
    found != 0
}
