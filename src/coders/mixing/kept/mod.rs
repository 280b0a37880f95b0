//! The values that a mask keeps, predicted by mixing (section 12.4).
//!
//! The mask is known before the values, and helps to predict them: where many values are kept, they are large. So one
//! linear predictor, of the order, uses the mask before and after a value; another one, of the value, uses the values
//! before it.

mod model;
mod neighbours;

pub(crate) use model::{KeptKind, KeptModel};

use neighbours::{NEIGHBOURS, Neighbourhood, Neighbours};

use super::super::MaskBits;
use super::super::sink::Sink;
use super::columns::ColumnMeans;
use super::lms;
use super::mixer::{half, quarter};
use super::stream::{self, Predictor};
use super::symbol::SymbolMixer;
use crate::error::Result;
#[cfg(any(test, feature = "internals"))]
use crate::wire::Cursor;

/// The maximum number of phases: larger kernels have only one.
const MAX_PHASES: usize = 16;
/// The number of contexts of a decision.
const INPUTS: usize = 4;
/// The number of contexts of each set.
const SIZES: [usize; INPUTS] = [64, 1024, 1024, 128];
/// The inputs of the predictor of orders for the constant, and for each neighbour after a value.
const BIAS: i64 = 32;
const AFTER: i64 = 64;

/// Appends the stream of a chunk's kept values, each below 2^width.
pub(crate) fn encode_kept(symbols: &[u16], mask: &MaskBits, model: &KeptModel, out: &mut Vec<u8>) {
    stream::encode(KeptPredictor::new(model, mask), &[], symbols, out);
}

/// Decodes the stream of a chunk's kept values into `out`.
#[cfg(any(test, feature = "internals"))]
pub(crate) fn decode_kept(cursor: &mut Cursor<'_>, model: &KeptModel, mask: &MaskBits, out: &mut [u16]) -> Result<()> {
    stream::decode(KeptPredictor::new(model, mask), cursor, &[], out)
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(crate) fn kept_cost(symbols: &[u16], mask: &MaskBits, model: &KeptModel) -> u64 {
    stream::cost(KeptPredictor::new(model, mask), &[], symbols)
}

/// The weights of the two predictors, for a phase.
#[derive(Clone, Copy)]
struct Weights {
    /// The weights of the predictor of values, for the neighbours before a value.
    to_value: [i32; NEIGHBOURS],
    /// The weights of the predictor of orders: for a constant, for the crowd, and for the neighbours before and after a
    /// value.
    to_bias: i32,
    to_crowd: i32,
    to_order: [i32; NEIGHBOURS],
    to_after: [i32; NEIGHBOURS],
}

impl Weights {
    const NEW: Self = Self {
        to_value: [0; NEIGHBOURS],
        to_bias: 0,
        to_crowd: 0,
        to_order: [0; NEIGHBOURS],
        to_after: [0; NEIGHBOURS],
    };
}

/// The predictions of a value and of its order, the latter in sixteenths.
struct Prediction {
    value: i64,
    norm: i64,
    size: i64,
    size_norm: i64,
}

/// The position of a kept value.
#[derive(Clone, Copy)]
struct KeptPosition {
    /// The position in the chunk.
    index: usize,
    column: usize,
    /// The set of weights that predicts the value.
    phase: usize,
    /// `crowd` of section 12.4: how many values its row and its column keep.
    crowd: usize,
}

/// The state of a chunk.
pub(crate) struct KeptPredictor<'a> {
    model: &'a KeptModel,
    /// The position after the last coded value.
    next: usize,
    neighbourhood: Neighbourhood,
    /// The numbers of kept values: of each row, of each column, and of the chunk.
    row_counts: Vec<u32>,
    column_counts: Vec<u32>,
    total: u64,
    symbols: SymbolMixer<INPUTS, { INPUTS + 1 }>,
    /// The weights of each phase.
    weights: Vec<Weights>,
    /// The means of each column, and its number of kept values so far.
    columns: Vec<(ColumnMeans, u32)>,
}

impl<'a> KeptPredictor<'a> {
    /// Starts a chunk with these mask bits.
    pub(crate) fn new(model: &'a KeptModel, mask: &MaskBits) -> Self {
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
            next: 0,
            neighbourhood: Neighbourhood::new(model.geometry, mask),
            total: row_counts.iter().map(|&count| u64::from(count)).sum(),
            columns: vec![(ColumnMeans::default(), 0); column_counts.len()],
            row_counts,
            column_counts,
            symbols: SymbolMixer::new(model.window(), may_escape, 0, SIZES),
            weights: vec![Weights::NEW; if kernel <= MAX_PHASES { kernel } else { 1 }],
        }
    }

    #[inline(always)]
    fn code_one<S: Sink>(&mut self, sink: &mut S, index: usize, symbol: u16) -> Result<u16, S::Error> {
        let (row_len, kernel) = (self.model.geometry.row as usize, self.model.geometry.kernel as usize);
        let (row, column) = (index / row_len, index % row_len);
        let in_kernel = column % kernel;
        let phase = if kernel <= MAX_PHASES { in_kernel } else { 0 };
        let counts = u64::from(self.row_counts[row]) * u64::from(self.column_counts[column]);
        let crowd = quarter(((counts << 12) / self.total) as i64).min(31);
        let at = KeptPosition { index, column, phase, crowd };
        let neighbours = self.neighbourhood.of(index, in_kernel);
        let prediction = self.predict(at, &neighbours);
        let symbol = self.symbols.code(sink, &self.contexts(at, &prediction), symbol)?;
        self.follow(at, &neighbours, &prediction, symbol);
        Ok(symbol)
    }

    #[inline(always)]
    fn predict(&self, at: KeptPosition, neighbours: &Neighbours) -> Prediction {
        let weights = &self.weights[at.phase];
        let crowd = crowd_input(at);
        let (mut sum, mut norm) = (0i64, 4096i64);
        let mut size_sum = BIAS * i64::from(weights.to_bias) + crowd * i64::from(weights.to_crowd);
        let mut size_norm = 256 + BIAS * BIAS + crowd * crowd;
        for before in neighbours.before() {
            sum += before.value * i64::from(weights.to_value[before.index]);
            norm += before.value * before.value;
            size_sum += before.order * i64::from(weights.to_order[before.index]);
            size_norm += before.order * before.order;
        }
        for &index in neighbours.after() {
            size_sum += AFTER * i64::from(weights.to_after[index]);
            size_norm += AFTER * AFTER;
        }
        Prediction { value: sum >> 16, norm, size: size_sum >> 16, size_norm }
    }

    /// Returns the contexts A0 to A3 of section 12.4.
    #[inline(always)]
    fn contexts(&self, at: KeptPosition, prediction: &Prediction) -> [usize; INPUTS] {
        let drop = match self.model.kind {
            KeptKind::Float { fraction, .. } => fraction,
            KeptKind::Integer => 2,
        };
        let expected = (prediction.size.max(0) >> drop).min(63) as usize;
        let (means, _) = self.columns[at.column];
        [
            2 * at.crowd,
            64 * (expected >> 2) + half(prediction.value),
            64 * (means.size_mean >> 6) as usize + half((means.mean >> 4).into()),
            2 * expected,
        ]
    }

    /// Updates predictors and running means after a symbol.
    #[inline(always)]
    fn follow(&mut self, at: KeptPosition, neighbours: &Neighbours, prediction: &Prediction, symbol: u16) {
        let (negative, magnitude) = self.symbols.window.split(symbol);
        let offset = self.symbols.window.offset(magnitude);
        let value = match self.model.kind {
            KeptKind::Float { .. } => 16 * (offset + 17),
            KeptKind::Integer => 16 * (2 * offset + 17),
        };
        let value = if negative { -value } else { value };
        self.neighbourhood.set(at.index, value, offset + 1);
        let gain = lms::gain(lms::error(value, prediction.value), prediction.norm);
        let size_error = 16 * i64::from(offset + 1) - prediction.size;
        let size_gain = lms::gain(size_error, prediction.size_norm);
        let weights = &mut self.weights[at.phase];
        for before in neighbours.before() {
            lms::follow(&mut weights.to_value[before.index], gain, before.value, 17);
            lms::follow(&mut weights.to_order[before.index], size_gain, before.order, 17);
        }
        for &index in neighbours.after() {
            lms::follow(&mut weights.to_after[index], size_gain, AFTER, 17);
        }
        lms::follow(&mut weights.to_bias, size_gain, BIAS, 17);
        lms::follow(&mut weights.to_crowd, size_gain, crowd_input(at), 17);
        let (means, seen) = &mut self.columns[at.column];
        means.follow(value, *seen);
        *seen += 1;
    }
}

/// Returns the input of the predictor of orders for the crowd.
#[inline(always)]
fn crowd_input(at: KeptPosition) -> i64 {
    2 * at.crowd as i64
}

impl Predictor for KeptPredictor<'_> {
    fn code<S: Sink>(&mut self, sink: &mut S, _contexts: &[u8], symbols: &mut [u16]) -> Result<(), S::Error> {
        for symbol in symbols {
            while !self.neighbourhood.is_kept(self.next) {
                self.next += 1;
            }
            *symbol = self.code_one(sink, self.next, *symbol)?;
            self.next += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
