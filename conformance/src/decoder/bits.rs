//! The bits coder (section 11).

use std::collections::HashMap;

use crate::decoder::bytes::{Result, must};

/// An adaptive bit (section 11.3).
#[derive(Clone)]
pub struct Adaptive {
    p: u64,
    count: u64,
}

impl Default for Adaptive {
    fn default() -> Self {
        Self { p: 32768, count: 0 }
    }
}

/// A stream of the bits coder (sections 11.1 and 11.2).
pub struct BitStream {
    words: Vec<u64>,
    next: usize,
    word_bits: u32,
    precision: u32,
    lower: u128,
    range: u128,
    point: u128,
}

impl BitStream {
    pub fn new(words: Vec<u64>, wide: bool) -> Self {
        let (word_bits, precision) = if wide { (32, 16) } else { (16, 12) };
        let range = (1 << (2 * word_bits)) - 1;
        let mut stream = Self { words, next: 0, word_bits, precision, lower: 0, range, point: 0 };
        stream.point = stream.word() << word_bits;
        stream.point |= stream.word();
        stream
    }

    fn word(&mut self) -> u128 {
        self.next += 1;
        self.words.get(self.next - 1).map_or(0, |&word| word.into())
    }

    /// Decodes one bit. `q` is the probability of a 0 in units of 2^-P.
    pub fn bit(&mut self, q: u128) -> Result<bool> {
        let modulus = 1u128 << (2 * self.word_bits);
        let unit = self.range >> self.precision;
        let quantile = (self.point + modulus - self.lower) % modulus / unit;
        must(quantile < 1 << self.precision, "a point beyond the range")?;
        let bit = quantile >= q;
        if bit {
            self.lower = (self.lower + unit * q) % modulus;
            self.range = unit * ((1 << self.precision) - q);
        } else {
            self.range = unit * q;
        }
        if self.range < 1 << self.word_bits {
            self.lower = (self.lower << self.word_bits) % modulus;
            self.range <<= self.word_bits;
            self.point = ((self.point << self.word_bits) % modulus) | self.word();
            must(self.next <= self.words.len() + 1, "words of bits missing")?;
        }
        Ok(bit)
    }

    /// Decodes `count` bits of probability one half, the most significant first.
    pub fn halves(&mut self, count: u32) -> Result<i64> {
        Ok(self.long_halves(count)? as i64)
    }

    pub fn long_halves(&mut self, count: u32) -> Result<u64> {
        let mut value = 0;
        for _ in 0..count {
            value = 2 * value + u64::from(self.bit(1 << (self.precision - 1))?);
        }
        Ok(value)
    }

    pub fn adaptive(&mut self, adaptive: &mut Adaptive, limit: u64) -> Result<bool> {
        let bit = self.bit(u128::from(adaptive.p) >> (16 - self.precision))?;
        let adapt = 131_072 / (2 * adaptive.count + 3);
        adaptive.p = match bit {
            false => adaptive.p + (((65536 - adaptive.p) * adapt) >> 16),
            true => adaptive.p - ((adaptive.p * adapt) >> 16),
        };
        adaptive.p = adaptive.p.clamp(32, 65504);
        adaptive.count += u64::from(adaptive.count < limit);
        Ok(bit)
    }

    pub fn tree(&mut self, tree: &mut HashMap<u32, Adaptive>, width: u32, limit: u32) -> Result<u16> {
        let mut node = 1;
        for _ in 0..width {
            node = 2 * node + u32::from(self.adaptive(tree.entry(node).or_default(), limit.into())?);
        }
        Ok((node - (1 << width)) as u16)
    }

    pub fn end(&self) -> Result<()> {
        must(self.next >= self.words.len(), "words of bits left over")?;
        must(self.next <= self.words.len() + 1, "words of bits missing")
    }
}
