//! The values that a mask keeps, predicted by mixing (section 12.4).
//!
//! The mask is known before the values, and helps to predict them: where many values are kept, they are large. So one linear
//! predictor, of the magnitude, uses the mask before and after a value; another one, of the value, uses the values before it.

mod model;
mod neighbours;

pub(crate) use model::{KeptKind, KeptModel};

use neighbours::{NEIGHBOURS, Neighbourhood, Neighbours};

use super::super::MaskBits;
use super::super::sink::Sink;
use super::columns::ColumnMean;
use super::lms;
use super::mixer::{signed_size_of, size_of};
use super::stream::{self, Predictor};
use super::symbol::SymbolMixer;
use crate::error::Result;
use crate::wire::Cursor;

/// The maximum number of phases: larger kernels have only one.
const MAX_PHASES: usize = 16;
/// The number of contexts of a decision.
const INPUTS: usize = 4;
/// The number of contexts of each set.
const SIZES: [usize; INPUTS] = [64, 1024, 1024, 128];
/// The inputs of the magnitude's predictor for its constant, and for each neighbour after the value.
const CONSTANT: i64 = 32;
const AFTER: i64 = 64;

/// Appends the stream of a chunk's kept values, each below 2^width.
pub(crate) fn encode_kept(symbols: &[u16], mask: &MaskBits, model: &KeptModel, out: &mut Vec<u8>) {
    stream::encode(KeptPredictor::new(model, mask), symbols, out);
}

/// Decodes the stream of a chunk's kept values into `out`.
pub(crate) fn decode_kept(cursor: &mut Cursor<'_>, model: &KeptModel, mask: &MaskBits, out: &mut [u16]) -> Result<()> {
    stream::decode(KeptPredictor::new(model, mask), cursor, out)
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(crate) fn kept_cost(symbols: &[u16], mask: &MaskBits, model: &KeptModel) -> u64 {
    stream::cost(KeptPredictor::new(model, mask), symbols)
}

/// Returns the exact code length of a chunk in bits.
pub(crate) fn kept_code_length(symbols: &[u16], mask: &MaskBits, model: &KeptModel) -> f64 {
    stream::code_length(KeptPredictor::new(model, mask), symbols)
}

/// The weights of the two predictors, for a phase.
#[derive(Clone, Copy)]
struct Weights {
    /// Of the value, for the neighbours before.
    value: [i32; NEIGHBOURS],
    /// Of the magnitude: for the constant, the class, the neighbours before, and those after.
    constant: i32,
    class: i32,
    before: [i32; NEIGHBOURS],
    after: [i32; NEIGHBOURS],
}

impl Weights {
    const NEW: Self =
        Self { value: [0; NEIGHBOURS], constant: 0, class: 0, before: [0; NEIGHBOURS], after: [0; NEIGHBOURS] };
}

/// The predictions of a value and of its magnitude.
struct Prediction {
    value: i64,
    value_norm: i64,
    magnitude: i64,
    magnitude_norm: i64,
}

/// Where a kept value lies.
#[derive(Clone, Copy)]
struct Place {
    position: usize,
    column: usize,
    /// Which weights predict it.
    phase: usize,
    /// Its class: how many values its row and its column keep.
    class: usize,
}

/// The state of a chunk.
struct KeptPredictor<'a> {
    model: &'a KeptModel,
    neighbourhood: Neighbourhood,
    /// The numbers of kept values: of each row, of each column, and of the chunk.
    row_counts: Vec<u32>,
    column_counts: Vec<u32>,
    total: u64,
    symbols: SymbolMixer<INPUTS, { INPUTS + 1 }>,
    /// By phase.
    weights: Vec<Weights>,
    /// By column: the means, and the number of kept values so far.
    columns: Vec<(ColumnMean, u32)>,
}

impl<'a> KeptPredictor<'a> {
    fn new(model: &'a KeptModel, mask: &MaskBits) -> Self {
        let (row, kernel) = (model.geometry.row as usize, model.geometry.kernel as usize);
        let mut row_counts = vec![0u32; mask.len().div_ceil(row)];
        let mut column_counts = vec![0u32; row.min(mask.len())];
        for index in mask.iter_ones() {
            row_counts[index / row] += 1;
            column_counts[index % row] += 1;
        }
        let may_escape = model.kind != KeptKind::Integer;
        Self {
            model,
            neighbourhood: Neighbourhood::new(model.geometry, mask),
            total: row_counts.iter().map(|&count| u64::from(count)).sum(),
            columns: vec![(ColumnMean::default(), 0); column_counts.len()],
            row_counts,
            column_counts,
            symbols: SymbolMixer::new(model.window(), may_escape, 0, SIZES),
            weights: vec![Weights::NEW; if kernel <= MAX_PHASES { kernel } else { 1 }],
        }
    }

    #[inline(always)]
    fn code_one<S: Sink>(&mut self, sink: &mut S, position: usize, symbol: u16) -> Result<u16, S::Error> {
        let (row_len, kernel) = (self.model.geometry.row as usize, self.model.geometry.kernel as usize);
        let (row, column) = (position / row_len, position % row_len);
        let in_kernel = column % kernel;
        let phase = if kernel <= MAX_PHASES { in_kernel } else { 0 };
        let counts = u64::from(self.row_counts[row]) * u64::from(self.column_counts[column]);
        let class = size_of(((counts << 12) / self.total) as i64).min(31);
        let place = Place { position, column, phase, class };
        let neighbours = self.neighbourhood.of(position, in_kernel);
        let prediction = self.predict(place, &neighbours);
        let symbol = self.symbols.code(sink, &self.contexts(place, &prediction), symbol)?;
        self.follow(place, &neighbours, &prediction, symbol);
        Ok(symbol)
    }

    #[inline(always)]
    fn predict(&self, place: Place, neighbours: &Neighbours) -> Prediction {
        let weights = &self.weights[place.phase];
        let class = class_input(place);
        let (mut sum, mut norm) = (0i64, 4096i64);
        let mut magnitude_sum = CONSTANT * i64::from(weights.constant) + class * i64::from(weights.class);
        let mut magnitude_norm = 256 + CONSTANT * CONSTANT + class * class;
        for before in neighbours.before() {
            sum += before.value * i64::from(weights.value[before.index]);
            norm += before.value * before.value;
            magnitude_sum += before.order * i64::from(weights.before[before.index]);
            magnitude_norm += before.order * before.order;
        }
        for &index in neighbours.after() {
            magnitude_sum += AFTER * i64::from(weights.after[index]);
            magnitude_norm += AFTER * AFTER;
        }
        Prediction { value: sum >> 16, value_norm: norm, magnitude: magnitude_sum >> 16, magnitude_norm }
    }

    /// Returns the contexts A0 to A3 of section 12.4.
    #[inline(always)]
    fn contexts(&self, place: Place, prediction: &Prediction) -> [usize; INPUTS] {
        let drop = match self.model.kind {
            KeptKind::Float { fraction, .. } => fraction,
            KeptKind::Integer => 2,
        };
        let expected = (prediction.magnitude.max(0) >> drop).min(63) as usize;
        let (mean, _) = self.columns[place.column];
        [
            2 * place.class,
            64 * (expected >> 2) + signed_size_of(prediction.value),
            64 * (mean.size >> 6) as usize + signed_size_of((mean.value >> 4).into()),
            2 * expected,
        ]
    }

    /// Updates predictors and running means after a symbol.
    #[inline(always)]
    fn follow(&mut self, place: Place, neighbours: &Neighbours, prediction: &Prediction, symbol: u16) {
        let (negative, magnitude) = self.symbols.window.split(symbol);
        let offset = self.symbols.window.offset(magnitude);
        let value = match self.model.kind {
            KeptKind::Float { .. } => 16 * (offset + 17),
            KeptKind::Integer => 16 * (2 * offset + 17),
        };
        let value = if negative { -value } else { value };
        self.neighbourhood.set(place.position, value, offset + 1);
        let gain = lms::gain(lms::error(value, prediction.value), prediction.value_norm);
        let magnitude_error = 16 * i64::from(offset + 1) - prediction.magnitude;
        let magnitude_gain = lms::gain(magnitude_error, prediction.magnitude_norm);
        let weights = &mut self.weights[place.phase];
        for before in neighbours.before() {
            lms::follow(&mut weights.value[before.index], gain, before.value, 17);
            lms::follow(&mut weights.before[before.index], magnitude_gain, before.order, 17);
        }
        for &index in neighbours.after() {
            lms::follow(&mut weights.after[index], magnitude_gain, AFTER, 17);
        }
        lms::follow(&mut weights.constant, magnitude_gain, CONSTANT, 17);
        lms::follow(&mut weights.class, magnitude_gain, class_input(place), 17);
        let (mean, seen) = &mut self.columns[place.column];
        mean.follow(value, *seen);
        *seen += 1;
    }
}

/// The input of the magnitude's predictor for the class.
#[inline(always)]
fn class_input(place: Place) -> i64 {
    2 * place.class as i64
}

impl Predictor for KeptPredictor<'_> {
    fn code<S: Sink>(mut self, sink: &mut S, symbols: &mut [u16]) -> Result<(), S::Error> {
        let mut position = 0;
        for symbol in symbols {
            while !self.neighbourhood.is_kept(position) {
                position += 1;
            }
            *symbol = self.code_one(sink, position, *symbol)?;
            position += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
