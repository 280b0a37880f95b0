//! Masks (section 8.5).

use std::collections::HashMap;

use crate::decoder::bits::BitStream;
use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::coding::{Coding, coding};

/// The parameters of a mask (section 8.5).
pub struct Mask {
    pub omitted: u64,
    symbol_bits: usize,
    stride: usize,
    pub(crate) coding: Coding,
}

impl Mask {
    pub fn read(bytes: &mut Bytes, v: u32, class_fields: usize) -> Result<Self> {
        let omitted = bytes.varint()?;
        must(omitted <= u64::MAX >> (64 - v), "an omitted value that has more bits than a value")?;
        let symbol_bits = bytes.byte()?;
        must([1, 2, 4, 8].contains(&symbol_bits), "bits of a mask symbol")?;
        let stride = bytes.varint()?;
        must((1..=1 << 22).contains(&stride), "stride")?;
        let coding = coding(bytes, symbol_bits.into(), &[], class_fields)?;
        match &coding {
            Coding::MixedField(..) | Coding::MixedKept(_) => return Err("a coding that is not for masks"),
            Coding::MixedMask(_) => must(symbol_bits == 1 && stride == 1, "a mixed mask of groups or strides")?,
            // context source 2 needs an earlier field; a mask has none, so `coding` has refused this source
            Coding::Raw | Coding::Constant(_) | Coding::Lanes(..) | Coding::Bits(..) => {}
        }
        Ok(Self { omitted, symbol_bits: symbol_bits.into(), stride: stride as usize, coding })
    }

    /// Decodes the mask bits of a chunk of `count` values. `sums` has their class sums for each class field.
    pub fn decode(&self, bytes: &mut Bytes, count: usize, sums: &[Vec<u64>]) -> Result<Vec<bool>> {
        if let Coding::MixedMask(mixed) = &self.coding {
            let mut stream = BitStream::new(bytes.words(4)?, true);
            let bits = mixed.decode(&mut stream, count)?;
            stream.end()?;
            return Ok(bits);
        }
        let (symbol_bits, stride) = (self.symbol_bits, self.stride);
        // for the first value of each symbol: the number of the symbol
        let mut number_of = HashMap::new();
        let mut firsts = Vec::new();
        for value in 0..count {
            let inside = value % (symbol_bits * stride);
            if inside < stride {
                number_of.insert(value, firsts.len());
                firsts.push(value);
            }
        }
        let sums: Vec<Vec<u64>> = sums.iter().map(|sums| firsts.iter().map(|&first| sums[first]).collect()).collect();
        let mut symbols = self.coding.decode(bytes, symbol_bits as u32, &sums, &[], firsts.len() as u64)?;
        let mut bits = Vec::new();
        for value in 0..count {
            let y = value % (symbol_bits * stride) / stride;
            let symbol = &mut symbols[number_of[&(value - y * stride)]];
            bits.push(*symbol >> y & 1 == 1);
            *symbol &= !(1 << y);
        }
        must(symbols.iter().all(|&symbol| symbol == 0), "mask bits beyond the chunk")?;
        Ok(bits)
    }
}
