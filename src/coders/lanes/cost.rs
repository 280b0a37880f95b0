//! Costs of fields coded in lanes: integers in units of 2^-16 bit that decide in the encoder.

use super::super::price::{BIT, frequency_cost, saturate};
use super::super::tables::Tables;
use super::measure::{Measure, Tally};
use super::model::LaneModel;

/// Returns the cost of symbols that occur `counts[context][symbol]` times, under the tables of their contexts. A symbol
/// without frequency costs an escape and its width.
///
/// Returns [`u64::MAX`] if a symbol cannot be coded.
pub(crate) fn static_cost(counts: &[Vec<u64>], tables: &Tables) -> u64 {
    debug_assert_eq!(counts.len(), tables.contexts());
    let escaped = u64::from(tables.width()) * BIT;
    let mut cost = 0u128;
    for (counts, table) in counts.iter().zip(tables.iter()) {
        let mut left: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let mut frequencies = table.frequencies().iter();
        for (&symbol, &frequency) in table.symbols().iter().zip(&mut frequencies) {
            let count = u128::from(counts[usize::from(symbol)]);
            cost += count * u128::from(frequency_cost(frequency, tables.precision()));
            left -= count;
        }
        match frequencies.next() {
            Some(&escape) => cost += left * u128::from(frequency_cost(escape, tables.precision()) + escaped),
            None if left > 0 => return u64::MAX,
            None => {}
        }
    }
    saturate(cost)
}

/// A sum of costs that saturates.
#[derive(Default)]
struct CostTally(u64);

impl Tally for CostTally {
    fn add(&mut self, count: u64, frequency: u16, precision: u32, raw_bits: u32) {
        let each = frequency_cost(frequency, precision) + u64::from(raw_bits) * BIT;
        self.0 = self.0.saturating_add(each * count);
    }
}

/// Returns the cost of a chunk coded in lanes: of symbols and escapes, without the states.
///
/// `contexts` has one context for each symbol, or is empty if there is only one context. Returns [`u64::MAX`] if a
/// symbol cannot be coded.
pub(crate) fn lanes_cost(symbols: &[u16], contexts: &[u8], model: &LaneModel) -> u64 {
    let mut measure = Measure::<CostTally>::new(model);
    measure.add(symbols, contexts);
    match measure.finish() {
        (CostTally(cost), 0) => cost,
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::price::entropy_cost;
    use super::super::super::testing::{count_symbols, counts, generator};
    use super::super::{Adaptation, encode_lanes};
    use super::*;
    use crate::kernel::Kernel;
    use crate::spec::{MAX_PRECISION, MIN_PRECISION};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_static_code_costs_at_least_the_entropy((width, counts) in counts(), precision in MIN_PRECISION..=MAX_PRECISION) {
            let stack = [counts];
            let entropy = entropy_cost(&stack[0]);
            if entropy < 1 << 60 {
                let total: f64 = stack[0].iter().map(|&count| count as f64).sum();
                let tables = Tables::from_counts(&stack, width, precision);
                prop_assert!(static_cost(&stack, &tables) as f64 >= entropy as f64 * (1.0 - 1e-6) - 4.0 * total);
            }
        }
    }

    #[test]
    fn costs_saturate() {
        let tables = Tables::from_counts(&[vec![u64::MAX, u64::MAX / 2]], 1, 12);
        assert_eq!(static_cost(&[vec![u64::MAX; 2]], &tables), u64::MAX);
        let one = Tables::from_counts(&[vec![1, 0], vec![1, 1]], 1, 12);
        if !one.table(0).has_escape() {
            assert_eq!(static_cost(&[vec![9, 0], vec![0, 0]], &one), 0);
            assert_eq!(static_cost(&[vec![0, 1], vec![0, 0]], &one), u64::MAX);
            for adaptation in [Adaptation::STATIC, Adaptation { interval: 8, rate: 1 }] {
                let model = LaneModel { tables: one.clone(), adaptation };
                assert_eq!(lanes_cost(&[0, 1], &[0, 0], &model), u64::MAX);
                assert!(lanes_cost(&[0, 1], &[0, 1], &model) < u64::MAX);
            }
        }
    }

    fn skewed(count: usize) -> Vec<u16> {
        let mut random = generator(1);
        let mut symbol = || {
            let random = random();
            ((random >> 32 | 1 << 31).leading_zeros() as u16 + (random >> 33).leading_zeros() as u16) & 63
        };
        (0..count).map(|i| symbol() + (i / 20_000) as u16).collect()
    }

    #[test]
    fn costs_are_close_to_the_size() {
        let mut symbols = skewed(100_003);
        for context_count in [1, 5] {
            let contexts: Vec<u8> = (0..symbols.len()).map(|i| ((i / 100 + i % 3) % context_count) as u8).collect();
            symbols.iter_mut().zip(&contexts).for_each(|(symbol, &context)| *symbol += u16::from(context));
            let counts = count_symbols(&symbols, &contexts, context_count, 6);
            let contexts = if context_count == 1 { Vec::new() } else { contexts };
            for precision in [10, 12] {
                let tables = Tables::from_counts(&counts, 6, precision);
                for adaptation in
                    [Adaptation::STATIC, Adaptation { interval: 10, rate: 3 }, Adaptation { interval: 8, rate: 6 }]
                {
                    let model = LaneModel { tables: tables.clone(), adaptation };
                    let mut out = Vec::new();
                    encode_lanes(&symbols, &contexts, &model, Kernel::PORTABLE, &mut out);
                    let cost = lanes_cost(&symbols, &contexts, &model) as f64 / 8.0 / BIT as f64;
                    // A state takes 32 bits, of which about 8 carry information.
                    let real = out.len() as f64 - 96.0;
                    assert!((real / cost - 1.0).abs() < 0.001, "{adaptation:?}: {real} {cost}");
                    if adaptation == Adaptation::STATIC {
                        assert_eq!(lanes_cost(&symbols, &contexts, &model), static_cost(&counts, &tables));
                    }
                }
            }
        }
    }
}
