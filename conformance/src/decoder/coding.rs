//! The codings of fields (section 8.1).

use std::collections::HashMap;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::lanes::lanes;
use crate::decoder::mixed_field::MixedField;
use crate::decoder::mixed_kept::MixedKept;
use crate::decoder::mixed_mask::MixedMask;
use crate::decoder::source::{Source, source};
use crate::decoder::tables::{Tables, tables};

pub enum Coding {
    Raw,
    Constant(u16),
    Lanes(Source, u8, u8, Tables),
    Bits(Source, bool, u32),
    MixedField(Source, MixedField),
    MixedMask(MixedMask),
    MixedKept(MixedKept),
}

impl Coding {
    /// Returns the number of distances of a mixed field.
    pub fn distances(&self) -> usize {
        match self {
            Self::MixedField(_, mixed) => mixed.distances.len(),
            _ => 0,
        }
    }

    /// Decodes `n` symbols of a field or a mask. Their contexts come from class sums and from earlier fields.
    pub fn decode(
        &self,
        bytes: &mut Bytes,
        width: u32,
        sums: &[Vec<u64>],
        symbols: &[Vec<u16>],
        n: u64,
    ) -> Result<Vec<u16>> {
        match self {
            Self::Raw => bytes.packed(n, width),
            Self::Constant(value) => Ok(vec![*value; n as usize]),
            Self::Lanes(source, interval, rate, tables) => {
                lanes(bytes, &source.of(sums, symbols, n), tables, *interval, *rate, width)
            }
            Self::Bits(source, wide, limit) => {
                let mut stream = BitStream::new(bytes.words(if *wide { 4 } else { 2 })?, *wide);
                let mut trees = HashMap::new();
                let mut out = Vec::new();
                for context in source.of(sums, symbols, n) {
                    out.push(stream.tree(trees.entry(context).or_default(), width, *limit)?);
                }
                stream.end()?;
                Ok(out)
            }
            Self::MixedField(source, mixed) => {
                let mut stream = BitStream::new(bytes.words(4)?, true);
                let out = mixed.decode(&mut stream, &source.of(sums, symbols, n), source.contexts)?;
                stream.end()?;
                Ok(out)
            }
            Self::MixedMask(_) | Self::MixedKept(_) => unreachable!("decoded where the mask is known"),
        }
    }
}

pub fn coding(bytes: &mut Bytes, width: u32, before: &[u32], class_fields: usize) -> Result<Coding> {
    let code = bytes.byte()?;
    must(code <= 6, "unsupported: coding")?;
    must(code < 2 || width <= 12, "a field of more than 12 bits")?;
    Ok(match code {
        0 => Coding::Raw,
        1 => {
            let value = bytes.varint()?;
            must(value < 1 << width, "constant beyond its field")?;
            Coding::Constant(value as u16)
        }
        2 => {
            let source = source(bytes, before, class_fields)?;
            let (interval, rate) = (bytes.byte()?, bytes.byte()?);
            let adapts = (8..=16).contains(&interval) && (1..=8).contains(&rate);
            must(adapts || interval == 0 && rate == 0, "interval or rate")?;
            let tables = tables(bytes, width, source.contexts)?;
            Coding::Lanes(source, interval, rate, tables)
        }
        3 => {
            let source = source(bytes, before, class_fields)?;
            must(source.contexts << width <= 32768, "too many trees")?;
            let (word, limit) = (bytes.byte()?, bytes.byte()?);
            must(word <= 1, "word size")?;
            must(limit > 0, "limit")?;
            Coding::Bits(source, word == 1, limit.into())
        }
        4 => Coding::MixedField(source(bytes, before, class_fields)?, MixedField::read(bytes, width)?),
        5 => Coding::MixedMask(MixedMask::read(bytes)?),
        _ => Coding::MixedKept(MixedKept::read(bytes, width)?),
    })
}
