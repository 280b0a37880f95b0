//! Codes a symbol: its sign, whether it is an escape, and its magnitude (sections 12.2 and 12.4).

use super::super::sink::Sink;
use super::mixer::{Mix, Mixer};
use super::slot::Slot;
use super::window::{Sign, Window};

/// The state with which symbols are coded. `MIXED` is `INPUTS` + 1, for the constant input of the mixer.
pub(super) struct SymbolMixer<const INPUTS: usize, const MIXED: usize> {
    pub(super) window: Window,
    /// Whether magnitudes outside of the window are possible.
    may_escape: bool,
    /// The number of leading contexts that do not depend on a sign.
    unsigned: usize,
    mixer: Mixer,
    /// The first slot of each set of contexts. A set has one slot for each context and node.
    sets: [usize; INPUTS],
    /// The mix of each node.
    mixes: Vec<Mix<MIXED>>,
    /// The slots of the escape bit: one for symbols after an escape, one for the others.
    escapes: [Slot; 2],
    /// The tree of the magnitudes of escapes.
    escape_tree: Vec<Slot>,
    was_escape: bool,
}

impl<const INPUTS: usize, const MIXED: usize> SymbolMixer<INPUTS, MIXED> {
    /// Creates sets of `sizes` contexts.
    pub(super) fn new(window: Window, may_escape: bool, unsigned: usize, sizes: [usize; INPUTS]) -> Self {
        let mut sets = [0; INPUTS];
        for set in 1..INPUTS {
            sets[set] = sets[set - 1] + (sizes[set - 1] << window.bits);
        }
        Self {
            window,
            may_escape,
            unsigned,
            mixer: Mixer::new(sizes.iter().sum::<usize>() << window.bits),
            sets,
            mixes: vec![Mix::new(INPUTS); 1 << window.bits],
            escapes: [Slot::NEW; 2],
            escape_tree: vec![Slot::NEW; 1 << window.magnitude_bits],
            was_escape: false,
        }
    }

    /// Codes a symbol and returns it.
    ///
    /// `contexts` has one context of each set. The lowest bit of a context that depends on a sign is the sign of a
    /// prediction.
    #[inline(always)]
    pub(super) fn code<S: Sink>(
        &mut self,
        sink: &mut S,
        contexts: &[usize; INPUTS],
        symbol: u16,
    ) -> Result<u16, S::Error> {
        let Window { bits, first, magnitude_bits, sign } = self.window;
        let (mut negative, magnitude) = self.window.split(symbol);
        let mut at = [0; INPUTS];
        at.iter_mut().zip(contexts).zip(self.sets).for_each(|((at, context), set)| *at = set + (context << bits));
        if sign != Sign::Absent {
            negative = self.decide(sink, &at, 0, negative)?;
            if negative {
                // Flip the signs of the contexts as well, so that both signs share what they learn about magnitudes.
                at[self.unsigned..].iter_mut().for_each(|at| *at ^= 1 << bits);
            }
        }
        let offset = magnitude.wrapping_sub(first);
        if self.may_escape {
            let escape = &mut self.escapes[usize::from(self.was_escape)];
            self.was_escape = escape.code(sink, offset >> bits != 0, self.mixer.tables)?;
        }
        let mut node = 1;
        if self.was_escape {
            for shift in (0..magnitude_bits).rev() {
                let bit = self.escape_tree[node].code(sink, magnitude >> shift & 1 == 1, self.mixer.tables)?;
                node = 2 * node + usize::from(bit);
            }
            return Ok(self.window.join(negative, (node - self.escape_tree.len()) as u16));
        }
        for shift in (0..bits).rev() {
            let bit = self.decide(sink, &at, node, offset >> shift & 1 == 1)?;
            node = 2 * node + usize::from(bit);
        }
        Ok(self.window.join(negative, first + (node - (1 << bits)) as u16))
    }

    /// Codes a decision at a node.
    #[inline(always)]
    fn decide<S: Sink>(
        &mut self,
        sink: &mut S,
        at: &[usize; INPUTS],
        node: usize,
        bit: bool,
    ) -> Result<bool, S::Error> {
        let mix = &mut self.mixes[node];
        let rate = mix.rate();
        self.mixer.decide(sink, &at.map(|at| at + node), mix, rate, bit)
    }
}
