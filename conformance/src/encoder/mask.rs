//! Masks (section 8.5).

use crate::encoder::coding::{Coding, encode_field, field};
use crate::wire::primitives::put_words;

/// A mask step (section 8.5).
#[derive(Clone)]
pub struct Mask {
    pub omitted: u64,
    /// The bits of a mask symbol (`symbol_bits`).
    pub group: u8,
    pub stride: u64,
    pub coding: Coding,
}

impl Mask {
    /// Returns the mask symbols, and the position of the first value of each symbol.
    pub fn symbols(&self, kept: &[bool]) -> (Vec<u16>, Vec<usize>) {
        let (g, s) = (usize::from(self.group), self.stride as usize);
        let mut symbols = Vec::new();
        let mut firsts = Vec::new();
        for begin in (0..kept.len()).step_by(g * s) {
            for first in (begin..begin + s).take_while(|first| *first < kept.len()) {
                let bit = |i: usize| u16::from(kept.get(first + i * s).copied().unwrap_or(false)) << i;
                symbols.push((0..g).map(bit).sum());
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
        encode_field(&symbols[0], &contexts, &field(self.group.into(), self.coding.clone()))
    }
}
