//! The bits coder (section 11).

use std::collections::HashMap;

/// An adaptive bit (section 11.3).
#[derive(Clone, Copy)]
pub struct Adaptive {
    pub p: u32,
    count: u32,
}

impl Adaptive {
    pub const NEW: Self = Self { p: 32768, count: 0 };

    fn update(&mut self, bit: bool, limit: u8) {
        let adapt = 131_072 / (2 * self.count + 3);
        self.p = if bit { self.p - ((self.p * adapt) >> 16) } else { self.p + (((65536 - self.p) * adapt) >> 16) };
        self.p = self.p.clamp(32, 65504);
        self.count += u32::from(self.count < u32::from(limit));
    }
}

/// Returns the adaptive bits of a tree of `width` bits. They are numbered from 1; number 0 is not used.
pub fn new_tree(width: u32) -> Vec<Adaptive> {
    vec![Adaptive::NEW; 1 << width]
}

/// An encoder of the bits coder (section 11.2), narrow or wide.
pub struct BitsEncoder {
    /// The number of bits of a word (B) and the precision (P).
    word_bits: u32,
    precision: u32,
    lower: u128,
    range: u128,
    /// The first word that is held back, and the number of words that are held back.
    held: Option<(u128, u64)>,
    out: Vec<u8>,
    empty: bool,
}

impl BitsEncoder {
    pub fn new(wide: bool) -> Self {
        let (word_bits, precision) = if wide { (32, 16) } else { (16, 12) };
        let range = (1 << (2 * word_bits)) - 1;
        Self { word_bits, precision, lower: 0, range, held: None, out: Vec::new(), empty: true }
    }

    fn put(&mut self, word: u128) {
        self.out.extend_from_slice(&(word as u64).to_le_bytes()[..self.word_bits as usize / 8]);
    }

    fn resolve(&mut self, wrapped: bool) {
        let Some((first, count)) = self.held.take() else { return };
        let all_ones = (1 << self.word_bits) - 1;
        self.put((first + u128::from(wrapped)) & all_ones);
        (1..count).for_each(|_| self.put(if wrapped { 0 } else { all_ones }));
    }

    /// Returns the part of the range that a bit 0 takes.
    pub fn part_of_zero(&self, p: u32) -> u128 {
        (self.range >> self.precision) * u128::from(p >> (16 - self.precision))
    }

    /// Encodes a bit. `p` is the probability of a 0 in units of 2^-16. Returns whether a word was shifted out.
    pub fn bit(&mut self, bit: bool, p: u32) -> bool {
        self.empty = false;
        let modulus = 1u128 << (2 * self.word_bits);
        let (unit, zero) = (self.range >> self.precision, self.part_of_zero(p));
        let old = self.lower;
        if bit {
            self.lower = (self.lower + zero) % modulus;
            self.range = (unit << self.precision) - zero;
        } else {
            self.range = zero;
        }
        if (self.lower + self.range) % modulus > self.lower {
            self.resolve(self.lower < old);
        }
        let shifts = self.range < 1 << self.word_bits;
        if shifts {
            let word = self.lower >> self.word_bits;
            self.lower = (self.lower << self.word_bits) % modulus;
            self.range <<= self.word_bits;
            match &mut self.held {
                Some((_, count)) => *count += 1,
                None if self.lower + self.range >= modulus => self.held = Some((word, 1)),
                None => self.put(word),
            }
        }
        shifts
    }

    pub fn half(&mut self, bit: bool) {
        self.bit(bit, 1 << 15);
    }

    pub fn adaptive(&mut self, adaptive: &mut Adaptive, bit: bool, limit: u8) -> bool {
        let shifts = self.bit(bit, adaptive.p);
        adaptive.update(bit, limit);
        shifts
    }

    /// Encodes a symbol by a tree, which comes from `new_tree`.
    pub fn tree(&mut self, tree: &mut [Adaptive], symbol: u16, width: u32, limit: u8) {
        let mut node = 1;
        for shift in (0..width).rev() {
            let bit = symbol >> shift & 1 == 1;
            self.adaptive(&mut tree[node], bit, limit);
            node = 2 * node + usize::from(bit);
        }
    }

    /// Ends the stream. Returns its words as bytes.
    pub fn finish(mut self) -> Vec<u8> {
        if self.empty {
            return self.out;
        }
        let modulus = 1u128 << (2 * self.word_bits);
        let point = (self.lower + (1 << self.word_bits) - 1) % modulus;
        self.resolve(point < self.lower);
        let word = point >> self.word_bits;
        self.put(word);
        if word == ((self.lower + self.range) % modulus) >> self.word_bits {
            self.put(0);
        }
        self.out
    }
}

/// Encodes symbols, each by the tree of its context (section 11.4). Returns the words as bytes.
pub fn bit_trees(symbols: &[u16], contexts: &[usize], width: u32, wide: bool, limit: u8) -> Vec<u8> {
    let mut coder = BitsEncoder::new(wide);
    let mut trees = HashMap::new();
    for (&symbol, &context) in symbols.iter().zip(contexts) {
        coder.tree(trees.entry(context).or_insert_with(|| new_tree(width)), symbol, width, limit);
    }
    coder.finish()
}

/// Returns symbols of 8 bits that make the bits coder hold back `held` words. The symbols after them resolve these
/// words: with a carry if `last`, without one otherwise.
pub fn undecided(wide: bool, limit: u8, held: u64, last: bool) -> Vec<u16> {
    let mut coder = BitsEncoder::new(wide);
    let mut tree = [Adaptive::NEW; 256];
    let word_bits = coder.word_bits;
    // The point at this distance above `lower` has only zeros after its first word. As long as the point lies inside
    // the range, it is open whether a carry comes.
    let mut distance = 0x5a3d << (2 * word_bits - 16);
    let mut symbols = Vec::new();
    while coder.held.is_none_or(|(_, count)| count < held) {
        assert!(symbols.len() < 10_000, "the coder decides all too soon");
        let mut node = 1;
        for _ in 0..8 {
            if distance >= coder.range {
                // the words are decided, so aim at the next point of this kind
                distance = (1 << word_bits) - coder.lower % (1 << word_bits);
                let further = (coder.range - distance.min(coder.range)) >> word_bits;
                distance += (further * 5 / 11) << word_bits;
            }
            let zero = coder.part_of_zero(tree[node].p);
            let bit = distance >= zero;
            if bit {
                distance -= zero;
            }
            if coder.adaptive(&mut tree[node], bit, limit) {
                distance <<= word_bits;
            }
            node = 2 * node + usize::from(bit);
        }
        symbols.push(node as u16 - 256);
    }
    symbols.extend([if last { 255 } else { 0 }; 20]);
    symbols
}
