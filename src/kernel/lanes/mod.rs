//! Symbols from lanes (section 10.1), whole groups of 32.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_encode;
mod encode;
mod portable;

pub(crate) use encode::{Place, Places, SPARE_WORDS, WordsBack, encode};

use super::choice::{Kernel, Kind};
use crate::spec::LANES;

/// The lanes of a stream, and what they look up.
///
/// A *slot* holds label << 2P | (frequency − 1) << P | distance from the entry's start, P being the precision.
#[derive(Debug)]
pub(crate) struct Lanes<'a> {
    pub(crate) states: &'a mut [u32; LANES],
    /// By context << P | slot.
    pub(crate) slots: &'a [u32],
    /// 9 to 12.
    pub(crate) precision: u32,
    /// Little-endian.
    pub(crate) words: &'a [[u8; 2]],
    /// Words taken.
    pub(crate) position: usize,
    /// The symbol of label 0.
    pub(crate) first: u16,
    /// The label that stands for an escape, if there is one.
    pub(crate) escape: Option<u16>,
}

/// How far a kernel came.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Decoded {
    pub(crate) groups: usize,
    /// By group: whether it has an escape.
    pub(crate) escaped: u64,
}

/// Groups that are decoded at a time, at most.
pub(crate) const GROUPS: usize = u64::BITS as usize;

impl Lanes<'_> {
    /// Decodes at most [`GROUPS`] groups of 32 symbols, as long as there are 32 words left before each. For an escape comes what
    /// its label would be.
    ///
    /// `contexts` are as many as symbols, or none for context 0 alone; nothing is decoded if there is one that has no slots.
    pub(crate) fn decode(&mut self, kernel: Kernel, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
        let none = Decoded { groups: 0, escaped: 0 };
        if !self.has_slots_for(kernel, contexts, symbols) {
            return none;
        }
        let symbols = symbols.as_chunks_mut().0;
        let count = symbols.len().min(GROUPS);
        let symbols = &mut symbols[..count];
        let contexts = contexts.as_chunks().0;
        match (contexts.is_empty(), self.precision) {
            (true, 12) => self.decode_with::<false, 12>(kernel, contexts, symbols),
            (true, 11) => self.decode_with::<false, 11>(kernel, contexts, symbols),
            (true, 10) => self.decode_with::<false, 10>(kernel, contexts, symbols),
            (true, 9) => self.decode_with::<false, 9>(kernel, contexts, symbols),
            (false, 12) => self.decode_with::<true, 12>(kernel, contexts, symbols),
            (false, 11) => self.decode_with::<true, 11>(kernel, contexts, symbols),
            (false, 10) => self.decode_with::<true, 10>(kernel, contexts, symbols),
            (false, 9) => self.decode_with::<true, 9>(kernel, contexts, symbols),
            _ => none,
        }
    }

    fn decode_with<const MANY: bool, const PRECISION: u32>(
        &mut self,
        kernel: Kernel,
        contexts: &[[u8; LANES]],
        symbols: &mut [[u16; LANES]],
    ) -> Decoded {
        match kernel.kind() {
            Kind::Portable => portable::decode::<MANY, PRECISION>(self, contexts, symbols),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel says that the processor has AVX2, BMI1 and POPCNT; there are slots of context 0 and of every
            // context, and contexts, if any, for each symbol.
            Kind::Avx2 => unsafe { avx2::decode::<MANY, PRECISION>(self, contexts, symbols) },
        }
    }

    /// Decodes a last, incomplete group; 32 words must be left before it.
    pub(crate) fn decode_last(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Decoded {
        match self.has_slots_for(Kernel::PORTABLE, contexts, symbols) {
            true => portable::decode_last(self, contexts, symbols),
            false => Decoded { groups: 0, escaped: 0 },
        }
    }

    fn has_slots_for(&self, kernel: Kernel, contexts: &[u8], symbols: &[u16]) -> bool {
        let most = kernel.run(Most(contexts));
        usize::from(most) < self.slots.len() >> self.precision
            && (contexts.is_empty() || contexts.len() == symbols.len())
    }
}

/// The greatest of some bytes, 0 if there are none.
struct Most<'a>(&'a [u8]);

impl super::Job for Most<'_> {
    type Output = u8;

    #[inline(always)]
    fn run(self) -> u8 {
        self.0.iter().copied().fold(0, u8::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots of one entry, label 3, in two contexts.
    const SLOTS: [u32; 2 << 9] = [3 << 18 | 511 << 9; 2 << 9];

    /// What is wrong is refused before anything is read.
    #[test]
    fn contexts_without_slots_are_refused() {
        let words = [[0; 2]; 32];
        for kernel in Kernel::available() {
            for (contexts, count) in [(vec![2; 32], 32), (vec![255; 32], 32), (vec![0; 31], 32), (vec![0; 64], 32)] {
                let mut states = [1 << 16; LANES];
                let mut lanes = Lanes {
                    states: &mut states,
                    slots: &SLOTS,
                    precision: 9,
                    words: &words,
                    position: 0,
                    first: 0,
                    escape: None,
                };
                let mut symbols = vec![7; count];
                assert_eq!(lanes.decode(kernel, &contexts, &mut symbols).groups, 0);
                assert_eq!(symbols, vec![7; count]);
                assert_eq!(lanes.decode_last(&contexts[..5], &mut symbols[..4]).groups, 0);
            }
        }
    }

    /// Without 32 words ahead nothing is decoded, and never more than 64 groups.
    #[test]
    fn a_kernel_stops_where_words_end() {
        for kernel in Kernel::available() {
            for count in 0..40 {
                let words = vec![[0; 2]; count].into_boxed_slice();
                let mut states = [1 << 16; LANES];
                let mut lanes = Lanes {
                    states: &mut states,
                    slots: &SLOTS,
                    precision: 9,
                    words: &words,
                    position: 0,
                    first: 10,
                    escape: Some(3),
                };
                let mut symbols = vec![0; 100 * LANES];
                let decoded = lanes.decode(kernel, &[], &mut symbols);
                let expected = if count < LANES { 0 } else { GROUPS };
                assert_eq!((decoded.groups, lanes.position), (expected, 0));
                assert_eq!(decoded.escaped, if count < LANES { 0 } else { u64::MAX });
                assert!(symbols[..expected * LANES].iter().all(|&symbol| symbol == 13));
                assert!(symbols[expected * LANES..].iter().all(|&symbol| symbol == 0));
            }
        }
    }
}
