//! Symbols from lanes (section 10.1), whole groups of 32.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;

use super::choice::{Kernel, Kind};

/// Section 10: states that take turns.
pub(crate) const LANES: usize = 32;
/// Section 10: a state is never below; each begins, for the encoder, and ends, for the decoder, exactly here.
pub(crate) const STATE_LOWER_BOUND: u32 = 1 << 16;

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
}

impl Lanes<'_> {
    /// Decodes groups of 32 labels as long as there are 32 words left before each; returns how many groups that were.
    ///
    /// `contexts` are as many as labels, or none for context 0 alone; nothing is decoded if there is one that has no slots.
    pub(crate) fn decode(&mut self, kernel: Kernel, contexts: &[u8], labels: &mut [u16]) -> usize {
        if !self.has_slots_for(kernel, contexts, labels) {
            return 0;
        }
        let labels = labels.as_chunks_mut().0;
        let contexts = contexts.as_chunks().0;
        match (contexts.is_empty(), self.precision) {
            (true, 12) => self.decode_with::<false, 12>(kernel, contexts, labels),
            (true, 11) => self.decode_with::<false, 11>(kernel, contexts, labels),
            (true, 10) => self.decode_with::<false, 10>(kernel, contexts, labels),
            (true, 9) => self.decode_with::<false, 9>(kernel, contexts, labels),
            (false, 12) => self.decode_with::<true, 12>(kernel, contexts, labels),
            (false, 11) => self.decode_with::<true, 11>(kernel, contexts, labels),
            (false, 10) => self.decode_with::<true, 10>(kernel, contexts, labels),
            (false, 9) => self.decode_with::<true, 9>(kernel, contexts, labels),
            _ => 0,
        }
    }

    fn decode_with<const MANY: bool, const PRECISION: u32>(
        &mut self,
        kernel: Kernel,
        contexts: &[[u8; LANES]],
        labels: &mut [[u16; LANES]],
    ) -> usize {
        match kernel.kind() {
            Kind::Portable => portable::decode::<MANY, PRECISION>(self, contexts, labels),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel says that the processor has AVX2, BMI2 and POPCNT; there are slots of context 0 and of every
            // context, and contexts, if any, for each label.
            Kind::Avx2 => unsafe { avx2::decode::<MANY, PRECISION>(self, contexts, labels) },
        }
    }

    /// Decodes a last, incomplete group; 32 words must be left before it. False if nothing was decoded.
    pub(crate) fn decode_last(&mut self, contexts: &[u8], labels: &mut [u16]) -> bool {
        self.has_slots_for(Kernel::PORTABLE, contexts, labels) && portable::decode_last(self, contexts, labels)
    }

    fn has_slots_for(&self, kernel: Kernel, contexts: &[u8], labels: &[u16]) -> bool {
        let most = kernel.run(Most(contexts));
        usize::from(most) < self.slots.len() >> self.precision
            && (contexts.is_empty() || contexts.len() == labels.len())
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
#[path = "tests.rs"]
mod tests;
