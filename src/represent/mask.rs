//! Masks: a bit for each value says whether it differs from the omitted value (section 8.5), or a label of each value says
//! which value of a template it has (section 8.8).

use super::coding::Coding;
use super::contexts::{ChunkClasses, ContextReader, ContextSource};
use super::step::StepInput;
use super::stream::{BLOCK, StreamExtent, StreamPiece, StreamSymbols};
use super::templates::{LabelledValues, Templates, kept_of_labels};
use super::values::{
    FillOmitted, MaskBits, OneValue, SymbolShape, ValuePlaces, Word, bits_of_bytes, mask_bits, pack_mask,
};
use crate::coders::LaneTables;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::spec::MAX_STRIDE;
use crate::wire::{Cursor, put_varint};

/// The omitted values, and the coding of the mask symbols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) omitted: Omitted,
    pub(crate) coding: Coding,
}

/// The values that a mask omits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Omitted {
    /// One value. A mask symbol has a bit for each of some values.
    Value { value: u64, shape: SymbolShape },
    /// The values of templates. A mask symbol is the label of a value.
    Templates(Templates),
}

/// The mask of a chunk.
#[derive(Debug)]
pub(crate) struct ChunkMask {
    pub(crate) kept: MaskBits,
    /// The label of each value; empty if the mask omits one value.
    labels: Vec<u8>,
}

impl Mask {
    /// The bit of the flags byte that says that a segment has a mask that omits one value.
    pub(crate) const VALUE_FLAG: u8 = 1 << 1;
    /// The bit of the flags byte that says that a segment has a mask that omits values of templates.
    pub(crate) const TEMPLATES_FLAG: u8 = 1 << 4;
    /// Both bits, of which a segment has one at most.
    pub(crate) const FLAGS: u8 = Self::VALUE_FLAG | Self::TEMPLATES_FLAG;

    /// Returns the bit of the flags byte.
    pub(crate) fn flag(&self) -> u8 {
        match self.omitted {
            Omitted::Value { .. } => Self::VALUE_FLAG,
            Omitted::Templates(_) => Self::TEMPLATES_FLAG,
        }
    }

    /// Reads the mask that the flags byte announces, if any.
    pub(crate) fn read(flags: u8, cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Option<Self>> {
        match flags & Self::FLAGS {
            Self::VALUE_FLAG => Self::read_of_value(cursor, input).map(Some),
            Self::TEMPLATES_FLAG => {
                let templates = Templates::read(cursor, input.bits)?;
                let coding = Coding::read_of_labels(cursor, templates.label_bits(), input.class_fields)?;
                Ok(Some(Self { omitted: Omitted::Templates(templates), coding }))
            }
            _ => Ok(None),
        }
    }

    fn read_of_value(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let bits = input.bits;
        let start = cursor.clone();
        let value = cursor.varint()?;
        let group = u32::from(cursor.u8()?);
        let stride = cursor.varint()?;
        if (bits < 64 && value >> bits != 0) || !matches!(group, 1 | 2 | 4 | 8) || !(1..=MAX_STRIDE).contains(&stride) {
            let what = format!("a mask of {group} bits, {stride} apart, that omits {value}");
            return Err(start.place(Error::corrupt(what)));
        }
        let shape = SymbolShape { group, stride };
        let coding = Coding::read_of_mask(cursor, shape, input.class_fields)?;
        Ok(Self { omitted: Omitted::Value { value, shape }, coding })
    }

    /// Appends the parameters.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.omitted {
            Omitted::Value { value, shape } => {
                put_varint(out, *value);
                out.push(shape.group as u8);
                put_varint(out, shape.stride);
            }
            Omitted::Templates(templates) => templates.write(out),
        }
        self.coding.write(out);
    }

    /// Describes the mask in words for tables.
    pub(crate) fn describe(&self) -> String {
        match &self.omitted {
            Omitted::Value { shape, .. } => format!("mask {} {}", shape.group, self.coding.name()),
            Omitted::Templates(templates) => format!("templates {} {}", templates.describe(), self.coding.name()),
        }
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        let templates = match &self.omitted {
            Omitted::Value { .. } => 0,
            Omitted::Templates(templates) => templates.memory(),
        };
        templates + self.coding.memory()
    }

    /// Returns the value that the mask omits, if it is only one.
    pub(crate) fn omitted_value(&self) -> Option<u64> {
        match self.omitted {
            Omitted::Value { value, .. } => Some(value),
            Omitted::Templates(_) => None,
        }
    }

    /// Returns how mask bits form symbols. With templates, each value has a symbol of its own: its label.
    fn shape(&self) -> SymbolShape {
        match self.omitted {
            Omitted::Value { shape, .. } => shape,
            Omitted::Templates(_) => SymbolShape::SINGLE,
        }
    }

    /// Returns the number of bits of a mask symbol.
    pub(crate) fn symbol_bits(&self) -> u32 {
        match &self.omitted {
            Omitted::Value { shape, .. } => shape.group,
            Omitted::Templates(templates) => templates.label_bits(),
        }
    }

    /// Returns the number of mask symbols of `values` values.
    pub(crate) fn symbol_count(&self, values: usize) -> usize {
        self.shape().count(values)
    }

    /// Returns the number of values of which a chunk has a multiple.
    pub(crate) fn unit(&self) -> u64 {
        match self.shape() {
            SymbolShape { group: 1, .. } => 1,
            SymbolShape { group, stride } => u64::from(group) * stride,
        }
    }

    /// Returns the mask of values, and the values that are kept. `start` is the number of the first value.
    pub(crate) fn forward<T: Word>(&self, start: u64, values: &[T]) -> (ChunkMask, Vec<T>) {
        match &self.omitted {
            Omitted::Value { value, .. } => {
                let omitted = T::from_number(*value);
                let kept = kept_values(values.iter().copied(), omitted);
                let others = values.iter().copied().filter(|&value| value != omitted).collect();
                (ChunkMask { kept, labels: Vec::new() }, others)
            }
            Omitted::Templates(templates) => {
                let labels = templates.labels_of(start, values);
                let others = values.iter().zip(&labels).filter(|(_, label)| **label == 0).map(|(value, _)| *value);
                let others = others.collect();
                (ChunkMask { kept: kept_of_labels(&labels), labels }, others)
            }
        }
    }

    /// Returns the filler of the places of omitted values. `start` is the number of the chunk's first value.
    pub(crate) fn filler<'a, T: Word + 'a>(&'a self, start: u64, mask: &'a ChunkMask) -> Box<dyn FillOmitted<T> + 'a> {
        match &self.omitted {
            Omitted::Value { value, .. } => Box::new(OneValue(T::from_number(*value))),
            Omitted::Templates(templates) => Box::new(LabelledValues { templates, start, labels: &mask.labels }),
        }
    }

    /// Returns the contexts of the symbols of `values` values. `sums` has the class sums of each class field.
    fn contexts(&self, sums: &[Vec<u8>], values: usize) -> Vec<u8> {
        match self.coding.source() {
            source @ ContextSource::Classes { field, .. } if self.shape() == SymbolShape::SINGLE => {
                source.clamp(&sums[*field])
            }
            source @ ContextSource::Classes { field, .. } => {
                let firsts: Vec<u8> = self.shape().firsts(values).map(|first| sums[*field][first]).collect();
                source.clamp(&firsts)
            }
            ContextSource::None | ContextSource::Field { .. } => Vec::new(),
        }
    }

    /// Appends the mask of a chunk. `sums` has the class sums of each class field.
    pub(crate) fn encode(&self, mask: &ChunkMask, sums: &[Vec<u8>], kernel: Kernel, out: &mut Vec<u8>) {
        let contexts = self.contexts(sums, mask.kept.len());
        let symbols = match &self.omitted {
            Omitted::Value { shape, .. } => shape.symbols(&mask.kept),
            Omitted::Templates(_) => mask.labels.iter().map(|&label| label.into()).collect(),
        };
        let stream =
            StreamSymbols { symbols: &symbols, contexts: &contexts, width: self.symbol_bits(), mask_bits: None };
        self.coding.model().encode(stream, kernel, out);
    }

    /// Decodes the mask of `values` values. `observe` receives the symbols and, if there are several contexts,
    /// their contexts.
    pub(crate) fn decode(
        &self,
        cursor: &mut Cursor<'_>,
        classes: &[ChunkClasses<'_>],
        values: usize,
        tables: &mut LaneTables,
        kernel: Kernel,
        mut observe: impl FnMut(&[u16], &[u8]),
    ) -> Result<ChunkMask> {
        let (shape, width) = (self.shape(), self.symbol_bits());
        let count = shape.count(values);
        let start = cursor.clone();
        let mut stream = {
            let extent = StreamExtent { count, width, mask_bits: None };
            self.coding.model().open(std::slice::from_mut(cursor), &[extent], tables, kernel)?
        };
        let block_len = if shape.stride == 1 { BLOCK.min(count.max(1)) } else { count.max(1) };
        let mut contexts = ContextReader::new(self.coding.source());
        let mut symbols = vec![0; block_len];
        let mut firsts = shape.firsts(values);
        let mut packed = Vec::new();
        let mut labels = Vec::new();
        match &self.omitted {
            Omitted::Value { .. } => packed.reserve((count * width as usize).div_ceil(8)),
            Omitted::Templates(_) => labels.reserve(count),
        }
        for first in (0..count).step_by(block_len) {
            let symbols = &mut symbols[..block_len.min(count - first)];
            let of_block: Vec<u32>;
            let places = if shape == SymbolShape::SINGLE || self.coding.source().contexts() == 1 {
                ValuePlaces::From(first)
            } else {
                of_block = firsts.by_ref().take(symbols.len()).map(|first| first as u32).collect();
                ValuePlaces::At(&of_block)
            };
            let contexts = contexts.read(classes, places, symbols.len(), 1, |_| &[], kernel);
            stream.next(&mut [StreamPiece { contexts, symbols }])?;
            observe(symbols, contexts);
            match &self.omitted {
                Omitted::Templates(templates) => {
                    let most = templates.labels.len() as u16;
                    if let Some(label) = symbols.iter().find(|&&label| label > most) {
                        return Err(start.place(Error::corrupt(format!("label {label} of {most}"))));
                    }
                    labels.extend(symbols.iter().map(|&label| label as u8));
                }
                Omitted::Value { .. } if shape.stride == 1 => pack_mask(symbols, width, kernel, &mut packed),
                Omitted::Value { .. } => {}
            }
        }
        stream.finish()?;
        let kept = match &self.omitted {
            Omitted::Templates(_) => Ok(kept_of_labels(&labels)),
            Omitted::Value { .. } if shape.stride == 1 => bits_of_bytes(packed, values),
            Omitted::Value { .. } => shape.mask_bits(&symbols, values),
        };
        Ok(ChunkMask { kept: kept.map_err(|error| start.place(error))?, labels })
    }
}

/// Returns the mask bits of values: 1 for each that differs from `omitted`.
pub(crate) fn kept_values<T: Word>(values: impl ExactSizeIterator<Item = T>, omitted: T) -> MaskBits {
    mask_bits(values.map(|value| value != omitted))
}
