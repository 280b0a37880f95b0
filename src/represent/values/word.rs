//! Words: unsigned integers of a dtype's width, read from and written to little-endian bytes.

use crate::coders::{pack, unpack};
use crate::error::Result;

/// The machine integer that holds a word of up to `Self::SIZE` × 8 bits.
pub(crate) trait Word: bytemuck::Pod + Default + Eq + Send + Sync {
    /// The size of the integer in bytes.
    const SIZE: usize;
    /// Returns `self >> shift` and `mask`.
    fn field(self, shift: u32, mask: u16) -> u16;
    /// Returns `self | symbol << shift`. `shift` must be below the number of bits of the integer.
    fn with(self, symbol: u16, shift: u32) -> Self;
    fn from_symbol(symbol: u16) -> Self;
    /// Converts a number, which must fit.
    fn from_number(number: u64) -> Self;
    fn number(self) -> u64;
    fn read(bytes: &[u8]) -> Self;
    fn write(self, bytes: &mut [u8]);
    /// Applies the transform rotate of section 8 to a word of `bits` bits.
    fn rotate(self, bits: u32) -> Self;
    fn unrotate(self, bits: u32) -> Self;
    /// Applies the transform offset of section 8 to a word of `bits` bits.
    fn offset(self, by: u64, bits: u32) -> Self;
    /// Applies the transform zigzag of section 8 to a word of `bits` bits.
    fn zigzag(self, bits: u32) -> Self;
    fn unzigzag(self, bits: u32) -> Self;
}

macro_rules! word {
    ($type:ty) => {
        impl Word for $type {
            const SIZE: usize = size_of::<$type>();

            #[inline(always)]
            fn field(self, shift: u32, mask: u16) -> u16 {
                (self >> shift) as u16 & mask
            }

            #[inline(always)]
            fn with(self, symbol: u16, shift: u32) -> Self {
                self | (symbol as $type) << shift
            }

            #[inline(always)]
            fn from_symbol(symbol: u16) -> Self {
                symbol as $type
            }

            #[inline(always)]
            fn from_number(number: u64) -> Self {
                number as $type
            }

            #[inline(always)]
            fn number(self) -> u64 {
                self as u64
            }

            #[inline(always)]
            fn read(bytes: &[u8]) -> Self {
                let mut array = [0; Self::SIZE];
                array.copy_from_slice(bytes);
                <$type>::from_le_bytes(array)
            }

            #[inline(always)]
            fn write(self, bytes: &mut [u8]) {
                bytes.copy_from_slice(&self.to_le_bytes());
            }

            #[inline(always)]
            fn rotate(self, bits: u32) -> Self {
                (self << 1 | self >> (bits - 1)) & (<$type>::MAX >> (<$type>::BITS - bits))
            }

            #[inline(always)]
            fn unrotate(self, bits: u32) -> Self {
                self >> 1 | (self & 1) << (bits - 1)
            }

            #[inline(always)]
            fn offset(self, by: u64, bits: u32) -> Self {
                self.wrapping_add(by as $type) & (<$type>::MAX >> (<$type>::BITS - bits))
            }

            #[inline(always)]
            fn zigzag(self, bits: u32) -> Self {
                let sign = self >> (bits - 1) & 1;
                (self << 1 ^ (0 as $type).wrapping_sub(sign)) & (<$type>::MAX >> (<$type>::BITS - bits))
            }

            #[inline(always)]
            fn unzigzag(self, bits: u32) -> Self {
                let sign = self & 1;
                (self >> 1 ^ (0 as $type).wrapping_sub(sign)) & (<$type>::MAX >> (<$type>::BITS - bits))
            }
        }
    };
}

word!(u8);
word!(u16);
word!(u32);
word!(u64);

/// Runs an expression in which `W` is the smallest integer type that holds words of `$bits` bits.
macro_rules! with_word {
    ($bits:expr, $W:ident => $body:expr) => {
        match $bits {
            0..=8 => {
                type $W = u8;
                $body
            }
            9..=16 => {
                type $W = u16;
                $body
            }
            17..=32 => {
                type $W = u32;
                $body
            }
            _ => {
                type $W = u64;
                $body
            }
        }
    };
}
pub(crate) use with_word;

/// Words of whole bytes in a byte slice. Reading does not copy the slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a, W> {
    bytes: &'a [u8],
    word: std::marker::PhantomData<W>,
}

impl<'a, W: Word> Values<'a, W> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, word: std::marker::PhantomData }
    }

    pub(crate) fn len(self) -> usize {
        self.bytes.len() / W::SIZE
    }

    pub(crate) fn get(self, index: usize) -> W {
        W::read(&self.bytes[index * W::SIZE..(index + 1) * W::SIZE])
    }

    pub(crate) fn iter(self) -> impl ExactSizeIterator<Item = W> + Clone + use<'a, W> {
        self.bytes.chunks_exact(W::SIZE).map(W::read)
    }
}

/// Reads the words in `bytes`, which have `bits` bits each.
pub(crate) fn read_words<W: Word>(bytes: &[u8], bits: u32) -> Vec<W> {
    if bits < 8 {
        let mut symbols = vec![0; bytes.len() * 8 / bits as usize];
        // all bits of the last byte are used, so unpacking cannot fail
        unpack(bytes, bits, &mut symbols).unwrap_or_default();
        return symbols.into_iter().map(W::from_symbol).collect();
    }
    bytes.chunks_exact(W::SIZE).map(W::read).collect()
}

/// Returns the words of `bits` bits in `bytes` as numbers.
pub(crate) fn numbers(bytes: &[u8], bits: u32) -> Vec<u64> {
    with_word!(bits, W => read_words::<W>(bytes, bits).into_iter().map(Word::number).collect())
}

/// Writes `words` of `bits` bits each to `out`, whose length must fit.
pub(crate) fn write_words<W: Word>(words: &[W], bits: u32, out: &mut [u8]) -> Result<()> {
    if bits < 8 {
        let symbols: Vec<u16> = words.iter().map(|word| word.field(0, u16::MAX)).collect();
        let mut packed = Vec::with_capacity(out.len());
        pack(&symbols, bits, &mut packed);
        out.copy_from_slice(&packed);
        return Ok(());
    }
    for (word, out) in words.iter().zip(out.chunks_exact_mut(W::SIZE)) {
        word.write(out);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn comes_back<W: Word + PartialEq + std::fmt::Debug>(word: W, bits: u32) {
        assert_eq!(word.rotate(bits).unrotate(bits), word);
        assert_eq!(word.zigzag(bits).unzigzag(bits), word);
    }

    proptest! {
        #[test]
        fn transforms_come_back(value: u64) {
            comes_back(value, 64);
            comes_back(value as u32, 32);
            comes_back(value as u16, 16);
            comes_back(value as u8, 8);
            comes_back(value as u8 & 0x3f, 6);
            comes_back(value as u8 & 0xf, 4);
        }
    }

    #[test]
    fn transforms_are_those_of_the_specification() {
        assert_eq!(0x8000_0001u32.rotate(32), 3);
        assert_eq!(0x20u8.rotate(6), 1);
        assert_eq!([0i16, -1, 1, -2, i16::MIN].map(|x| (x as u16).zigzag(16)), [0, 1, 2, 3, 65535]);
        assert_eq!(0xfu8.zigzag(4), 1);
    }
}
