//! Chooses the frequency codes of all tables, in the order in which they are coded.
//!
//! Each code is the one that is cheapest together with the symbols whose frequency it makes. This is often the
//! predicted code, which costs little, and not the nearest one.

use std::convert::Infallible;

use super::super::super::price::{BIT, frequency_cost, log2_fixed};
use super::super::super::sink::{Sink, infallible};
use super::super::frequency_code::{CodeModel, CodeRow, Prediction, values_of};
use super::super::normalise::normalise;
use super::super::table::TableShape;
use super::counts::{ContextCounts, ESCAPE_TIME, STEP, nearest};
use crate::spec::{MAX_ENTRIES, MAX_FREQUENCY_CODE};

/// The weight of a bit of a table while codes are chosen, in sixteenths. It is below 16 because an exact code predicts
/// the codes after it better. 9 to 11 measured best.
const BIT_WEIGHT: u64 = 10;
/// If the nearest and the predicted code are this close, all codes between them are tried.
const MAX_TRIED: u8 = 6;

/// The frequency codes of all tables, and the cost of tables and symbols together.
pub(super) struct Fit {
    pub(super) shape: TableShape,
    pub(super) rows: Vec<CodeRow>,
    pub(super) cost: u64,
}

impl Fit {
    pub(super) fn new(contexts: &[ContextCounts], shape: TableShape, precision: u32) -> Self {
        let mut this = Self { shape, rows: Vec::new(), cost: 0 };
        let mut chooser = Chooser { model: CodeModel::new(), tables: CodeCost::default() };
        for context in contexts {
            let (row, escaped) = chooser.row(context, &shape, this.rows.last());
            this.cost = this.cost.saturating_add(symbols_cost(context, &row, escaped, precision));
            this.rows.push(row);
        }
        this.cost = this.cost.saturating_add(chooser.tables.total);
        this
    }
}

/// Chooses frequency codes.
struct Chooser {
    model: CodeModel,
    /// The cost of all codes so far.
    tables: CodeCost<true>,
}

impl Chooser {
    /// Chooses the codes of a context. Returns them and the number of escapes.
    fn row(&mut self, context: &ContextCounts, shape: &TableShape, above: Option<&CodeRow>) -> (CodeRow, u64) {
        let symbols = shape.symbols();
        let mut row = CodeRow::new(symbols);
        let mut escaped = context.beyond;
        let mut is_empty = true;
        // Entries that are left for symbols that do not occur.
        let most = MAX_ENTRIES - usize::from(shape.escape);
        let mut spare = most.saturating_sub(context.used);
        self.model.start_table();
        for symbol in 0..symbols {
            let count = context.counts[symbol];
            let prediction = CodeModel::predict(&row, above, shape.drift, symbol);
            let is_last = symbol + 1 == symbols;
            if count == 0 && prediction.code().is_none() && !is_last {
                infallible(self.model.code(&mut self.tables, prediction, 0));
                continue;
            }
            let mut choice = self.choice(prediction);
            if count == 0 {
                if !is_last || !is_empty || escaped > 0 {
                    choice.consider(0, 0);
                } else {
                    choice.consider(MAX_FREQUENCY_CODE, context.cost(0, MAX_FREQUENCY_CODE));
                }
                if spare > 0
                    && let Some(code) = prediction.code()
                {
                    choice.consider(code, context.cost(0, code));
                }
            } else {
                if shape.escape {
                    choice.consider(0, count * context.escape_cost);
                }
                if !shape.escape || context.eligible.as_ref().is_none_or(|eligible| eligible[symbol]) {
                    choice.consider_near(context, count, context.targets[symbol]);
                }
            }
            let code = choice.code;
            infallible(self.model.code(&mut self.tables, prediction, code));
            self.model.advance(prediction, code);
            row.set(symbol, code);
            is_empty &= code == 0;
            match code {
                0 => escaped += count,
                _ if count == 0 => spare = spare.saturating_sub(1),
                _ => {}
            }
        }
        if shape.escape {
            row.escape = self.escape(context, escaped, above);
        }
        (row, escaped)
    }

    /// Chooses the code of an escape that occurs `escaped` times.
    fn escape(&mut self, context: &ContextCounts, escaped: u64, above: Option<&CodeRow>) -> u8 {
        let prediction = CodeModel::predict_escape(above);
        let mut choice = self.choice(prediction);
        if escaped == 0 {
            choice.consider(0, 0);
        } else {
            let below = (log2_fixed(context.total) - log2_fixed(escaped)) as u32;
            choice.consider_near(context, escaped, (u32::from(MAX_FREQUENCY_CODE) * STEP as u32).saturating_sub(below));
        }
        let code = choice.code;
        infallible(self.model.code(&mut self.tables, prediction, code));
        code
    }

    fn choice(&mut self, prediction: Prediction) -> CodeChoice<'_> {
        CodeChoice { model: &mut self.model, prediction, code: 0, cost: u64::MAX }
    }
}

/// The cheapest of the codes considered so far.
struct CodeChoice<'a> {
    model: &'a mut CodeModel,
    prediction: Prediction,
    code: u8,
    cost: u64,
}

impl CodeChoice<'_> {
    /// Considers a code. `symbols_cost` is the cost of the symbols with this code; the cost of storing the code is
    /// added here.
    fn consider(&mut self, code: u8, symbols_cost: u64) {
        if symbols_cost >= self.cost {
            return;
        }
        let mut own = CodeCost::<false>::default();
        infallible(self.model.code(&mut own, self.prediction, code));
        let cost = symbols_cost + own.total * BIT_WEIGHT / 16;
        if cost < self.cost {
            (self.code, self.cost) = (code, cost);
        }
    }

    /// Considers the promising codes of an entry that occurs `count` times.
    fn consider_near(&mut self, context: &ContextCounts, count: u64, target: u32) {
        let nearest = nearest(target);
        let (mut low, mut high) = (nearest, nearest);
        if let Some(code) = self.prediction.code() {
            self.consider(code, context.cost(count, code));
            if nearest.abs_diff(code) <= MAX_TRIED {
                (low, high) = (low.min(code), high.max(code));
            }
        }
        for code in (low - 1).max(1)..=(high + 1).min(MAX_FREQUENCY_CODE) {
            self.consider(code, context.cost(count, code));
        }
    }
}

/// Returns the cost of the symbols of a context under its table.
fn symbols_cost(context: &ContextCounts, row: &CodeRow, escaped: u64, precision: u32) -> u64 {
    let entries =
        || row.codes().iter().zip(&context.counts).chain([(&row.escape, &escaped)]).filter(|(code, _)| **code > 0);
    let values = values_of(entries().map(|(&code, _)| code));
    let mut frequencies = vec![0; values.len()];
    normalise(&values, precision, &mut frequencies);
    let cost = |((_, &count), &frequency): ((_, &u64), &u16)| count * frequency_cost(frequency, precision);
    let cost = entries().zip(&frequencies).map(cost).sum::<u64>();
    cost + escaped * (u64::from(context.width) * BIT + ESCAPE_TIME)
}

/// Adds up the exact costs of the narrow coder's bits, in units of 2^-16 bit. Adaptive models follow if `ADAPTS`.
#[derive(Default)]
struct CodeCost<const ADAPTS: bool> {
    total: u64,
}

impl<const ADAPTS: bool> Sink for CodeCost<ADAPTS> {
    type Error = Infallible;
    const ADAPTS: bool = ADAPTS;

    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> Result<bool, Infallible> {
        let zero = probability >> 4;
        self.total += frequency_cost(if bit { (1 << 12) - zero } else { zero }, 12);
        Ok(bit)
    }
}
