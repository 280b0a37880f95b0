//! Fields (section 8): words are transformed and cut into fields, each a stream of symbols with a coding of its own.

use super::StreamBytes;
use super::word::{Word, read_words, write_words};
use crate::entropy::{
    BitsModel, LaneModel, MAX_SYMBOL_BITS, decode_bits, decode_lanes, encode_bits, encode_lanes, pack, packed_len,
    skip_bits, skip_lanes, unpack,
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
    Lanes(LaneModel),
    Bits(BitsModel),
}

impl Coding {
    /// For people and programs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Constant(_) => "constant",
            Self::Lanes(_) => "lanes",
            Self::Bits(_) => "bits",
        }
    }
}

/// Some adjacent bits of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) width: u32,
    pub(crate) coding: Coding,
}

/// A transform and the fields from the most significant down; their widths add up to the word's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) transform: Transform,
    pub(crate) fields: Vec<Field>,
}

impl Fields {
    /// Appends the parameters.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.transform as u8);
        out.push(self.fields.len() as u8);
        for field in &self.fields {
            out.push(field.width as u8);
            match &field.coding {
                Coding::Raw => out.push(0),
                Coding::Constant(value) => {
                    out.push(1);
                    put_varint(out, u64::from(*value));
                }
                Coding::Lanes(model) => {
                    out.push(2);
                    model.write(out);
                }
                Coding::Bits(model) => {
                    out.push(3);
                    model.write(out);
                }
            }
        }
    }

    /// Reads the parameters.
    pub(crate) fn read(cursor: &mut Cursor<'_>, dtype: Dtype) -> Result<Self> {
        let transform = usize::from(cursor.u8()?);
        let Some(&transform) = Transform::ALL.get(transform) else {
            return Err(cursor.place(Error::unsupported(format!("transform {transform}"))));
        };
        let count = usize::from(cursor.u8()?);
        if !(1..=MAX_FIELDS).contains(&count) {
            return Err(cursor.place(Error::corrupt(format!("{count} fields"))));
        }
        let mut fields = Vec::with_capacity(count);
        for _ in 0..count {
            let width = u32::from(cursor.u8()?);
            if !(1..=MAX_FIELD_BITS).contains(&width) {
                return Err(cursor.place(Error::corrupt(format!("a field of {width} bits"))));
            }
            let code = cursor.u8()?;
            if matches!(code, 2 | 3) && width > MAX_SYMBOL_BITS {
                return Err(cursor.place(Error::corrupt(format!("{width} bits are too many for a coder"))));
            }
            let coding = match code {
                0 => Coding::Raw,
                1 => match cursor.varint()? {
                    value if value < 1 << width => Coding::Constant(value as u16),
                    value => {
                        return Err(cursor.place(Error::corrupt(format!("constant {value} in {width} bits"))));
                    }
                },
                2 => Coding::Lanes(LaneModel::read(cursor, width)?),
                3 => Coding::Bits(BitsModel::read(cursor, width)?),
                _ => return Err(cursor.place(Error::unsupported(format!("coding {code}")))),
            };
            fields.push(Field { width, coding });
        }
        let total: u32 = fields.iter().map(|field| field.width).sum();
        if total != dtype.word_bits() {
            let what = format!("fields of {total} bits in words of {}", dtype.word_bits());
            return Err(cursor.place(Error::corrupt(what)));
        }
        Ok(Self { transform, fields })
    }

    /// Appends the coded bytes of the chunk `bytes`, of words of `bits` bits.
    pub(crate) fn encode<W: Word>(&self, bytes: &[u8], bits: u32, out: &mut Vec<u8>) {
        let mut words = read_words::<W>(bytes, bits);
        self.transform.apply(&mut words, bits);
        let mut symbols = vec![0u16; words.len()];
        let mut shift = bits;
        for field in &self.fields {
            shift -= field.width;
            if matches!(field.coding, Coding::Constant(_)) {
                continue;
            }
            take_field(&words, shift, field.width, &mut symbols);
            match &field.coding {
                Coding::Raw => pack(&symbols, field.width, out),
                Coding::Constant(_) => {}
                Coding::Lanes(model) => encode_lanes(&symbols, model, out),
                Coding::Bits(model) => encode_bits(&symbols, model, out),
            }
        }
    }

    /// Decodes a chunk to `out`, which has its length.
    pub(crate) fn decode<W: Word>(&self, mut cursor: Cursor<'_>, bits: u32, out: &mut [u8]) -> Result<()> {
        let count = out.len() * 8 / bits as usize;
        let mut words = vec![W::default(); count];
        let mut symbols = vec![0u16; count];
        for (index, field) in self.fields.iter().enumerate() {
            match &field.coding {
                Coding::Raw => {
                    let packed = cursor.bytes(packed_len(count, field.width))?;
                    unpack(packed, field.width, &mut symbols).map_err(|error| cursor.place(error))?;
                }
                Coding::Constant(value) => symbols.fill(*value),
                Coding::Lanes(model) => decode_lanes(&mut cursor, model, &mut symbols)?,
                Coding::Bits(model) => decode_bits(&mut cursor, model, &mut symbols)?,
            }
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

    /// How the coded bytes of a chunk of `count` words divide.
    pub(crate) fn account(&self, coded: &[u8], count: usize, into: &mut StreamBytes) -> Result<()> {
        let mut cursor = Cursor::unplaced(coded, "chunk");
        for field in &self.fields {
            match &field.coding {
                Coding::Raw => {
                    into.raw_bits += cursor.bytes(packed_len(count, field.width))?.len() as u64;
                }
                Coding::Constant(_) => {}
                Coding::Lanes(model) => {
                    let sizes = skip_lanes(&mut cursor, model)?;
                    into.lengths += sizes.counts as u64;
                    into.lane_states += sizes.states as u64;
                    into.lane_words += sizes.words as u64;
                    into.escapes += sizes.escapes as u64;
                }
                Coding::Bits(model) => {
                    let before = cursor.position();
                    let words = skip_bits(&mut cursor, model)? as u64;
                    into.bits_words += words;
                    into.lengths += (cursor.position() - before) as u64 - words;
                }
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
