//! Decodes by AVX-512: sixteen states in a vector, two vectors in a round.
//!
//! Each step of a stream waits for the one before: look up, multiply, compare, count, and load the next words. A second
//! stream fills these waits: on Sapphire Rapids two streams in turn decode 1.7 to 1.9 times as fast as one.

use std::arch::x86_64::*;

use super::lanes::{Decoded, Rounds};
use crate::spec::LANES;

/// The number of states of a vector.
const STATES: usize = 16;

/// Decodes `count` whole rounds of each stream.
///
/// # Safety
///
/// For each stream, `slots` has slots for context 0 and for all contexts, and there are `count` rounds of symbols, and of
/// contexts if `MANY`. The processor has the features named here.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn decode<const N: usize, const MANY: bool, const PRECISION: u32>(
    mut streams: [Rounds<'_>; N],
    count: usize,
) -> Decoded<N> {
    let words = streams.each_ref().map(|stream| stream.words.as_flattened());
    let slots = streams.each_ref().map(|stream| stream.slots.as_ptr());
    let mut positions = streams.each_ref().map(|stream| 2 * *stream.position);
    let mut states = streams.each_ref().map(|stream| load_states(stream.states));
    let firsts = streams.each_ref().map(|stream| _mm512_set1_epi16(stream.first as i16));
    // a value that is no label, if there is no escape
    let escapes = streams.each_ref().map(|stream| _mm512_set1_epi16(stream.escape.map_or(-1, |escape| escape as i16)));
    let mut decoded = Decoded::NOTHING;
    for i in 0..count {
        if (0..N).any(|n| words[n].len().saturating_sub(positions[n]) < 2 * LANES) {
            break;
        }
        let mut labels = [[_mm256_setzero_si256(); LANES / STATES]; N];
        for vector in 0..LANES / STATES {
            for n in 0..N {
                // SAFETY: there are contexts for each round. 32 words were left, and the vector before took at most 16
                // of them, so 16 are left. The contexts have slots.
                labels[n][vector] = unsafe {
                    let contexts = match MANY {
                        true => streams[n].contexts.get_unchecked(i).as_ptr().add(STATES * vector),
                        false => std::ptr::null(),
                    };
                    let state = &mut states[n][vector];
                    step::<MANY, PRECISION>(slots[n], state, words[n].as_ptr(), &mut positions[n], contexts)
                };
            }
        }
        for n in 0..N {
            let labels = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(labels[n][0]), labels[n][1]);
            let escaped = _mm512_cmpeq_epi16_mask(labels, escapes[n]);
            decoded.escaped[n] |= u64::from(escaped != 0) << i;
            // SAFETY: there are symbols for each round, 32 of 16 bits; unaligned access is allowed.
            unsafe {
                let symbols = streams[n].symbols.get_unchecked_mut(i);
                _mm512_storeu_si512(symbols.as_mut_ptr().cast(), _mm512_add_epi16(labels, firsts[n]));
            }
        }
        decoded.rounds += 1;
    }
    for (n, stream) in streams.iter_mut().enumerate() {
        *stream.position = positions[n] / 2;
        store_states(&states[n], stream.states);
    }
    decoded
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_states(states: &[u32; LANES]) -> [__m512i; LANES / STATES] {
    // SAFETY: sixteen states each, in bounds, and unaligned access is allowed.
    std::array::from_fn(|i| unsafe { _mm512_loadu_si512(states.as_ptr().add(STATES * i).cast()) })
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store_states(vectors: &[__m512i; LANES / STATES], states: &mut [u32; LANES]) {
    for (i, &vector) in vectors.iter().enumerate() {
        // SAFETY: sixteen states each, in bounds, and unaligned access is allowed.
        unsafe { _mm512_storeu_si512(states.as_mut_ptr().add(STATES * i).cast(), vector) }
    }
}

/// Decodes one symbol by each of sixteen states; returns the labels.
///
/// # Safety
///
/// 32 bytes can be read at `words + position`, and 16 at `contexts` if `MANY`. `slots` has slots for these contexts, or
/// for context 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,popcnt")]
#[inline]
unsafe fn step<const MANY: bool, const PRECISION: u32>(
    slots: *const u32,
    state: &mut __m512i,
    words: *const u8,
    position: &mut usize,
    contexts: *const u8,
) -> __m256i {
    let precision = _mm_cvtsi32_si128(PRECISION as i32);
    let mask = _mm512_set1_epi32((1 << PRECISION) - 1);
    let mut index = _mm512_and_si512(*state, mask);
    if MANY {
        // SAFETY: the caller promises 16 contexts.
        let contexts = _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(contexts.cast()) });
        index = _mm512_or_si512(index, _mm512_sll_epi32(contexts, precision));
    }
    // SAFETY: each index is context << P | slot, and the slot is below 2^P.
    let slot = unsafe { _mm512_i32gather_epi32::<4>(index, slots.cast()) };
    let quotient = _mm512_srl_epi32(*state, precision);
    let less_one = _mm512_and_si512(_mm512_srl_epi32(slot, precision), mask);
    let distance = _mm512_and_si512(slot, mask);
    // frequency · quotient + distance
    let next = _mm512_add_epi32(_mm512_mullo_epi32(less_one, quotient), _mm512_add_epi32(quotient, distance));
    let takers = _mm512_cmplt_epu32_mask(next, _mm512_set1_epi32(1 << 16));
    // SAFETY: the caller promises 32 bytes.
    let ahead = _mm512_cvtepu16_epi32(unsafe { _mm256_loadu_si256(words.add(*position).cast()) });
    let shifted = _mm512_mask_slli_epi32::<16>(next, takers, next);
    *state = _mm512_or_si512(shifted, _mm512_maskz_expand_epi32(takers, ahead));
    *position += 2 * takers.count_ones() as usize;
    _mm512_cvtepi32_epi16(_mm512_srl_epi32(slot, _mm_cvtsi32_si128(2 * PRECISION as i32)))
}
