//! Code lengths in units of 2^-16 bit, by integer arithmetic: an encoder that chooses by them chooses the same on every
//! machine. All saturate rather than overflow.

use super::adapt::{Adaptation, Follower};
use super::context::Tree;
use super::lanes::LaneModel;
use super::table::{PROBABILITY_BITS, TOTAL, Table};

/// One bit.
pub(crate) const BIT: u64 = 1 << 16;

/// log2(x) in units of 2^-16, rounded down; x is at least 1, and 0 counts as 1.
pub(crate) const fn log2_fixed(x: u64) -> u64 {
    log2_scaled(x, 16)
}

/// log2(x) in units of 2^-bits, at most 26, rounded down from an argument of 32 significant bits.
pub(super) const fn log2_scaled(x: u64, bits: u32) -> u64 {
    let x = if x == 0 { 1 } else { x };
    let zeros = x.leading_zeros();
    // In units of 2^-31, from 1 up to 2. Each squaring doubles its logarithm, whose whole part is the next bit.
    let mut mantissa = (x << zeros) >> 32;
    let mut log2 = (63 - zeros) as u64;
    let mut count = 0;
    while count < bits {
        mantissa = (mantissa * mantissa) >> 31;
        let bit = mantissa >> 32;
        mantissa >>= bit;
        log2 = log2 << 1 | bit;
        count += 1;
    }
    log2
}

/// [`log2_fixed`] of 1 to 4096.
static LOG2_OF_FREQUENCY: [u32; TOTAL + 1] = {
    let mut table = [0; TOTAL + 1];
    let mut frequency = 1;
    while frequency <= TOTAL {
        table[frequency] = log2_fixed(frequency as u64) as u32;
        frequency += 1;
    }
    table
};

/// What a symbol of this frequency costs.
#[inline(always)]
fn entry_cost(frequency: u16) -> u64 {
    u64::from(PROBABILITY_BITS) * BIT - u64::from(LOG2_OF_FREQUENCY[usize::from(frequency).min(TOTAL)])
}

/// The ideal static code of symbols that occur `counts` times: their number times their order-0 entropy.
#[cfg(test)]
pub(crate) fn entropy_cost(counts: &[u64]) -> u64 {
    let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
    let excess_bits = (128 - total.leading_zeros()).saturating_sub(64);
    let whole = log2_fixed((total >> excess_bits) as u64) + u64::from(excess_bits) * BIT;
    let cost = |&count: &u64| u128::from(count) * u128::from(whole - log2_fixed(count));
    saturate(counts.iter().map(cost).sum())
}

/// Symbols that occur `counts` times, under `table`; one without frequency costs an escape and its width.
///
/// A symbol that cannot be coded at all costs [`u64::MAX`].
pub(crate) fn static_cost(counts: &[u64], table: &Table) -> u64 {
    let mut cost = 0u128;
    for (&count, &entry) in counts.iter().zip(&table.entry_of_symbol()) {
        if count == 0 {
            continue;
        }
        let Some(&frequency) = table.frequencies().get(usize::from(entry)) else { return u64::MAX };
        cost += u128::from(count) * u128::from(entry_cost(frequency) + escape_cost(table, entry));
    }
    saturate(cost)
}

/// One chunk coded in lanes: its symbols and escapes, without the states. As [`static_cost`] if nothing adapts.
pub(crate) fn lanes_cost(symbols: &[u16], model: &LaneModel) -> u64 {
    let table = &model.table;
    let entries = table.entry_of_symbol();
    let block = match model.adaptation {
        Adaptation::STATIC => symbols.len().max(1),
        adaptation => adaptation.block_len(),
    };
    let mut follower = Follower::new(table.frequencies(), model.adaptation);
    let mut frequencies = table.frequencies().to_vec();
    // One more than there are entries, for what cannot be coded.
    let mut counts = vec![0u32; table.symbols().len() + 1];
    let mut cost = 0u64;
    let mut escapes = 0u64;
    for symbols in symbols.chunks(block) {
        for &symbol in symbols {
            counts[usize::from(entries[usize::from(symbol)])] += 1;
        }
        let beyond = table.symbols().len();
        if !table.has_escape() && counts[beyond] > 0 {
            return u64::MAX;
        }
        escapes += u64::from(counts[beyond]);
        for (&frequency, &count) in frequencies.iter().zip(&counts) {
            cost = cost.saturating_add(entry_cost(frequency) * u64::from(count));
        }
        if model.adaptation != Adaptation::STATIC && symbols.len() == block {
            follower.follow(counts.iter_mut().map(std::mem::take), &mut frequencies);
        }
    }
    cost.saturating_add(escapes * u64::from(table.width()) * BIT)
}

/// What follows the entry of an escape; nothing for other entries.
fn escape_cost(table: &Table, entry: u16) -> u64 {
    if usize::from(entry) == table.symbols().len() { u64::from(table.width()) * BIT } else { 0 }
}

/// One chunk coded in bits, by the probabilities of the narrow coder rounded instead of cut.
pub(crate) fn bits_cost(symbols: &[u16], limit: u8, width: u32) -> u64 {
    let mut tree = Tree::new(width);
    let mut cost = 0u64;
    for &symbol in symbols {
        tree.visit(symbol, |context, bit| {
            let zero = (context.probability() + 8) >> 4;
            cost += entry_cost(if bit { TOTAL as u16 - zero } else { zero });
            context.update(bit, limit);
        });
    }
    cost
}

fn saturate(cost: u128) -> u64 {
    u64::try_from(cost).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::counts;
    use super::super::{BitsModel, WordSize, encode_bits, encode_lanes};
    use super::*;
    use proptest::prelude::*;

    fn log2_error(x: u64) -> f64 {
        (x as f64).log2() - log2_fixed(x) as f64 / BIT as f64
    }

    proptest! {
        #[test]
        fn log2_is_close(x in 1u64.., shift in 0u32..64) {
            let x = (x >> shift).max(1);
            // Down to 2^-16 by rounding down; a hair for the argument's own rounding.
            prop_assert!((-1e-9..1.01 / BIT as f64).contains(&log2_error(x)), "{x}: {}", log2_error(x));
        }

        #[test]
        fn costs_agree_with_floats((width, counts) in counts()) {
            let total: f64 = counts.iter().map(|&count| count as f64).sum();
            let bits = |&count: &u64| if count == 0 { 0.0 } else { count as f64 * (total / count as f64).log2() };
            let entropy: f64 = counts.iter().map(bits).sum();
            let cost = entropy_cost(&counts) as f64 / BIT as f64;
            if entropy < 2f64.powi(47) {
                prop_assert!((cost - entropy).abs() <= total * 2.0 / BIT as f64 + 1e-6 * entropy, "{cost} {entropy}");
                let table = Table::from_counts(&counts, width);
                prop_assert!(static_cost(&counts, &table) as f64 / BIT as f64 >= entropy - total * 2.0 / BIT as f64);
            }
        }
    }

    #[test]
    fn log2_of_small_numbers() {
        for x in 1..=70_000 {
            assert!((-1e-9..1.01 / BIT as f64).contains(&log2_error(x)), "{x}");
        }
        for power in 0..64 {
            assert_eq!(log2_fixed(1 << power), power * BIT);
        }
        assert_eq!(log2_fixed(0), 0);
        assert_eq!(log2_fixed(u64::MAX), 64 * BIT - 1);
    }

    #[test]
    fn costs_saturate() {
        assert_eq!(entropy_cost(&[u64::MAX; 4]), u64::MAX);
        assert_eq!(entropy_cost(&[]), 0);
        assert_eq!(entropy_cost(&[0, 7]), 0);
        let table = Table::from_counts(&[u64::MAX, u64::MAX / 2], 1);
        assert_eq!(static_cost(&[u64::MAX; 2], &table), u64::MAX);
        let one = Table::from_counts(&[1, 0], 1);
        assert_eq!(static_cost(&[9, 0], &one), 0);
        assert_eq!(static_cost(&[0, 1], &one), u64::MAX);
        assert_eq!(lanes_cost(&[0, 1], &LaneModel { table: one, adaptation: Adaptation::STATIC }), u64::MAX);
    }

    fn skewed(count: usize) -> Vec<u16> {
        let mut random = 1u64;
        let mut symbol = || {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((random >> 32 | 1 << 31).leading_zeros() as u16 + (random >> 33).leading_zeros() as u16) & 63
        };
        (0..count).map(|i| symbol() + (i / 20_000) as u16).collect()
    }

    #[test]
    fn costs_are_what_the_coders_need() {
        let symbols = skewed(100_000);
        let mut counts = vec![0; 64];
        symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
        let table = Table::from_counts(&counts, 6);
        for adaptation in
            [Adaptation::STATIC, Adaptation { interval: 10, rate: 3 }, Adaptation { interval: 8, rate: 6 }]
        {
            let model = LaneModel { table: table.clone(), adaptation };
            let mut out = Vec::new();
            encode_lanes(&symbols, &model, &mut out);
            let cost = lanes_cost(&symbols, &model) as f64 / 8.0 / BIT as f64;
            let real = out.len() as f64 - 128.0;
            assert!((real / cost - 1.0).abs() < 0.001, "{adaptation:?}: {real} {cost}");
            if adaptation == Adaptation::STATIC {
                assert_eq!(lanes_cost(&symbols, &model), static_cost(&counts, &table));
            }
        }
        for limit in [4, 30, 255] {
            let cost = bits_cost(&symbols, limit, 6) as f64 / 8.0 / BIT as f64;
            for word in [WordSize::Narrow, WordSize::Wide] {
                let mut out = Vec::new();
                encode_bits(&symbols, &BitsModel { word, limit, width: 6 }, &mut out);
                // The narrow coder's ranges are coarse: at the least 16 units of 2^-12.
                let tolerance = if word == WordSize::Narrow { 0.02 } else { 0.001 };
                assert!((out.len() as f64 / cost - 1.0).abs() < tolerance, "{limit} {word:?}: {} {cost}", out.len());
            }
        }
    }
}
