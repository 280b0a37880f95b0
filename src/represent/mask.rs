//! Masks (section 8.5): where the values are that are not the frequent one.

use super::class_field::ChunkClasses;
use super::coding::Coding;
use super::context_source::{ContextReader, ContextSource};
use super::decoding::BLOCK;
use super::inverse::Places;
use super::symbol_stream::SymbolStream;
pub(crate) use crate::coders::MaskBits as Kept;
use crate::coders::{LaneTables, pack};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::spec::MAX_STRIDE;
use crate::wire::{Cursor, put_varint};

/// The value that is left out, and how it is said where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) left_out: u64,
    pub(crate) shape: SymbolShape,
    pub(crate) coding: Coding,
}

/// Which mask bits are a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SymbolShape {
    /// Bits of a symbol: 1, 2, 4 or 8.
    pub(crate) group: u32,
    /// Values from one bit to the next.
    pub(crate) stride: u64,
}

impl SymbolShape {
    /// Each bit on its own.
    pub(crate) const SINGLE: Self = Self { group: 1, stride: 1 };

    /// Symbols of so many mask bits.
    pub(crate) fn count(self, values: usize) -> usize {
        let (group, stride) = (self.group as usize, self.stride as usize);
        let unit = group * stride;
        values / unit * stride + (values % unit).min(stride)
    }

    /// For each symbol its first value.
    pub(crate) fn firsts(self, values: usize) -> impl Iterator<Item = usize> {
        let (group, stride) = (self.group as usize, self.stride as usize);
        (0..self.count(values)).map(move |symbol| symbol / stride * stride * group + symbol % stride)
    }

    /// The symbols of mask bits.
    pub(crate) fn symbols(self, kept: &Kept) -> Vec<u16> {
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

    /// Back: the mask bits of `values` values.
    fn kept(self, symbols: &[u16], values: usize) -> Result<Kept> {
        let mut kept = Kept::repeat(false, values);
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

impl Mask {
    /// Reads the mask of values of `bits` bits.
    pub(crate) fn read(cursor: &mut Cursor<'_>, bits: u32, class_fields: usize) -> Result<Self> {
        let start = cursor.clone();
        let left_out = cursor.varint()?;
        let group = u32::from(cursor.u8()?);
        let stride = cursor.varint()?;
        if (bits < 64 && left_out >> bits != 0)
            || !matches!(group, 1 | 2 | 4 | 8)
            || !(1..=MAX_STRIDE).contains(&stride)
        {
            let what = format!("a mask of {group} bits, {stride} apart, that leaves out {left_out}");
            return Err(start.place(Error::corrupt(what)));
        }
        let shape = SymbolShape { group, stride };
        let coding = Coding::read_of_mask(cursor, shape, class_fields)?;
        Ok(Self { left_out, shape, coding })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.left_out);
        out.push(self.shape.group as u8);
        put_varint(out, self.shape.stride);
        self.coding.write(out);
    }

    /// The contexts of the symbols of `values` values with these class sums of each class field.
    fn contexts(&self, sums: &[Vec<u8>], values: usize) -> Vec<u8> {
        match self.coding.source() {
            source @ ContextSource::Classes { field, .. } if self.shape == SymbolShape::SINGLE => {
                source.clamp(&sums[*field])
            }
            source @ ContextSource::Classes { field, .. } => {
                let firsts: Vec<u8> = self.shape.firsts(values).map(|first| sums[*field][first]).collect();
                source.clamp(&firsts)
            }
            ContextSource::None | ContextSource::Field { .. } => Vec::new(),
        }
    }

    /// Appends the mask of a chunk whose values have these class sums.
    pub(crate) fn encode(&self, kept: &Kept, sums: &[Vec<u8>], kernel: Kernel, out: &mut Vec<u8>) {
        let contexts = self.contexts(sums, kept.len());
        self.coding.encode(&self.shape.symbols(kept), &contexts, self.shape.group, None, kernel, out);
    }

    /// The mask of `values` values; `observe` sees symbols and, if there are several, contexts.
    pub(super) fn decode(
        &self,
        cursor: &mut Cursor<'_>,
        classes: &[ChunkClasses<'_>],
        values: usize,
        room: &mut LaneTables,
        kernel: Kernel,
        mut observe: impl FnMut(&[u16], &[u8]),
    ) -> Result<Kept> {
        let SymbolShape { group, stride } = self.shape;
        let count = self.shape.count(values);
        let start = cursor.clone();
        let mut stream = SymbolStream::open(cursor, &self.coding, group, count, None, room, kernel)?;
        let in_blocks = stream.is_in_blocks() && stride == 1;
        let block_len = if in_blocks { BLOCK.min(count.max(1)) } else { count.max(1) };
        let mut contexts = ContextReader::new(self.coding.source());
        let mut symbols = vec![0; block_len];
        let mut firsts = self.shape.firsts(values);
        let mut bytes = Vec::with_capacity((count * group as usize).div_ceil(8));
        for first in (0..count).step_by(block_len) {
            let symbols = &mut symbols[..block_len.min(count - first)];
            let of_block: Vec<u32>;
            let places = if self.shape == SymbolShape::SINGLE || self.coding.source().contexts() == 1 {
                Places::From(first)
            } else {
                of_block = firsts.by_ref().take(symbols.len()).map(|first| first as u32).collect();
                Places::At(&of_block)
            };
            let contexts = contexts.read(classes, places, symbols.len(), 1, |_| &[], kernel);
            stream.next(contexts, symbols)?;
            observe(symbols, contexts);
            if stride == 1 {
                pack_mask(symbols, group, kernel, &mut bytes);
            }
        }
        stream.finish()?;
        let kept = if stride == 1 { of_bytes(bytes, values) } else { self.shape.kept(&symbols, values) };
        kept.map_err(|error| start.place(error))
    }
}

/// Appends mask symbols, a multiple of 8 but for the last ones.
fn pack_mask(symbols: &[u16], group: u32, kernel: Kernel, bytes: &mut Vec<u8>) {
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

/// The mask bits of `values` values.
fn of_bytes(bytes: Vec<u8>, values: usize) -> Result<Kept> {
    let mut kept = Kept::from_vec(bytes);
    if kept[values..].any() {
        return Err(beyond());
    }
    kept.truncate(values);
    Ok(kept)
}

fn beyond() -> Error {
    Error::corrupt("mask bits beyond the last value")
}

/// Of what belongs to each value what belongs to kept ones.
pub(crate) fn of_kept(all: &[u8], kept: &Kept) -> Vec<u8> {
    kept.iter_ones().map(|index| all[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Section 8.5 as it stands.
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
            let kept: Kept = bits.iter().collect();
            let symbols = shape.symbols(&kept);
            prop_assert_eq!(&symbols, &naive);
            prop_assert_eq!(shape.kept(&symbols, bits.len()).unwrap(), kept);
            let firsts: Vec<usize> = shape.firsts(bits.len()).collect();
            prop_assert_eq!(firsts.len(), symbols.len());
            if let Some(last) = firsts.iter().position(|first| first + (g - 1) * s >= bits.len()) {
                let mut beyond = symbols.clone();
                beyond[last] |= 1 << (g - 1);
                prop_assert!(shape.kept(&beyond, bits.len()).is_err());
            }
        }
    }
}
