//! A logistic mixer (section 11.5): the probability of a bit made from those that several contexts give, by weights that
//! learn which of them to trust (Mahoney 2005). All of it is integer arithmetic, and one routine serves encoder, decoder and
//! cost alike: they cannot differ.

use std::sync::LazyLock;

use super::coder::{BitsDecoder, BitsEncoder, Size, Wide};
use super::cost::{BIT, log2_fixed};
use crate::error::Result;
use crate::wire::Cursor;

/// Takes decisions, or makes them.
pub(super) trait Coder {
    /// The bit: the one given, or the one read. `probability` is that of a 0, in units of 2^-16, 16 to 65520.
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool>;
}

impl Coder for BitsEncoder<Wide> {
    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool> {
        self.encode(bit, probability);
        Ok(bit)
    }
}

impl Coder for BitsDecoder<'_, Wide> {
    #[inline(always)]
    fn code(&mut self, _: bool, probability: u16) -> Result<bool> {
        self.decode(probability)
    }
}

/// The product of all probabilities, so that there is one logarithm only.
pub(super) struct Cost {
    /// In units of 2^-31, from 1 up to 2.
    mantissa: u64,
    /// How often the product was doubled to keep it there.
    doubled: u64,
}

impl Cost {
    pub(super) const NOTHING: Self = Self { mantissa: 1 << 31, doubled: 0 };

    /// In units of 2^-16 bit.
    pub(super) fn total(&self) -> u64 {
        (self.doubled + 31).saturating_mul(BIT) - log2_fixed(self.mantissa)
    }
}

impl Coder for Cost {
    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool> {
        let probability = u64::from(probability);
        let product = self.mantissa * if bit { 65_536 - probability } else { probability };
        let zeros = product.leading_zeros();
        self.mantissa = product << zeros >> 32;
        // A probability of nearly 1 adds 16 bits to the 32 of the mantissa.
        self.doubled += u64::from(zeros - 16);
        Ok(bit)
    }
}

/// The most that log odds come to: 13 octaves in units of 2^-8.
pub(super) const STRETCH_LIMIT: i32 = 13 * 256;

/// log2(x / (total - x)) in units of 2^-8, rounded down.
fn log_odds(x: u64, total: u64) -> i32 {
    ((log2_fixed(x) as i64 - log2_fixed(total - x) as i64) >> 8) as i32
}

pub(super) struct Tables {
    /// Log odds of probabilities in units of 2^-12, each at its middle.
    pub(super) stretch: [i16; 4096],
    /// Back: by the log odds plus [`STRETCH_LIMIT`], probabilities in units of 2^-16.
    pub(super) squash: [u16; 2 * STRETCH_LIMIT as usize],
    /// r of section 11.3.
    pub(super) rates: [u32; 1024],
}

pub(super) static TABLES: LazyLock<Box<Tables>> = LazyLock::new(|| {
    let mut tables = Box::new(Tables { stretch: [0; 4096], squash: [0; 2 * STRETCH_LIMIT as usize], rates: [0; 1024] });
    for (i, stretch) in (0u64..).zip(&mut tables.stretch) {
        *stretch = log_odds(2 * i + 1, 8192) as i16;
    }
    let mut probability = 16;
    for (z, squash) in (-STRETCH_LIMIT..).zip(&mut tables.squash) {
        while probability < 65_520 && log_odds(probability, 65_536) < z {
            probability += 1;
        }
        *squash = probability as u16;
    }
    for (count, rate) in (0u32..).zip(&mut tables.rates) {
        *rate = 131_072 / (2 * count + 3);
    }
    tables
});

/// A context: the probability of a 0 in units of 2^-22, and below it, in 10 bits, how often it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(pub(super) u32);

impl Slot {
    pub(super) const NEW: Self = Self(1 << 31);

    /// From its difference from a new one.
    #[inline(always)]
    pub(super) fn of(difference: u32) -> Self {
        Self(difference ^ Self::NEW.0)
    }

    #[inline(always)]
    pub(super) fn difference(self) -> u32 {
        self.0 ^ Self::NEW.0
    }

    /// log2 of the odds of a 0, in units of 2^-8.
    #[inline(always)]
    pub(super) fn stretched(self, tables: &Tables) -> i32 {
        i32::from(tables.stretch[(self.0 >> 20) as usize])
    }

    /// With the count `count`, below 1024.
    #[inline(always)]
    pub(super) fn with_count(self, count: u32) -> Self {
        Self(self.0 & !1023 | count)
    }

    #[inline(always)]
    pub(super) fn follow(&mut self, bit: bool, rates: &[u32; 1024]) {
        let count = self.0 & 1023;
        let old = i64::from(self.0 >> 10);
        let end = if bit { 0 } else { (1 << 22) - 1 };
        let new = old + (((end - old) * i64::from(rates[count as usize])) >> 16);
        self.0 = (new as u32) << 10 | (count + 1).min(1023);
    }
}

/// log2 of |value| in quarter octaves above 16, 0 to 63; 0 also for what is less.
#[inline(always)]
pub(super) fn level(value: i64) -> usize {
    let value = value.unsigned_abs();
    if value < 16 {
        return 0;
    }
    let log2 = 63 - value.leading_zeros();
    ((4 * (log2 - 4)) as usize + (value >> (log2 - 2) & 3) as usize).min(63)
}

/// Quarter octaves to whole ones.
pub(super) const OCTAVES: u32 = 2;
/// Quarter octaves to halves.
pub(super) const HALVES: u32 = 1;

/// H of section 11.5: the level in half octaves, and the sign.
#[inline(always)]
pub(super) fn half_level(value: i64) -> usize {
    (level(value) >> HALVES) << 1 | usize::from(value < 0)
}

/// Mixing weights of a node or another set, and how often they were used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weights<const N: usize> {
    weights: [i32; N],
    uses: u32,
}

impl<const N: usize> Weights<N> {
    /// That of each of `inputs` contexts, and of a constant if N is one more.
    pub(super) const fn new(inputs: i32) -> Self {
        Self { weights: [65_536 / inputs; N], uses: 0 }
    }

    /// How fast they learn: fast at first.
    #[inline(always)]
    pub(super) fn rate(&mut self) -> i32 {
        let rate = 2 + 16 / (self.uses / 16 + 1) as i32;
        self.uses = (self.uses + 1).min(256);
        rate
    }
}

/// One decision in the contexts `at`; N is their number, or one more for a constant. `rate` is that of the weights.
#[inline(always)]
pub(super) fn decide<const INPUTS: usize, const N: usize>(
    coder: &mut impl Coder,
    tables: &Tables,
    slots: &mut [u32],
    at: &[usize; INPUTS],
    weights: &mut Weights<N>,
    rate: i32,
    bit: bool,
) -> Result<bool> {
    let mut stretched = [256; N];
    for (stretched, at) in stretched.iter_mut().zip(at) {
        *stretched = Slot::of(slots[*at]).stretched(tables);
    }
    let sum: i64 = weights.weights.iter().zip(&stretched).map(|(&w, &s)| i64::from(w) * i64::from(s)).sum();
    let mixed = (sum >> 16).clamp(i64::from(-STRETCH_LIMIT), i64::from(STRETCH_LIMIT - 1)) as i32;
    let probability = tables.squash[(mixed + STRETCH_LIMIT) as usize];
    let bit = coder.code(bit, probability)?;
    let error = (if bit { 0 } else { 65_536 }) - i32::from(probability);
    for (weight, stretched) in weights.weights.iter_mut().zip(stretched) {
        let step = (i64::from(stretched) * i64::from(error * rate) + (1 << 17)) >> 18;
        *weight = (*weight + step as i32).clamp(-(1 << 20), 1 << 20);
    }
    for at in at {
        let mut slot = Slot::of(slots[*at]);
        slot.follow(bit, &tables.rates);
        slots[*at] = slot.difference();
    }
    Ok(bit)
}

/// Passes over a stream; the bytes that it takes.
pub(crate) fn skip_mixed(cursor: &mut Cursor<'_>) -> Result<usize> {
    let start = cursor.position();
    let words = cursor.count(Wide::WORD_BYTES, "words")?;
    cursor.bytes(words * Wide::WORD_BYTES)?;
    Ok(cursor.position() - start)
}

/// The end of a stream of `count` symbols.
pub(super) fn finish(decoder: BitsDecoder<'_, Wide>, count: usize) -> Result<()> {
    // as in `bits`
    if count == 0 { decoder.finish_empty() } else { decoder.finish() }
}

/// One decision in one context.
#[inline(always)]
pub(super) fn code_slot(coder: &mut impl Coder, slot: &mut Slot, bit: bool, tables: &Tables) -> Result<bool> {
    let bit = coder.code(bit, (slot.0 >> 16).clamp(16, 65_520) as u16)?;
    slot.follow(bit, &tables.rates);
    Ok(bit)
}
