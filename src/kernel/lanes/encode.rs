//! Symbols to lanes (section 10.1), whole groups of 32, from the last to the first.

#[cfg(target_arch = "x86_64")]
use super::avx2_encode;
use crate::kernel::choice::{Kernel, Kind};
use crate::spec::{LANES, STATE_LOWER_BOUND};

/// What coding a symbol takes: the frequency's reciprocal, and, in the upper half, what [`Place::new`] puts there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Place(pub(super) u64);

impl Place {
    /// Bits of the bias, and then of the frequency less 1; then come the shift and the marks.
    pub(super) const BIAS_BITS: u32 = 13;
    pub(super) const FREQUENCY_BITS: u32 = 12;
    pub(super) const SHIFT_AT: u32 = Self::BIAS_BITS + Self::FREQUENCY_BITS;
    const ESCAPE: u64 = 1 << 62;
    const NO_CODE: u64 = 1 << 63;

    /// Of a symbol that cannot be coded.
    pub(crate) const NONE: Self = Self(Self::NO_CODE);

    /// For an entry of this frequency that begins at `start`.
    ///
    /// With s = ceil(log2 f) and R = ceil(2^(31 + s) / f), (x · R) >> (31 + s) is x / f, or, from x = 2^31 on, maybe one more: x · R
    /// exceeds x · 2^(31 + s) / f by less than x, which is 2 / f of 2^(31 + s) at most. For f = 1 it is x − 1 with R = 2^32 − 1 and
    /// one bit less of shift, and the bias makes up for it.
    pub(crate) fn new(frequency: u16, start: u16, precision: u32, is_escape: bool) -> Self {
        let f = u64::from(frequency);
        let (reciprocal, shift, bias) = match f.max(1) {
            1 => ((1 << 32) - 1, 0, u64::from(start) + (1 << precision) - 1),
            f => {
                let s = 64 - (f - 1).leading_zeros();
                ((1u64 << (31 + s)).div_ceil(f), s - 1, u64::from(start))
            }
        };
        let upper = bias | (f.max(1) - 1) << Self::BIAS_BITS | u64::from(shift) << Self::SHIFT_AT;
        Self(reciprocal | upper << 32 | if is_escape { Self::ESCAPE } else { 0 })
    }

    pub(crate) fn is_escape(self) -> bool {
        self.0 & Self::ESCAPE != 0
    }

    /// Codes the symbol: the next state, and the word that was given away for it.
    #[inline(always)]
    pub(super) fn code<const PRECISION: u32>(self, state: u32) -> (u32, Option<u16>) {
        let upper = self.0 >> 32;
        let less_one = (upper >> Self::BIAS_BITS & ((1 << Self::FREQUENCY_BITS) - 1)) as u32;
        let is_high = state >> (32 - PRECISION) > less_one;
        let x = if is_high { state >> 16 } else { state };
        let product = u64::from(x) * (self.0 & 0xffff_ffff);
        let quotient = ((product >> 32) as u32) >> (upper >> Self::SHIFT_AT & 0xf);
        // below 0 if the quotient is one too many
        let rest = x.wrapping_sub(quotient.wrapping_mul(less_one + 1)) as i32;
        let quotient = quotient.wrapping_sub(u32::from(rest < 0));
        let bias = (upper & ((1 << Self::BIAS_BITS) - 1)) as u32;
        let other = (1 << PRECISION) - 1 - less_one;
        (x.wrapping_add(quotient.wrapping_mul(other)).wrapping_add(bias), is_high.then_some(state as u16))
    }
}

/// Whose places are looked up: of a context and a symbol the one at context << bits | (symbol − first), or, if the symbol is beyond
/// them, at context << bits | beyond.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub(crate) all: &'a [Place],
    pub(crate) bits: u32,
    pub(crate) first: u16,
    /// Below 2^bits.
    pub(crate) beyond: u16,
    pub(crate) precision: u32,
}

impl Places<'_> {
    #[inline(always)]
    pub(crate) fn of(&self, context: u8, symbol: u16) -> Place {
        let label = symbol.wrapping_sub(self.first).min(self.beyond);
        self.all[usize::from(context) << self.bits | usize::from(label)]
    }
}

/// Words that are written from the end to the front.
#[derive(Debug)]
pub(crate) struct WordsBack<'a> {
    pub(crate) room: &'a mut [[u8; 2]],
    /// Words from here on are written.
    pub(crate) start: usize,
}

/// Words that a kernel may spoil before those that it writes.
pub(crate) const SPARE_WORDS: usize = 8;

/// Codes symbols, from the last to the first, by lanes 0 .. 31 in turn; all groups but the last of them are complete. Calls
/// `special` with each group that has a symbol which is escaped or has no code, from the last to the first.
///
/// `contexts` are as many as symbols, or none for context 0. There is room for a word for each symbol and [`SPARE_WORDS`] before.
pub(crate) fn encode(
    kernel: Kernel,
    states: &mut [u32; LANES],
    places: &Places<'_>,
    contexts: &[u8],
    symbols: &[u16],
    words: &mut WordsBack<'_>,
    mut special: impl FnMut(usize),
) {
    assert!(contexts.is_empty() || contexts.len() == symbols.len());
    match (contexts.is_empty(), places.precision) {
        (true, 12) => groups::<false, 12>(kernel, states, places, contexts, symbols, words, &mut special),
        (true, 11) => groups::<false, 11>(kernel, states, places, contexts, symbols, words, &mut special),
        (true, 10) => groups::<false, 10>(kernel, states, places, contexts, symbols, words, &mut special),
        (true, _) => groups::<false, 9>(kernel, states, places, contexts, symbols, words, &mut special),
        (false, 12) => groups::<true, 12>(kernel, states, places, contexts, symbols, words, &mut special),
        (false, 11) => groups::<true, 11>(kernel, states, places, contexts, symbols, words, &mut special),
        (false, 10) => groups::<true, 10>(kernel, states, places, contexts, symbols, words, &mut special),
        (false, _) => groups::<true, 9>(kernel, states, places, contexts, symbols, words, &mut special),
    }
}

fn groups<const MANY: bool, const PRECISION: u32>(
    kernel: Kernel,
    states: &mut [u32; LANES],
    places: &Places<'_>,
    contexts: &[u8],
    symbols: &[u16],
    words: &mut WordsBack<'_>,
    special: &mut dyn FnMut(usize),
) {
    let (whole, rest) = symbols.as_chunks::<LANES>();
    let (whole_contexts, rest_contexts) = contexts.as_chunks::<LANES>();
    if !rest.is_empty() && group::<MANY, PRECISION>(&mut states[..rest.len()], places, rest_contexts, rest, words) {
        special(whole.len());
    }
    match kernel.kind() {
        Kind::Portable => {
            // local, so that the compiler knows that nothing else reaches it
            let mut local = *states;
            for (at, symbols) in whole.iter().enumerate().rev() {
                let contexts = if MANY { &whole_contexts[at] } else { &[0; LANES] };
                if group::<MANY, PRECISION>(&mut local, places, contexts, symbols, words) {
                    special(at);
                }
            }
            *states = local;
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            let most = contexts.iter().copied().fold(0, u8::max);
            assert!((usize::from(most) + 1) << places.bits <= places.all.len() && places.beyond >> places.bits == 0);
            assert!(words.start >= whole.len() * LANES + SPARE_WORDS && words.start <= words.room.len());
            // SAFETY: the kernel says that the processor has AVX2 and POPCNT; all contexts have places, and there is room for the
            // words, as was just seen; there are contexts for each group if `MANY`.
            unsafe {
                avx2_encode::encode::<MANY, PRECISION>(states, places, whole_contexts, whole, words, special);
            }
        }
    }
}

/// One symbol for each state, from the last to the first. Returns whether one is escaped or has no code.
#[inline(always)]
fn group<const MANY: bool, const PRECISION: u32>(
    states: &mut [u32],
    places: &Places<'_>,
    contexts: &[u8],
    symbols: &[u16],
    words: &mut WordsBack<'_>,
) -> bool {
    let mut marks = 0;
    for (i, state) in states.iter_mut().enumerate().rev() {
        let place = places.of(if MANY { contexts[i] } else { 0 }, symbols[i]);
        marks |= place.0;
        let (next, word) = place.code::<PRECISION>(*state);
        debug_assert!(place == Place::NONE || next >= STATE_LOWER_BOUND);
        *state = next;
        // written in any case, and kept if it counts
        words.room[words.start - 1] = word.unwrap_or(0).to_le_bytes();
        words.start -= usize::from(word.is_some());
    }
    marks >> 62 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const PRECISION: u32>() {
        for frequency in 1..=1u32 << PRECISION {
            let start = ((1 << PRECISION) - frequency) / 3;
            let place = Place::new(frequency as u16, start as u16, PRECISION, false);
            let bound = u64::from(frequency) << (32 - PRECISION);
            let check = |x: u64| {
                let (next, word) = place.code::<PRECISION>(x as u32);
                let y = if x >= bound { x >> 16 } else { x };
                assert_eq!(word, (x >= bound).then_some(x as u16), "{x} / {frequency}");
                let f = u64::from(frequency);
                assert_eq!(u64::from(next), ((y / f) << PRECISION) + y % f + u64::from(start), "{x} / {frequency}");
            };
            // a quotient is nearest to going wrong just before and at multiples
            let end = 1u64 << (32 - PRECISION);
            for quotient in (0..end).step_by(9973).chain(end - 3..end) {
                let x = quotient * u64::from(frequency);
                for x in [x, x + u64::from(frequency) - 1] {
                    if x >= 1 << 16 {
                        check(x);
                    }
                }
            }
            for x in [1 << 16, (1 << 31) - 1, 1 << 31, (1 << 32) - 1] {
                check(x);
            }
        }
    }

    #[test]
    fn reciprocals_divide_exactly() {
        check::<9>();
        check::<10>();
        check::<11>();
        check::<12>();
    }
}
