//! Codebooks (section 8.6).

use std::collections::BTreeSet;

use crate::encoder::bits::{Adaptive, BitsEncoder, new_tree};
use crate::encoder::groups::Groups;
use crate::wire::primitives::put_words;

/// How the bits of a value give its key (section 8.6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Float,
    Signed,
    Plain,
}

impl Order {
    pub fn of(dtype: &str) -> Self {
        match dtype {
            "F8_E8M0" => Self::Plain,
            "I8" | "I16" | "I32" | "I64" => Self::Signed,
            name if name.starts_with('F') || name == "BF16" => Self::Float,
            _ => Self::Plain,
        }
    }
}

/// A codebook step (section 8.6).
#[derive(Clone)]
pub struct Codebook {
    pub groups: Groups,
    /// The number of bits of a symbol word (u).
    pub symbol_bits: u8,
    pub zero_bits: u8,
    pub order: Order,
    /// The number of bits of a value (v).
    pub value_bits: u32,
    /// The values of each group of the segment, in the order of their keys.
    pub codebooks: Vec<Vec<u64>>,
}

impl Codebook {
    /// Makes the codebooks from the values of a segment and their mask bits. A chunk has `chunk_values` values.
    pub fn fill(mut self, values: &[u64], kept: &[bool], chunk_values: usize) -> Self {
        let mut codebooks: Vec<BTreeSet<u64>> = Vec::new();
        for from in (0..values.len()).step_by(chunk_values) {
            let own = self.groups.of_chunk(from, chunk_values.min(values.len() - from));
            codebooks.resize(codebooks.len().max(own.first + own.count), BTreeSet::new());
            for (i, group) in own.of_value.iter().enumerate().filter(|(i, _)| kept[from + i]) {
                codebooks[own.first + group].insert(self.key(values[from + i]));
            }
        }
        // a group without a kept value needs an entry too
        self.codebooks =
            codebooks.into_iter().map(|keys| if keys.is_empty() { vec![0] } else { Vec::from_iter(keys) }).collect();
        self
    }

    pub fn key(&self, value: u64) -> u64 {
        let key_bits = self.value_bits - u32::from(self.zero_bits);
        assert!(value.trailing_zeros() >= self.zero_bits.into(), "bits that are not zero");
        let y = value >> self.zero_bits;
        let top = 1 << (key_bits - 1);
        match self.order {
            Order::Float if y & top != 0 => y ^ (u64::MAX >> (64 - key_bits)),
            Order::Float | Order::Signed => y ^ top,
            Order::Plain => y,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.extend([self.symbol_bits, self.zero_bits]);
        if self.groups.block == 0 {
            put_words(&self.words(&self.codebooks), 2, out);
        }
    }

    /// Encodes codebooks in one stream. Returns its words as bytes.
    pub fn words(&self, codebooks: &[Vec<u64>]) -> Vec<u8> {
        let mut coder = CodebookCoder::new(self.symbol_bits.into());
        let key_bits = self.value_bits - u32::from(self.zero_bits);
        for codebook in codebooks {
            coder.entries(codebook.len());
            coder.halves(codebook[0], key_bits);
            codebook.windows(2).for_each(|pair| coder.difference(pair[1] - pair[0]));
        }
        coder.finish()
    }
}

/// An encoder of codebooks on the narrow bits coder.
pub struct CodebookCoder {
    coder: BitsEncoder,
    symbol_bits: u32,
    counts: Vec<Adaptive>,
    lengths: Vec<Adaptive>,
}

impl CodebookCoder {
    /// Begins a stream of codebooks that have up to 2^`symbol_bits` entries each.
    pub fn new(symbol_bits: u32) -> Self {
        Self { coder: BitsEncoder::new(false), symbol_bits, counts: new_tree(symbol_bits), lengths: new_tree(7) }
    }

    pub fn entries(&mut self, count: usize) {
        self.coder.tree(&mut self.counts, (count - 1) as u16, self.symbol_bits, 60);
    }

    pub fn halves(&mut self, value: u64, count: u32) {
        (0..count).rev().for_each(|bit| self.coder.half(value >> bit & 1 == 1));
    }

    pub fn length(&mut self, length: u16) {
        self.coder.tree(&mut self.lengths, length, 7, 60);
    }

    pub fn difference(&mut self, difference: u64) {
        let length = 64 - difference.leading_zeros();
        self.length(length as u16);
        self.halves(difference, length.saturating_sub(1));
    }

    pub fn finish(self) -> Vec<u8> {
        self.coder.finish()
    }
}
