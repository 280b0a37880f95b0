//! The values that a mask keeps, predicted by mixing (section 11.7).
//!
//! The mask is known before them, and says much: where many values are kept, they are large. So a linear predictor of the
//! magnitude looks at the mask on both sides of a value, beside the predictor of the value itself that looks back.

use super::Kept;
use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Wide};
use super::length::Length;
use super::mixed_mask::Geometry;
use super::mixer::{Coder, Cost, Slot, TABLES, Tables, Weights, code_slot, decide, finish, half_level, level};
use crate::error::{Error, Result};
use crate::wire::{Cursor, put_varint};

/// The most bits of a window.
const MAX_WINDOW_BITS: u32 = 8;
/// Of a float's mantissa in a symbol.
const MAX_FRACTION: u32 = 4;
/// Neighbours within a kernel, to either side.
const INNER: usize = 16;
/// Neighbours beyond it.
const OUTER: usize = 6;
/// The most phases of a kernel.
const MAX_PHASES: usize = 16;

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeptKind {
    /// Sign, exponent and so many bits of the mantissa; the exponent with which the window of sixteen begins.
    Float { fraction: u32, base: u16 },
    /// Two's complement.
    Integer,
}

/// What the segment's head says about kept values coded by mixing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeptModel {
    pub(crate) width: u32,
    pub(crate) kind: KeptKind,
    pub(crate) geometry: Geometry,
}

impl KeptModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32) -> Result<Self> {
        check_symbol_width(width).map_err(|error| cursor.place(error))?;
        let start = cursor.clone();
        let (kind, fraction) = (cursor.u8()?, u32::from(cursor.u8()?));
        let base = cursor.varint()?;
        let kind = match (kind, fraction, u16::try_from(base)) {
            (0, 0..=MAX_FRACTION, Ok(base)) => KeptKind::Float { fraction, base },
            (1, 0, Ok(0)) => KeptKind::Integer,
            _ => {
                let what = format!("mixing of kept values of kind {kind} with fraction {fraction} and base {base}");
                return Err(start.place(Error::corrupt(what)));
            }
        };
        let geometry = Geometry::read(cursor)?;
        let this = Self { width, kind, geometry };
        match this.is_sound() {
            true => Ok(this),
            false => Err(start.place(Error::corrupt("parameters that no mixing of kept values can have"))),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (kind, fraction, base) = match self.kind {
            KeptKind::Float { fraction, base } => (0, fraction, base),
            KeptKind::Integer => (1, 0, 0),
        };
        out.extend([kind, fraction as u8]);
        put_varint(out, base.into());
        self.geometry.write(out);
    }

    pub(crate) fn is_sound(&self) -> bool {
        let is_window = match self.kind {
            KeptKind::Float { fraction, base } => {
                self.width > 1
                    && fraction <= MAX_FRACTION.min(self.magnitude_bits())
                    && (u32::from(base) << fraction) + (1 << self.window_bits()) <= 1 << self.magnitude_bits()
            }
            KeptKind::Integer => true,
        };
        is_window && (2..=12).contains(&self.width) && self.window_bits() <= MAX_WINDOW_BITS
    }

    fn magnitude_bits(&self) -> u32 {
        self.width - 1
    }

    /// b: magnitudes from the window's first on, 2^b of them, are coded by mixing; others are escapes.
    fn window_bits(&self) -> u32 {
        match self.kind {
            KeptKind::Float { fraction, .. } => (fraction + 4).min(self.magnitude_bits()),
            KeptKind::Integer => self.magnitude_bits(),
        }
    }

    fn first(&self) -> u16 {
        match self.kind {
            KeptKind::Float { fraction, base } => base << fraction,
            KeptKind::Integer => 0,
        }
    }

    /// Sign and magnitude.
    fn split(&self, symbol: u16) -> (bool, u16) {
        let top = 1 << self.magnitude_bits();
        let negative = symbol & top != 0;
        (negative, if negative && self.kind == KeptKind::Integer { !symbol } else { symbol } & (top - 1))
    }

    fn join(&self, negative: bool, magnitude: u16) -> u16 {
        let top = 1 << self.magnitude_bits();
        match (negative, self.kind) {
            (false, _) => magnitude,
            (true, KeptKind::Integer) => !magnitude & (2 * top - 1),
            (true, _) => magnitude | top,
        }
    }

    /// The place of a magnitude in the window, of one outside the nearest.
    fn offset(&self, magnitude: u16) -> i32 {
        (i32::from(magnitude) - i32::from(self.first())).clamp(0, (1 << self.window_bits()) - 1)
    }
}

/// Appends the stream of a chunk's kept values, each below 2^width.
pub(crate) fn encode_kept(symbols: &[u16], kept: &Kept, model: &KeptModel, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<Wide>::new();
    code_known(symbols, kept, model, &mut encoder);
    encoder.finish(out);
}

/// One chunk, in units of 2^-16 bit.
pub(crate) fn kept_cost(symbols: &[u16], kept: &Kept, model: &KeptModel) -> u64 {
    let mut cost = Cost::NOTHING;
    code_known(symbols, kept, model, &mut cost);
    cost.total()
}

/// One chunk, in bits, exactly.
pub(crate) fn kept_length(symbols: &[u16], kept: &Kept, model: &KeptModel) -> f64 {
    let mut length = Length::NOTHING;
    code_known(symbols, kept, model, &mut length);
    length.bits()
}

fn code_known(symbols: &[u16], kept: &Kept, model: &KeptModel, coder: &mut impl Coder) {
    let mut symbols = symbols.to_vec();
    let coded = KeptMixer::new(model, kept).code(coder, &mut symbols);
    debug_assert!(coded.is_ok(), "only what is read can be wrong");
}

/// Reads the symbols of the values that are kept, of which there are as many as `out` holds.
pub(crate) fn decode_kept(cursor: &mut Cursor<'_>, model: &KeptModel, kept: &Kept, out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let mut decode = || -> Result<()> {
        let mut decoder = BitsDecoder::<Wide>::new(cursor)?;
        out.fill(0);
        KeptMixer::new(model, kept).code(&mut decoder, out)?;
        finish(decoder, out.len())
    };
    decode().map_err(|error| start.place(error))
}

/// The contexts of a decision.
const INPUTS: usize = 4;
/// How many contexts each set has.
const SIZES: [usize; INPUTS] = [64, 1024, 1024, 128];
/// Weights of the predictor of values: of the neighbours before.
const BEFORE: usize = INNER + OUTER;

/// The predictors of a phase.
#[derive(Clone, Copy)]
struct Predictors {
    value: [i32; BEFORE],
    /// Of the magnitude: the constant, the mask's class, neighbours before, and those after.
    constant: i32,
    class: i32,
    before: [i32; BEFORE],
    after: [i32; BEFORE],
}

impl Predictors {
    const NEW: Self = Self { value: [0; BEFORE], constant: 0, class: 0, before: [0; BEFORE], after: [0; BEFORE] };
}

/// Follows an error: `gain` is that of the least mean squares.
#[inline(always)]
fn follow(weight: &mut i32, gain: i64, input: i64) {
    *weight = (i64::from(*weight) + ((gain * input) >> 17)).clamp(-(1 << 20), 1 << 20) as i32;
}

/// A running mean of a column.
#[derive(Clone, Copy, Default)]
struct Column {
    /// Of values, in units of 2^-4.
    mean: i32,
    /// Of their levels, in units of 2^-4.
    level: i32,
    /// Kept values so far.
    count: u32,
}

/// The state of a stream.
struct KeptMixer<'a> {
    model: &'a KeptModel,
    tables: &'static Tables,
    /// The mask's bytes with room before and behind, so that all neighbours of a kernel come in one read.
    bits: Vec<u8>,
    count: usize,
    /// Kept values of every row and column of the chunk.
    row_counts: Vec<u32>,
    column_counts: Vec<u32>,
    outer: Vec<usize>,
    /// As their difference from new ones.
    slots: Vec<u32>,
    sets: [usize; INPUTS],
    mixers: Vec<Weights<{ INPUTS + 1 }>>,
    predictors: Vec<Predictors>,
    columns: Vec<Column>,
    /// Values and magnitudes by position; 0 where none is kept.
    values: Vec<i32>,
    magnitudes: Vec<i32>,
    escapes: [Slot; 2],
    escaped: Vec<Slot>,
    was_escape: bool,
}

/// Bits of padding before the mask's.
const PADDING: usize = 64;

impl<'a> KeptMixer<'a> {
    fn new(model: &'a KeptModel, kept: &Kept) -> Self {
        let count = kept.len();
        let (row, kernel) = (model.geometry.row as usize, model.geometry.kernel as usize);
        let mut bits = vec![0u8; PADDING / 8];
        bits.extend_from_slice(kept.as_raw_slice());
        bits.resize(bits.len() + 16, 0);
        let mut row_counts = vec![0u32; count.div_ceil(row)];
        let mut column_counts = vec![0u32; row.min(count)];
        for index in kept.iter_ones() {
            row_counts[index / row] += 1;
            column_counts[index % row] += 1;
        }
        let mut outer = match kernel {
            1 => vec![1, 2, row, 2 * row, 3 * row, 4 * row],
            _ => vec![kernel, row],
        };
        outer.sort_unstable();
        outer.dedup();
        let nodes = 1usize << model.window_bits();
        let mut sets = [0; INPUTS];
        for set in 1..INPUTS {
            sets[set] = sets[set - 1] + SIZES[set - 1] * nodes;
        }
        Self {
            model,
            tables: &TABLES,
            bits,
            count,
            row_counts,
            column_counts,
            outer,
            slots: vec![0; SIZES.iter().sum::<usize>() * nodes],
            sets,
            mixers: vec![Weights::new(INPUTS as i32); nodes],
            predictors: vec![Predictors::NEW; if kernel <= MAX_PHASES { kernel } else { 1 }],
            columns: vec![Column::default(); row.min(count)],
            values: vec![0; count],
            magnitudes: vec![0; count],
            escapes: [Slot::NEW; 2],
            escaped: vec![Slot::NEW; 1 << model.magnitude_bits()],
            was_escape: false,
        }
    }

    #[inline(always)]
    fn is_kept(&self, position: usize) -> bool {
        self.bits[(position + PADDING) / 8] >> (position % 8) & 1 == 1
    }

    /// 64 mask bits from `position` - 16 on.
    #[inline(always)]
    fn around(&self, position: usize) -> u64 {
        let start = position + PADDING - INNER;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bits[start / 8..start / 8 + 8]);
        u64::from_le_bytes(bytes) >> (start % 8)
    }

    /// All symbols of the chunk: coded, or read into `symbols`.
    fn code(mut self, coder: &mut impl Coder, symbols: &mut [u16]) -> Result<()> {
        let row = self.model.geometry.row as usize;
        let total = symbols.len() as u64;
        let mut position = 0;
        for symbol in symbols {
            while !self.is_kept(position) {
                position += 1;
            }
            *symbol = self.code_one(coder, position, position / row, position % row, total, *symbol)?;
            position += 1;
        }
        Ok(())
    }

    #[inline(always)]
    fn code_one(
        &mut self,
        coder: &mut impl Coder,
        position: usize,
        row: usize,
        column: usize,
        total: u64,
        symbol: u16,
    ) -> Result<u16> {
        let kernel = self.model.geometry.kernel as usize;
        let in_kernel = column % kernel;
        let phase = if kernel <= MAX_PHASES { in_kernel } else { 0 };
        let counts = u64::from(self.row_counts[row]) * u64::from(self.column_counts[column]);
        let class = level(((counts << 12) / total) as i64).min(31);
        // neighbours before, with what they weigh in the two predictions, and after
        let mut before = [(0usize, 0i64, 0i64); BEFORE];
        let mut after = [0usize; BEFORE];
        let (mut before_count, mut after_count) = (0, 0);
        let around = self.around(position);
        let mut past = ((around & 0xffff) as u16).reverse_bits() & ((1u32 << in_kernel.min(INNER)) - 1) as u16;
        while past != 0 {
            let index = past.trailing_zeros() as usize;
            past &= past - 1;
            let at = position - index - 1;
            before[before_count] = (index, self.values[at].into(), (8 * self.magnitudes[at]).into());
            before_count += 1;
        }
        let mut future = (around >> 17) as u16 & ((1u32 << (kernel - 1 - in_kernel).min(INNER)) - 1) as u16;
        while future != 0 {
            after[after_count] = future.trailing_zeros() as usize;
            future &= future - 1;
            after_count += 1;
        }
        for (index, &distance) in (INNER..).zip(&self.outer) {
            if distance <= position && self.is_kept(position - distance) {
                let at = position - distance;
                before[before_count] = (index, self.values[at].into(), (8 * self.magnitudes[at]).into());
                before_count += 1;
            }
            if position + distance < self.count && self.is_kept(position + distance) {
                after[after_count] = index;
                after_count += 1;
            }
        }
        let (before, after) = (&before[..before_count], &after[..after_count]);
        let predictors = &self.predictors[phase];
        let twice = 2 * class as i64;
        let (mut sum, mut norm) = (0i64, 4096i64);
        let mut magnitude_sum = 32 * i64::from(predictors.constant) + twice * i64::from(predictors.class);
        let mut magnitude_norm = 256 + 32 * 32 + twice * twice;
        for &(index, value, magnitude) in before {
            sum += value * i64::from(predictors.value[index]);
            norm += value * value;
            magnitude_sum += magnitude * i64::from(predictors.before[index]);
            magnitude_norm += magnitude * magnitude;
        }
        for &index in after {
            magnitude_sum += 64 * i64::from(predictors.after[index]);
            magnitude_norm += 64 * 64;
        }
        let (prediction, of_magnitude) = (sum >> 16, magnitude_sum >> 16);
        let drop = match self.model.kind {
            KeptKind::Float { fraction, .. } => fraction,
            KeptKind::Integer => 2,
        };
        let expected = (of_magnitude.max(0) >> drop).min(63) as usize;
        let Column { mean, level: mean_level, .. } = self.columns[column];
        let contexts = [
            2 * class,
            64 * (expected >> 2) + half_level(prediction),
            64 * (mean_level >> 6) as usize + half_level((mean >> 4).into()),
            2 * expected,
        ];
        let symbol = self.code_symbol(coder, contexts, symbol)?;
        // all that follows
        let (negative, magnitude) = self.model.split(symbol);
        let offset = self.model.offset(magnitude);
        let value = match self.model.kind {
            KeptKind::Float { .. } => 16 * (offset + 17),
            KeptKind::Integer => 16 * (2 * offset + 17),
        };
        let value = if negative { -value } else { value };
        self.values[position] = value;
        self.magnitudes[position] = offset + 1;
        let error = (i64::from(value) - prediction).clamp(-(1 << 22), 1 << 22);
        let gain = (error << 28) / norm;
        let magnitude_gain = ((16 * i64::from(offset + 1) - of_magnitude) << 28) / magnitude_norm;
        let predictors = &mut self.predictors[phase];
        for &(index, value, magnitude) in before {
            follow(&mut predictors.value[index], gain, value);
            follow(&mut predictors.before[index], magnitude_gain, magnitude);
        }
        for &index in after {
            follow(&mut predictors.after[index], magnitude_gain, 64);
        }
        follow(&mut predictors.constant, magnitude_gain, 32);
        follow(&mut predictors.class, magnitude_gain, twice);
        let column = &mut self.columns[column];
        let shift = (32 - column.count.leading_zeros() + 1).min(6);
        column.mean += (16 * value - column.mean + (1 << (shift - 1))) >> shift;
        column.level += (16 * level(value.into()) as i32 - column.level + (1 << (shift - 1))) >> shift;
        column.count += 1;
        Ok(symbol)
    }

    /// Sign, escape and magnitude.
    #[inline(always)]
    fn code_symbol(&mut self, coder: &mut impl Coder, contexts: [usize; INPUTS], symbol: u16) -> Result<u16> {
        let model = self.model;
        let bits = model.window_bits();
        let (negative, magnitude) = model.split(symbol);
        let mut at = [0; INPUTS];
        at.iter_mut().zip(contexts).zip(self.sets).for_each(|((at, context), set)| *at = set + (context << bits));
        let negative = self.decide(coder, &at, 0, negative)?;
        if negative {
            at.iter_mut().for_each(|at| *at ^= 1 << bits);
        }
        let offset = magnitude.wrapping_sub(model.first());
        if let KeptKind::Float { .. } = model.kind {
            let slot = &mut self.escapes[usize::from(self.was_escape)];
            self.was_escape = code_slot(coder, slot, offset >> bits != 0, self.tables)?;
        }
        if self.was_escape {
            let mut node = 1;
            for shift in (0..model.magnitude_bits()).rev() {
                let bit = code_slot(coder, &mut self.escaped[node], magnitude >> shift & 1 == 1, self.tables)?;
                node = 2 * node + usize::from(bit);
            }
            return Ok(model.join(negative, (node - self.escaped.len()) as u16));
        }
        let mut node = 1;
        for shift in (0..bits).rev() {
            let bit = self.decide(coder, &at, node, offset >> shift & 1 == 1)?;
            node = 2 * node + usize::from(bit);
        }
        Ok(model.join(negative, model.first() + (node - (1 << bits)) as u16))
    }

    #[inline(always)]
    fn decide(&mut self, coder: &mut impl Coder, at: &[usize; INPUTS], node: usize, bit: bool) -> Result<bool> {
        let weights = &mut self.mixers[node];
        let rate = weights.rate();
        decide(coder, self.tables, &mut self.slots, &at.map(|at| at + node), weights, rate, bit)
    }
}

#[cfg(test)]
#[path = "mixed_kept_tests.rs"]
mod tests;
