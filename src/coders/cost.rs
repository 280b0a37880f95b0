//! Code lengths in units of 2^-16 bit, by integer arithmetic: an encoder that chooses by them chooses the same on every
//! machine. All saturate rather than overflow.

use super::adapt::{Adaptation, Follower};
use super::bits::BitsModel;
use super::context::Tree;
use super::lane_encode::{Count, Entries};
use super::lanes::LaneModel;
use super::table::Tables;
use crate::spec::MAX_PRECISION;

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
static LOG2: [u32; LOG2_END + 1] = {
    let mut table = [0; LOG2_END + 1];
    let mut x = 1;
    while x <= LOG2_END {
        table[x] = log2_fixed(x as u64) as u32;
        x += 1;
    }
    table
};
const LOG2_END: usize = 1 << MAX_PRECISION;

/// [`log2_fixed`], but for a unit or two: from a table, interpolated.
#[inline(always)]
fn log2_quick(x: u64) -> u64 {
    let shift = (64 - x.leading_zeros()).saturating_sub(MAX_PRECISION);
    let at = (x >> shift) as usize % LOG2_END;
    let (below, above) = (u64::from(LOG2[at]), u64::from(LOG2[at + 1]));
    // The table's steps are below 2^6 where anything is shifted out.
    let part = x & ((1 << shift) - 1);
    below + (((above - below) * part) >> shift) + u64::from(shift) * BIT
}

/// What a symbol costs that has `frequency` of 2^precision.
#[inline(always)]
fn entry_cost(frequency: u16, precision: u32) -> u64 {
    u64::from(precision) * BIT - u64::from(LOG2[usize::from(frequency).min(1 << precision)])
}

/// What a bit costs where a 0 has `probability` in units of 2^-16: by that of the narrow coder, rounded instead of cut.
#[inline(always)]
pub(crate) fn bit_cost(probability: u16, bit: bool) -> u64 {
    let zero = (probability + 8) >> 4;
    entry_cost(if bit { (1 << 12) - zero } else { zero }, 12)
}

/// The ideal static code of symbols that occur `counts` times: their number times their order-0 entropy.
pub(crate) fn entropy_cost(counts: &[u64]) -> u64 {
    saturate(sums(counts).entropy)
}

/// The ideal adaptive code of symbols that occur `counts` times, about: their entropy, and half the logarithm of their
/// number for each that is in use, which is what learning its probability takes (Krichevsky and Trofimov 1981).
pub(crate) fn adaptive_cost(counts: &[u64]) -> u64 {
    let Sums { entropy, log2_total, used } = sums(counts);
    saturate(entropy + u128::from(used * log2_total / 2))
}

struct Sums {
    /// Of all symbols.
    entropy: u128,
    log2_total: u64,
    /// Symbols with a count.
    used: u64,
}

fn sums(counts: &[u64]) -> Sums {
    let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
    let excess_bits = (128 - total.leading_zeros()).saturating_sub(64);
    let log2_total = log2_quick((total >> excess_bits) as u64) + u64::from(excess_bits) * BIT;
    let mut entropy = 0;
    let mut used = 0;
    for &count in counts {
        // The logarithms are rounded: that of the only count may come out above that of the total.
        entropy += u128::from(count) * u128::from(log2_total.saturating_sub(log2_quick(count)));
        used += u64::from(count > 0);
    }
    Sums { entropy, log2_total, used }
}

/// Symbols that occur `counts[context][symbol]` times, under the tables of their contexts; one without frequency costs an
/// escape and its width.
///
/// A symbol that cannot be coded at all costs [`u64::MAX`].
pub(crate) fn static_cost(counts: &[Vec<u64>], tables: &Tables) -> u64 {
    debug_assert_eq!(counts.len(), tables.contexts());
    let escaped = u64::from(tables.width()) * BIT;
    let mut cost = 0u128;
    for (counts, table) in counts.iter().zip(tables.iter()) {
        let mut left: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let mut frequencies = table.frequencies().iter();
        for (&symbol, &frequency) in table.symbols().iter().zip(&mut frequencies) {
            let count = u128::from(counts[usize::from(symbol)]);
            cost += count * u128::from(entry_cost(frequency, tables.precision()));
            left -= count;
        }
        match frequencies.next() {
            Some(&escape) => cost += left * u128::from(entry_cost(escape, tables.precision()) + escaped),
            None if left > 0 => return u64::MAX,
            None => {}
        }
    }
    saturate(cost)
}

/// One chunk coded in lanes: its symbols and escapes, without the states. As [`static_cost`] if nothing adapts.
/// `contexts` has that of each symbol, or, if there is only one, may be empty.
pub(crate) fn lanes_cost(symbols: &[u16], contexts: &[u8], model: &LaneModel) -> u64 {
    debug_assert!(model.has_contexts_for(symbols.len(), contexts));
    match model.tables.contexts() {
        1 => lanes_cost_of::<false>(symbols, &[], model),
        _ => lanes_cost_of::<true>(symbols, contexts, model),
    }
}

fn lanes_cost_of<const MANY: bool>(symbols: &[u16], contexts: &[u8], model: &LaneModel) -> u64 {
    let tables = &model.tables;
    let precision = tables.precision();
    let entries = Entries::new(tables);
    // One more than there are entries, for what cannot be coded.
    let mut counts: Vec<Count> = vec![[0; 4]; entries.count() + 1];
    let mut followed = vec![0; entries.count() + 1];
    let mut cost = 0u64;
    let mut add_cost = |context: usize, counts: &[Count], frequencies: &[u16]| {
        for (count, &frequency) in counts.iter().zip(frequencies) {
            cost = cost.saturating_add(entry_cost(frequency, precision) * total(count));
        }
        if let Some(escapes) = counts.get(tables.table(context).symbols().len()) {
            cost = cost.saturating_add(u64::from(tables.width()) * BIT * total(escapes));
        }
    };
    let mut frequencies: Vec<Vec<u16>> = tables.iter().map(|table| table.frequencies().to_vec()).collect();
    let mut start = 0;
    if model.adaptation != Adaptation::STATIC {
        let mut followers: Vec<Follower> =
            frequencies.iter().map(|of| Follower::new(of, precision, model.adaptation)).collect();
        let block_len = model.adaptation.block_len();
        while symbols.len() - start > block_len {
            let block = start..start + block_len;
            start = block.end;
            let before = block.start;
            let (symbols, contexts) = (&symbols[block.clone()], if MANY { &contexts[block] } else { &[] });
            entries.add_counts::<MANY>(symbols, contexts, &mut counts);
            entries.count_some::<MANY>(before, symbols, contexts, &mut followed);
            for (context, (follower, frequencies)) in followers.iter_mut().zip(&mut frequencies).enumerate() {
                let own = entries.of_context(context);
                if follower.is_due(&followed[own.clone()]) {
                    let counts = &mut counts[own.clone()];
                    add_cost(context, counts, frequencies);
                    counts.fill([0; 4]);
                    follower.follow(&mut followed[own], frequencies);
                }
            }
        }
    }
    entries.add_counts::<MANY>(&symbols[start..], if MANY { &contexts[start..] } else { &[] }, &mut counts);
    for (context, frequencies) in frequencies.iter().enumerate() {
        add_cost(context, &counts[entries.of_context(context)], frequencies);
    }
    if total(&counts[entries.count()]) > 0 { u64::MAX } else { cost }
}

fn total(count: &Count) -> u64 {
    count.iter().map(|&part| u64::from(part)).sum()
}

/// One chunk coded in bits, by [`bit_cost`]. `contexts` has that of each symbol, or, if there is only one, may be empty.
pub(crate) fn bits_cost(symbols: &[u16], contexts: &[u8], model: &BitsModel) -> u64 {
    let mut trees = vec![Tree::new(model.width); model.contexts];
    let mut cost = 0u64;
    let mut visit = |tree: &mut Tree, symbol| {
        tree.visit(symbol, |context, bit| {
            cost += bit_cost(context.probability(), bit);
            context.update(bit, model.limit);
        });
    };
    if let [tree] = &mut trees[..] {
        symbols.iter().for_each(|&symbol| visit(tree, symbol));
    } else {
        debug_assert_eq!(symbols.len(), contexts.len());
        symbols.iter().zip(contexts).for_each(|(&symbol, &context)| visit(&mut trees[usize::from(context)], symbol));
    }
    cost
}

fn saturate(cost: u128) -> u64 {
    u64::try_from(cost).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::counts;
    use super::super::{WordSize, encode_bits, encode_lanes};
    use super::*;
    use crate::spec::MIN_PRECISION;
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
        fn quick_logarithms_are_close(x in 1u64.., shift in 0u32..64) {
            let x = (x >> shift).max(1);
            prop_assert!(log2_quick(x).abs_diff(log2_fixed(x)) <= 2, "{x}: {} {}", log2_quick(x), log2_fixed(x));
        }

        #[test]
        fn costs_agree_with_floats((width, counts) in counts(), precision in MIN_PRECISION..=MAX_PRECISION) {
            let total: f64 = counts.iter().map(|&count| count as f64).sum();
            let bits = |&count: &u64| if count == 0 { 0.0 } else { count as f64 * (total / count as f64).log2() };
            let entropy: f64 = counts.iter().map(bits).sum();
            let cost = entropy_cost(&counts) as f64 / BIT as f64;
            let slack = total * 4.0 / BIT as f64 + 1e-6 * entropy;
            if entropy < 2f64.powi(46) {
                prop_assert!((cost - entropy).abs() <= slack, "{cost} {entropy}");
                let used = counts.iter().filter(|&&count| count > 0).count();
                let learning = used as f64 * total.log2() / 2.0;
                let adaptive = adaptive_cost(&counts) as f64 / BIT as f64;
                prop_assert!((adaptive - entropy - learning).abs() <= slack + 0.1 * used as f64, "{adaptive} {entropy}");
                let stack = [counts];
                let tables = Tables::from_counts(&stack, width, precision);
                prop_assert!(static_cost(&stack, &tables) as f64 / BIT as f64 >= entropy - slack);
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
        assert_eq!(adaptive_cost(&[u64::MAX; 4]), u64::MAX);
        assert_eq!(entropy_cost(&[]), 0);
        assert_eq!(adaptive_cost(&[0, 0]), 0);
        assert_eq!(entropy_cost(&[0, 7]), 0);
        assert_eq!(adaptive_cost(&[0, 16]), 2 * BIT);
        assert_eq!(adaptive_cost(&[8, 8]), 20 * BIT);
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
        let mut random = 1u64;
        let mut symbol = || {
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((random >> 32 | 1 << 31).leading_zeros() as u16 + (random >> 33).leading_zeros() as u16) & 63
        };
        (0..count).map(|i| symbol() + (i / 20_000) as u16).collect()
    }

    #[test]
    fn costs_are_what_the_coders_need() {
        let mut symbols = skewed(100_003);
        for context_count in [1, 5] {
            let contexts: Vec<u8> = (0..symbols.len()).map(|i| ((i / 100 + i % 3) % context_count) as u8).collect();
            symbols.iter_mut().zip(&contexts).for_each(|(symbol, &context)| *symbol += u16::from(context));
            let mut counts = vec![vec![0; 64]; context_count];
            for (&symbol, &context) in symbols.iter().zip(&contexts) {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            }
            let contexts = if context_count == 1 { Vec::new() } else { contexts };
            for precision in [10, 12] {
                let tables = Tables::from_counts(&counts, 6, precision);
                for adaptation in
                    [Adaptation::STATIC, Adaptation { interval: 10, rate: 3 }, Adaptation { interval: 8, rate: 6 }]
                {
                    let model = LaneModel { tables: tables.clone(), adaptation };
                    let mut out = Vec::new();
                    encode_lanes(&symbols, &contexts, &model, crate::kernel::Kernel::PORTABLE, &mut out);
                    let cost = lanes_cost(&symbols, &contexts, &model) as f64 / 8.0 / BIT as f64;
                    // a state says 8 bits of the stream on average, and takes 32
                    let real = out.len() as f64 - 96.0;
                    assert!((real / cost - 1.0).abs() < 0.001, "{adaptation:?}: {real} {cost}");
                    if adaptation == Adaptation::STATIC {
                        assert_eq!(lanes_cost(&symbols, &contexts, &model), static_cost(&counts, &tables));
                    }
                }
            }
            for limit in [4, 30, 255] {
                for word in [WordSize::Narrow, WordSize::Wide] {
                    let model = BitsModel { word, limit, width: 6, contexts: context_count };
                    let cost = bits_cost(&symbols, &contexts, &model) as f64 / 8.0 / BIT as f64;
                    let mut out = Vec::new();
                    encode_bits(&symbols, &contexts, &model, &mut out);
                    // The narrow coder's ranges are coarse: at the least 16 units of 2^-12.
                    let tolerance = if word == WordSize::Narrow { 0.02 } else { 0.001 };
                    assert!(
                        (out.len() as f64 / cost - 1.0).abs() < tolerance,
                        "{limit} {word:?}: {} {cost}",
                        out.len()
                    );
                }
            }
        }
    }
}
