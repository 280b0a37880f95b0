//! Packed bits for AVX-512.

use std::arch::x86_64::*;

use super::avx2;

/// The number of bytes loaded at a time.
const LOADED: usize = 16;

#[target_feature(enable = "avx512f,avx512bw,avx2")]
pub(super) fn unpack(bytes: &[u8], width: u32, out: &mut [u16]) -> usize {
    let done = match width as usize {
        width @ 1..=8 => unpack_narrow(bytes, width, out),
        _ => 0,
    };
    let used = done * width as usize / 8;
    done + avx2::unpack(bytes.get(used..).unwrap_or_default(), width, &mut out[done..])
}

/// Unpacks 32 values, 4 · `width` bytes, at a time. Each value lies in two bytes.
#[target_feature(enable = "avx512f,avx512bw")]
fn unpack_narrow(bytes: &[u8], width: usize, out: &mut [u16]) -> usize {
    let mut places = [0u8; 64];
    let mut shifts = [0u16; 32];
    for value in 0..32 {
        // the second half of the values has bytes of its own
        let (byte, shift) = (value % 16 * width / 8, value % 16 * width % 8);
        // The last value may end with the 16th byte; its second byte does not matter then.
        places[2 * value..2 * value + 2].copy_from_slice(&[byte as u8, (byte + 1).min(LOADED - 1) as u8]);
        shifts[value] = shift as u16;
    }
    // SAFETY: 64 bytes each, and unaligned access is allowed.
    let (places, shifts) =
        unsafe { (_mm512_loadu_si512(places.as_ptr().cast()), _mm512_loadu_si512(shifts.as_ptr().cast())) };
    let mask = _mm512_set1_epi16((1 << width) - 1);
    let mut done = 0;
    for (values, start) in out.as_chunks_mut::<32>().0.iter_mut().zip((0..).step_by(4 * width)) {
        let half = |start| bytes.get(start..).and_then(<[u8]>::first_chunk::<LOADED>);
        let (Some(first), Some(second)) = (half(start), half(start + 2 * width)) else { break };
        // SAFETY: 16 bytes each, and unaligned access is allowed.
        let (first, second) =
            unsafe { (_mm_loadu_si128(first.as_ptr().cast()), _mm_loadu_si128(second.as_ptr().cast())) };
        let chunks = _mm512_mask_broadcast_i32x4(_mm512_broadcast_i32x4(first), 0xff00, second);
        let found = _mm512_and_si512(_mm512_srlv_epi16(_mm512_shuffle_epi8(chunks, places), shifts), mask);
        // SAFETY: 32 values, and unaligned access is allowed.
        unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), found) }
        done += 32;
    }
    done
}
