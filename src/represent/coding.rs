//! How the symbols of a field are coded (section 8.1).

use super::contexts::ContextSource;
use super::stream_bytes::StreamBytes;
use super::values::{MaskBits, SymbolShape};
use crate::coders::{
    BitsModel, Geometry, KeptModel, LaneModel, MixedModel, encode_bits, encode_kept, encode_lanes, encode_mask,
    encode_mixed, pack, packed_len, skip_bits, skip_lanes, skip_mixed,
};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::spec::MAX_SYMBOL_BITS;
use crate::wire::{Cursor, put_varint};

/// How a field's symbols are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Coding {
    Raw,
    Constant(u16),
    Lanes(ContextSource, LaneModel),
    Bits(ContextSource, BitsModel),
    Mixed(ContextSource, MixedModel),
    /// Of a mask.
    MixedMask(Geometry),
    /// Of the first field of the values that a mask keeps.
    MixedKept(KeptModel),
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
            Self::MixedMask(_) | Self::MixedKept(_) => ("mixed", &ContextSource::None),
        };
        match source.contexts() {
            1 => name.to_owned(),
            contexts => format!("{name}/{contexts}"),
        }
    }

    pub(crate) fn is_mixed(&self) -> bool {
        matches!(self, Self::Mixed(..) | Self::MixedMask(_) | Self::MixedKept(_))
    }

    /// Where its contexts come from.
    pub(crate) fn source(&self) -> &ContextSource {
        match self {
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => &ContextSource::None,
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => source,
        }
    }

    /// Where its contexts come from, if it has a model.
    pub(crate) fn source_mut(&mut self) -> Option<&mut ContextSource> {
        match self {
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => None,
            Self::Lanes(source, _) | Self::Bits(source, _) | Self::Mixed(source, _) => Some(source),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
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
            Self::MixedMask(geometry) => {
                out.push(5);
                geometry.write(out);
            }
            Self::MixedKept(model) => {
                out.push(6);
                model.write(out);
            }
        }
    }

    /// Reads the coding of a mask's symbols.
    pub(crate) fn read_of_mask(cursor: &mut Cursor<'_>, shape: SymbolShape, class_fields: usize) -> Result<Self> {
        let start = cursor.clone();
        if cursor.clone().u8()? == 5 {
            cursor.u8()?;
            return match shape {
                SymbolShape::SINGLE => Geometry::read(cursor).map(Self::MixedMask),
                _ => Err(start.place(Error::corrupt("a mask of several bits a symbol that is mixed"))),
            };
        }
        match Self::read(cursor, shape.group, class_fields, &[], false)? {
            Self::Mixed(..) => Err(start.place(Error::corrupt("a mask that is mixed as weights are"))),
            coding => Ok(coding),
        }
    }

    /// Reads the coding of a field of `width` bits that comes after fields of `widths`.
    pub(crate) fn read(
        cursor: &mut Cursor<'_>,
        width: u32,
        class_fields: usize,
        widths: &[u32],
        is_masked: bool,
    ) -> Result<Self> {
        let start = cursor.clone();
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
            5 => Err(start.place(Error::corrupt("a field that is coded as a mask"))),
            6 if !is_masked || !widths.is_empty() => {
                Err(start.place(Error::corrupt("coding 6 is for the first field behind a mask")))
            }
            6 => KeptModel::read(cursor, width).map(Self::MixedKept),
            _ => Err(start.place(Error::unsupported(format!("coding {code}")))),
        }
    }

    /// Appends the stream of symbols; of those behind a mask `kept` is its mask bits.
    pub(crate) fn encode(
        &self,
        symbols: &[u16],
        contexts: &[u8],
        width: u32,
        kept: Option<&MaskBits>,
        kernel: Kernel,
        out: &mut Vec<u8>,
    ) {
        match self {
            Self::Raw => pack(symbols, width, out),
            Self::Constant(_) => {}
            Self::Lanes(_, model) => encode_lanes(symbols, contexts, model, kernel, out),
            Self::Bits(_, model) => encode_bits(symbols, contexts, model, out),
            Self::Mixed(_, model) => encode_mixed(symbols, contexts, model, out),
            Self::MixedMask(geometry) => encode_mask(symbols, *geometry, out),
            // without a mask there is no such coding
            Self::MixedKept(model) => kept.into_iter().for_each(|kept| encode_kept(symbols, kept, model, out)),
        }
    }

    /// Bytes of memory beside its own, about.
    pub(crate) fn memory(&self) -> usize {
        let model = match self {
            Self::Lanes(_, model) => model.tables.memory(),
            Self::Mixed(_, model) => size_of_val(&model.distances[..]),
            _ => 0,
        };
        model + self.source().memory()
    }

    /// How the bytes of a stream of `count` symbols of `width` bits divide.
    pub(crate) fn account(
        &self,
        cursor: &mut Cursor<'_>,
        count: usize,
        width: u32,
        into: &mut StreamBytes,
    ) -> Result<()> {
        match self {
            Self::Raw => into.raw_bits += cursor.bytes(packed_len(count, width))?.len() as u64,
            Self::Constant(_) => {}
            Self::Lanes(_, model) => {
                let sizes = skip_lanes(cursor, model)?;
                into.lengths += sizes.counts as u64;
                into.lane_states += sizes.states as u64;
                into.lane_words += sizes.words as u64;
                into.escapes += sizes.escapes as u64;
            }
            Self::Bits(_, model) => {
                let before = cursor.position();
                let words = skip_bits(cursor, model)? as u64;
                into.bits_words += words;
                into.lengths += (cursor.position() - before) as u64 - words;
            }
            Self::Mixed(..) | Self::MixedMask(_) | Self::MixedKept(_) => {
                into.mixed_words += skip_mixed(cursor)? as u64;
            }
        }
        Ok(())
    }
}

/// Some adjacent bits of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) width: u32,
    pub(crate) coding: Coding,
}
