//! A field whose bits are predicted by mixing (sections 8 and 11.5): signs and magnitudes, the probability of each of
//! their bits made from several contexts by a logistic mixer that learns which of them to trust.
//!
//! What predicts a weight is the weights around it: those of the same kernel through a linear predictor that adapts
//! (normalised least mean squares), those of the same column through running means, and its scale class.

use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Wide};
use super::length::Length;
use super::mixer::{Coder, Cost, OCTAVES, Slot, TABLES, Tables, Weights, code_slot, decide, finish, half_level, level};
use crate::error::{Error, Result};
use crate::spec::{MAX_COLUMNS, MAX_CONTEXTS, MAX_DISTANCE, MAX_DISTANCES};
use crate::wire::{Cursor, put_varint};

/// The most phases of a period that have weights of their own; the last one serves all that follow.
const PHASES: usize = 16;
/// Of a float's mantissa in a symbol.
const MAX_FRACTION: u32 = 4;
/// Of the predictor's shift.
const MAX_SHIFT: u32 = 15;

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Exponent and `fraction` bits of the mantissa.
    Magnitude { fraction: u32 },
    /// The same below a sign.
    Float { fraction: u32 },
    /// Two's complement.
    Integer,
}

/// What the segment's head says about a field coded by mixing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MixedModel {
    pub(crate) width: u32,
    /// The number of scale classes, 1 to 32; not in the parameters, as it belongs to the field of the classes.
    pub(crate) contexts: usize,
    pub(crate) kind: Kind,
    /// The exponent with which the window of sixteen begins; 0 for integers.
    pub(crate) base: u16,
    /// The predictor's weights follow the symbols by 2^-shift of what would be exact, 1 to 15.
    pub(crate) shift: u32,
    /// The symbols of a kernel: the predictor has weights for each of its first positions.
    pub(crate) period: u32,
    /// The symbols of a row, each of which has running means; 0: none have.
    pub(crate) columns: u32,
    /// How far before a symbol those lie that predict it, ascending.
    pub(crate) distances: Vec<u32>,
}

impl MixedModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        let start = cursor.clone();
        let kind = cursor.u8()?;
        let fraction = u32::from(cursor.u8()?);
        let kind = match (kind, fraction) {
            (0, _) => Kind::Magnitude { fraction },
            (1, _) => Kind::Float { fraction },
            (2, 0) => Kind::Integer,
            _ => return Err(start.place(Error::corrupt(format!("mixing of kind {kind} with fraction {fraction}")))),
        };
        let base = varint(cursor, u64::from(u16::MAX), "base")? as u16;
        let shift = u32::from(cursor.u8()?);
        let period = varint(cursor, u64::from(MAX_DISTANCE), "period")? as u32;
        let columns = varint(cursor, u64::from(MAX_COLUMNS), "columns")? as u32;
        let count = usize::from(cursor.u8()?);
        let mut model = Self { width, contexts, kind, base, shift, period, columns, distances: Vec::new() };
        let mut last = 0;
        for _ in 0..count {
            last += varint(cursor, u64::from(MAX_DISTANCE - last), "distance")? as u32;
            model.distances.push(last);
        }
        model.check().map_err(|error| start.place(error))?;
        Ok(model)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (kind, fraction) = match self.kind {
            Kind::Magnitude { fraction } => (0, fraction),
            Kind::Float { fraction } => (1, fraction),
            Kind::Integer => (2, 0),
        };
        out.extend([kind, fraction as u8]);
        put_varint(out, u64::from(self.base));
        out.push(self.shift as u8);
        put_varint(out, u64::from(self.period));
        put_varint(out, u64::from(self.columns));
        out.push(self.distances.len() as u8);
        let mut last = 0;
        for &distance in &self.distances {
            put_varint(out, u64::from(distance - last));
            last = distance;
        }
    }

    /// Everything that [`Mixer`] relies on.
    fn check(&self) -> Result<()> {
        check_symbol_width(self.width)?;
        let window = self.window_bits();
        let sound = (1..=MAX_CONTEXTS).contains(&self.contexts)
            && self.width > self.sign_bits()
            && self.fraction() <= MAX_FRACTION.min(self.magnitude_bits())
            && (u32::from(self.base) << self.fraction()) + (1 << window) <= 1 << self.magnitude_bits()
            && (self.kind != Kind::Integer || self.base == 0)
            && (1..=MAX_SHIFT).contains(&self.shift)
            && (1..=MAX_DISTANCE).contains(&self.period)
            && self.columns <= MAX_COLUMNS
            && self.distances.len() <= MAX_DISTANCES
            && self.distances.first() != Some(&0)
            && self.distances.is_sorted_by(|a, b| a < b);
        if sound { Ok(()) } else { Err(Error::corrupt("parameters that no mixing can have")) }
    }

    fn sign_bits(&self) -> u32 {
        u32::from(!matches!(self.kind, Kind::Magnitude { .. }))
    }

    fn magnitude_bits(&self) -> u32 {
        self.width.saturating_sub(self.sign_bits())
    }

    fn fraction(&self) -> u32 {
        match self.kind {
            Kind::Magnitude { fraction } | Kind::Float { fraction } => fraction,
            Kind::Integer => 0,
        }
    }

    /// b: magnitudes from the window's first on, 2^b of them, are coded by mixing; others are escapes.
    fn window_bits(&self) -> u32 {
        match self.kind {
            Kind::Magnitude { fraction } | Kind::Float { fraction } => (fraction + 4).min(self.magnitude_bits()),
            Kind::Integer => self.magnitude_bits().min(8),
        }
    }

    /// Sign and magnitude.
    fn split(&self, symbol: u16) -> (bool, u16) {
        if self.sign_bits() == 0 {
            return (false, symbol);
        }
        let top = 1 << self.magnitude_bits();
        let negative = symbol & top != 0;
        (negative, if negative && self.kind == Kind::Integer { !symbol } else { symbol } & (top - 1))
    }

    fn join(&self, negative: bool, magnitude: u16) -> u16 {
        let top = 1 << self.magnitude_bits();
        match (negative, self.kind) {
            (false, _) => magnitude,
            (true, Kind::Integer) => !magnitude & (2 * top - 1),
            (true, _) => magnitude | top,
        }
    }

    /// What a symbol is worth to the predictor: linear, in sixteenths of the window's first power of two, below 2^20.
    fn value(&self, symbol: u16) -> i32 {
        let (negative, magnitude) = self.split(symbol);
        let value = match self.kind {
            Kind::Integer => 16 * (2 * i32::from(magnitude) + 1),
            Kind::Magnitude { fraction } | Kind::Float { fraction } => {
                let exponent = magnitude >> fraction;
                let mantissa = (1 << fraction | i32::from(magnitude) & ((1 << fraction) - 1)) << (4 - fraction);
                match exponent.checked_sub(self.base) {
                    Some(above) => mantissa << above.min(15),
                    None => mantissa >> (self.base - exponent).min(5),
                }
            }
        };
        if negative { -value } else { value }
    }
}

fn varint(cursor: &mut Cursor<'_>, most: u64, what: &str) -> Result<u64> {
    let start = cursor.clone();
    match cursor.varint()? {
        value if value <= most => Ok(value),
        value => Err(start.place(Error::corrupt(format!("mixing with a {what} of {value}")))),
    }
}

/// Appends the stream of a chunk's symbols, each below 2^width, whose classes are `contexts`: one for each symbol, or
/// none at all if all are 0.
pub(crate) fn encode_mixed(symbols: &[u16], contexts: &[u8], model: &MixedModel, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<Wide>::new();
    code_known(symbols, contexts, model, &mut encoder);
    encoder.finish(out);
}

/// Reads as many symbols as `out` holds; `contexts` as in [`encode_mixed`].
pub(crate) fn decode_mixed(
    cursor: &mut Cursor<'_>,
    model: &MixedModel,
    contexts: &[u8],
    out: &mut [u16],
) -> Result<()> {
    let start = cursor.clone();
    let mut decode = || -> Result<()> {
        let mut decoder = BitsDecoder::<Wide>::new(cursor)?;
        let mut mixer = Mixer::new(model, out.len());
        for i in 0..out.len() {
            let (before, rest) = out.split_at_mut(i);
            rest[0] = mixer.code(&mut decoder, before, class(contexts, i), 0)?;
        }
        finish(decoder, out.len())
    };
    decode().map_err(|error| start.place(error))
}

/// One chunk coded by mixing, in units of 2^-16 bit.
pub(crate) fn mixed_cost(symbols: &[u16], contexts: &[u8], model: &MixedModel) -> u64 {
    let mut cost = Cost::NOTHING;
    code_known(symbols, contexts, model, &mut cost);
    cost.total()
}

/// One chunk coded by mixing, in bits, exactly.
pub(crate) fn mixed_length(symbols: &[u16], contexts: &[u8], model: &MixedModel) -> f64 {
    let mut length = Length::NOTHING;
    code_known(symbols, contexts, model, &mut length);
    length.bits()
}

fn code_known(symbols: &[u16], contexts: &[u8], model: &MixedModel, coder: &mut impl Coder) {
    let mut mixer = Mixer::new(model, symbols.len());
    for (i, &symbol) in symbols.iter().enumerate() {
        let coded = mixer.code(coder, &symbols[..i], class(contexts, i), symbol);
        debug_assert!(coded.is_ok_and(|coded| coded == symbol), "only what is read can be wrong");
    }
}

fn class(contexts: &[u8], i: usize) -> usize {
    contexts.get(i).map_or(0, |&class| usize::from(class))
}

/// The contexts of a decision.
const INPUTS: usize = 5;
/// The state of a stream.
struct Mixer<'a> {
    model: &'a MixedModel,
    tables: &'static Tables,
    window_bits: u32,
    first: u16,
    /// [`MixedModel::value`] of every symbol.
    values: Vec<i32>,
    /// The slots of every context set, one set after another; in a set `nodes` for each context.
    ///
    /// Each as its difference from [`Slot::NEW`], so that memory that was never touched is new.
    slots: Vec<u32>,
    sets: [usize; INPUTS],
    /// By node.
    mixers: Vec<Weights<{ INPUTS + 1 }>>,
    /// Whether a symbol is an escape, by whether the one before it was.
    escapes: [Slot; 2],
    /// The tree of escapes.
    escaped: Vec<Slot>,
    was_escape: bool,
    /// Of the predictor, for every phase.
    predictors: Vec<[i32; MAX_DISTANCES]>,
    /// The position in the period, and the phase that it has.
    position: u32,
    /// Running means of the prediction's error, in units of 2^-4: quick and slow.
    errors: [i32; 2],
    /// Running means of every column's values (in units of 2^-4) and of their levels (in units of 2^-4).
    columns: Vec<(i32, i32)>,
    column: usize,
    row: u32,
}

impl<'a> Mixer<'a> {
    /// For a chunk of `count` symbols.
    fn new(model: &'a MixedModel, count: usize) -> Self {
        let window_bits = model.window_bits();
        let nodes = 1 << window_bits;
        let classes = model.contexts.clamp(1, MAX_CONTEXTS);
        let sizes = [classes * 16, classes * 64, 16 * 64, 16 * 64, 64];
        let mut sets = [0; INPUTS];
        for i in 1..INPUTS {
            sets[i] = sets[i - 1] + (sizes[i - 1] << window_bits);
        }
        Self {
            model,
            tables: &TABLES,
            window_bits,
            first: model.base << model.fraction(),
            values: (0..1u16 << model.width).map(|symbol| model.value(symbol)).collect(),
            slots: vec![0; sizes.iter().sum::<usize>() << window_bits],
            sets,
            mixers: vec![Weights::new(INPUTS as i32); nodes],
            escapes: [Slot::NEW; 2],
            escaped: vec![Slot::NEW; 1 << model.magnitude_bits()],
            was_escape: false,
            predictors: vec![[0; MAX_DISTANCES]; PHASES],
            position: 0,
            errors: [1 << 12; 2],
            columns: vec![(0, 0); (model.columns as usize).min(count)],
            column: 0,
            row: 0,
        }
    }

    /// One symbol: the one given is coded, or one is read, and returned. `before` are those of the chunk before it.
    #[inline(always)]
    fn code(&mut self, coder: &mut impl Coder, before: &[u16], class: usize, symbol: u16) -> Result<u16> {
        let class = class.min(self.model.contexts - 1);
        // The predictor.
        let mut inputs = [0; MAX_DISTANCES];
        let phase = (self.position as usize).min(PHASES - 1);
        let (mut sum, mut norm) = (0i64, 4096i64);
        for ((input, &distance), &weight) in inputs.iter_mut().zip(&self.model.distances).zip(&self.predictors[phase]) {
            if let Some(at) = before.len().checked_sub(distance as usize) {
                let value = self.values[usize::from(before[at])];
                *input = value;
                sum += i64::from(value) * i64::from(weight);
                norm += i64::from(value) * i64::from(value);
            }
        }
        let prediction = sum >> 16;
        let (mean, mean_level) = self.columns.get(self.column).copied().unwrap_or((0, 0));
        let last = before.last().map_or(0, |&last| self.values[usize::from(last)]);
        // The contexts of the sign's decision. Those of the magnitude's differ by the sign only: it turns the signs of
        // what is around it, so that what both signs have in common is learnt once.
        let quick = level(i64::from(self.errors[0] >> 4)) >> OCTAVES;
        let slow = level(i64::from(self.errors[1] >> 4)) >> OCTAVES;
        let mut contexts = [
            class * 16 + quick,
            class * 64 + half_level(prediction),
            slow * 64 + half_level(prediction),
            (mean_level >> 4 >> OCTAVES) as usize * 64 + half_level(i64::from(mean >> 4)),
            half_level(i64::from(last)),
        ];
        for (context, set) in contexts.iter_mut().zip(self.sets) {
            *context = set + (*context << self.window_bits);
        }
        // The symbol.
        let (mut negative, magnitude) = self.model.split(symbol);
        if self.model.sign_bits() == 1 {
            negative = self.decide(coder, &contexts, 0, negative)?;
            if negative {
                for context in &mut contexts[1..] {
                    *context ^= 1 << self.window_bits;
                }
            }
        }
        let offset = magnitude.wrapping_sub(self.first);
        let escape = offset >> self.window_bits != 0;
        let escape = code_slot(coder, &mut self.escapes[usize::from(self.was_escape)], escape, self.tables)?;
        self.was_escape = escape;
        let magnitude = if escape {
            let mut node = 1;
            for shift in (0..self.model.magnitude_bits()).rev() {
                let bit = magnitude >> shift & 1 == 1;
                let bit = code_slot(coder, &mut self.escaped[node], bit, self.tables)?;
                node = 2 * node + usize::from(bit);
            }
            (node - self.escaped.len()) as u16
        } else {
            let mut node = 1;
            for shift in (0..self.window_bits).rev() {
                let bit = self.decide(coder, &contexts, node, offset >> shift & 1 == 1)?;
                node = 2 * node + usize::from(bit);
            }
            self.first + (node - (1 << self.window_bits)) as u16
        };
        let symbol = self.model.join(negative, magnitude);
        self.follow(phase, &inputs, norm, prediction, symbol);
        Ok(symbol)
    }

    /// One decision, by mixing.
    #[inline(always)]
    fn decide(&mut self, coder: &mut impl Coder, contexts: &[usize; INPUTS], node: usize, bit: bool) -> Result<bool> {
        let weights = &mut self.mixers[node];
        let rate = weights.rate();
        decide(coder, self.tables, &mut self.slots, &contexts.map(|context| context + node), weights, rate, bit)
    }

    /// After a symbol: predictor and running means follow it.
    #[inline(always)]
    fn follow(&mut self, phase: usize, inputs: &[i32; MAX_DISTANCES], norm: i64, prediction: i64, symbol: u16) {
        let value = self.values[usize::from(symbol)];
        let error = (i64::from(value) - prediction).clamp(-(1 << 22), 1 << 22);
        let gain = (error << 28) / norm;
        let count = self.model.distances.len();
        for (weight, &input) in self.predictors[phase].iter_mut().zip(inputs).take(count) {
            let step = (gain * i64::from(input)) >> (12 + self.model.shift);
            *weight = (i64::from(*weight) + step).clamp(-(1 << 20), 1 << 20) as i32;
        }
        let size = error.unsigned_abs() as i32 * 16;
        self.errors[0] += (size - self.errors[0]) >> 3;
        self.errors[1] += (size - self.errors[1]) >> 5;
        self.position = if self.position + 1 == self.model.period { 0 } else { self.position + 1 };
        if let Some((mean, mean_level)) = self.columns.get_mut(self.column) {
            let shift = (32 - self.row.leading_zeros() + 1).min(6);
            *mean += (16 * value - *mean + (1 << (shift - 1))) >> shift;
            *mean_level += (16 * level(i64::from(value)) as i32 - *mean_level + (1 << (shift - 1))) >> shift;
            self.column += 1;
            if self.column == self.columns.len() {
                self.column = 0;
                self.row += 1;
            }
        }
    }
}

#[cfg(test)]
#[path = "mixed_tests.rs"]
mod tests;
