//! Encoding lanes (section 10.1): a forward pass notes each symbol's place in the table of its time, a backward pass codes.

use super::adapt::{Adaptation, Follower};
use super::lanes::{LANES, LaneModel, LaneStream, STATE_LOWER_BOUND};
use super::table::{PROBABILITY_BITS, TOTAL};

/// Appends the stream of a chunk's symbols, each below 2^width.
///
/// # Panics
///
/// If a symbol cannot be coded: the table was made from counts in which it does not occur.
pub(crate) fn encode_lanes(symbols: &[u16], model: &LaneModel, out: &mut Vec<u8>) {
    let (places, escapes) = find_places(symbols, model);
    let mut words = vec![0; places.len().next_multiple_of(LANES)];
    let (states, used) = encode_backwards(&places, &mut words);
    LaneStream::write(&states, &words[words.len() - used..], &escapes, model.table.width(), out);
}

/// Where an entry lies among the 4096 slots: its frequency in the upper half, its start in the lower.
type Place = u32;

/// The places of all symbols, and the values of those that are escaped.
fn find_places(symbols: &[u16], model: &LaneModel) -> (Vec<Place>, Vec<u16>) {
    let table = &model.table;
    let entries = table.entry_of_symbol();
    let beyond = table.symbols().len();
    let is_escaped = |symbol: &u16| usize::from(entries[usize::from(*symbol)]) == beyond;
    let escapes = if table.has_escape() { symbols.iter().copied().filter(is_escaped).collect() } else { Vec::new() };

    let mut places = Vec::with_capacity(symbols.len());
    let mut frequencies = table.frequencies().to_vec();
    if model.adaptation == Adaptation::STATIC {
        let entry_places = entry_places(&frequencies);
        let by_symbol: Vec<Place> =
            entries.iter().map(|&entry| entry_places.get(usize::from(entry)).copied().unwrap_or(0)).collect();
        places.extend(symbols.iter().map(|&symbol| by_symbol[usize::from(symbol)]));
        return (places, escapes);
    }
    let mut follower = Follower::new(&frequencies, model.adaptation);
    let mut counts = vec![0u32; frequencies.len()];
    for block in symbols.chunks(model.adaptation.block_len()) {
        let entry_places = entry_places(&frequencies);
        places.extend(block.iter().map(|&symbol| {
            let entry = usize::from(entries[usize::from(symbol)]);
            counts[entry] += 1;
            entry_places[entry]
        }));
        if block.len() == model.adaptation.block_len() {
            follower.follow(counts.iter_mut().map(std::mem::take), &mut frequencies);
        }
    }
    (places, escapes)
}

fn entry_places(frequencies: &[u16]) -> Vec<Place> {
    let mut start = 0;
    let place = |&frequency: &u16| {
        let place = u32::from(frequency) << 16 | start;
        start += u32::from(frequency);
        place
    };
    frequencies.iter().map(place).collect()
}

/// ceil(2^44 / F) by frequency. For x < F · 2^20, as every state is that is divided by F, (x · ceil(2^44 / F)) >> 44 is
/// x / F: the product exceeds x · 2^44 / F by less than x, which is below 2^44 / F as F · F <= 2^24; and it stays below
/// 2^64, as 2^20 · (F - 1) <= 2^44 / F but for F = 4096, where the quotient is whole.
const RECIPROCAL_BITS: u32 = 44;
static RECIPROCALS: [u64; TOTAL + 1] = {
    let mut table = [0; TOTAL + 1];
    let mut frequency = 1;
    while frequency <= TOTAL {
        table[frequency] = (1u64 << RECIPROCAL_BITS).div_ceil(frequency as u64);
        frequency += 1;
    }
    table
};

/// Codes all places. Returns the states, and how many words were used of the end of `words`, which has room for one word a
/// place, rounded up to whole groups.
fn encode_backwards(places: &[Place], words: &mut [u16]) -> ([u32; LANES], usize) {
    let mut states = [STATE_LOWER_BOUND; LANES];
    let mut used = 0;
    let mut encode = |states: &mut [u32], places: &[Place]| {
        let end = words.len() - used;
        let window = words[..end].last_chunk_mut().expect("room for a group of words");
        used += step(states, places, window);
    };
    let (groups, rest) = places.as_chunks::<LANES>();
    if !rest.is_empty() {
        encode(&mut states[..rest.len()], rest);
    }
    for group in groups.iter().rev() {
        encode(&mut states, group);
    }
    (states, used)
}

/// One symbol for each state, from the last to the first; words are put at the end of `window`. Returns how many.
#[inline(always)]
fn step(states: &mut [u32], places: &[Place], window: &mut [u16; LANES]) -> usize {
    let mut used = 0;
    for (state, &place) in states.iter_mut().zip(places).rev() {
        let (frequency, start) = (place >> 16, place & 0xffff);
        assert!(frequency > 0, "a symbol without a code");
        let is_high = *state >> (32 - PROBABILITY_BITS) >= frequency;
        window[(LANES - 1 - used) % LANES] = *state as u16;
        used += usize::from(is_high);
        let state_now = if is_high { *state >> 16 } else { *state };
        let reciprocal = RECIPROCALS[frequency as usize];
        let quotient = ((u64::from(state_now) * reciprocal) >> RECIPROCAL_BITS) as u32;
        // quotient · 4096 + remainder + start
        *state = state_now + quotient * (TOTAL as u32 - frequency) + start;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reciprocals_divide_exactly() {
        for frequency in 1..=4096u64 {
            let reciprocal = RECIPROCALS[frequency as usize];
            let most = (frequency << 20) - 1;
            let check = |x: u64| assert_eq!((x * reciprocal) >> RECIPROCAL_BITS, x / frequency, "{x} / {frequency}");
            // The quotient is nearest to going wrong just before and at multiples.
            for quotient in (0..1 << 20).step_by(997).chain((1 << 20) - 3..1 << 20) {
                check(quotient * frequency);
                check(quotient * frequency + frequency - 1);
            }
            check(most);
        }
    }
}
