//! Mask symbols: several mask bits that are coded together (section 8.5).

use super::MaskBits;
use crate::coders::pack;
use crate::error::{Error, Result};
use crate::kernel::Kernel;

/// The mask bits that form a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SymbolShape {
    /// The number of bits of a symbol: 1, 2, 4 or 8.
    pub(crate) group: u32,
    /// The distance between the values of two neighbouring bits.
    pub(crate) stride: u64,
}

impl SymbolShape {
    /// Each bit is a symbol.
    pub(crate) const SINGLE: Self = Self { group: 1, stride: 1 };

    /// Returns the number of symbols of the mask bits of `values` values.
    pub(crate) fn count(self, values: usize) -> usize {
        let (group, stride) = (self.group as usize, self.stride as usize);
        let unit = group * stride;
        values / unit * stride + (values % unit).min(stride)
    }

    /// Returns the first value of each symbol.
    pub(crate) fn firsts(self, values: usize) -> impl Iterator<Item = usize> {
        let (group, stride) = (self.group as usize, self.stride as usize);
        (0..self.count(values)).map(move |symbol| symbol / stride * stride * group + symbol % stride)
    }

    /// Returns the symbols of mask bits.
    pub(crate) fn symbols(self, kept: &MaskBits) -> Vec<u16> {
        let count = self.count(kept.len());
        let mut symbols = vec![0; count];
        if self.stride == 1 {
            let bytes = kept.as_raw_slice();
            // a symbol never crosses a byte, and the bits beyond the last value are 0
            let whole = (8 / self.group) as usize;
            let mask = ((1u32 << self.group) - 1) as u8;
            for (symbols, byte) in symbols.chunks_mut(whole).zip(bytes) {
                for (index, symbol) in symbols.iter_mut().enumerate() {
                    *symbol = u16::from(byte >> (index as u32 * self.group) & mask);
                }
            }
            return symbols;
        }
        for (symbol, first) in symbols.iter_mut().zip(self.firsts(kept.len())) {
            for bit in 0..self.group as usize {
                let at = first + bit * self.stride as usize;
                *symbol |= u16::from(at < kept.len() && kept[at]) << bit;
            }
        }
        symbols
    }

    /// Returns the mask bits of `values` values from their symbols.
    pub(crate) fn mask_bits(self, symbols: &[u16], values: usize) -> Result<MaskBits> {
        let mut kept = MaskBits::repeat(false, values);
        for (symbol, first) in symbols.iter().zip(self.firsts(values)) {
            for bit in (0..self.group as usize).filter(|bit| symbol >> bit & 1 == 1) {
                let at = first + bit * self.stride as usize;
                if at >= values {
                    return Err(beyond());
                }
                kept.set(at, true);
            }
        }
        Ok(kept)
    }
}

/// Appends mask symbols as packed bits. All calls but the last must pass a multiple of 8 symbols.
pub(crate) fn pack_mask(symbols: &[u16], group: u32, kernel: Kernel, bytes: &mut Vec<u8>) {
    let mut rest = symbols;
    if group == 1 {
        let start = bytes.len();
        bytes.resize(start + symbols.len() / 8, 0);
        let done = kernel.pack_bits(symbols, &mut bytes[start..]);
        bytes.truncate(start + done / 8);
        rest = &symbols[done..];
    }
    pack(rest, group, bytes);
}

/// Returns the mask bits of `values` values from packed bits.
pub(crate) fn bits_of_bytes(bytes: Vec<u8>, values: usize) -> Result<MaskBits> {
    let mut kept = MaskBits::from_vec(bytes);
    if kept[values..].any() {
        return Err(beyond());
    }
    kept.truncate(values);
    Ok(kept)
}

fn beyond() -> Error {
    Error::corrupt("mask bits beyond the last value")
}

/// Returns the mask bits of values of which these are kept.
pub(crate) fn mask_bits(kept: impl ExactSizeIterator<Item = bool>) -> MaskBits {
    let count = kept.len();
    let mut bytes = vec![0u8; count.div_ceil(8)];
    kept.enumerate().for_each(|(index, is_kept)| bytes[index / 8] |= u8::from(is_kept) << (index % 8));
    let mut bits = MaskBits::from_vec(bytes);
    bits.truncate(count);
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares with a literal implementation of section 8.5.
        #[test]
        fn symbols_are_as_specified(
            bits in prop::collection::vec(any::<bool>(), 1..200),
            group in prop_oneof![Just(1u32), Just(2), Just(4), Just(8)],
            stride in 1u64..20,
        ) {
            let shape = SymbolShape { group, stride };
            let (g, s) = (group as usize, stride as usize);
            let mut naive = Vec::new();
            for block in (0..bits.len()).step_by(g * s) {
                for j in 0..s {
                    if block + j < bits.len() {
                        let bit = |i: usize| u16::from(bits.get(block + j + i * s).is_some_and(|bit| *bit));
                        naive.push((0..g).map(|i| bit(i) << i).sum::<u16>());
                    }
                }
            }
            let kept: MaskBits = bits.iter().collect();
            let symbols = shape.symbols(&kept);
            prop_assert_eq!(&symbols, &naive);
            prop_assert_eq!(shape.mask_bits(&symbols, bits.len()).unwrap(), kept);
            let firsts: Vec<usize> = shape.firsts(bits.len()).collect();
            prop_assert_eq!(firsts.len(), symbols.len());
            if let Some(last) = firsts.iter().position(|first| first + (g - 1) * s >= bits.len()) {
                let mut beyond = symbols.clone();
                beyond[last] |= 1 << (g - 1);
                prop_assert!(shape.mask_bits(&beyond, bits.len()).is_err());
            }
        }
    }
}
