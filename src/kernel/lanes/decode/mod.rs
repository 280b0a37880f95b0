//! Decodes symbols from lanes (section 10.1).

#[cfg(target_arch = "x86_64")]
mod avx2;
mod lanes;
mod max_byte;
mod portable;

use lanes::Decoded;
pub(crate) use lanes::{DecodingLanes, MAX_ROUNDS};
use max_byte::MaxByte;

use super::precision::{self, LaneLoop};
use crate::kernel::token::{Kernel, Kind};
use crate::spec::LANES;

impl DecodingLanes<'_> {
    /// Decodes up to [`MAX_ROUNDS`] rounds, and stops when fewer than 32 words are left. An escape gives its label plus
    /// the first symbol.
    ///
    /// There is one context for each symbol, or none if all symbols are in context 0. Nothing is decoded if a context
    /// has no slots.
    pub(crate) fn decode(&mut self, kernel: Kernel, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
        if !self.has_slots_for(kernel, contexts, symbols) {
            return Decoded::NOTHING;
        }
        let symbols = symbols.as_chunks_mut().0;
        let count = symbols.len().min(MAX_ROUNDS);
        let symbols = &mut symbols[..count];
        let contexts = contexts.as_chunks().0;
        let (has_contexts, precision) = (!contexts.is_empty(), self.precision);
        let rounds = Rounds { lanes: self, kernel, contexts, symbols };
        precision::run(rounds, has_contexts, precision).unwrap_or(Decoded::NOTHING)
    }

    /// Decodes a last, incomplete round, if 32 words are left.
    pub(crate) fn decode_last(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
        match self.has_slots_for(Kernel::PORTABLE, contexts, symbols) {
            true => portable::decode_last(self, contexts, symbols),
            false => Decoded::NOTHING,
        }
    }

    /// Returns whether there are slots for all contexts, and contexts for all symbols unless there are none.
    fn has_slots_for(&self, kernel: Kernel, contexts: &[u8], symbols: &[u16]) -> bool {
        let max = kernel.run(MaxByte(contexts));
        usize::from(max) < self.slots.len() >> self.precision
            && (contexts.is_empty() || contexts.len() == symbols.len())
    }
}

/// Rounds to decode. There are slots for all contexts, and contexts, if any, for all symbols.
struct Rounds<'b, 'a> {
    lanes: &'b mut DecodingLanes<'a>,
    kernel: Kernel,
    contexts: &'b [[u8; LANES]],
    symbols: &'b mut [[u16; LANES]],
}

impl LaneLoop for Rounds<'_, '_> {
    type Output = Decoded;

    fn run<const MANY: bool, const PRECISION: u32>(self) -> Decoded {
        let Self { lanes, kernel, contexts, symbols } = self;
        match kernel.kind() {
            Kind::Portable => portable::decode::<MANY, PRECISION>(lanes, contexts, symbols),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has AVX2, BMI1, BMI2 and POPCNT. There are slots for
            // context 0 and for all contexts, and contexts for all symbols if `MANY`.
            Kind::Avx2 => unsafe { avx2::decode::<MANY, PRECISION>(lanes, contexts, symbols) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots of one entry, label 3, in two contexts.
    const SLOTS: [u32; 2 << 9] = [3 << 18 | 511 << 9; 2 << 9];

    fn lanes<'a>(states: &'a mut [u32; LANES], words: &'a [[u8; 2]]) -> DecodingLanes<'a> {
        DecodingLanes { states, slots: &SLOTS, precision: 9, words, position: 0, first: 10, escape: Some(3) }
    }

    /// Bad contexts are refused before anything is read.
    #[test]
    fn contexts_without_slots_are_refused() {
        let words = [[0; 2]; 32];
        for kernel in Kernel::available() {
            for (contexts, count) in [(vec![2; 32], 32), (vec![255; 32], 32), (vec![0; 31], 32), (vec![0; 64], 32)] {
                let mut states = [1 << 16; LANES];
                let mut lanes = lanes(&mut states, &words);
                let mut symbols = vec![7; count];
                assert_eq!(lanes.decode(kernel, &contexts, &mut symbols).rounds, 0);
                assert_eq!(symbols, vec![7; count]);
                assert_eq!(lanes.decode_last(&contexts[..5], &mut symbols[..4]).rounds, 0);
            }
        }
    }

    /// Nothing is decoded without 32 words ahead, and never more than 64 rounds.
    #[test]
    fn a_kernel_stops_where_words_end() {
        for kernel in Kernel::available() {
            for count in 0..40 {
                let words = vec![[0; 2]; count].into_boxed_slice();
                let mut states = [1 << 16; LANES];
                let mut lanes = lanes(&mut states, &words);
                let mut symbols = vec![0; 100 * LANES];
                let decoded = lanes.decode(kernel, &[], &mut symbols);
                let expected = if count < LANES { 0 } else { MAX_ROUNDS };
                assert_eq!((decoded.rounds, lanes.position), (expected, 0));
                assert_eq!(decoded.escaped, if count < LANES { 0 } else { u64::MAX });
                assert!(symbols[..expected * LANES].iter().all(|&symbol| symbol == 13));
                assert!(symbols[expected * LANES..].iter().all(|&symbol| symbol == 0));
            }
        }
    }
}
