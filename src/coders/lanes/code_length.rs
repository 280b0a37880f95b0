//! Exact code lengths of fields coded in lanes, as floats in bits. Only for analysis:
//! encoders compare alternatives by the integer costs of [`super::cost`].

use super::super::sink::CodeLengthMeter;
use super::super::tables::Tables;
use super::adapt::Adaptation;
use super::measure::{Measure, Tally};
use super::model::LaneModel;

/// Returns the code length in bits of symbols that occur `counts[context << width | symbol]` times, under static
/// tables. Symbols without a frequency are escapes, each of which takes its width besides the code of the escape.
pub(crate) fn static_code_length(counts: &[u64], tables: &Tables) -> f64 {
    let mut bits = Bits::default();
    for (counts, table) in counts.chunks_exact(1 << tables.width()).zip(tables.iter()) {
        let mut escaped: u64 = counts.iter().sum();
        let mut frequencies = table.frequencies().iter();
        for (&symbol, &frequency) in table.symbols().iter().zip(&mut frequencies) {
            let count = counts[usize::from(symbol)];
            escaped -= count;
            bits.add(count, frequency, tables.precision(), 0);
        }
        if let Some(&escape) = frequencies.next() {
            bits.add(escaped, escape, tables.precision(), tables.width());
        }
    }
    bits.0
}

/// A sum of code lengths.
#[derive(Default)]
struct Bits(f64);

impl Tally for Bits {
    fn add(&mut self, count: u64, frequency: u16, precision: u32, raw_bits: u32) {
        let each = f64::from(precision) - f64::from(frequency).log2() + f64::from(raw_bits);
        self.0 += count as f64 * each;
    }
}

/// The code length of a chunk coded in lanes under tables that follow the symbols (section 10.2), piece by piece.
pub(crate) struct AdaptiveCodeLength<'m>(Measure<'m, Bits>);

impl<'m> AdaptiveCodeLength<'m> {
    /// Starts a chunk. Returns `None` if the tables are static.
    pub(crate) fn new(model: &'m LaneModel) -> Option<Self> {
        (model.adaptation != Adaptation::STATIC).then(|| Self(Measure::new(model)))
    }
}

impl CodeLengthMeter for AdaptiveCodeLength<'_> {
    fn add(&mut self, symbols: &[u16], contexts: &[u8]) {
        self.0.add(symbols, contexts);
    }

    fn finish(self: Box<Self>) -> f64 {
        self.0.finish().0.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::price::BIT;
    use super::super::super::testing::{count_symbols, drifting};
    use super::super::adapt::{AdaptiveTables, is_counted};
    use super::super::{encode_lanes, lanes_cost};
    use super::*;
    use crate::kernel::Kernel;
    use crate::spec::LANES;

    /// Symbol by symbol, under the frequencies of that moment (section 10.2).
    fn naive_code_length(symbols: &[u16], contexts: &[u8], model: &LaneModel) -> f64 {
        let precision = model.tables.precision();
        let mut tables = AdaptiveTables::new(&model.tables, model.adaptation);
        let mut counts: Vec<Vec<u32>> = tables.frequencies.iter().map(|own| vec![0; own.len()]).collect();
        let mut bits = 0.0;
        for (i, &symbol) in symbols.iter().enumerate() {
            if i > 0 && i.is_multiple_of(model.adaptation.interval_len()) {
                for (context, counts) in counts.iter_mut().enumerate() {
                    tables.follow(context, counts);
                }
            }
            let context = contexts.get(i).map_or(0, |&context| usize::from(context));
            let table = model.tables.table(context);
            let entry = table.symbols().iter().position(|&known| known == symbol);
            let is_escape = entry.is_none();
            let entry = entry.unwrap_or(table.symbols().len());
            let probability = f64::from(tables.frequencies[context][entry]) / f64::from(1u32 << precision);
            bits -= probability.log2();
            bits += if is_escape { 6.0 } else { 0.0 };
            if is_counted(i / LANES) {
                counts[context][entry] += 1;
            }
        }
        bits
    }

    #[test]
    fn code_lengths_are_exact() {
        let mut escaped = 0;
        for context_count in [1, 5] {
            let (symbols, contexts) = drifting(70_003, context_count);
            let counts = count_symbols(&symbols, &contexts, context_count, 6);
            for precision in [9, 10, 12] {
                let tables = Tables::from_counts(&counts, 6, precision);
                escaped += tables.iter().filter(|table| table.has_escape()).count();
                for adaptation in [
                    Adaptation::STATIC,
                    Adaptation { interval: 8, rate: 2 },
                    Adaptation { interval: 12, rate: 4 },
                    Adaptation { interval: 16, rate: 1 },
                ] {
                    let model = LaneModel { tables: tables.clone(), adaptation };
                    let expected = naive_code_length(&symbols, &contexts, &model);
                    let mut lengths = Vec::new();
                    if adaptation == Adaptation::STATIC {
                        assert!(AdaptiveCodeLength::new(&model).is_none());
                        lengths.push(static_code_length(&counts.concat(), &tables));
                    } else {
                        for piece in [32, 2048, 4096 + 32, symbols.len()] {
                            let mut lanes = AdaptiveCodeLength::new(&model).unwrap();
                            for (i, symbols) in symbols.chunks(piece).enumerate() {
                                lanes.add(symbols, contexts.chunks(piece).nth(i).unwrap_or_default());
                            }
                            lengths.push(Box::new(lanes).finish());
                        }
                    }
                    for length in lengths {
                        assert!((length / expected - 1.0).abs() < 1e-9, "{adaptation:?}: {length} {expected}");
                    }
                    let cost = lanes_cost(&symbols, &contexts, &model) as f64 / BIT as f64;
                    assert!((cost / expected - 1.0).abs() < 1e-4, "{adaptation:?}: {cost} {expected}");
                    let mut out = Vec::new();
                    encode_lanes(&symbols, &contexts, &model, Kernel::PORTABLE, &mut out);
                    let over = 8.0 * out.len() as f64 - expected;
                    assert!((0.0..1200.0).contains(&over), "{adaptation:?}: {over} over {expected}");
                }
            }
        }
        assert!(escaped > 0, "no table has an escape");
    }
}
