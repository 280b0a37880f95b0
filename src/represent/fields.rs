//! Fields (section 8): words are transformed and cut into fields, each a stream of symbols with a coding of its own.

use std::ops::Range;

use super::StreamBytes;
use super::class_field::{ClassField, MAX_CLASS_FIELDS, MAX_GROUP_CLASSES};
use super::context_source::{ContextSource, all_sums};
use super::layout::Layout;
use super::word::{Word, read_words, write_words};
use crate::entropy::{
    BitsModel, LaneModel, MAX_SYMBOL_BITS, MixedModel, decode_bits, decode_lanes, decode_mixed, encode_bits,
    encode_lanes, encode_mixed, pack, packed_len, skip_bits, skip_lanes, skip_mixed, unpack,
};
use crate::error::{Error, Result};
use crate::tensor::Dtype;
use crate::wire::{Cursor, put_varint};

/// Section 8.
pub(crate) const MAX_FIELDS: usize = 16;
/// Section 8.
pub(crate) const MAX_FIELD_BITS: u32 = 16;

/// What is done to a word before it is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    Identity,
    /// The sign of a float goes to the bottom, so that its exponent is on top.
    Rotate,
    /// Small integers of both signs become small.
    Zigzag,
}

impl Transform {
    const ALL: [Self; 3] = [Self::Identity, Self::Rotate, Self::Zigzag];

    pub(crate) fn apply<W: Word>(self, words: &mut [W], bits: u32) {
        match self {
            Self::Identity => {}
            Self::Rotate => words.iter_mut().for_each(|word| *word = word.rotate(bits)),
            Self::Zigzag => words.iter_mut().for_each(|word| *word = word.zigzag(bits)),
        }
    }

    pub(crate) fn invert<W: Word>(self, words: &mut [W], bits: u32) {
        match self {
            Self::Identity => {}
            Self::Rotate => words.iter_mut().for_each(|word| *word = word.unrotate(bits)),
            Self::Zigzag => words.iter_mut().for_each(|word| *word = word.unzigzag(bits)),
        }
    }
}

/// How a field's symbols are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coding {
    Raw,
    Constant(u16),
    Lanes(ContextSource, LaneModel),
    Bits(ContextSource, BitsModel),
    Mixed(ContextSource, MixedModel),
}

impl Coding {
    /// For people and programs.
    pub(crate) fn name(&self) -> String {
        let (name, source) = match self {
            Self::Raw => ("raw", &ContextSource::None),
            Self::Constant(_) => ("constant", &ContextSource::None),
            Self::Lanes(source, _) => ("lanes", source),
            Self::Bits(source, _) => ("bits", source),
            Self::Mixed(source, _) => ("mixed", source),
        };
        match source.contexts() {
            1 => name.to_owned(),
            contexts => format!("{name}/{contexts}"),
        }
    }

    /// Where its contexts come from.
    pub(crate) fn source(&self) -> &ContextSource {
        match self {
            Self::Raw | Self::Constant(_) => &ContextSource::None,
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => source,
        }
    }

    /// Where its contexts come from, if it has a model.
    pub(crate) fn source_mut(&mut self) -> Option<&mut ContextSource> {
        match self {
            Self::Raw | Self::Constant(_) => None,
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => Some(source),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw => out.push(0),
            Self::Constant(value) => {
                out.push(1);
                put_varint(out, u64::from(*value));
            }
            Self::Lanes(source, model) => {
                out.push(2);
                source.write(out);
                model.write(out);
            }
            Self::Bits(source, model) => {
                out.push(3);
                source.write(out);
                model.write(out);
            }
            Self::Mixed(source, model) => {
                out.push(4);
                source.write(out);
                model.write(out);
            }
        }
    }

    /// Reads the coding of a field of `width` bits that comes after fields of `widths`.
    fn read(cursor: &mut Cursor<'_>, width: u32, class_fields: usize, widths: &[u32]) -> Result<Self> {
        let code = cursor.u8()?;
        if (2..=4).contains(&code) && width > MAX_SYMBOL_BITS {
            return Err(cursor.place(Error::corrupt(format!("{width} bits are too many for a coder"))));
        }
        match code {
            0 => Ok(Self::Raw),
            1 => match cursor.varint()? {
                value if value < 1 << width => Ok(Self::Constant(value as u16)),
                value => Err(cursor.place(Error::corrupt(format!("constant {value} in {width} bits")))),
            },
            2 => {
                let source = ContextSource::read(cursor, class_fields, widths)?;
                let model = LaneModel::read(cursor, width, source.contexts())?;
                Ok(Self::Lanes(source, model))
            }
            3 => {
                let source = ContextSource::read(cursor, class_fields, widths)?;
                let model = BitsModel::read(cursor, width, source.contexts())?;
                Ok(Self::Bits(source, model))
            }
            4 => {
                let source = ContextSource::read(cursor, class_fields, widths)?;
                let model = MixedModel::read(cursor, width, source.contexts())?;
                Ok(Self::Mixed(source, model))
            }
            _ => Err(cursor.place(Error::unsupported(format!("coding {code}")))),
        }
    }

    fn encode(&self, symbols: &[u16], contexts: &[u8], width: u32, out: &mut Vec<u8>) {
        match self {
            Self::Raw => pack(symbols, width, out),
            Self::Constant(_) => {}
            Self::Lanes(_, model) => encode_lanes(symbols, contexts, model, out),
            Self::Bits(_, model) => encode_bits(symbols, contexts, model, out),
            Self::Mixed(_, model) => encode_mixed(symbols, contexts, model, out),
        }
    }

    fn decode(&self, cursor: &mut Cursor<'_>, contexts: &[u8], width: u32, symbols: &mut [u16]) -> Result<()> {
        match self {
            Self::Raw => {
                let packed = cursor.bytes(packed_len(symbols.len(), width))?;
                unpack(packed, width, symbols).map_err(|error| cursor.place(error))
            }
            Self::Constant(value) => {
                symbols.fill(*value);
                Ok(())
            }
            Self::Lanes(_, model) => decode_lanes(cursor, model, contexts, symbols),
            Self::Bits(_, model) => decode_bits(cursor, model, contexts, symbols),
            Self::Mixed(_, model) => decode_mixed(cursor, model, contexts, symbols),
        }
    }

    /// Bytes of memory beside its own, about.
    fn memory(&self) -> usize {
        let model = match self {
            Self::Lanes(_, model) => model.tables.memory(),
            Self::Mixed(_, model) => size_of_val(&model.distances[..]),
            _ => 0,
        };
        model + self.source().memory()
    }
}

/// Some adjacent bits of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) width: u32,
    pub(crate) coding: Coding,
}

/// A transform, class fields, and the fields from the most significant down; their widths add up to the word's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) transform: Transform,
    pub(crate) class_fields: Vec<ClassField>,
    pub(crate) fields: Vec<Field>,
}

impl Fields {
    /// Appends the parameters.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.transform as u8, self.class_fields.len() as u8]);
        self.class_fields.iter().for_each(|field| field.write(out));
        out.push(self.fields.len() as u8);
        for field in &self.fields {
            out.push(field.width as u8);
            field.coding.write(out);
        }
    }

    /// Reads the parameters.
    pub(crate) fn read(cursor: &mut Cursor<'_>, layout: &Layout<'_>) -> Result<Self> {
        let transform = usize::from(cursor.u8()?);
        let Some(&transform) = Transform::ALL.get(transform) else {
            return Err(cursor.place(Error::unsupported(format!("transform {transform}"))));
        };
        let count = usize::from(cursor.u8()?);
        if count > MAX_CLASS_FIELDS {
            return Err(cursor.place(Error::corrupt(format!("{count} class fields"))));
        }
        let mut budget = MAX_GROUP_CLASSES;
        let class_fields =
            (0..count).map(|_| ClassField::read(cursor, layout, &mut budget)).collect::<Result<Vec<_>>>()?;
        let count = usize::from(cursor.u8()?);
        if !(1..=MAX_FIELDS).contains(&count) {
            return Err(cursor.place(Error::corrupt(format!("{count} fields"))));
        }
        let mut fields = Vec::with_capacity(count);
        let mut widths: Vec<u32> = Vec::with_capacity(count);
        let bits = layout.dtype.word_bits();
        for _ in 0..count {
            let width = u32::from(cursor.u8()?);
            if !(1..=MAX_FIELD_BITS).contains(&width) || widths.iter().sum::<u32>() + width > bits {
                return Err(
                    cursor.place(Error::corrupt(format!("a field of {width} bits, or fields of more than {bits}")))
                );
            }
            let coding = Coding::read(cursor, width, class_fields.len(), &widths)?;
            fields.push(Field { width, coding });
            widths.push(width);
        }
        let total: u32 = widths.iter().sum();
        if total != bits {
            return Err(cursor.place(Error::corrupt(format!("fields of {total} bits in words of {bits}"))));
        }
        Ok(Self { transform, class_fields, fields })
    }

    /// Appends the coded bytes of a chunk: the elements `elements` of the segment, in `bytes`. `row_classes` has the classes
    /// of all rows of each class field.
    pub(crate) fn encode<W: Word>(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        bytes: &[u8],
        row_classes: &[Vec<u8>],
        out: &mut Vec<u8>,
    ) {
        let bits = dtype.word_bits();
        let mut words = read_words::<W>(bytes, bits);
        self.transform.apply(&mut words, bits);
        let mut of_chunk = Vec::with_capacity(row_classes.len());
        for (field, classes) in self.class_fields.iter().zip(row_classes) {
            field.encode_rows(elements, classes, out);
            of_chunk.push(field.rows_of_chunk(elements, classes));
        }
        let sums = all_sums(&self.class_fields, elements, &of_chunk);
        let mut symbols = vec![0u16; words.len()];
        let mut shift = bits;
        for (index, field) in self.fields.iter().enumerate() {
            shift -= field.width;
            if matches!(field.coding, Coding::Constant(_)) {
                continue;
            }
            let contexts = self.contexts(index, &sums, &words, shift + field.width, dtype);
            take_field(&words, shift, field.width, &mut symbols);
            field.coding.encode(&symbols, &contexts, field.width, out);
        }
    }

    /// Decodes a chunk, the elements `elements` of the segment, to `out`, which has its length. `observe` sees each field's
    /// symbols and, if there are several, contexts.
    pub(crate) fn decode<W: Word>(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        mut cursor: Cursor<'_>,
        out: &mut [u8],
        mut observe: impl FnMut(&Field, &[u16], &[u8]),
    ) -> Result<()> {
        let bits = dtype.word_bits();
        let count = out.len() * 8 / bits as usize;
        let row_classes = self.class_fields.iter().map(|field| field.decode_rows(&mut cursor, elements));
        let row_classes = row_classes.collect::<Result<Vec<_>>>()?;
        let sums = all_sums(&self.class_fields, elements, &row_classes);
        let mut words = vec![W::default(); count];
        let mut symbols = vec![0u16; count];
        for (index, field) in self.fields.iter().enumerate() {
            let contexts = self.contexts(index, &sums, &words, 0, dtype);
            field.coding.decode(&mut cursor, &contexts, field.width, &mut symbols)?;
            observe(field, &symbols, &contexts);
            match index {
                // a first field may be as wide as the word: nothing to shift by
                0 => words.iter_mut().zip(&symbols).for_each(|(word, &symbol)| *word = W::from_symbol(symbol)),
                _ => {
                    words.iter_mut().zip(&symbols).for_each(|(word, &symbol)| *word = word.push(field.width, symbol));
                }
            }
        }
        cursor.finish()?;
        self.transform.invert(&mut words, bits);
        write_words(&words, bits, out)
    }

    /// Whether a field is coded by mixing.
    pub(crate) fn is_mixed(&self) -> bool {
        self.fields.iter().any(|field| matches!(field.coding, Coding::Mixed(..)))
    }

    /// The contexts of field `index`. The fields before it lie in `words` from bit `below` up.
    pub(crate) fn contexts<W: Word>(
        &self,
        index: usize,
        sums: &[Vec<u8>],
        words: &[W],
        below: u32,
        dtype: Dtype,
    ) -> Vec<u8> {
        let symbols_of = |number: usize| {
            let shift = below + self.fields[number + 1..index].iter().map(|field| field.width).sum::<u32>();
            let mask = ((1u32 << self.fields[number].width) - 1) as u16;
            words.iter().map(move |word| word.field(shift, mask))
        };
        self.fields[index].coding.source().resolve(sums, symbols_of, dtype.words() as usize)
    }

    /// Bytes of memory, about.
    pub(crate) fn memory(&self) -> usize {
        let fields = self.fields.iter().map(|field| size_of::<Field>() + field.coding.memory());
        fields.chain(self.class_fields.iter().map(ClassField::memory)).sum()
    }

    /// How the coded bytes of a chunk of `count` words divide.
    pub(crate) fn account(&self, coded: &[u8], count: usize, into: &mut StreamBytes) -> Result<()> {
        let mut cursor = Cursor::unplaced(coded, "chunk");
        for field in &self.class_fields {
            into.classes += field.skip_rows(&mut cursor)? as u64;
        }
        for field in &self.fields {
            match &field.coding {
                Coding::Raw => {
                    into.raw_bits += cursor.bytes(packed_len(count, field.width))?.len() as u64;
                }
                Coding::Constant(_) => {}
                Coding::Lanes(_, model) => {
                    let sizes = skip_lanes(&mut cursor, model)?;
                    into.lengths += sizes.counts as u64;
                    into.lane_states += sizes.states as u64;
                    into.lane_words += sizes.words as u64;
                    into.escapes += sizes.escapes as u64;
                }
                Coding::Bits(_, model) => {
                    let before = cursor.position();
                    let words = skip_bits(&mut cursor, model)? as u64;
                    into.bits_words += words;
                    into.lengths += (cursor.position() - before) as u64 - words;
                }
                Coding::Mixed(..) => into.mixed_words += skip_mixed(&mut cursor)? as u64,
            }
        }
        cursor.finish()
    }
}

/// The symbols of the field of `width` bits at `shift`.
pub(crate) fn take_field<W: Word>(words: &[W], shift: u32, width: u32, symbols: &mut [u16]) {
    let mask = (((1u32 << width) - 1) & 0xffff) as u16;
    words.iter().zip(symbols).for_each(|(word, symbol)| *symbol = word.field(shift, mask));
}
