//! The mixer (section 12.1): combines the probabilities of several slots. Its weights learn which slots to trust.

use super::super::sink::Sink;
use super::slot::Slot;
use super::tables::{MixerTables, STRETCH_LIMIT, TABLES};

/// The slots of all contexts.
pub(super) struct Mixer {
    pub(super) tables: &'static MixerTables,
    /// The slots, as [`Slot::difference`], so that memory that was never touched holds new slots.
    slots: Vec<u32>,
}

/// The mixing weights of a decision, and how often they were used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix<const N: usize> {
    weights: [i32; N],
    uses: u32,
}

impl<const N: usize> Mix<N> {
    /// Returns equal weights for `inputs` slots. `N` is `inputs`, or one more if there is a constant input.
    pub(super) const fn new(inputs: usize) -> Self {
        Self { weights: [65_536 / inputs as i32; N], uses: 0 }
    }

    /// Counts a use. Returns the learning rate, which decreases with the number of uses.
    #[inline(always)]
    pub(super) fn rate(&mut self) -> i32 {
        let rate = 2 + 16 / (self.uses / 16 + 1) as i32;
        self.uses = (self.uses + 1).min(256);
        rate
    }
}

impl Mixer {
    /// Creates `slots` new slots.
    pub(super) fn new(slots: usize) -> Self {
        Self { tables: &TABLES, slots: vec![0; slots] }
    }

    /// Codes a decision by the slots with numbers `at`. Mix and slots then follow the bit.
    ///
    /// `rate` is the learning rate of the mix. If it has one weight more than slots, the last one belongs to a constant
    /// input.
    #[inline(always)]
    pub(super) fn decide<S: Sink, const INPUTS: usize, const N: usize>(
        &mut self,
        sink: &mut S,
        at: &[usize; INPUTS],
        mix: &mut Mix<N>,
        rate: i32,
        bit: bool,
    ) -> Result<bool, S::Error> {
        let (tables, slots) = (self.tables, &mut self.slots[..]);
        let mut stretched = [256; N];
        for (stretched, at) in stretched.iter_mut().zip(at) {
            *stretched = Slot::from_difference(slots[*at]).stretched(tables);
        }
        let sum: i64 = mix.weights.iter().zip(&stretched).map(|(&w, &s)| i64::from(w) * i64::from(s)).sum();
        let mixed = (sum >> 16).clamp(i64::from(-STRETCH_LIMIT), i64::from(STRETCH_LIMIT - 1)) as i32;
        let probability = tables.squash[(mixed + STRETCH_LIMIT) as usize];
        let bit = sink.code(bit, probability)?;
        let error = (if bit { 0 } else { 65_536 }) - i32::from(probability);
        for (weight, stretched) in mix.weights.iter_mut().zip(stretched) {
            let step = (i64::from(stretched) * i64::from(error * rate) + (1 << 17)) >> 18;
            *weight = (*weight + step as i32).clamp(-(1 << 20), 1 << 20);
        }
        for at in at {
            let mut slot = Slot::from_difference(slots[*at]);
            slot.follow(bit, tables);
            slots[*at] = slot.difference();
        }
        Ok(bit)
    }
}

/// Returns `quarter` of section 12.1, a logarithm in quarter octaves: 4 · log2(|value| / 16), roughly, from 0 to 63; 0
/// if |value| is below 16.
#[inline(always)]
pub(super) fn quarter(value: i64) -> usize {
    let value = value.unsigned_abs();
    if value < 16 {
        return 0;
    }
    let log2 = 63 - value.leading_zeros();
    ((4 * (log2 - 4)) as usize + (value >> (log2 - 2) & 3) as usize).min(63)
}

/// Returns `half` of section 12.1: the logarithm in half octaves, and the sign in the lowest bit.
#[inline(always)]
pub(super) fn half(value: i64) -> usize {
    (quarter(value) >> 1) << 1 | usize::from(value < 0)
}
