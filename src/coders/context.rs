//! Models of the bits coder (section 11.3): bits whose probability follows what was seen, and trees of them.

use std::hint::select_unpredictable;

use super::coder::{BitsDecoder, BitsEncoder, Size};
use crate::error::Result;

/// r of section 11.3 for every count: the bit just seen weighs as if 1.5 observations had come before the first.
const RATES: [u16; 256] = {
    let mut rates = [0; 256];
    let mut count = 0;
    while count < 256 {
        rates[count] = (131_072 / (2 * count + 3)) as u16;
        count += 1;
    }
    rates
};

/// A context: how probable a 0 is in it, and how many bits it has seen, at most its limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdaptiveBit {
    /// Of a 0, in units of 2^-16; 32 to 65504.
    probability: u16,
    count: u8,
}

impl AdaptiveBit {
    pub(crate) const NEW: Self = Self { probability: 1 << 15, count: 0 };

    /// Of a 0, in units of 2^-16.
    #[inline(always)]
    pub(crate) fn probability(self) -> u16 {
        self.probability
    }

    /// Follows the bit.
    #[inline(always)]
    pub(crate) fn update(&mut self, bit: bool, limit: u8) {
        let rate = u32::from(RATES[usize::from(self.count)]);
        let old = u32::from(self.probability);
        // without a branch, which for random bits would be taken wrongly half the time
        let away = select_unpredictable(bit, old, 65_536 - old);
        let step = (away * rate) >> 16;
        let new = select_unpredictable(bit, old.wrapping_sub(step), old.wrapping_add(step));
        self.probability = new.clamp(32, 65_504) as u16;
        self.count += u8::from(self.count < limit);
    }

    #[inline(always)]
    pub(crate) fn encode<S: Size>(&mut self, encoder: &mut BitsEncoder<S>, bit: bool, limit: u8) {
        encoder.encode(bit, self.probability);
        self.update(bit, limit);
    }

    #[inline(always)]
    pub(crate) fn decode<S: Size>(&mut self, decoder: &mut BitsDecoder<'_, S>, limit: u8) -> Result<bool> {
        let bit = decoder.decode(self.probability)?;
        self.update(bit, limit);
        Ok(bit)
    }
}

/// A symbol of `width` bits as that many adaptive bits, each in the context of those above it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Contexts are numbered from 1.
    contexts: Vec<AdaptiveBit>,
    width: u32,
}

impl Tree {
    /// All contexts new.
    pub(crate) fn new(width: u32) -> Self {
        Self { contexts: vec![AdaptiveBit::NEW; 1 << width], width }
    }

    /// Walks down the tree along `symbol`.
    #[inline(always)]
    pub(crate) fn visit(&mut self, symbol: u16, mut each: impl FnMut(&mut AdaptiveBit, bool)) {
        let mut node = 1;
        for shift in (0..self.width).rev() {
            let bit = symbol >> shift & 1 == 1;
            each(&mut self.contexts[node], bit);
            node = 2 * node + usize::from(bit);
        }
    }

    #[inline(always)]
    pub(crate) fn encode<S: Size>(&mut self, encoder: &mut BitsEncoder<S>, symbol: u16, limit: u8) {
        self.visit(symbol, |context, bit| context.encode(encoder, bit, limit));
    }

    #[inline(always)]
    pub(crate) fn decode<S: Size>(&mut self, decoder: &mut BitsDecoder<'_, S>, limit: u8) -> Result<u16> {
        let mut node = 1;
        for _ in 0..self.width {
            let bit = self.contexts[node].decode(decoder, limit)?;
            node = 2 * node + usize::from(bit);
        }
        Ok((node - self.contexts.len()) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Section 11.3 as it stands.
        #[test]
        fn a_context_is_as_specified(
            runs in prop::collection::vec((any::<bool>(), 1usize..200), 0..20),
            limit in prop_oneof![1u8.., 1u8..40],
        ) {
            let (mut p, mut c) = (32768u64, 0u64);
            let mut context = AdaptiveBit::NEW;
            for bit in runs.into_iter().flat_map(|(bit, length)| std::iter::repeat_n(bit, length)) {
                prop_assert_eq!(u64::from(context.probability()), p);
                let r = 131072 / (2 * c + 3);
                if bit {
                    p -= (p * r) >> 16;
                } else {
                    p += ((65536 - p) * r) >> 16;
                }
                p = p.clamp(32, 65504);
                if c < u64::from(limit) {
                    c += 1;
                }
                context.update(bit, limit);
            }
        }
    }

    #[test]
    fn a_context_becomes_as_sure_as_it_may() {
        for (limit, distance) in [(1, 32), (30, 32), (60, 62), (255, 257)] {
            for bit in [false, true] {
                let mut context = AdaptiveBit::NEW;
                (0..100_000).for_each(|_| context.update(bit, limit));
                // Beyond limit 30 it is not the clamp that ends it: the steps round to nothing before.
                let end = u32::from(context.probability());
                let to_end = if bit { end } else { 65_536 - end };
                assert!((32..=distance).contains(&to_end), "limit {limit}: {to_end}");
            }
        }
    }

    #[test]
    fn a_tree_visits_the_specified_nodes() {
        let mut tree = Tree::new(3);
        tree.visit(0b101, |context, bit| context.update(bit, 30));
        let touched: Vec<usize> = (0..8).filter(|&node| tree.contexts[node].count > 0).collect();
        assert_eq!(touched, [1, 3, 6]);
    }
}
