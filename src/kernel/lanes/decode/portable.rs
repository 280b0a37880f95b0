//! Decodes one state after another. All other kernels must give the same result.
#![forbid(unsafe_code)]

use super::super::slot::{frequency_and_distance, label};
use super::lanes::{Decoded, DecodingLanes};
use crate::spec::{LANES, STATE_LOWER_BOUND};

/// Decodes whole rounds.
pub(super) fn decode<const MANY: bool, const PRECISION: u32>(
    lanes: &mut DecodingLanes<'_>,
    contexts: &[[u8; LANES]],
    symbols: &mut [[u16; LANES]],
) -> Decoded {
    // A local copy, so that the compiler knows that nothing else can change it.
    let mut states = *lanes.states;
    let mut decoded = Decoded::NOTHING;
    for (i, symbols) in symbols.iter_mut().enumerate() {
        let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else { break };
        let contexts = if MANY { &contexts[i] } else { &[0; LANES] };
        lanes.position += round::<MANY>(&mut states, lanes.slots, PRECISION, window, contexts, symbols);
        decoded.escaped |= u64::from(to_symbols(lanes, symbols)) << i;
        decoded.rounds += 1;
    }
    *lanes.states = states;
    decoded
}

/// Decodes an incomplete round.
pub(super) fn decode_last(lanes: &mut DecodingLanes<'_>, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
    let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else {
        return Decoded::NOTHING;
    };
    let states = &mut lanes.states[..symbols.len().min(LANES)];
    lanes.position += match contexts {
        [] => round::<false>(states, lanes.slots, lanes.precision, window, &[], symbols),
        _ => round::<true>(states, lanes.slots, lanes.precision, window, contexts, symbols),
    };
    Decoded { rounds: 1, escaped: u64::from(to_symbols(lanes, symbols)) }
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
fn to_symbols(lanes: &DecodingLanes<'_>, labels: &mut [u16]) -> bool {
    let mut found = 0;
    for label in labels {
        found |= u16::from(lanes.escape == Some(*label));
        *label = label.wrapping_add(lanes.first);
    }
    found != 0
}
