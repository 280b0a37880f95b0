//! The targets of binary decisions: an encoder, a decoder, a cost or a code length.
//!
//! Models code through a [`Sink`]. So one routine encodes, decodes and estimates, and the four cannot differ.

use std::convert::Infallible;
use std::marker::PhantomData;

use super::price::{BIT, frequency_cost, log2_fixed};
use super::range::{BitDecoder, BitEncoder, CoderWidth, Wide};
use crate::error::Error;

/// The probability one half.
const HALF: u16 = 1 << 15;

/// Takes binary decisions, or makes them.
pub(crate) trait Sink {
    type Error;

    /// Whether adaptive models follow the bits. An estimate that compares several values leaves the models alone.
    const ADAPTS: bool = true;

    /// Codes a bit and returns it. A decoder ignores `bit` and returns the bit that it reads.
    ///
    /// `probability` is the probability of a 0 in units of 2^-16, from 16 to 65520.
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool, Self::Error>;

    /// Codes a bit of probability one half (section 11.3).
    #[inline(always)]
    fn code_half(&mut self, bit: bool) -> Result<bool, Self::Error> {
        self.code(bit, HALF)
    }

    /// Codes the `count` low bits of `value`, the most significant first, each of probability one half.
    #[inline(always)]
    fn code_halves(&mut self, value: u64, count: u32) -> Result<u64, Self::Error> {
        (0..count)
            .rev()
            .try_fold(0, |coded, shift| Ok(coded << 1 | u64::from(self.code_half(value >> shift & 1 == 1)?)))
    }
}

impl<W: CoderWidth> Sink for BitEncoder<W> {
    type Error = Infallible;

    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool, Infallible> {
        self.encode(bit, probability);
        Ok(bit)
    }
}

impl<W: CoderWidth> Sink for BitDecoder<'_, W> {
    type Error = Error;

    #[inline(always)]
    fn code(&mut self, _: bool, probability: u16) -> Result<bool, Error> {
        self.decode(probability)
    }
}

/// Adds up costs, from a table of 12-bit probabilities. Fast, and close to the narrow coder.
#[derive(Default)]
pub(crate) struct QuickCost {
    /// The sum of the costs in units of 2^-16 bit.
    pub(crate) total: u64,
}

impl Sink for QuickCost {
    type Error = Infallible;

    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool, Infallible> {
        // Rounded, where the narrow coder cuts.
        let zero = (probability + 8) >> 4;
        self.total += frequency_cost(if bit { (1 << 12) - zero } else { zero }, 12);
        Ok(bit)
    }
}

/// The product of the probabilities of all bits, as a coder of width `W` has them. Needs a single logarithm at the end.
///
/// `FRACTION`, at most 47, is the precision of the product in bits.
pub(crate) struct Product<W, const FRACTION: u32> {
    /// The product in units of 2^-FRACTION, kept in the range from 1 up to 2 by doubling.
    mantissa: u64,
    /// The number of doublings.
    doubled: u64,
    width: PhantomData<W>,
}

/// A cost in units of 2^-16 bit, by integer arithmetic.
pub(crate) type Cost = Product<Wide, 31>;

/// A code length in bits, exact to 2^-46 bit a decision.
pub(crate) type CodeLength<W> = Product<W, 47>;

impl<W, const FRACTION: u32> Product<W, FRACTION> {
    /// The product of no probabilities.
    pub(crate) const ONE: Self = Self { mantissa: 1 << FRACTION, doubled: 0, width: PhantomData };
}

impl Cost {
    /// Returns the cost in units of 2^-16 bit.
    pub(crate) fn total(&self) -> u64 {
        (self.doubled + 31).saturating_mul(BIT) - log2_fixed(self.mantissa)
    }
}

impl<W> CodeLength<W> {
    /// Returns the code length in bits.
    pub(crate) fn bits(&self) -> f64 {
        self.doubled as f64 - (self.mantissa as f64 / (1u64 << 47) as f64).log2()
    }
}

impl<W: CoderWidth, const FRACTION: u32> Sink for Product<W, FRACTION> {
    type Error = Infallible;

    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool, Infallible> {
        let probability = u64::from(probability & u16::MAX << (16 - W::PRECISION));
        // Below 2^(FRACTION + 1 + 16). At least 2^FRACTION, so that `zeros` is at least 47 - FRACTION.
        let product = self.mantissa * if bit { 65_536 - probability } else { probability };
        let zeros = product.leading_zeros();
        self.mantissa = product << zeros >> (63 - FRACTION);
        self.doubled += u64::from(zeros - (47 - FRACTION));
        Ok(bit)
    }
}

/// Adds up the exact code length of a chunk's stream, block by block.
pub(crate) trait CodeLengthMeter {
    /// Adds the next symbols, a multiple of 32 except at the end. `contexts` has the context of each symbol, or is empty
    /// if the stream has one context.
    fn add(&mut self, symbols: &[u16], contexts: &[u8]);

    /// Returns the code length in bits.
    fn finish(self: Box<Self>) -> f64;
}

/// Unwraps the result of a sink that cannot fail.
pub(crate) fn infallible<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

#[cfg(test)]
mod tests {
    use super::super::range::Narrow;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_product_is_a_sum_of_logarithms(decisions in prop::collection::vec((any::<bool>(), 16u16..=65_520), 0..3000)) {
            let (mut wide, mut narrow, mut cost) = (CodeLength::<Wide>::ONE, CodeLength::<Narrow>::ONE, Cost::ONE);
            let (mut wide_bits, mut narrow_bits) = (0.0, 0.0);
            for (bit, probability) in decisions {
                infallible(wide.code(bit, probability));
                infallible(narrow.code(bit, probability));
                infallible(cost.code(bit, probability));
                let length = |probability: u16| {
                    let of_zero = f64::from(probability) / 65_536.0;
                    -if bit { 1.0 - of_zero } else { of_zero }.log2()
                };
                wide_bits += length(probability);
                narrow_bits += length(probability & !15);
            }
            prop_assert!((wide.bits() - wide_bits).abs() <= 1e-9 * wide_bits, "{} {wide_bits}", wide.bits());
            prop_assert!((narrow.bits() - narrow_bits).abs() <= 1e-9 * narrow_bits, "{} {narrow_bits}", narrow.bits());
            let cost = cost.total() as f64 / BIT as f64;
            prop_assert!((cost - wide_bits).abs() <= 1e-4 + 1e-5 * wide_bits, "{cost} {wide_bits}");
        }
    }
}
