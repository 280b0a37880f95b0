//! One state after another: what every other kernel must agree with.
#![forbid(unsafe_code)]

use super::{Decoded, Lanes};
use crate::spec::{LANES, STATE_LOWER_BOUND};

pub(super) fn decode<const MANY: bool, const PRECISION: u32>(
    lanes: &mut Lanes<'_>,
    contexts: &[[u8; LANES]],
    symbols: &mut [[u16; LANES]],
) -> Decoded {
    // local, so that the compiler knows that nothing else reaches it
    let mut states = *lanes.states;
    let mut decoded = Decoded { groups: 0, escaped: 0 };
    for (i, symbols) in symbols.iter_mut().enumerate() {
        let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else { break };
        let contexts = if MANY { &contexts[i] } else { &[0; LANES] };
        lanes.position += group::<MANY>(&mut states, lanes.slots, PRECISION, window, contexts, symbols);
        decoded.escaped |= u64::from(name(lanes, symbols)) << i;
        decoded.groups += 1;
    }
    *lanes.states = states;
    decoded
}

pub(super) fn decode_last(lanes: &mut Lanes<'_>, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
    let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else {
        return Decoded { groups: 0, escaped: 0 };
    };
    let states = &mut lanes.states[..symbols.len().min(LANES)];
    lanes.position += match contexts {
        [] => group::<false>(states, lanes.slots, lanes.precision, window, &[], symbols),
        _ => group::<true>(states, lanes.slots, lanes.precision, window, contexts, symbols),
    };
    Decoded { groups: 1, escaped: u64::from(name(lanes, symbols)) }
}

/// A label for each state, at most 32; returns the words taken.
#[inline(always)]
fn group<const MANY: bool>(
    states: &mut [u32],
    slots: &[u32],
    precision: u32,
    window: &[[u8; 2]; LANES],
    contexts: &[u8],
    labels: &mut [u16],
) -> usize {
    let mask = (1 << precision) - 1;
    let mut taken = 0;
    for (i, (state, label)) in states.iter_mut().zip(labels).enumerate() {
        let context = if MANY { usize::from(contexts[i]) } else { 0 };
        let slot = slots[context << precision | (*state & mask) as usize];
        let frequency = (slot >> precision & mask) + 1;
        // below 2^32: the frequency is at most 2^P, and a distance below it
        let next = frequency.wrapping_mul(*state >> precision).wrapping_add(slot & mask);
        // before the i-th state at most i words were taken
        let refilled = next << 16 | u32::from(u16::from_le_bytes(window[taken % LANES]));
        let is_low = next < STATE_LOWER_BOUND;
        *state = if is_low { refilled } else { next };
        taken += usize::from(is_low);
        *label = (slot >> (2 * precision)) as u16;
    }
    taken
}

/// Labels become symbols; returns whether there is an escape.
#[inline(always)]
fn name(lanes: &Lanes<'_>, labels: &mut [u16]) -> bool {
    let mut found = 0;
    for label in labels {
        found |= u16::from(lanes.escape == Some(*label));
        *label = label.wrapping_add(lanes.first);
    }
    found != 0
}
