//! Code lengths in bits from symbol counts. All lengths are finite and not negative; no symbols need 0 bits.
//!
//! The alphabet has `A` = `counts.len()` symbols. Symbol `i` occurs `n_i` times, `n` = Σ n_i, and `m` symbols occur at
//! least once.

/// Returns n·H, the code length under the empirical distribution: `Σ n_i log2(n / n_i)` (Shannon 1948). No code of
/// order 0 is shorter for these symbols. The length of a description of the distribution is not included.
#[must_use]
pub fn entropy_bits(counts: &[u64]) -> f64 {
    let total = total(counts);
    let bits = occurring(counts).map(|count| count as f64 * (total / count as f64).log2());
    // if a single symbol occurs, the quotient is exactly 1
    bits.sum()
}

/// Returns the sum of n·H over the contexts. It is at most [`entropy_bits`] of the sum of all counts, because
/// conditioning does not increase entropy (Cover and Thomas 2006, theorem 2.6.5).
#[must_use]
pub fn conditional_bits<C: AsRef<[u64]>>(contexts: &[C]) -> f64 {
    contexts.iter().map(|counts| entropy_bits(counts.as_ref())).sum()
}

/// Returns the length of the adaptive code of Krichevsky and Trofimov (1981). The probability of a symbol is (n_i +
/// 1/2) / (n + m/2), with the counts of the previous symbols, over the alphabet of the `m` symbols that occur. This
/// alphabet is [named](naming_bits) first. In closed form
///
/// ```text
///     log2 Γ(n + m/2) - log2 Γ(m/2) - Σ (log2 Γ(n_i + 1/2) - log2 Γ(1/2)),
/// ```
///
/// so the order of the symbols does not matter. The code is a mixture of all distributions, and so never shorter than
/// [`entropy_bits`]. The excess, about (m - 1)/2 log2 n, is the cost of learning the distribution, which no code can improve by
/// more than a constant (Rissanen 1983; Willems, Shtarkov and Tjalkens 1995).
#[must_use]
pub fn adaptive_bits(counts: &[u64]) -> f64 {
    let used = occurring(counts).count();
    if used == 0 {
        return 0.0;
    }
    let half = used as f64 / 2.0;
    let seen: f64 = occurring(counts).map(|count| libm::lgamma(count as f64 + 0.5) - libm::lgamma(0.5)).sum();
    let nats = libm::lgamma(total(counts) + half) - libm::lgamma(half) - seen;
    // rounding may put the difference of large numbers slightly below the bound
    (nats / std::f64::consts::LN_2).max(entropy_bits(counts)) + naming_bits(counts.len() as u64, used as u64)
}

/// Returns the length of a two-part code (Rissanen 1983): first m - 1 free probabilities with the precision 1/√n that
/// the data determine, which needs (m - 1)/2 log2 n bits, then the symbols under them, n·H. The `m` symbols are
/// [named](naming_bits) first.
#[must_use]
pub fn two_part_bits(counts: &[u64]) -> f64 {
    let used = occurring(counts).count();
    if used == 0 {
        return 0.0;
    }
    let parameters = (used - 1) as f64 / 2.0 * total(counts).log2();
    entropy_bits(counts) + parameters + naming_bits(counts.len() as u64, used as u64)
}

/// Returns the bits for naming the `m` = `used` symbols that occur among `A` = `alphabet` symbols: their number, log2
/// A, and the subset, log2 C(A, m). If `used` is not from 1 to `alphabet`, the subset counts as known.
#[must_use]
pub fn naming_bits(alphabet: u64, used: u64) -> f64 {
    if alphabet == 0 {
        return 0.0;
    }
    let few = used.min(alphabet.saturating_sub(used));
    let ways = match few {
        // the exact sum is fast for the alphabets of streams, which are small
        0..=MAX_FACTORS => (0..few).map(|i| ((alphabet - i) as f64 / (i + 1) as f64).log2()).sum(),
        _ => {
            let log = |n: u64| libm::lgamma(n as f64 + 1.0) / std::f64::consts::LN_2;
            log(alphabet) - log(few) - log(alphabet - few)
        }
    };
    (alphabet as f64).log2() + ways
}

/// The largest number of factors that [`naming_bits`] multiplies one by one.
const MAX_FACTORS: u64 = 1 << 12;

/// Returns the number of symbols that occur.
#[must_use]
pub fn distinct(counts: &[u64]) -> u64 {
    occurring(counts).count() as u64
}

fn occurring(counts: &[u64]) -> impl Iterator<Item = u64> {
    counts.iter().copied().filter(|&count| count > 0)
}

/// Returns the sum of the counts as a float, which cannot overflow.
fn total(counts: &[u64]) -> f64 {
    counts.iter().map(|&count| u128::from(count)).sum::<u128>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Computes the code length symbol by symbol, as an adaptive coder does.
    fn sequential(symbols: &[usize], alphabet: usize) -> f64 {
        let mut used: Vec<usize> = symbols.to_vec();
        used.sort_unstable();
        used.dedup();
        let m = used.len() as f64;
        let mut counts = vec![0.0; alphabet];
        let mut bits = 0.0;
        for (n, &symbol) in symbols.iter().enumerate() {
            bits -= ((counts[symbol] + 0.5) / (n as f64 + m / 2.0)).log2();
            counts[symbol] += 1.0;
        }
        bits
    }

    /// Returns log2 of n choose k, from Pascal's triangle.
    fn log2_binomial(n: usize, k: usize) -> f64 {
        let mut row = vec![1u128];
        for _ in 0..n {
            let inner: Vec<u128> = row.windows(2).map(|pair| pair[0] + pair[1]).collect();
            row = [vec![1], inner, vec![1]].concat();
        }
        (row[k] as f64).log2()
    }

    fn counts_of(symbols: &[usize], alphabet: usize) -> Vec<u64> {
        let mut counts = vec![0; alphabet];
        symbols.iter().for_each(|&symbol| counts[symbol] += 1);
        counts
    }

    fn is_close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
    }

    /// Symbols with a skewed distribution.
    fn symbols() -> impl Strategy<Value = (usize, Vec<usize>)> {
        (1u32..=6, 1usize..40).prop_flat_map(|(width, skew)| {
            let alphabet = 1usize << width;
            let one =
                (0..alphabet, 0..skew).prop_map(move |(symbol, rare)| if rare == 0 { symbol } else { symbol / 8 });
            (Just(alphabet), prop::collection::vec(one, 0..600))
        })
    }

    proptest! {
        #[test]
        fn closed_forms_match_sums_over_symbols((alphabet, symbols) in symbols()) {
            let counts = counts_of(&symbols, alphabet);
            let n = symbols.len() as f64;
            let used = counts.iter().filter(|count| **count > 0).count();
            let empirical: f64 = symbols.iter().map(|&symbol| -(counts[symbol] as f64 / n).log2()).sum();
            prop_assert!(is_close(entropy_bits(&counts), empirical), "{} {empirical}", entropy_bits(&counts));
            if used > 0 {
                let naming = (alphabet as f64).log2() + log2_binomial(alphabet, used);
                prop_assert!(is_close(naming_bits(alphabet as u64, used as u64), naming));
                let adaptive = naming + sequential(&symbols, alphabet);
                prop_assert!(is_close(adaptive_bits(&counts), adaptive), "{} {adaptive}", adaptive_bits(&counts));
                let two_part = naming + empirical + (used - 1) as f64 / 2.0 * n.log2();
                prop_assert!(is_close(two_part_bits(&counts), two_part));
            }
            // the order of the symbols does not matter
            let turned: Vec<usize> = symbols.iter().rev().copied().collect();
            prop_assert!(is_close(sequential(&turned, alphabet), sequential(&symbols, alphabet)));
            prop_assert!(adaptive_bits(&counts) >= entropy_bits(&counts) && two_part_bits(&counts) >= entropy_bits(&counts));
        }

        #[test]
        fn contexts_do_not_increase_entropy(
            (alphabet, symbols) in symbols(),
            contexts in prop::collection::vec(0usize..5, 600),
        ) {
            let mut by_context = vec![vec![0u64; alphabet]; 5];
            symbols.iter().zip(&contexts).for_each(|(&symbol, &context)| by_context[context][symbol] += 1);
            let (conditional, all) = (conditional_bits(&by_context), entropy_bits(&counts_of(&symbols, alphabet)));
            prop_assert!(conditional <= all * (1.0 + 1e-12), "{conditional} {all}");
        }

        /// The chain rule: H(mask) + H(value | mask) = H(value), if the mask shows which values are 0.
        #[test]
        fn a_mask_and_kept_values_have_the_entropy_of_the_values((alphabet, symbols) in symbols()) {
            let counts = counts_of(&symbols, alphabet);
            let kept = &counts[1..];
            let mask = [counts[0], kept.iter().sum()];
            prop_assert!(is_close(entropy_bits(&mask) + entropy_bits(kept), entropy_bits(&counts)));
        }
    }

    #[test]
    fn extreme_counts_give_finite_lengths() {
        for counts in [&[][..], &[0], &[0, 0]] {
            let lengths = [entropy_bits(counts), adaptive_bits(counts), two_part_bits(counts)];
            assert_eq!(lengths, [0.0; 3], "{counts:?}");
        }
        assert_eq!(conditional_bits::<Vec<u64>>(&[]), 0.0);
        assert_eq!((entropy_bits(&[7]), adaptive_bits(&[7]), two_part_bits(&[7])), (0.0, 0.0, 0.0));
        // one bit for the number of symbols, and one for the symbol
        assert_eq!(adaptive_bits(&[0, 1 << 40]), 2.0);
        assert_eq!(entropy_bits(&[8, 8]), 16.0);
        for counts in [vec![u64::MAX; 4096], vec![u64::MAX, 1], vec![1 << 40, 1]] {
            for bits in [entropy_bits(&counts), adaptive_bits(&counts), two_part_bits(&counts)] {
                assert!(bits.is_finite() && bits > 0.0, "{counts:?}");
            }
        }
        assert_eq!(naming_bits(0, 0), 0.0);
        assert_eq!(naming_bits(4, 9), 2.0);
        assert!(naming_bits(u64::MAX, 1 << 63).is_finite());
        // the two formulas agree at the limit between them
        let by_factors = naming_bits(20_000, MAX_FACTORS);
        let ratio = (20_000 - MAX_FACTORS) as f64 / (MAX_FACTORS + 1) as f64;
        assert!(is_close(naming_bits(20_000, MAX_FACTORS + 1), by_factors + ratio.log2()));
        assert!((naming_bits(4, 2) - (2.0 + 6f64.log2())).abs() < 1e-12);
    }
}
