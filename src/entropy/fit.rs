//! Encoder: which symbols a table names, and the best frequencies for them. Integers only.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cost::log2_scaled;
use super::table::TOTAL;

/// A slot given to a symbol costs all the others together about total · log2(e) / 4096 bits, so total / 2839.
const SLOT_SHARE: u128 = 2838;
/// What a code of its own saves a symbol each time, at most: the bits that would follow the escape, less what the escape
/// is shorter than a slot of its own. 6 to 8 measured best for fields of 8 and of 12 bits.
const SAVED_BITS: u32 = 8;
/// What naming a symbol costs in the table, in bits.
const NAME_BITS: u128 = 8;

/// The symbols that a table should name, and the counts of its entries: theirs, and that of the escape if some are left.
///
/// A symbol is named if that saves more than its slot and its name cost.
pub(super) fn entries(counts: &[u64], width: u32) -> (Vec<u16>, Vec<u64>) {
    let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
    let is_worth_it = |count: u64| {
        let saving = u128::from(count).saturating_mul(u128::from(width.min(SAVED_BITS)) * SLOT_SHARE);
        saving > total.saturating_add(NAME_BITS * SLOT_SHARE)
    };
    let escaped = || counts.iter().filter(|&&count| count > 0 && !is_worth_it(count));
    // An escape for one symbol alone would take the same slot and more bits.
    let no_escape = escaped().count() <= 1;
    let is_named = |count: u64| count > 0 && (no_escape || is_worth_it(count));
    let (symbols, mut entry_counts): (Vec<u16>, Vec<u64>) =
        (0..).zip(counts.iter().copied()).filter(|&(_, count)| is_named(count)).unzip();
    if !no_escape {
        entry_counts.push(escaped().fold(0, |sum: u64, &count| sum.saturating_add(count)));
    }
    (symbols, entry_counts)
}

/// Frequencies of at least 1 that add up to 4096, for 1 to 4096 entries that occur `counts` times: the best there are.
///
/// Begins with the rounded shares, takes or gives slots where that costs least or gains most until the sum is right, and
/// then moves slots as long as a move gains.
pub(super) fn frequencies(counts: &[u64]) -> Vec<u16> {
    let total = counts.iter().map(|&count| u128::from(count)).sum::<u128>().max(1);
    let share = |&count: &u64| ((u128::from(count) * TOTAL as u128 + total / 2) / total).max(1) as u16;
    let mut frequencies: Vec<u16> = counts.iter().map(share).collect();
    let sum: usize = frequencies.iter().map(|&frequency| usize::from(frequency)).sum();
    // What an entry's last slot is worth: the less, the more it has. On a tie the first entry gains or loses.
    let last_slot = |entry: usize, frequency: u16| u128::from(counts[entry]) * SLOT_WORTH[usize::from(frequency)];
    let loss =
        |(entry, &frequency): (usize, &u16)| (frequency > 1).then(|| Reverse((last_slot(entry, frequency), entry)));
    let gain = |(entry, &frequency): (usize, &u16)| (last_slot(entry, frequency + 1), Reverse(entry));
    if sum > TOTAL {
        let mut heap: BinaryHeap<_> = frequencies.iter().enumerate().filter_map(loss).collect();
        for _ in TOTAL..sum {
            let Some(Reverse((_, entry))) = heap.pop() else { break };
            frequencies[entry] -= 1;
            heap.extend(loss((entry, &frequencies[entry])));
        }
    } else if sum < TOTAL {
        let mut heap: BinaryHeap<_> = frequencies.iter().enumerate().map(gain).collect();
        for _ in sum..TOTAL {
            let Some((_, Reverse(entry))) = heap.pop() else { break };
            frequencies[entry] += 1;
            heap.push(gain((entry, &frequencies[entry])));
        }
    }
    // Each move lowers the cost; the bound only says so.
    for _ in 0..TOTAL {
        let least = frequencies.iter().enumerate().filter_map(loss).max();
        let most = frequencies.iter().enumerate().map(gain).max();
        match (least, most) {
            (Some(Reverse((loss, from))), Some((gain, Reverse(to)))) if gain > loss && from != to => {
                frequencies[from] -= 1;
                frequencies[to] += 1;
            }
            _ => break,
        }
    }
    frequencies
}

/// log2(F / (F - 1)) in units of 2^-26 by frequency: what the F-th slot saves each time. Nothing for the first, which is
/// not for sale, nor beyond the whole.
static SLOT_WORTH: [u128; TOTAL + 2] = {
    let mut table = [0; TOTAL + 2];
    let mut frequency = 2;
    while frequency <= TOTAL {
        table[frequency] = (log2_scaled(frequency as u64, 26) - log2_scaled(frequency as u64 - 1, 26)) as u128;
        frequency += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod tests {
    use super::super::cost::{BIT, entropy_cost};
    use super::*;
    use proptest::prelude::*;

    /// Counts of all kinds for any width: skewed, flat, sparse, enormous; never all 0.
    pub(crate) fn counts() -> impl Strategy<Value = (u32, Vec<u64>)> {
        (1u32..=12, 0u32..60, 0u32..4, any::<u64>()).prop_flat_map(|(width, bits, sparsity, one)| {
            let count = (any::<u64>(), 0..=bits, 0..=sparsity)
                .prop_map(|(count, shift, sparse)| if sparse == 0 { count >> (63 - shift) } else { 0 });
            prop::collection::vec(count, 1 << width).prop_map(move |mut counts| {
                let length = counts.len() as u64;
                counts[(one % length) as usize] |= 1;
                (width, counts)
            })
        })
    }

    fn length(counts: &[u64], frequencies: &[u16]) -> f64 {
        let bits = |(&count, &frequency): (&u64, &u16)| count as f64 * (12.0 - f64::from(frequency).log2());
        counts.iter().zip(frequencies).map(bits).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn frequencies_are_whole_and_good((_, counts) in counts()) {
            let counts: Vec<u64> = counts.into_iter().filter(|&count| count > 0).map(|count| count.min(1 << 50)).collect();
            let frequencies = frequencies(&counts);
            prop_assert_eq!(frequencies.iter().map(|&frequency| usize::from(frequency)).sum::<usize>(), TOTAL);
            prop_assert!(frequencies.iter().all(|&frequency| frequency >= 1));
            // Not beaten by moving a slot from anywhere to anywhere.
            let best = length(&counts, &frequencies);
            let mut moved = frequencies.clone();
            for from in (0..moved.len()).step_by(1 + moved.len() / 16).filter(|&from| frequencies[from] > 1) {
                for to in (0..moved.len()).step_by(1 + moved.len() / 16) {
                    moved[from] -= 1;
                    moved[to] += 1;
                    prop_assert!(length(&counts, &moved) >= best - 1e-6 * best.max(1.0), "{from} {to}");
                    moved[to] -= 1;
                    moved[from] += 1;
                }
            }
        }

        #[test]
        fn every_symbol_that_occurs_has_a_code((width, counts) in counts()) {
            let (symbols, entry_counts) = entries(&counts, width);
            let named: u128 = symbols.iter().map(|&symbol| u128::from(counts[usize::from(symbol)])).sum();
            let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
            prop_assert_eq!(named < total, entry_counts.len() > symbols.len());
            prop_assert!(symbols.iter().all(|&symbol| counts[usize::from(symbol)] > 0));
            prop_assert!(!entry_counts.is_empty() && entry_counts.len() <= TOTAL);
            prop_assert!(entry_counts.iter().all(|&count| count > 0));
        }
    }

    #[test]
    fn a_fit_is_close_to_the_entropy() {
        // A discrete Laplace distribution, as of exponents and indices.
        let counts: Vec<u64> = (0..256).map(|i: i32| (1e6 * 0.8f64.powi((i - 128).abs())) as u64).collect();
        let (symbols, entry_counts) = entries(&counts, 8);
        assert!(symbols.len() < 110 && entry_counts.len() == symbols.len() + 1, "{}", symbols.len());
        let frequencies = frequencies(&entry_counts);
        let escapes = *entry_counts.last().unwrap() as f64 * 8.0;
        let ideal = entropy_cost(&counts) as f64 / BIT as f64;
        assert!((length(&entry_counts, &frequencies) + escapes) / ideal < 1.001);
    }

    #[test]
    fn small_cases() {
        assert_eq!(entries(&[0, 1], 1), (vec![1], vec![1]));
        assert_eq!(entries(&[1, 1], 1), (vec![], vec![2]));
        assert_eq!(entries(&[1_000_000, 1], 1), (vec![0, 1], vec![1_000_000, 1]));
        assert_eq!(entries(&[u64::MAX; 4], 2), (vec![0, 1, 2, 3], vec![u64::MAX; 4]));
        assert_eq!(frequencies(&[5]), [4096]);
        assert_eq!(frequencies(&[1, u64::MAX]), [1, 4095]);
        assert_eq!(frequencies(&[1; 4096]), [1; 4096]);
        assert_eq!(frequencies(&[1, 1, 1]).iter().sum::<u16>(), 4096);
    }
}
