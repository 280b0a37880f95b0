//! Packed bits (section 1.2): values of a few bits each, one after another.

use super::choice::{Kernel, Kind};

impl Kernel {
    /// Takes values of `width` bits, 1 to 16, from `bytes`, the least significant bit first, as many as it can; returns how many
    /// that were, a multiple of 8 that leaves more to do: the caller does the rest.
    pub(crate) fn unpack(self, bytes: &[u8], width: u32, out: &mut [u16]) -> usize {
        match self.kind() {
            Kind::Portable => 0,
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel says that the processor has AVX2.
            Kind::Avx2 => unsafe { avx2::unpack(bytes, width, out) },
        }
    }

    /// Packs values of one bit, as many as it can, to `out`, of which it fills whole bytes; returns how many values that were, a
    /// multiple of 8: the caller does the rest.
    pub(crate) fn pack_bits(self, values: &[u16], out: &mut [u8]) -> usize {
        match self.kind() {
            Kind::Portable => 0,
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel says that the processor has AVX2.
            Kind::Avx2 => unsafe { avx2::pack_bits(values, out) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    /// Bytes that are loaded at a time.
    const LOADED: usize = 16;

    #[target_feature(enable = "avx2")]
    pub(super) fn unpack(bytes: &[u8], width: u32, out: &mut [u16]) -> usize {
        match width as usize {
            width @ 1..=8 => unpack_narrow(bytes, width, out),
            width @ 9..=16 => unpack_wide(bytes, width, out),
            _ => 0,
        }
    }

    /// Thirty-two values at a time: their lowest bits, moved to the top of a byte each.
    #[target_feature(enable = "avx2")]
    pub(super) fn pack_bits(values: &[u16], out: &mut [u8]) -> usize {
        let mut done = 0;
        for (values, out) in values.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<4>().0) {
            // SAFETY: 16 values each; no alignment needed.
            let (first, second) = unsafe {
                (_mm256_loadu_si256(values.as_ptr().cast()), _mm256_loadu_si256(values.as_ptr().add(16).cast()))
            };
            // packing works within halves of vectors: the middle quarters change places
            let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi16(first, second));
            let bits = _mm256_movemask_epi8(_mm256_slli_epi16::<7>(bytes));
            *out = (bits as u32).to_le_bytes();
            done += 32;
        }
        done
    }

    /// Sixteen values, 2 · `width` bytes, at a time: two bytes hold each value; a product moves it to the upper byte.
    #[target_feature(enable = "avx2")]
    fn unpack_narrow(bytes: &[u8], width: usize, out: &mut [u16]) -> usize {
        let mut places = [0u8; 32];
        let mut factors = [0u16; 16];
        for value in 0..16 {
            let (byte, shift) = (value * width / 8, value * width % 8);
            // the last value may end with the 16th byte: then the next one is not needed
            places[2 * value..2 * value + 2].copy_from_slice(&[byte as u8, (byte + 1).min(LOADED - 1) as u8]);
            factors[value] = 1 << (8 - shift);
        }
        // SAFETY: 32 bytes each; no alignment needed.
        let (places, factors) =
            unsafe { (_mm256_loadu_si256(places.as_ptr().cast()), _mm256_loadu_si256(factors.as_ptr().cast())) };
        let mask = _mm256_set1_epi16((1 << width) - 1);
        let mut done = 0;
        for (values, start) in out.as_chunks_mut::<16>().0.iter_mut().zip((0..).step_by(2 * width)) {
            let Some(chunk) = bytes.get(start..).and_then(|rest| rest.first_chunk::<LOADED>()) else { break };
            // SAFETY: 16 bytes; no alignment needed.
            let chunk = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) });
            let pairs = _mm256_mullo_epi16(_mm256_shuffle_epi8(chunk, places), factors);
            let found = _mm256_and_si256(_mm256_srli_epi16::<8>(pairs), mask);
            // SAFETY: 16 values; no alignment needed.
            unsafe { _mm256_storeu_si256(values.as_mut_ptr().cast(), found) }
            done += 16;
        }
        done
    }

    /// Eight values, `width` bytes, at a time: four bytes hold each value.
    #[target_feature(enable = "avx2")]
    fn unpack_wide(bytes: &[u8], width: usize, out: &mut [u16]) -> usize {
        let mut places = [0u8; 32];
        let mut shifts = [0u32; 8];
        for value in 0..8 {
            let (byte, shift) = (value * width / 8, value * width % 8);
            for part in 0..4 {
                // what lies beyond the 16th byte belongs to no value
                places[4 * value + part] = (byte + part).min(LOADED - 1) as u8;
            }
            shifts[value] = shift as u32;
        }
        // SAFETY: 32 bytes each; no alignment needed.
        let (places, shifts) =
            unsafe { (_mm256_loadu_si256(places.as_ptr().cast()), _mm256_loadu_si256(shifts.as_ptr().cast())) };
        let mask = _mm256_set1_epi32((1 << width) - 1);
        let mut done = 0;
        for (values, start) in out.as_chunks_mut::<8>().0.iter_mut().zip((0..).step_by(width)) {
            let Some(chunk) = bytes.get(start..).and_then(|rest| rest.first_chunk::<LOADED>()) else { break };
            // SAFETY: 16 bytes; no alignment needed.
            let chunk = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) });
            let found = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(chunk, places), shifts), mask);
            let packed = _mm_packus_epi32(_mm256_castsi256_si128(found), _mm256_extracti128_si256::<1>(found));
            // SAFETY: 8 values; no alignment needed.
            unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), packed) }
            done += 8;
        }
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Section 1.2 as it stands; nothing lies behind the bytes that could be read.
        #[test]
        fn what_is_taken_is_right(bytes in prop::collection::vec(any::<u8>(), 0..200), width in 1u32..=16, count in 0usize..150) {
            let bytes = bytes.into_boxed_slice();
            let bit = |at: usize| u16::from(bytes[at / 8] >> (at % 8) & 1);
            for kernel in Kernel::available() {
                let mut values = vec![0xaaaa; count];
                let done = kernel.unpack(&bytes, width, &mut values);
                prop_assert!(done <= count && done % 8 == 0 && done * width as usize <= bytes.len() * 8);
                for (i, &value) in values[..done].iter().enumerate() {
                    let expected: u16 = (0..width as usize).map(|j| bit(i * width as usize + j) << j).sum();
                    prop_assert_eq!(value, expected, "value {} of {} bits", i, width);
                }
                prop_assert!(values[done..].iter().all(|&value| value == 0xaaaa));
            }
        }

        #[test]
        fn bits_are_packed(values in prop::collection::vec(0u16..2, 0..200), spare in 0usize..9) {
            for kernel in Kernel::available() {
                let mut bytes = vec![0xaa; values.len() / 8 + spare];
                let done = kernel.pack_bits(&values, &mut bytes);
                prop_assert!(done <= values.len() && done % 8 == 0);
                for (byte, values) in bytes.iter().zip(values[..done].chunks(8)) {
                    let expected: u16 = values.iter().enumerate().map(|(i, bit)| bit << i).sum();
                    prop_assert_eq!(u16::from(*byte), expected);
                }
                prop_assert!(bytes[done / 8..].iter().all(|&byte| byte == 0xaa));
            }
        }
    }

    #[test]
    fn fast_kernels_take_most() {
        let bytes = [0x5a; 160];
        for kernel in Kernel::available().into_iter().filter(|&kernel| kernel != Kernel::PORTABLE) {
            for width in 1..=16 {
                let mut values = vec![0; 80];
                assert!(kernel.unpack(&bytes, width, &mut values) >= 64, "{kernel} {width}");
            }
            assert_eq!(kernel.pack_bits(&[1; 64], &mut [0; 8]), 64);
        }
    }
}
