//! Packed bits for AVX2.

use std::arch::x86_64::*;

/// The number of bytes loaded at a time.
const LOADED: usize = 16;

#[target_feature(enable = "avx2")]
pub(super) fn unpack(bytes: &[u8], width: u32, out: &mut [u16]) -> usize {
    match width as usize {
        width @ 1..=8 => unpack_narrow(bytes, width, out),
        width @ 9..=16 => unpack_wide(bytes, width, out),
        _ => 0,
    }
}

/// Packs 32 values at a time: moves the lowest bit of each to the top of a byte, and gathers these.
#[target_feature(enable = "avx2")]
pub(super) fn pack_bits(values: &[u16], out: &mut [u8]) -> usize {
    let mut done = 0;
    for (values, out) in values.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<4>().0) {
        // SAFETY: 16 values each, and unaligned access is allowed.
        let (first, second) =
            unsafe { (_mm256_loadu_si256(values.as_ptr().cast()), _mm256_loadu_si256(values.as_ptr().add(16).cast())) };
        // `packus` works within each half of a vector, so swap the middle quarters.
        let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(first, second));
        let bits = _mm256_movemask_epi8(_mm256_slli_epi16::<7>(bytes));
        *out = (bits as u32).to_le_bytes();
        done += 32;
    }
    done
}

/// Unpacks 16 values, 2 · `width` bytes, at a time. Each value lies in two bytes; a product moves it to the upper byte.
#[target_feature(enable = "avx2")]
fn unpack_narrow(bytes: &[u8], width: usize, out: &mut [u16]) -> usize {
    let mut places = [0u8; 32];
    let mut factors = [0u16; 16];
    for value in 0..16 {
        let (byte, shift) = (value * width / 8, value * width % 8);
        // The last value may end with the 16th byte; its second byte does not matter then.
        places[2 * value..2 * value + 2].copy_from_slice(&[byte as u8, (byte + 1).min(LOADED - 1) as u8]);
        factors[value] = 1 << (8 - shift);
    }
    // SAFETY: 32 bytes each, and unaligned access is allowed.
    let (places, factors) =
        unsafe { (_mm256_loadu_si256(places.as_ptr().cast()), _mm256_loadu_si256(factors.as_ptr().cast())) };
    let mask = _mm256_set1_epi16((1 << width) - 1);
    let mut done = 0;
    for (values, start) in out.as_chunks_mut::<16>().0.iter_mut().zip((0..).step_by(2 * width)) {
        let Some(chunk) = bytes.get(start..).and_then(|rest| rest.first_chunk::<LOADED>()) else { break };
        // SAFETY: 16 bytes, and unaligned access is allowed.
        let chunk = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) });
        let pairs = _mm256_mullo_epi16(_mm256_shuffle_epi8(chunk, places), factors);
        let found = _mm256_and_si256(_mm256_srli_epi16::<8>(pairs), mask);
        // SAFETY: 16 values, and unaligned access is allowed.
        unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), found) }
        done += 16;
    }
    done
}

/// Unpacks 8 values, `width` bytes, at a time. Each value lies in four bytes.
#[target_feature(enable = "avx2")]
fn unpack_wide(bytes: &[u8], width: usize, out: &mut [u16]) -> usize {
    let mut places = [0u8; 32];
    let mut shifts = [0u32; 8];
    for value in 0..8 {
        let (byte, shift) = (value * width / 8, value * width % 8);
        for part in 0..4 {
            // Bytes beyond the 16th belong to no value.
            places[4 * value + part] = (byte + part).min(LOADED - 1) as u8;
        }
        shifts[value] = shift as u32;
    }
    // SAFETY: 32 bytes each, and unaligned access is allowed.
    let (places, shifts) =
        unsafe { (_mm256_loadu_si256(places.as_ptr().cast()), _mm256_loadu_si256(shifts.as_ptr().cast())) };
    let mask = _mm256_set1_epi32((1 << width) - 1);
    let mut done = 0;
    for (values, start) in out.as_chunks_mut::<8>().0.iter_mut().zip((0..).step_by(width)) {
        let Some(chunk) = bytes.get(start..).and_then(|rest| rest.first_chunk::<LOADED>()) else { break };
        // SAFETY: 16 bytes, and unaligned access is allowed.
        let chunk = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) });
        let found = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(chunk, places), shifts), mask);
        let packed = _mm_packus_epi32(_mm256_castsi256_si128(found), _mm256_extracti128_si256::<1>(found));
        // SAFETY: 8 values, and unaligned access is allowed.
        unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), packed) }
        done += 8;
    }
    done
}
