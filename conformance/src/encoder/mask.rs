//! Masks (section 8.5).

use crate::encoder::coding::{Coding, encode_field, field};
use crate::wire::primitives::put_words;

/// A mask step (section 8.5).
#[derive(Clone)]
pub struct Mask {
    pub omitted: u64,
    pub symbol_bits: u8,
    pub stride: u64,
    pub coding: Coding,
}

impl Mask {
    /// Returns the mask symbols, and the position of the first value of each symbol.
    pub fn symbols(&self, kept: &[bool]) -> (Vec<u16>, Vec<usize>) {
        let (symbol_bits, stride) = (usize::from(self.symbol_bits), self.stride as usize);
        let mut symbols = Vec::new();
        let mut firsts = Vec::new();
        for begin in (0..kept.len()).step_by(symbol_bits * stride) {
            for first in (begin..begin + stride).take_while(|first| *first < kept.len()) {
                let bit = |y: usize| u16::from(kept.get(first + y * stride).copied().unwrap_or(false)) << y;
                symbols.push((0..symbol_bits).map(bit).sum());
                firsts.push(first);
            }
        }
        (symbols, firsts)
    }

    /// Encodes the mask of a chunk. `sums` has the class sums of its values for each class field.
    pub fn chunk(&self, kept: &[bool], sums: &[Vec<usize>]) -> Vec<u8> {
        if let Coding::MixedMask(mixed) = &self.coding {
            let mut out = Vec::new();
            put_words(&mixed.words(kept), 4, &mut out);
            return out;
        }
        let (symbols, firsts) = self.symbols(kept);
        let sums: Vec<Vec<usize>> = sums.iter().map(|sums| firsts.iter().map(|&first| sums[first]).collect()).collect();
        let symbols = [symbols];
        let contexts = self.coding.source().of(&sums, &symbols);
        encode_field(&symbols[0], &contexts, &field(self.symbol_bits.into(), self.coding.clone()))
    }
}
