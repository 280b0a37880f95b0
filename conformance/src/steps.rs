//! Steps before fields (sections 8.4 to 8.7), encoding only. Numbers go to the file as they are, right or wrong.

use std::collections::BTreeSet;

use super::coders::{Adaptive, BitsEncoder, Coding, encode_field, field, new_tree, put_words};
use super::wire::{put_varint, zigzag};

#[derive(Clone, Default)]
pub struct Steps {
    pub unpack: Option<Unpack>,
    pub mask: Option<Mask>,
    pub map: Map,
    /// In place of the byte that says which steps there are.
    pub code: Option<u8>,
}

#[derive(Clone, Default)]
pub enum Map {
    #[default]
    Nothing,
    Codebook(Codebook),
    Affine(Affine),
}

/// What unpacking makes of a chunk.
pub struct Unpacked {
    pub values: Vec<u64>,
    /// Of a value.
    pub bits: u32,
    /// Of the members.
    pub shapes: Vec<Vec<u64>>,
    /// The chunk's first value.
    pub from: usize,
}

impl Steps {
    pub fn code(&self) -> u8 {
        let map = match self.map {
            Map::Nothing => 0,
            Map::Codebook(_) => 4,
            Map::Affine(_) => 8,
        };
        self.code.unwrap_or(u8::from(self.unpack.is_some()) | u8::from(self.mask.is_some()) << 1 | map)
    }

    pub fn write_unpack(&self, out: &mut Vec<u8>) {
        if let Some(unpack) = &self.unpack {
            out.extend([unpack.bits, unpack.run, unpack.axis]);
        }
    }

    pub fn write_mask_and_map(&self, out: &mut Vec<u8>) {
        if let Some(mask) = &self.mask {
            put_varint(out, mask.left_out);
            out.push(mask.group);
            put_varint(out, mask.stride);
            mask.coding.write(out);
        }
        match &self.map {
            Map::Nothing => {}
            Map::Codebook(codebook) => codebook.write(out),
            Map::Affine(affine) => affine.write(out),
        }
    }

    /// The values of a chunk of words of `w` bits that begins with element `from`.
    pub fn unpack(&self, words: &[u64], w: u32, shapes: &[&[u64]], from: usize) -> Unpacked {
        match &self.unpack {
            None => {
                let shapes = shapes.iter().map(|shape| shape.to_vec()).collect();
                Unpacked { values: words.into(), bits: w, shapes, from }
            }
            Some(unpack) => Unpacked {
                values: unpack.values(words, w, shapes[0]),
                bits: unpack.bits.into(),
                shapes: shapes.iter().map(|shape| unpack.shape(shape, w)).collect(),
                from: from * unpack.values_each(w) / usize::from(unpack.run),
            },
        }
    }

    /// The mask bits of these values.
    pub fn kept(&self, values: &[u64]) -> Vec<bool> {
        values.iter().map(|value| self.mask.as_ref().is_none_or(|mask| mask.left_out != *value)).collect()
    }

    /// The symbol words of the values at these places of a chunk that begins with value `from`, and their bits. What
    /// the chunk holds of the chunk's groups goes to `out`.
    pub fn map(&self, values: &[u64], v: u32, places: &[usize], from: usize, out: &mut Vec<u8>) -> (Vec<u64>, u32) {
        match &self.map {
            Map::Nothing => (places.iter().map(|&i| values[i]).collect(), v),
            Map::Codebook(codebook) => {
                let own = codebook.groups.of_chunk(from, values.len());
                if codebook.groups.block > 0 {
                    put_words(&codebook.words(&codebook.books[own.first..own.first + own.count]), 2, out);
                }
                let number = |&i: &usize| {
                    let book = &codebook.books[own.first + own.of_value[i]];
                    let key = codebook.key(values[i]);
                    book.iter().position(|entry| *entry == key).expect("a codebook without a value") as u64
                };
                (places.iter().map(number).collect(), codebook.bits.into())
            }
            Map::Affine(affine) => {
                let own = affine.groups.of_chunk(from, values.len());
                if affine.groups.block > 0 {
                    put_words(&affine.words(&affine.scales[own.first..own.first + own.count]), 2, out);
                }
                (places.iter().map(|i| affine.symbols[from + i]).collect(), affine.bits.into())
            }
        }
    }
}

/// Section 8.4.
#[derive(Clone)]
pub struct Unpack {
    pub bits: u8,
    /// G.
    pub run: u8,
    pub axis: u8,
}

impl Unpack {
    /// k.
    pub fn values_each(&self, w: u32) -> usize {
        usize::from(self.run) * w as usize / usize::from(self.bits)
    }

    pub fn shape(&self, shape: &[u64], w: u32) -> Vec<u64> {
        let mut out = shape.to_vec();
        if self.run > 1 {
            let axis = if self.axis == 0 { shape.len() - 1 } else { 0 };
            out[axis] /= u64::from(self.run);
        }
        out.push(self.values_each(w) as u64);
        out
    }

    fn values(&self, words: &[u64], w: u32, shape: &[u64]) -> Vec<u64> {
        let (run, b) = (usize::from(self.run), usize::from(self.bits));
        // from a word of a run to the next
        let apart = if self.axis == 0 { 1 } else { shape[1..].iter().product::<u64>() as usize };
        let mut values = Vec::new();
        for number in 0..words.len() / run {
            let first = number / apart * apart * run + number % apart;
            let bit = |k: usize| words[first + k / w as usize * apart] >> (k % w as usize) & 1;
            values.extend((0..self.values_each(w)).map(|j| (0..b).fold(0, |value, i| value | bit(j * b + i) << i)));
            assert!((self.values_each(w) * b..run * w as usize).all(|k| bit(k) == 0), "bits above the last value");
        }
        values
    }
}

/// Section 8.5.
#[derive(Clone)]
pub struct Mask {
    pub left_out: u64,
    /// g.
    pub group: u8,
    pub stride: u64,
    pub coding: Coding,
}

impl Mask {
    /// The symbols, and the place of each symbol's first value.
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

    /// The mask of a chunk whose values have these class sums, by class field.
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

/// Groups of values (8.6).
#[derive(Clone, Copy)]
pub struct Groups {
    pub block: u64,
    pub period: u64,
}

/// The groups of a chunk: the number in the segment of the first, how many there are, and which of them each value has.
pub struct Own {
    first: usize,
    count: usize,
    of_value: Vec<usize>,
}

impl Own {
    /// The group of a value of the chunk.
    pub fn group(&self, value: usize) -> usize {
        self.of_value[value]
    }
}

impl Groups {
    pub fn new(block: u64, period: u64) -> Self {
        Self { block, period }
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.block);
        put_varint(out, self.period);
    }

    /// How many groups so many values have; a segment, also those that no value belongs to.
    pub fn count(&self, values: usize) -> usize {
        let period = self.period as usize;
        match period * self.block as usize {
            0 => period,
            size => values / size * period + (values % size).min(period),
        }
    }

    pub fn of_chunk(&self, from: usize, values: usize) -> Own {
        let period = self.period as usize;
        match period * self.block as usize {
            0 => Own {
                first: 0,
                count: self.count(from + values),
                of_value: (from..from + values).map(|i| i % period).collect(),
            },
            size => Own {
                first: from / size * period,
                count: self.count(values),
                of_value: (0..values).map(|i| i / size * period + i % period).collect(),
            },
        }
    }
}

/// The order of values in codebooks.
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

/// Section 8.6.
#[derive(Clone)]
pub struct Codebook {
    pub groups: Groups,
    /// u.
    pub bits: u8,
    /// t.
    pub zero_bits: u8,
    pub order: Order,
    /// v.
    pub width: u32,
    /// The keys of each group of the segment.
    pub books: Vec<Vec<u64>>,
}

impl Codebook {
    /// For the values of a segment and the mask's bits; chunks have so many values.
    pub fn fill(mut self, values: &[u64], kept: &[bool], chunk: usize) -> Self {
        let mut books: Vec<BTreeSet<u64>> = Vec::new();
        for from in (0..values.len()).step_by(chunk) {
            let own = self.groups.of_chunk(from, chunk.min(values.len() - from));
            books.resize(books.len().max(own.first + own.count), BTreeSet::new());
            for (i, group) in own.of_value.iter().enumerate().filter(|(i, _)| kept[from + i]) {
                books[own.first + group].insert(self.key(values[from + i]));
            }
        }
        // one without a kept value has an entry all the same
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

    fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.extend([self.bits, self.zero_bits]);
        if self.groups.block == 0 {
            put_words(&self.words(&self.books), 2, out);
        }
    }

    /// A stream of these codebooks.
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

/// Codebooks on the narrow bits coder.
pub struct BookCoder {
    coder: BitsEncoder,
    bits: u32,
    counts: Vec<Adaptive>,
    lengths: Vec<Adaptive>,
}

impl BookCoder {
    /// Of codebooks of up to 2^`bits` entries.
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

/// Section 8.7.
#[derive(Clone)]
pub struct Affine {
    pub groups: Groups,
    /// u.
    pub bits: u8,
    /// q.
    pub lowest: i64,
    /// t.
    pub zero_bits: u8,
    /// The scale of each group of the segment, as its bits.
    pub scales: Vec<u32>,
    /// The symbol word of each value of the segment, also of those that are left out.
    pub symbols: Vec<u64>,
}

impl Affine {
    /// The values of the segment, from `Affine` without them, as words of a dtype; chunks have so many values.
    pub fn values(&self, dtype: &str, chunk: usize) -> Vec<u64> {
        let mut values = Vec::new();
        for (number, symbols) in self.symbols.chunks(chunk).enumerate() {
            let own = self.groups.of_chunk(number * chunk, symbols.len());
            for (symbol, group) in symbols.iter().zip(&own.of_value) {
                let integer = self.lowest + *symbol as i64;
                let value = integer as f32 * f32::from_bits(self.scales[own.first + group]);
                values.push(match dtype {
                    "F32" => value.to_bits().into(),
                    "BF16" => to_bf16(value).into(),
                    _ => to_f16(value).into(),
                });
            }
        }
        values
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.push(self.bits);
        put_varint(out, zigzag(self.lowest));
        out.push(self.zero_bits);
        if self.groups.block == 0 {
            put_words(&self.words(&self.scales), 2, out);
        }
    }

    /// A stream of these scales.
    pub fn words(&self, scales: &[u32]) -> Vec<u8> {
        let mut coder = BitsEncoder::new(false);
        let (mut same, mut tree) = (Adaptive::NEW, new_tree(9));
        let mut before = 0;
        for &scale in scales {
            coder.adaptive(&mut same, scale == before, 60);
            if scale != before {
                coder.tree(&mut tree, (scale >> 23) as u16, 9, 60);
                (u32::from(self.zero_bits)..23).rev().for_each(|k| coder.half(scale >> k & 1 == 1));
            }
            before = scale;
        }
        coder.finish()
    }
}

/// The nearest BF16, the even one of two.
fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    // a carry out of the mantissa is the next exponent, at last infinity
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// The nearest F16, the even one of two.
fn to_f16(value: f32) -> u16 {
    let sign = u16::from(value.is_sign_negative()) << 15;
    let magnitude = f64::from(value.abs());
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    let units = (magnitude / f64::from_bits(((exponent - 10 + 1023) as u64) << 52)).round_ties_even() as u16;
    // units are 1024 to 2048, or fewer of a subnormal
    sign | ((((exponent + 14) as u16) << 10) + units)
}
