//! Encodes by AVX2: eight states in a vector, the highest lanes first.

use std::arch::x86_64::*;

use super::super::place::{ReverseWords, SlotPlace, SlotPlaces};
use crate::spec::LANES;

/// By the set of the states that write a word, of eight: a shuffle that moves these words to the end of 16 bytes.
static WORD_SHUFFLES: WordShuffles = {
    let mut places = [[0x80u8; 16]; 256];
    let mut givers = 0usize;
    while givers < 256 {
        let mut word = 8 - givers.count_ones() as usize;
        let mut state = 0;
        while state < 8 {
            if givers >> state & 1 == 1 {
                places[givers][2 * word] = 2 * state as u8;
                places[givers][2 * word + 1] = 2 * state as u8 + 1;
                word += 1;
            }
            state += 1;
        }
        givers += 1;
    }
    WordShuffles(places)
};

#[repr(align(16))]
struct WordShuffles([[u8; 16]; 256]);

/// Codes whole rounds, from the last to the first.
///
/// # Safety
///
/// Each context has 2^bits places. There are contexts for each round if `MANY`. Before `words.start` there is room for
/// a word for each symbol and for eight more. The processor has the features named here.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn encode<const MANY: bool, const PRECISION: u32>(
    states: &mut [u32; LANES],
    places: &SlotPlaces<'_>,
    contexts: &[[u8; LANES]],
    symbols: &[[u16; LANES]],
    words: &mut ReverseWords<'_>,
    special: &mut dyn FnMut(usize),
) {
    let room = words.room.as_mut_ptr().cast::<u8>();
    let mut position = 2 * words.start;
    let table = places.all.as_ptr().cast::<u64>();
    let (first, beyond) = (_mm_set1_epi16(places.first as i16), _mm_set1_epi16(places.beyond as i16));
    let context_shift = _mm_cvtsi32_si128(places.bits as i32);
    // SAFETY: eight states each, in bounds, and unaligned access is allowed.
    let mut vectors: [__m256i; 4] =
        std::array::from_fn(|i| unsafe { _mm256_loadu_si256(states.as_ptr().add(8 * i).cast()) });
    for (at, round) in symbols.iter().enumerate().rev() {
        let mut marks = _mm256_setzero_si256();
        for (vector, state) in vectors.iter_mut().enumerate().rev() {
            // SAFETY: eight symbols, in bounds, and unaligned access is allowed.
            let symbols = unsafe { _mm_loadu_si128(round.as_ptr().add(8 * vector).cast()) };
            let labels = _mm_min_epu16(_mm_sub_epi16(symbols, first), beyond);
            let mut index = _mm256_cvtepu16_epi32(labels);
            if MANY {
                // SAFETY: there are 32 contexts for each round.
                let contexts = unsafe { _mm_loadl_epi64(contexts.get_unchecked(at).as_ptr().add(8 * vector).cast()) };
                index = _mm256_or_si256(index, _mm256_sll_epi32(_mm256_cvtepu8_epi32(contexts), context_shift));
            }
            // SAFETY: a label is below 2^bits, and each context has 2^bits places.
            let (reciprocal, upper) = unsafe { look_up(table, index) };
            marks = _mm256_or_si256(marks, upper);
            let less_one = _mm256_and_si256(
                _mm256_srli_epi32::<{ SlotPlace::BIAS_BITS as i32 }>(upper),
                _mm256_set1_epi32((1 << SlotPlace::FREQUENCY_BITS) - 1),
            );
            let is_high =
                _mm256_cmpgt_epi32(_mm256_srl_epi32(*state, _mm_cvtsi32_si128(32 - PRECISION as i32)), less_one);
            let givers = _mm256_movemask_ps(_mm256_castsi256_ps(is_high)) as usize & 0xff;
            let low = _mm256_and_si256(*state, _mm256_set1_epi32(0xffff));
            let low = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256::<1>(low));
            // SAFETY: the 16 stored bytes end at `position`. There is room for eight words before it, because the spare
            // words are still unused.
            unsafe {
                let together = _mm_load_si128(WORD_SHUFFLES.0.as_ptr().add(givers).cast());
                _mm_storeu_si128(room.add(position - 16).cast(), _mm_shuffle_epi8(low, together));
            }
            position -= 2 * givers.count_ones() as usize;
            let x = _mm256_srlv_epi32(*state, _mm256_and_si256(is_high, _mm256_set1_epi32(16)));
            // The upper halves of the products, for even and odd lanes.
            let even = _mm256_srli_epi64::<32>(_mm256_mul_epu32(x, reciprocal));
            let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(x), _mm256_srli_epi64::<32>(reciprocal));
            let product = _mm256_blend_epi32::<0b1010_1010>(even, odd);
            let shift =
                _mm256_and_si256(_mm256_srli_epi32::<{ SlotPlace::SHIFT_AT as i32 }>(upper), _mm256_set1_epi32(0xf));
            let quotient = _mm256_srlv_epi32(product, shift);
            let frequency = _mm256_add_epi32(less_one, _mm256_set1_epi32(1));
            let rest = _mm256_sub_epi32(x, _mm256_mullo_epi32(quotient, frequency));
            // A negative rest: the quotient is too large by one.
            let quotient = _mm256_add_epi32(quotient, _mm256_srai_epi32::<31>(rest));
            let other = _mm256_sub_epi32(_mm256_set1_epi32((1 << PRECISION) - 1), less_one);
            let bias = _mm256_and_si256(upper, _mm256_set1_epi32((1 << SlotPlace::BIAS_BITS) - 1));
            *state = _mm256_add_epi32(_mm256_add_epi32(x, bias), _mm256_mullo_epi32(quotient, other));
        }
        if _mm256_testz_si256(marks, _mm256_set1_epi32(0b11 << 30)) == 0 {
            special(at);
        }
    }
    words.start = position / 2;
    for (i, &vector) in vectors.iter().enumerate() {
        // SAFETY: eight states each, in bounds, and unaligned access is allowed.
        unsafe { _mm256_storeu_si256(states.as_mut_ptr().add(8 * i).cast(), vector) }
    }
}

/// Loads eight places; returns their lower and upper halves.
///
/// # Safety
///
/// `table` has an element at each index.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn look_up(table: *const u64, index: __m256i) -> (__m256i, __m256i) {
    let (low, high) = (_mm256_castsi256_si128(index), _mm256_extracti128_si256::<1>(index));
    // SAFETY: the caller promises this.
    unsafe {
        // 0 1 | 4 5 and 2 3 | 6 7, so that a shuffle within each half brings every place to its lane.
        let [first, second] = look_up_four(table, low);
        let [third, fourth] = look_up_four(table, high);
        let outer = _mm256_castsi256_ps(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), third));
        let inner = _mm256_castsi256_ps(_mm256_inserti128_si256::<1>(_mm256_castsi128_si256(second), fourth));
        (
            _mm256_castps_si256(_mm256_shuffle_ps::<0b10_00_10_00>(outer, inner)),
            _mm256_castps_si256(_mm256_shuffle_ps::<0b11_01_11_01>(outer, inner)),
        )
    }
}

/// Loads four places, two in each vector.
///
/// # Safety
///
/// `table` has an element at each index.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn look_up_four(table: *const u64, index: __m128i) -> [__m128i; 2] {
    let (first, second) = (_mm_cvtsi128_si64(index) as u64, _mm_extract_epi64::<1>(index) as u64);
    // SAFETY: the caller promises this.
    let place = |index: u64| unsafe { *table.add(index as usize) } as i64;
    [
        _mm_insert_epi64::<1>(_mm_cvtsi64_si128(place(first & 0xffff_ffff)), place(first >> 32)),
        _mm_insert_epi64::<1>(_mm_cvtsi64_si128(place(second & 0xffff_ffff)), place(second >> 32)),
    ]
}
