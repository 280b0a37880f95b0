//! A field whose bits are predicted by mixing (section 12.2).
//!
//! Three things predict a weight: an adaptive linear predictor over earlier weights (normalised least mean squares),
//! the running means of its column, and its scale class.

mod model;

pub(crate) use model::{MixedKind, MixedModel};

use super::super::sink::Sink;
use super::columns::ColumnMeans;
use super::history::History;
use super::lms;
use super::mixer::{half, quarter};
use super::stream::{self, Predictor};
use super::symbol::SymbolMixer;
use crate::error::Result;
use crate::spec::{MAX_CONTEXTS, MAX_DISTANCES};
#[cfg(test)]
use crate::wire::Cursor;

/// The maximum number of positions of a kernel with weights of their own. All later positions share the last weights.
const PHASES: usize = 16;
/// The number of contexts of a decision.
const INPUTS: usize = 5;

/// Appends the stream of a chunk's symbols, each below 2^width.
///
/// `contexts` has one context for each symbol, or is empty if all are 0.
pub(crate) fn encode_mixed(symbols: &[u16], contexts: &[u8], model: &MixedModel, out: &mut Vec<u8>) {
    stream::encode(FieldPredictor::new(model, symbols.len()), contexts, symbols, out);
}

/// Decodes the stream of a chunk into `out`; `contexts` is as in [`encode_mixed`].
#[cfg(test)]
pub(crate) fn decode_mixed(
    cursor: &mut Cursor<'_>,
    model: &MixedModel,
    contexts: &[u8],
    out: &mut [u16],
) -> Result<()> {
    stream::decode(FieldPredictor::new(model, out.len()), cursor, contexts, out)
}

/// Returns the cost of a chunk in units of 2^-16 bit; `contexts` is as in [`encode_mixed`].
pub(crate) fn mixed_cost(symbols: &[u16], contexts: &[u8], model: &MixedModel) -> u64 {
    stream::cost(FieldPredictor::new(model, symbols.len()), contexts, symbols)
}

/// The state of a chunk.
pub(crate) struct FieldPredictor<'a> {
    model: &'a MixedModel,
    history: History,
    /// [`MixedModel::value`] of every symbol.
    values: Vec<i32>,
    symbols: SymbolMixer<INPUTS, { INPUTS + 1 }>,
    /// The weights of the linear predictor, by phase.
    weights: Vec<[i32; MAX_DISTANCES]>,
    /// The position in the kernel.
    position: u32,
    /// Two running means of the size of the prediction error, in units of 2^-4: a quick and a slow one.
    errors: [i32; 2],
    columns: Vec<ColumnMeans>,
    column: usize,
    row: u32,
}

/// A prediction by the linear predictor.
struct Prediction {
    phase: usize,
    inputs: [i32; MAX_DISTANCES],
    value: i64,
    norm: i64,
}

impl<'a> FieldPredictor<'a> {
    /// Starts a chunk of `count` symbols.
    pub(crate) fn new(model: &'a MixedModel, count: usize) -> Self {
        let classes = model.contexts.clamp(1, MAX_CONTEXTS);
        let sizes = [classes * 16, classes * 64, 16 * 64, 16 * 64, 64];
        Self {
            model,
            history: History::new(model.distances.last().map_or(1, |&most| (most as usize).min(count))),
            values: (0..1u16 << model.width).map(|symbol| model.value(symbol)).collect(),
            symbols: SymbolMixer::new(model.window(), true, 1, sizes),
            weights: vec![[0; MAX_DISTANCES]; PHASES],
            position: 0,
            errors: [1 << 12; 2],
            columns: vec![ColumnMeans::default(); (model.columns as usize).min(count)],
            column: 0,
            row: 0,
        }
    }

    /// Predicts the symbol that follows those `before` it.
    #[inline(always)]
    fn predict(&self, before: &[u16]) -> Prediction {
        let mut inputs = [0; MAX_DISTANCES];
        let phase = (self.position as usize).min(PHASES - 1);
        let (mut sum, mut norm) = (0i64, 4096i64);
        for ((input, &distance), &weight) in inputs.iter_mut().zip(&self.model.distances).zip(&self.weights[phase]) {
            if let Some(at) = before.len().checked_sub(distance as usize) {
                let value = self.values[usize::from(before[at])];
                *input = value;
                sum += i64::from(value) * i64::from(weight);
                norm += i64::from(value) * i64::from(value);
            }
        }
        Prediction { phase, inputs, value: sum >> 16, norm }
    }

    /// Returns the contexts A0 to A4 of section 12.2; `class` is the context that the field's source gives.
    #[inline(always)]
    fn contexts(&self, prediction: &Prediction, before: &[u16], class: u8) -> [usize; INPUTS] {
        let class = usize::from(class).min(self.model.contexts - 1);
        let means = self.columns.get(self.column).copied().unwrap_or_default();
        let last = before.last().map_or(0, |&last| self.values[usize::from(last)]);
        let [quick, slow] = self.errors.map(|error| quarter(i64::from(error >> 4)) >> 2);
        let predicted = half(prediction.value);
        [
            class * 16 + quick,
            class * 64 + predicted,
            slow * 64 + predicted,
            (means.size_mean >> 6) as usize * 64 + half(i64::from(means.mean >> 4)),
            half(i64::from(last)),
        ]
    }

    /// Updates the predictor and the running means after a symbol.
    #[inline(always)]
    fn follow(&mut self, prediction: &Prediction, symbol: u16) {
        let value = self.values[usize::from(symbol)];
        let error = lms::error(value, prediction.value);
        let gain = lms::gain(error, prediction.norm);
        let weights = &mut self.weights[prediction.phase];
        for (weight, &input) in weights.iter_mut().zip(&prediction.inputs).take(self.model.distances.len()) {
            lms::follow(weight, gain, input.into(), 12 + self.model.shift);
        }
        let size = error.unsigned_abs() as i32 * 16;
        self.errors[0] += (size - self.errors[0]) >> 3;
        self.errors[1] += (size - self.errors[1]) >> 5;
        self.position = if self.position + 1 == self.model.period { 0 } else { self.position + 1 };
        if let Some(means) = self.columns.get_mut(self.column) {
            means.follow(value, self.row);
            self.column += 1;
            if self.column == self.columns.len() {
                self.column = 0;
                self.row += 1;
            }
        }
    }
}

impl Predictor for FieldPredictor<'_> {
    fn code<S: Sink>(&mut self, sink: &mut S, contexts: &[u8], symbols: &mut [u16]) -> Result<(), S::Error> {
        let start = self.history.append(symbols);
        for place in start..start + symbols.len() {
            let before = self.history.before(place);
            let prediction = self.predict(before);
            let class = contexts.get(place - start).copied().unwrap_or(0);
            let contexts = self.contexts(&prediction, before, class);
            let symbol = self.symbols.code(sink, &contexts, self.history.at(place))?;
            self.history.set(place, symbol);
            self.follow(&prediction, symbol);
        }
        symbols.copy_from_slice(self.history.from(start));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
