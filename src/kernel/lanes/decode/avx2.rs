//! Decodes by AVX2: eight states in a vector, four vectors in a round.
//!
//! Slots are loaded one by one. On Zen 3 and 4 this is faster than gathering them by a fifth to a third, and by much
//! more on processors whose gather instructions were slowed down to prevent leaks. Two streams in turn are faster than
//! one by 3 to 8 %.

use std::arch::x86_64::*;

use super::lanes::{Decoded, Rounds};
use crate::spec::LANES;

/// The number of states of a vector.
const STATES: usize = 8;

/// By the set of the states that take a word, of eight: a shuffle that moves each word to the lower half of its state.
static WORD_SHUFFLES: WordShuffles = {
    let mut places = [[0x80u8; 32]; 256];
    let mut takers = 0;
    while takers < 256 {
        let (mut state, mut word) = (0, 0);
        while state < 8 {
            if takers >> state & 1 == 1 {
                places[takers][4 * state] = 2 * word;
                places[takers][4 * state + 1] = 2 * word + 1;
                word += 1;
            }
            state += 1;
        }
        takers += 1;
    }
    WordShuffles(places)
};

#[repr(align(32))]
struct WordShuffles([[u8; 32]; 256]);

/// Decodes `count` whole rounds of each stream.
///
/// # Safety
///
/// For each stream, `slots` has slots for context 0 and for all contexts, and there are `count` rounds of symbols, and of
/// contexts if `MANY`. The processor has the features named here.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn decode<const N: usize, const MANY: bool, const PRECISION: u32>(
    mut streams: [Rounds<'_>; N],
    count: usize,
) -> Decoded<N> {
    let words = streams.each_ref().map(|stream| stream.words.as_flattened());
    let slots = streams.each_ref().map(|stream| stream.slots.as_ptr());
    let mut positions = streams.each_ref().map(|stream| 2 * *stream.position);
    let mut states = streams.each_ref().map(|stream| load_states(stream.states));
    let firsts = streams.each_ref().map(|stream| _mm256_set1_epi16(stream.first as i16));
    // a value that is no label, if there is no escape
    let escapes = streams.each_ref().map(|stream| _mm256_set1_epi16(stream.escape.map_or(-1, |escape| escape as i16)));
    let mut decoded = Decoded::NOTHING;
    for i in 0..count {
        if (0..N).any(|n| words[n].len().saturating_sub(positions[n]) < 2 * LANES) {
            break;
        }
        let mut found = [[_mm256_setzero_si256(); LANES / STATES]; N];
        for vector in 0..LANES / STATES {
            for n in 0..N {
                // SAFETY: there are contexts for each round. 32 words were left, and the vectors before took at most
                // 8 · `vector` of them, so 8 are left. The contexts have slots.
                found[n][vector] = unsafe {
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
            // SAFETY: there are symbols for each round.
            let symbols = unsafe { streams[n].symbols.get_unchecked_mut(i) };
            let escaped = store_symbols(found[n], firsts[n], escapes[n], symbols);
            decoded.escaped[n] |= u64::from(_mm256_testz_si256(escaped, escaped) == 0) << i;
        }
        decoded.rounds += 1;
    }
    for (n, stream) in streams.iter_mut().enumerate() {
        *stream.position = positions[n] / 2;
        store_states(&states[n], stream.states);
    }
    decoded
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_states(states: &[u32; LANES]) -> [__m256i; LANES / STATES] {
    // SAFETY: eight states each, in bounds, and unaligned access is allowed.
    std::array::from_fn(|i| unsafe { _mm256_loadu_si256(states.as_ptr().add(STATES * i).cast()) })
}

#[target_feature(enable = "avx2")]
#[inline]
fn store_states(vectors: &[__m256i; LANES / STATES], states: &mut [u32; LANES]) {
    for (i, &vector) in vectors.iter().enumerate() {
        // SAFETY: eight states each, in bounds, and unaligned access is allowed.
        unsafe { _mm256_storeu_si256(states.as_mut_ptr().add(STATES * i).cast(), vector) }
    }
}

/// Turns 32-bit labels into 16-bit symbols. Returns a vector that is not 0 where there is an escape.
#[target_feature(enable = "avx2")]
#[inline]
fn store_symbols(
    found: [__m256i; LANES / STATES],
    first: __m256i,
    escape: __m256i,
    symbols: &mut [u16; LANES],
) -> __m256i {
    let mut escaped = _mm256_setzero_si256();
    for half in 0..2 {
        // `packus` works within each half of a vector, so swap the middle quarters.
        let packed =
            _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(found[2 * half], found[2 * half + 1]));
        escaped = _mm256_or_si256(escaped, _mm256_cmpeq_epi16(packed, escape));
        let named = _mm256_add_epi16(packed, first);
        // SAFETY: sixteen symbols each, in bounds, and unaligned access is allowed.
        unsafe { _mm256_storeu_si256(symbols.as_mut_ptr().add(16 * half).cast(), named) }
    }
    escaped
}

/// Decodes one symbol by each of eight states; returns the labels.
///
/// # Safety
///
/// 16 bytes can be read at `words + position`, and 8 at `contexts` if `MANY`. `slots` has slots for these contexts, or
/// for context 0.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
#[inline]
unsafe fn step<const MANY: bool, const PRECISION: u32>(
    slots: *const u32,
    state: &mut __m256i,
    words: *const u8,
    position: &mut usize,
    contexts: *const u8,
) -> __m256i {
    let precision = _mm_cvtsi32_si128(PRECISION as i32);
    let mask = _mm256_set1_epi32((1 << PRECISION) - 1);
    let mut index = _mm256_and_si256(*state, mask);
    if MANY {
        // SAFETY: the caller promises 8 contexts.
        let contexts = _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(contexts.cast()) });
        index = _mm256_or_si256(index, _mm256_sll_epi32(contexts, precision));
    }
    // SAFETY: each index is context << P | slot, and the slot is below 2^P.
    let slot = unsafe { look_up(slots, index) };
    let quotient = _mm256_srl_epi32(*state, precision);
    let less_one = _mm256_and_si256(_mm256_srl_epi32(slot, precision), mask);
    let distance = _mm256_and_si256(slot, mask);
    // frequency · quotient + distance
    let next = _mm256_add_epi32(_mm256_mullo_epi32(less_one, quotient), _mm256_add_epi32(quotient, distance));
    let is_low = _mm256_cmpeq_epi32(_mm256_srli_epi32::<16>(next), _mm256_setzero_si256());
    let takers = _mm256_movemask_ps(_mm256_castsi256_ps(is_low)) as usize & 0xff;
    // SAFETY: the caller promises 16 bytes. There are 256 aligned shuffles.
    let taken = unsafe {
        let ahead = _mm256_broadcastsi128_si256(_mm_loadu_si128(words.add(*position).cast()));
        _mm256_shuffle_epi8(ahead, _mm256_load_si256(WORD_SHUFFLES.0.as_ptr().add(takers).cast()))
    };
    let shift = _mm256_and_si256(is_low, _mm256_set1_epi32(16));
    *state = _mm256_or_si256(_mm256_sllv_epi32(next, shift), taken);
    *position += 2 * takers.count_ones() as usize;
    _mm256_srl_epi32(slot, _mm_cvtsi32_si128(2 * PRECISION as i32))
}

/// Loads eight slots.
///
/// # Safety
///
/// `slots` has an element at each index.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn look_up(slots: *const u32, index: __m256i) -> __m256i {
    let (low, high) = (_mm256_castsi256_si128(index), _mm256_extracti128_si256::<1>(index));
    // SAFETY: the caller promises this.
    let (low, high) = unsafe { (look_up_four(slots, low), look_up_four(slots, high)) };
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

/// Loads four slots.
///
/// # Safety
///
/// `slots` has an element at each index.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn look_up_four(slots: *const u32, index: __m128i) -> __m128i {
    let (first, second) = (_mm_cvtsi128_si64(index) as u64, _mm_extract_epi64::<1>(index) as u64);
    // SAFETY: the caller promises this.
    let slot = |index: u64| unsafe { *slots.add(index as usize) } as i32;
    let found = _mm_cvtsi32_si128(slot(first & 0xffff_ffff));
    let found = _mm_insert_epi32::<1>(found, slot(first >> 32));
    let found = _mm_insert_epi32::<2>(found, slot(second & 0xffff_ffff));
    _mm_insert_epi32::<3>(found, slot(second >> 32))
}
