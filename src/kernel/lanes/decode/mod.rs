//! Decodes symbols from lanes (section 10.1).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;
mod max_byte;
mod portable;

use lanes::{Decoded, Rounds};
pub(crate) use lanes::{DecodingLanes, MAX_ROUNDS};
use max_byte::MaxByte;

use super::precision::{self, LaneLoop};
use crate::kernel::token::{Kernel, Kind};

impl Kernel {
    /// Decodes up to [`MAX_ROUNDS`] rounds of each of `N` streams, all of one precision and either all with contexts or
    /// all without. Stops when fewer than 32 words are left in one of them. An escape gives its label plus the first
    /// symbol.
    ///
    /// Nothing is decoded if a context has no slots.
    pub(crate) fn decode_lanes<const N: usize>(self, lanes: &mut [DecodingLanes<'_>; N]) -> Decoded<N> {
        let Some((precision, has_contexts)) = lanes.first().map(DecodingLanes::kind) else { return Decoded::NOTHING };
        if lanes.iter().any(|lanes| lanes.kind() != (precision, has_contexts) || !lanes.has_slots(self)) {
            return Decoded::NOTHING;
        }
        let streams = lanes.each_mut().map(DecodingLanes::rounds);
        let count = streams.iter().map(|stream| stream.symbols.len()).fold(MAX_ROUNDS, usize::min);
        precision::run(Streams { kernel: self, streams, count }, has_contexts, precision).unwrap_or(Decoded::NOTHING)
    }
}

/// Decodes a last, incomplete round of each stream, if 32 words are left in all.
pub(crate) fn decode_last_lanes<const N: usize>(lanes: &mut [DecodingLanes<'_>; N]) -> Decoded<N> {
    let mut decoded = Decoded { rounds: 1, escaped: [0; N] };
    for (lanes, escaped) in lanes.iter_mut().zip(&mut decoded.escaped) {
        match lanes.has_slots(Kernel::PORTABLE).then(|| portable::decode_last(lanes)).flatten() {
            Some(has_escape) => *escaped = u64::from(has_escape),
            None => return Decoded::NOTHING,
        }
    }
    decoded
}

impl DecodingLanes<'_> {
    /// Returns the precision, and whether there are contexts.
    fn kind(&self) -> (u32, bool) {
        (self.precision, !self.contexts.is_empty())
    }

    /// Returns whether there are slots for all contexts, and contexts for all symbols unless there are none.
    fn has_slots(&self, kernel: Kernel) -> bool {
        let max = kernel.run(MaxByte(self.contexts));
        usize::from(max) < self.slots.len() >> self.precision
            && (self.contexts.is_empty() || self.contexts.len() == self.symbols.len())
    }
}

/// Rounds to decode. For each stream there are slots for all contexts, `count` rounds of symbols, and so many of
/// contexts unless there are none.
struct Streams<'r, const N: usize> {
    kernel: Kernel,
    streams: [Rounds<'r>; N],
    count: usize,
}

impl<const N: usize> LaneLoop for Streams<'_, N> {
    type Output = Decoded<N>;

    fn run<const MANY: bool, const PRECISION: u32>(self) -> Decoded<N> {
        let Self { kernel, streams, count } = self;
        match kernel.kind() {
            Kind::Portable => portable::decode::<N, MANY, PRECISION>(streams, count),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the kernel exists only if the processor has these features. There are slots for context 0 and for
            // all contexts, `count` rounds of symbols, and of contexts if `MANY`.
            Kind::Avx512 => unsafe { avx512::decode::<N, MANY, PRECISION>(streams, count) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Kind::Avx2 => unsafe { avx2::decode::<N, MANY, PRECISION>(streams, count) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::LANES;

    /// Slots of one entry, label 3, in two contexts.
    const SLOTS: [u32; 2 << 9] = [3 << 18 | 511 << 9; 2 << 9];

    fn lanes<'a>(
        states: &'a mut [u32; LANES],
        words: &'a [[u8; 2]],
        contexts: &'a [u8],
        symbols: &'a mut [u16],
    ) -> DecodingLanes<'a> {
        let escape = Some(3);
        DecodingLanes { states, slots: &SLOTS, precision: 9, words, position: 0, first: 10, escape, contexts, symbols }
    }

    /// Bad contexts are refused before anything is read.
    #[test]
    fn contexts_without_slots_are_refused() {
        let words = [[0; 2]; 32];
        for kernel in Kernel::available() {
            for (contexts, count) in [(vec![2; 32], 32), (vec![255; 32], 32), (vec![0; 31], 32), (vec![0; 64], 32)] {
                let mut states = [1 << 16; LANES];
                let mut symbols = vec![7; count];
                assert_eq!(kernel.decode_lanes(&mut [lanes(&mut states, &words, &contexts, &mut symbols)]).rounds, 0);
                assert_eq!(symbols, vec![7; count]);
                let last = lanes(&mut states, &words, &contexts[..5], &mut symbols[..4]);
                assert_eq!(decode_last_lanes(&mut [last]).rounds, 0);
            }
        }
    }

    /// Streams with contexts and streams without are not decoded together.
    #[test]
    fn streams_that_differ_are_refused() {
        let words = [[0; 2]; 64];
        for kernel in Kernel::available() {
            let (mut a, mut b) = ([1 << 16; LANES], [1 << 16; LANES]);
            let (mut x, mut y) = ([7; LANES], [7; LANES]);
            let mut both = [lanes(&mut a, &words, &[0; LANES], &mut x), lanes(&mut b, &words, &[], &mut y)];
            assert_eq!(kernel.decode_lanes(&mut both).rounds, 0);
            assert_eq!((x, y), ([7; LANES], [7; LANES]));
        }
    }

    /// Nothing is decoded without 32 words ahead in each stream, and never more than 64 rounds.
    #[test]
    fn a_kernel_stops_where_words_end() {
        for kernel in Kernel::available() {
            for (count, other) in (0..40).map(|count| (count, 64)).chain([(64, 31), (64, 32), (32, 0)]) {
                let words = vec![[0; 2]; count].into_boxed_slice();
                let other_words = vec![[0; 2]; other].into_boxed_slice();
                let (mut a, mut b) = ([1 << 16; LANES], [1 << 16; LANES]);
                let (mut x, mut y) = (vec![0; 100 * LANES], vec![0; 70 * LANES]);
                let mut both = [lanes(&mut a, &words, &[], &mut x), lanes(&mut b, &other_words, &[], &mut y)];
                let decoded = kernel.decode_lanes(&mut both);
                let expected = if count.min(other) < LANES { 0 } else { MAX_ROUNDS };
                assert_eq!((decoded.rounds, both[0].position, both[1].position), (expected, 0, 0));
                assert_eq!(decoded.escaped, [if expected == 0 { 0 } else { u64::MAX }; 2]);
                for symbols in [x, y] {
                    assert!(symbols[..expected * LANES].iter().all(|&symbol| symbol == 13));
                    assert!(symbols[expected * LANES..].iter().all(|&symbol| symbol == 0));
                }
                let mut symbols = [0; 2 * LANES];
                let decoded = kernel.decode_lanes(&mut [lanes(&mut a, &words, &[], &mut symbols)]);
                assert_eq!(decoded.rounds, if count < LANES { 0 } else { 2 });
            }
        }
    }
}
