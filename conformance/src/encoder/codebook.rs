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
    pub bits: u8,
    /// The number of zero bits (`zero_bits`).
    pub zero_bits: u8,
    pub order: Order,
    /// The number of bits of a value (v).
    pub width: u32,
    /// The values of each group of the segment, in the order of their keys.
    pub books: Vec<Vec<u64>>,
}

impl Codebook {
    /// Makes the codebooks from the values of a segment and their mask bits. A chunk has `chunk` values.
    pub fn fill(mut self, values: &[u64], kept: &[bool], chunk: usize) -> Self {
        let mut books: Vec<BTreeSet<u64>> = Vec::new();
        for from in (0..values.len()).step_by(chunk) {
            let own = self.groups.of_chunk(from, chunk.min(values.len() - from));
            books.resize(books.len().max(own.first + own.count), BTreeSet::new());
            for (i, group) in own.of_value.iter().enumerate().filter(|(i, _)| kept[from + i]) {
                books[own.first + group].insert(self.key(values[from + i]));
            }
        }
        // a group without a kept value needs an entry too
        self.books =
            books.into_iter().map(|book| if book.is_empty() { vec![0] } else { Vec::from_iter(book) }).collect();
        self
    }

    pub fn key(&self, value: u64) -> u64 {
        let bits = self.width - u32::from(self.zero_bits);
        assert!(value.trailing_zeros() >= self.zero_bits.into(), "bits that are not zero");
        let x = value >> self.zero_bits;
        let top = 1 << (bits - 1);
        match self.order {
            Order::Float if x & top != 0 => x ^ (u64::MAX >> (64 - bits)),
            Order::Float | Order::Signed => x ^ top,
            Order::Plain => x,
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.extend([self.bits, self.zero_bits]);
        if self.groups.block == 0 {
            put_words(&self.words(&self.books), 2, out);
        }
    }

    /// Encodes codebooks in one stream. Returns its words as bytes.
    pub fn words(&self, books: &[Vec<u64>]) -> Vec<u8> {
        let mut coder = BookCoder::new(self.bits.into());
        let bits = self.width - u32::from(self.zero_bits);
        for book in books {
            coder.entries(book.len());
            coder.halves(book[0], bits);
            book.windows(2).for_each(|pair| coder.difference(pair[1] - pair[0]));
        }
        coder.finish()
    }
}

/// An encoder of codebooks on the narrow bits coder.
pub struct BookCoder {
    coder: BitsEncoder,
    bits: u32,
    counts: Vec<Adaptive>,
    lengths: Vec<Adaptive>,
}

impl BookCoder {
    /// Begins a stream of codebooks that have up to 2^`bits` entries each.
    pub fn new(bits: u32) -> Self {
        Self { coder: BitsEncoder::new(false), bits, counts: new_tree(bits), lengths: new_tree(7) }
    }

    pub fn entries(&mut self, count: usize) {
        self.coder.tree(&mut self.counts, (count - 1) as u16, self.bits, 60);
    }

    pub fn halves(&mut self, value: u64, count: u32) {
        (0..count).rev().for_each(|k| self.coder.half(value >> k & 1 == 1));
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
