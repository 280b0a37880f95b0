//! One state after another: what every other kernel must agree with.
#![forbid(unsafe_code)]

use super::{LANES, Lanes, STATE_LOWER_BOUND};

pub(super) fn decode<const MANY: bool, const PRECISION: u32>(
    lanes: &mut Lanes<'_>,
    contexts: &[[u8; LANES]],
    labels: &mut [[u16; LANES]],
) -> usize {
    // local, so that the compiler knows that nothing else reaches it
    let mut states = *lanes.states;
    let mut done = 0;
    for (i, labels) in labels.iter_mut().enumerate() {
        let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else { break };
        let contexts = if MANY { &contexts[i] } else { &[0; LANES] };
        lanes.position += group::<MANY>(&mut states, lanes.slots, PRECISION, window, contexts, labels);
        done += 1;
    }
    *lanes.states = states;
    done
}

pub(super) fn decode_last(lanes: &mut Lanes<'_>, contexts: &[u8], labels: &mut [u16]) -> bool {
    let Some(window) = lanes.words.get(lanes.position..).and_then(|rest| rest.first_chunk()) else { return false };
    let states = &mut lanes.states[..labels.len().min(LANES)];
    lanes.position += match contexts {
        [] => group::<false>(states, lanes.slots, lanes.precision, window, &[], labels),
        _ => group::<true>(states, lanes.slots, lanes.precision, window, contexts, labels),
    };
    true
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
