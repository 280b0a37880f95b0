//! Packed bits (section 1.2): values of a few bits each, one after another.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::token::{Kernel, Kind};

impl Kernel {
    /// Unpacks values of `width` bits, 1 to 16, from the start of `bytes`, the least significant bit first.
    ///
    /// Returns the number of values unpacked, a multiple of 8. The caller must unpack the others.
    pub(crate) fn unpack(self, bytes: &[u8], width: u32, out: &mut [u16]) -> usize {
        match self.kind() {
            Kind::Portable => portable::unpack(bytes, width, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has AVX2 and these parts of AVX-512.
            Kind::Avx512 => unsafe { avx512::unpack(bytes, width, out) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has AVX2.
            Kind::Avx2 => unsafe { avx2::unpack(bytes, width, out) },
        }
    }

    /// Packs values of one bit to whole bytes of `out`.
    ///
    /// Returns the number of values packed, a multiple of 8. The caller must pack the others.
    pub(crate) fn pack_bits(self, values: &[u16], out: &mut [u8]) -> usize {
        match self.kind() {
            Kind::Portable => portable::pack_bits(values, out),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: these kernels exist only if the processor has AVX2.
            Kind::Avx512 | Kind::Avx2 => unsafe { avx2::pack_bits(values, out) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares with a literal implementation of section 1.2. The bytes are a box of their own, so that tools notice reads
        /// beyond its end.
        #[test]
        fn unpacked_values_are_right(bytes in prop::collection::vec(any::<u8>(), 0..200), width in 1u32..=16, count in 0usize..150) {
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
    fn fast_kernels_do_most() {
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
