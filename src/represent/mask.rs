//! Masks (section 8.5): a bit for each value says whether it differs from the omitted value.

use super::coding::Coding;
use super::contexts::{ChunkClasses, ContextReader, ContextSource};
use super::step::{Step, StepInput};
use super::stream::{BLOCK, StreamExtent, StreamSymbols};
use super::values::{MaskBits, SymbolShape, ValuePlaces, Word, bits_of_bytes, pack_mask};
use crate::coders::LaneTables;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::spec::MAX_STRIDE;
use crate::wire::{Cursor, put_varint};

/// The omitted value, and the coding of the mask symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) omitted: u64,
    pub(crate) shape: SymbolShape,
    pub(crate) coding: Coding,
}

impl Step for Mask {
    const FLAG: u8 = 1 << 1;

    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let bits = input.bits;
        let start = cursor.clone();
        let omitted = cursor.varint()?;
        let group = u32::from(cursor.u8()?);
        let stride = cursor.varint()?;
        if (bits < 64 && omitted >> bits != 0) || !matches!(group, 1 | 2 | 4 | 8) || !(1..=MAX_STRIDE).contains(&stride)
        {
            let what = format!("a mask of {group} bits, {stride} apart, that omits {omitted}");
            return Err(start.place(Error::corrupt(what)));
        }
        let shape = SymbolShape { group, stride };
        let coding = Coding::read_of_mask(cursor, shape, input.class_fields)?;
        Ok(Self { omitted, shape, coding })
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.omitted);
        out.push(self.shape.group as u8);
        put_varint(out, self.shape.stride);
        self.coding.write(out);
    }

    fn describe(&self) -> String {
        format!("mask {} {}", self.shape.group, self.coding.name())
    }

    fn memory(&self) -> usize {
        self.coding.memory()
    }
}

impl Mask {
    /// Returns the mask bits of values, and the values that are kept.
    pub(crate) fn forward<T: Word>(&self, values: &[T]) -> (MaskBits, Vec<T>) {
        let omitted = T::from_number(self.omitted);
        let kept = kept_values(values.iter().copied(), omitted);
        (kept, values.iter().copied().filter(|&value| value != omitted).collect())
    }

    /// Returns the contexts of the symbols of `values` values. `sums` has the class sums of each class field.
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

    /// Appends the mask of a chunk. `sums` has the class sums of each class field.
    pub(crate) fn encode(&self, kept: &MaskBits, sums: &[Vec<u8>], kernel: Kernel, out: &mut Vec<u8>) {
        let contexts = self.contexts(sums, kept.len());
        let symbols = &self.shape.symbols(kept)[..];
        let stream = StreamSymbols { symbols, contexts: &contexts, width: self.shape.group, mask_bits: None };
        self.coding.model().encode(stream, kernel, out);
    }

    /// Decodes the mask bits of `values` values. `observe` receives the symbols and, if there are several contexts,
    /// their contexts.
    pub(crate) fn decode(
        &self,
        cursor: &mut Cursor<'_>,
        classes: &[ChunkClasses<'_>],
        values: usize,
        tables: &mut LaneTables,
        kernel: Kernel,
        mut observe: impl FnMut(&[u16], &[u8]),
    ) -> Result<MaskBits> {
        let SymbolShape { group, stride } = self.shape;
        let count = self.shape.count(values);
        let start = cursor.clone();
        let mut stream = {
            let extent = StreamExtent { count, width: group, mask_bits: None };
            self.coding.model().open(cursor, extent, tables, kernel)?
        };
        let block_len = if stride == 1 { BLOCK.min(count.max(1)) } else { count.max(1) };
        let mut contexts = ContextReader::new(self.coding.source());
        let mut symbols = vec![0; block_len];
        let mut firsts = self.shape.firsts(values);
        let mut bytes = Vec::with_capacity((count * group as usize).div_ceil(8));
        for first in (0..count).step_by(block_len) {
            let symbols = &mut symbols[..block_len.min(count - first)];
            let of_block: Vec<u32>;
            let places = if self.shape == SymbolShape::SINGLE || self.coding.source().contexts() == 1 {
                ValuePlaces::From(first)
            } else {
                of_block = firsts.by_ref().take(symbols.len()).map(|first| first as u32).collect();
                ValuePlaces::At(&of_block)
            };
            let contexts = contexts.read(classes, places, symbols.len(), 1, |_| &[], kernel);
            stream.next(contexts, symbols)?;
            observe(symbols, contexts);
            if stride == 1 {
                pack_mask(symbols, group, kernel, &mut bytes);
            }
        }
        stream.finish()?;
        let kept = if stride == 1 { bits_of_bytes(bytes, values) } else { self.shape.mask_bits(&symbols, values) };
        kept.map_err(|error| start.place(error))
    }
}

/// Returns the mask bits of values: 1 for each that differs from `omitted`.
pub(crate) fn kept_values<T: Word>(values: impl ExactSizeIterator<Item = T>, omitted: T) -> MaskBits {
    let count = values.len();
    let mut bytes = vec![0u8; count.div_ceil(8)];
    for (index, value) in values.enumerate() {
        bytes[index / 8] |= u8::from(value != omitted) << (index % 8);
    }
    let mut kept = MaskBits::from_vec(bytes);
    kept.truncate(count);
    kept
}
