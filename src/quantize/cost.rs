//! The cost of integers in bits: how an adaptive coder would code them, with one table for each class of local scales.
//! The tables hold magnitudes; signs cost one bit.

use super::matrix::CLASSES;

/// Magnitudes below this number are symbols of their own.
const EXACT: u32 = 128;
const EXACT_BITS: u32 = EXACT.trailing_zeros();
/// Larger ones share a symbol with their neighbours: this many symbols an octave.
const PER_OCTAVE_BITS: u32 = 3;
/// The largest magnitude has 24 bits.
const SYMBOLS: usize = EXACT as usize + ((24 - EXACT_BITS as usize) << PER_OCTAVE_BITS) + 1;
/// The largest magnitude of an integer.
pub(super) const LARGEST: u32 = 1 << 23;
/// The bits that a table costs for each of its symbols.
const SYMBOL_BITS: f64 = 4.0;

/// Returns the symbol of a magnitude, and the number of bits that tell it from its neighbours.
#[inline(always)]
fn symbol(magnitude: u32) -> (usize, u32) {
    if magnitude < EXACT {
        return (magnitude as usize, 0);
    }
    let octave = magnitude.ilog2();
    let part = (magnitude >> (octave - PER_OCTAVE_BITS)) & ((1 << PER_OCTAVE_BITS) - 1);
    let symbol = EXACT + ((octave - EXACT_BITS) << PER_OCTAVE_BITS) + part;
    (symbol as usize, octave - PER_OCTAVE_BITS)
}

/// How often the magnitudes of each class occur.
#[derive(Debug, Clone)]
pub(super) struct Counts(Vec<u32>);

/// The cost of each magnitude in each class, in bits, with the sign.
#[derive(Debug, Clone)]
pub(super) struct Costs(Vec<f32>);

impl Counts {
    pub(super) fn new() -> Self {
        Self(vec![0; CLASSES * SYMBOLS])
    }

    #[inline(always)]
    pub(super) fn add(&mut self, class: usize, magnitude: u32) {
        self.0[class * SYMBOLS + symbol(magnitude).0] += 1;
    }

    /// Adds the counts of other values. The order of sums does not matter.
    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| *own += other);
    }

    /// Returns the bits of all values. `share` is the share of a tensor's values that were counted, 1 for all: the
    /// tables cost the same for a whole tensor, so a sample pays only its share of them.
    pub(super) fn bits(&self, share: f64) -> f64 {
        let mut bits = 0.0;
        for table in self.0.chunks_exact(SYMBOLS) {
            let total: u64 = table.iter().map(|&count| u64::from(count)).sum();
            if total == 0 {
                continue;
            }
            let of_total = libm::log2(total as f64);
            let mut used = 0.0;
            for (symbol, &count) in table.iter().enumerate().filter(|(_, count)| **count > 0) {
                let count = f64::from(count);
                bits += count * (of_total - libm::log2(count) + side_bits(symbol));
                used += 1.0;
            }
            bits += share * used * SYMBOL_BITS;
        }
        bits
    }

    /// Returns the costs of a coder that has learned these counts.
    pub(super) fn costs(&self) -> Costs {
        /// The weight of the counts of all classes in those of one.
        const PRIOR: f64 = 4.0;
        let mut prior = vec![0.0f64; SYMBOLS];
        for table in self.0.chunks_exact(SYMBOLS) {
            prior.iter_mut().zip(table).for_each(|(sum, &count)| *sum += f64::from(count));
        }
        // each symbol is possible, and small ones are more likely
        prior.iter_mut().enumerate().for_each(|(symbol, sum)| *sum += 1.0 / (symbol as f64 + 4.0));
        let all: f64 = prior.iter().sum();
        let mut costs = Vec::with_capacity(self.0.len());
        for table in self.0.chunks_exact(SYMBOLS) {
            let total: f64 = table.iter().map(|&count| f64::from(count)).sum();
            for (symbol, (&count, &prior)) in table.iter().zip(&prior).enumerate() {
                let share = (f64::from(count) + PRIOR * prior / all) / (total + PRIOR);
                costs.push((side_bits(symbol) - libm::log2(share)) as f32);
            }
        }
        Costs(costs)
    }
}

/// Returns the bits of a value besides its symbol: the sign, and the bits that tell it from its neighbours.
fn side_bits(symbol: usize) -> f64 {
    match symbol {
        0 => 0.0,
        symbol if symbol < EXACT as usize => 1.0,
        symbol => 1.0 + (((symbol - EXACT as usize) >> PER_OCTAVE_BITS) as u32 + EXACT_BITS - PER_OCTAVE_BITS) as f64,
    }
}

impl Costs {
    /// Returns the costs of the magnitudes of a class.
    #[inline(always)]
    pub(super) fn class(&self, class: usize) -> ClassCosts<'_> {
        ClassCosts(&self.0[class * SYMBOLS..(class + 1) * SYMBOLS])
    }
}

/// The cost of each magnitude of a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClassCosts<'a>(&'a [f32]);

impl ClassCosts<'_> {
    #[inline(always)]
    pub(super) fn bits(self, magnitude: u32) -> f32 {
        self.0[symbol(magnitude).0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_in_the_order_of_magnitudes() {
        let mut last = (0, 0);
        for magnitude in (1..5000).chain([LARGEST - 1, LARGEST]) {
            let (own, bits) = symbol(magnitude);
            assert!(own == last.0 || own > last.0 && own < SYMBOLS, "{magnitude}");
            assert_eq!(side_bits(own), f64::from(bits) + 1.0);
            last = (own, bits);
        }
    }

    #[test]
    fn bits_are_the_entropy() {
        let mut counts = Counts::new();
        (0..1000u32).for_each(|i| counts.add(3, i % 2));
        // one bit for the magnitude, and a sign for half of the values
        let tables = 2.0 * SYMBOL_BITS;
        assert!((counts.bits(1.0) - 1500.0 - tables).abs() < 1e-6);
        let costs = counts.costs();
        assert!((costs.class(3).bits(0) - 1.0).abs() < 0.02);
        assert!((costs.class(3).bits(1) - 2.0).abs() < 0.02);
        assert!(costs.class(3).bits(100) > 8.0);
    }
}
