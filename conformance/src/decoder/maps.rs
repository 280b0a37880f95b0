//! Codebooks and grids (sections 8.6 and 8.7).

use std::collections::HashMap;

use crate::decoder::bits::{Adaptive, BitStream};
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::floats::{BF16, F16, F32, Format, product};
use crate::decoder::groups::Groups;

/// How the bits of a value give its key (section 8.6).
pub enum Order {
    Float,
    Signed,
    Unsigned,
}

/// A map: a codebook or a grid (sections 8.6 and 8.7), or none.
pub enum Map {
    Nothing,
    Codebook { groups: Groups, symbol_bits: u32, zero_bits: u32, order: Order, of_segment: OfGroups },
    Grid { groups: Groups, symbol_bits: u32, lowest: i64, zero_bits: u32, float: Format, of_segment: OfGroups },
}

/// The values that groups share: their codebooks, or their scales.
#[derive(Clone, Default)]
pub struct OfGroups {
    codebooks: Vec<Vec<u64>>,
    scales: Vec<u32>,
}

impl Map {
    pub fn read(bytes: &mut Bytes, kind: u8, dtype: &str, v: u32, values: u64, chunk_values: u64) -> Result<Self> {
        if kind == 0 {
            return Ok(Self::Nothing);
        }
        let groups = Groups::read(bytes)?;
        groups.check_chunks(values, chunk_values)?;
        let of_segment = OfGroups::default();
        let symbol_bits = u32::from(bytes.byte()?);
        let mut map = if kind == 1 {
            let zero_bits = u32::from(bytes.byte()?);
            must(zero_bits < v, "zero bits of a codebook")?;
            must((1..=12.min(v)).contains(&symbol_bits), "bits of a codebook's symbols")?;
            let order = match dtype {
                "F16" | "BF16" | "F32" | "F64" | "F8_E4M3" | "F8_E5M2" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" | "F6_E2M3"
                | "F6_E3M2" | "F4" => Order::Float,
                "I8" | "I16" | "I32" | "I64" => Order::Signed,
                _ => Order::Unsigned,
            };
            Self::Codebook { groups, symbol_bits, zero_bits, order, of_segment }
        } else {
            let float = match dtype {
                "F16" => F16,
                "BF16" => BF16,
                "F32" => F32,
                _ => return Err("a grid of other words than floats"),
            };
            let lowest = bytes.varint()?;
            let lowest = (lowest >> 1) as i64 ^ -((lowest & 1) as i64);
            let zero_bits = u32::from(bytes.byte()?);
            must((1..=24).contains(&symbol_bits), "bits of a grid's symbols")?;
            must(lowest.unsigned_abs() <= 1 << 24, "the lowest integer")?;
            must(lowest + (1 << symbol_bits) - 1 <= 1 << 24, "the highest integer")?;
            must(zero_bits <= 23, "zero bits of scales")?;
            Self::Grid { groups, symbol_bits, lowest, zero_bits, float, of_segment }
        };
        let read = match &map {
            Self::Codebook { groups, .. } | Self::Grid { groups, .. } if groups.block == 0 => {
                map.of_groups(bytes, v, groups.count(values))?
            }
            _ => return Ok(map),
        };
        if let Self::Codebook { of_segment, .. } | Self::Grid { of_segment, .. } = &mut map {
            *of_segment = read;
        }
        Ok(map)
    }

    /// Returns the number of bits of a symbol word (u), if the map changes it.
    pub fn symbol_bits(&self) -> Option<u32> {
        match self {
            Self::Nothing => None,
            Self::Codebook { symbol_bits, .. } | Self::Grid { symbol_bits, .. } => Some(*symbol_bits),
        }
    }

    /// Reads the codebooks or scales that a chunk of `values` values stores.
    pub fn of_chunk(&self, bytes: &mut Bytes, v: u32, values: u64) -> Result<OfGroups> {
        match self {
            Self::Nothing => Ok(OfGroups::default()),
            Self::Codebook { groups, of_segment, .. } | Self::Grid { groups, of_segment, .. } => match groups.block {
                0 => Ok(of_segment.clone()),
                _ => self.of_groups(bytes, v, groups.count(values)),
            },
        }
    }

    fn of_groups(&self, bytes: &mut Bytes, v: u32, count: u64) -> Result<OfGroups> {
        let mut stream = BitStream::new(bytes.words(2)?, false);
        let mut out = OfGroups::default();
        match self {
            Self::Nothing => {}
            Self::Codebook { symbol_bits, zero_bits, order, .. } => {
                out.codebooks = codebooks(&mut stream, count, *symbol_bits, v - zero_bits, order)?;
                // restores the zero bits, which are not stored
                out.codebooks.iter_mut().flatten().for_each(|value| *value <<= zero_bits);
            }
            Self::Grid { zero_bits, .. } => out.scales = scales(&mut stream, count, *zero_bits)?,
        }
        stream.end()?;
        Ok(out)
    }

    /// Returns the value of a symbol word. It is value `i` of a chunk that begins with value `from` of the segment.
    pub fn value(&self, of_groups: &OfGroups, symbol_word: u64, from: u64, i: u64) -> Result<u64> {
        match self {
            Self::Nothing => Ok(symbol_word),
            Self::Codebook { groups, .. } => {
                let codebook = &of_groups.codebooks[groups.group(from, i)];
                codebook.get(symbol_word as usize).copied().ok_or("a symbol word that its codebook does not have")
            }
            Self::Grid { groups, lowest, float, .. } => {
                let scale = of_groups.scales[groups.group(from, i)];
                Ok(product(lowest + symbol_word as i64, scale, float))
            }
        }
    }
}

/// Reads codebooks. Their values are returned without their zero bits and have `key_bits` bits.
pub(crate) fn codebooks(
    stream: &mut BitStream,
    count: u64,
    u: u32,
    key_bits: u32,
    order: &Order,
) -> Result<Vec<Vec<u64>>> {
    let (mut counts, mut lengths) = (HashMap::new(), HashMap::new());
    let mut total = 0;
    let mut out = Vec::new();
    for _ in 0..count {
        let entries = u32::from(stream.tree(&mut counts, u, 60)?) + 1;
        total += entries;
        must(total <= 65536, "too many entries of codebooks")?;
        let mut key = u128::from(stream.long_halves(key_bits)?);
        let mut codebook = vec![key as u64];
        for _ in 1..entries {
            let length = u32::from(stream.tree(&mut lengths, 7, 60)?);
            must((1..=key_bits).contains(&length), "the length of a difference of keys")?;
            let below = stream.long_halves(length - 1)?;
            key += 1 << (length - 1) | u128::from(below);
            must(key < 1 << key_bits, "a key beyond its bits")?;
            codebook.push(key as u64);
        }
        out.push(codebook);
    }
    let sign = 1 << (key_bits - 1);
    for key in out.iter_mut().flatten() {
        *key = match order {
            Order::Float if *key < sign => (u64::MAX >> (64 - key_bits)) - *key,
            Order::Float | Order::Signed => *key ^ sign,
            Order::Unsigned => *key,
        };
    }
    Ok(out)
}

pub(crate) fn scales(stream: &mut BitStream, count: u64, zero_bits: u32) -> Result<Vec<u32>> {
    let (mut same, mut tree) = (Adaptive::default(), HashMap::new());
    let mut scale = 0;
    let mut out = Vec::new();
    for _ in 0..count {
        if !stream.adaptive(&mut same, 60)? {
            let upper = u32::from(stream.tree(&mut tree, 9, 60)?);
            must(upper & 255 != 255, "a scale that is not finite")?;
            scale = upper << 23 | (stream.long_halves(23 - zero_bits)? as u32) << zero_bits;
        }
        out.push(scale);
    }
    Ok(out)
}
