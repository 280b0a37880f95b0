//! The codings of fields (section 8.1).

use crate::encoder::bits::bit_trees;
use crate::encoder::lanes::lanes;
use crate::encoder::mixed_field::MixedField;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::mixed_mask::MixedMask;
use crate::encoder::source::Source;
use crate::encoder::tables::Tables;
use crate::wire::bits::pack;
use crate::wire::primitives::{put_varint, put_words};

#[derive(Clone)]
pub struct Field {
    pub width: u32,
    pub coding: Coding,
}

/// How a field or a mask is coded (section 8.1).
#[derive(Clone)]
pub enum Coding {
    Raw,
    Constant(u64),
    Lanes { source: Source, tables: Tables, interval: u8, rate: u8 },
    Bits { source: Source, word_size: u8, limit: u8 },
    MixedField { source: Source, mixed: MixedField },
    MixedMask(MixedMask),
    MixedKept(MixedKept),
}

impl Coding {
    /// Appends the code and the parameters.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw => out.push(0),
            Self::Constant(value) => {
                out.push(1);
                put_varint(out, *value);
            }
            Self::Lanes { source, tables, interval, rate } => {
                out.push(2);
                source.write(out);
                out.extend([*interval, *rate]);
                tables.write(out);
            }
            Self::Bits { source, word_size, limit } => {
                out.push(3);
                source.write(out);
                out.extend([*word_size, *limit]);
            }
            Self::MixedField { source, mixed } => {
                out.push(4);
                source.write(out);
                mixed.write(out);
            }
            Self::MixedMask(mixed) => {
                out.push(5);
                mixed.write(out);
            }
            Self::MixedKept(mixed) => {
                out.push(6);
                mixed.write(out);
            }
        }
    }

    /// Returns whether the coding needs the feature MIXING.
    pub(crate) fn is_mixing(&self) -> bool {
        matches!(self, Self::MixedField { .. } | Self::MixedMask(_) | Self::MixedKept(_))
    }

    /// Returns the source of the contexts.
    pub fn source(&self) -> &Source {
        match self {
            Self::Lanes { source, .. } | Self::Bits { source, .. } | Self::MixedField { source, .. } => source,
            Self::Raw | Self::Constant(_) | Self::MixedMask(_) | Self::MixedKept(_) => &Source::Nothing,
        }
    }
}

pub fn field(width: u32, coding: Coding) -> Field {
    Field { width, coding }
}

pub fn bits(wide: bool, limit: u8) -> Coding {
    Coding::Bits { source: Source::Nothing, word_size: wide.into(), limit }
}

/// Encodes the symbols of a field in a chunk.
pub fn encode_field(symbols: &[u16], contexts: &[usize], field: &Field) -> Vec<u8> {
    match &field.coding {
        Coding::Raw => pack(symbols, field.width),
        Coding::Constant(_) => Vec::new(),
        Coding::Lanes { tables, interval, rate, .. } => lanes(symbols, contexts, tables, *interval, *rate).write(),
        Coding::Bits { word_size, limit, .. } => {
            let mut out = Vec::new();
            let wide = *word_size == 1;
            put_words(&bit_trees(symbols, contexts, field.width, wide, *limit), if wide { 4 } else { 2 }, &mut out);
            out
        }
        Coding::MixedField { mixed, .. } => {
            let mut out = Vec::new();
            put_words(&mixed.words(symbols, contexts, field.width), 4, &mut out);
            out
        }
        Coding::MixedMask(_) | Coding::MixedKept(_) => panic!("a mask knows its bits, and kept values their mask"),
    }
}
