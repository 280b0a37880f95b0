//! Adaptive bits, whose probability follows the bits seen (section 11.3), and trees of them.

use std::hint::select_unpredictable;

use super::sink::Sink;

/// `adapt` of section 11.3, by count: as if 1.5 bits had been seen before the first.
const RATES: [u16; 256] = {
    let mut rates = [0; 256];
    let mut count = 0;
    while count < 256 {
        rates[count] = (131_072 / (2 * count + 3)) as u16;
        count += 1;
    }
    rates
};

/// A context: the probability of a 0, and the number of bits seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdaptiveBit {
    /// The probability of a 0 in units of 2^-16, from 32 to 65504.
    probability: u16,
    /// The number of bits seen, at most the limit.
    count: u8,
}

impl AdaptiveBit {
    pub(crate) const NEW: Self = Self { probability: 1 << 15, count: 0 };

    /// Codes a bit in this context, which then follows it.
    ///
    /// `limit` is the maximum of the count: with a small limit the probability follows changes quickly, with a large
    /// one it is precise if nothing changes.
    #[inline(always)]
    pub(crate) fn code<S: Sink>(&mut self, sink: &mut S, bit: bool, limit: u8) -> Result<bool, S::Error> {
        let bit = sink.code(bit, self.probability)?;
        if S::ADAPTS {
            self.follow(bit, limit);
        }
        Ok(bit)
    }

    #[inline(always)]
    fn follow(&mut self, bit: bool, limit: u8) {
        let rate = u32::from(RATES[usize::from(self.count)]);
        let old = u32::from(self.probability);
        // No branch: on random bits, the processor would mispredict every other one.
        let away = select_unpredictable(bit, old, 65_536 - old);
        let step = (away * rate) >> 16;
        let new = select_unpredictable(bit, old.wrapping_sub(step), old.wrapping_add(step));
        self.probability = new.clamp(32, 65_504) as u16;
        self.count += u8::from(self.count < limit);
    }
}

/// Codes symbols of `width` bits as adaptive bits, each in the context of the more significant bits of its symbol.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// Contexts are numbered from 1.
    contexts: Vec<AdaptiveBit>,
    width: u32,
}

impl Tree {
    /// Creates a tree of new contexts.
    pub(crate) fn new(width: u32) -> Self {
        Self { contexts: vec![AdaptiveBit::NEW; 1 << width], width }
    }

    /// Codes a symbol and returns it; `limit` is as in [`AdaptiveBit::code`].
    #[inline(always)]
    pub(crate) fn code<S: Sink>(&mut self, sink: &mut S, symbol: u16, limit: u8) -> Result<u16, S::Error> {
        let mut node = 1;
        for shift in (0..self.width).rev() {
            let bit = self.contexts[node].code(sink, symbol >> shift & 1 == 1, limit)?;
            node = 2 * node + usize::from(bit);
        }
        Ok((node - self.contexts.len()) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sink::{QuickCost, infallible};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Compares with a literal implementation of section 11.3.
        #[test]
        fn a_context_is_as_specified(
            runs in prop::collection::vec((any::<bool>(), 1usize..200), 0..20),
            limit in prop_oneof![1u8.., 1u8..40],
        ) {
            let (mut p, mut c) = (32768u64, 0u64);
            let mut context = AdaptiveBit::NEW;
            for bit in runs.into_iter().flat_map(|(bit, length)| std::iter::repeat_n(bit, length)) {
                prop_assert_eq!(u64::from(context.probability), p);
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
                context.follow(bit, limit);
            }
        }
    }

    #[test]
    fn a_context_becomes_as_sure_as_it_may() {
        for (limit, distance) in [(1, 32), (30, 32), (60, 62), (255, 257)] {
            for bit in [false, true] {
                let mut context = AdaptiveBit::NEW;
                (0..100_000).for_each(|_| context.follow(bit, limit));
                // With limits above 30, steps round to 0 before the probability reaches the clamp.
                let end = u32::from(context.probability);
                let to_end = if bit { end } else { 65_536 - end };
                assert!((32..=distance).contains(&to_end), "limit {limit}: {to_end}");
            }
        }
    }

    #[test]
    fn a_tree_visits_the_specified_nodes() {
        let mut tree = Tree::new(3);
        infallible(tree.code(&mut QuickCost::default(), 0b101, 30));
        let touched: Vec<usize> = (0..8).filter(|&node| tree.contexts[node].count > 0).collect();
        assert_eq!(touched, [1, 3, 6]);
    }
}
