//! From counts to code lengths, in bits. All lengths are finite and not negative; no symbols take 0 bits.
//!
//! A symbol of `A` = `counts.len()` possible ones occurs `n_i` times, `n` = Σ n_i; `m` of them occur at all.

/// n·H: the symbols under the distribution that they themselves show, `Σ n_i log2(n / n_i)` (Shannon 1948). No code of
/// order 0 takes less on these symbols, and none is told here what the distribution is.
pub fn entropy_bits(counts: &[u64]) -> f64 {
    let total = total(counts);
    let bits = occurring(counts).map(|count| count as f64 * (total / count as f64).log2());
    // of one symbol alone the quotient is exactly 1
    bits.sum()
}

/// Σ over contexts of n·H: each under its own distribution. At most [`entropy_bits`] of all counts together, as
/// conditioning takes nothing away (Cover and Thomas 2006, theorem 2.6.5).
pub fn conditional_bits<C: AsRef<[u64]>>(contexts: &[C]) -> f64 {
    contexts.iter().map(|counts| entropy_bits(counts.as_ref())).sum()
}

/// The adaptive code of Krichevsky and Trofimov (1981): each symbol has the probability (n_i + 1/2) / (n + m/2) from what
/// came before it, over the alphabet of the `m` symbols that occur, which is [named](naming_bits) first. In closed form
///
/// ```text
///     log2 Γ(n + m/2) - log2 Γ(m/2) - Σ (log2 Γ(n_i + 1/2) - log2 Γ(1/2)),
/// ```
///
/// so that the order of the symbols does not matter. It is a mixture of all distributions, and so never shorter than
/// [`entropy_bits`]; what it takes beyond that, about (m - 1)/2 log2 n, is the price of learning, to which no code can do
/// better by more than a constant (Rissanen 1983; Willems, Shtarkov and Tjalkens 1995).
pub fn adaptive_bits(counts: &[u64]) -> f64 {
    let used = occurring(counts).count();
    if used == 0 {
        return 0.0;
    }
    let half = used as f64 / 2.0;
    let seen: f64 = occurring(counts).map(|count| libm::lgamma(count as f64 + 0.5) - libm::lgamma(0.5)).sum();
    let nats = libm::lgamma(total(counts) + half) - libm::lgamma(half) - seen;
    // the differences of large numbers may end a hair below what is a bound
    (nats / std::f64::consts::LN_2).max(entropy_bits(counts)) + naming_bits(counts.len() as u64, used as u64)
}

/// A code in two parts: m - 1 free probabilities, each to the precision of 1/√n that the symbols can tell, so
/// (m - 1)/2 log2 n, then the symbols under them, n·H (Rissanen 1983); the `m` symbols are [named](naming_bits) first.
pub fn two_part_bits(counts: &[u64]) -> f64 {
    let used = occurring(counts).count();
    if used == 0 {
        return 0.0;
    }
    let parameters = (used - 1) as f64 / 2.0 * total(counts).log2();
    entropy_bits(counts) + parameters + naming_bits(counts.len() as u64, used as u64)
}

/// What naming `used` of `alphabet` symbols takes: how many they are, log2 A, and which, log2 C(A, m). `used` is 1 to `alphabet`, else
/// the number of ways is taken for 1.
pub fn naming_bits(alphabet: u64, used: u64) -> f64 {
    if alphabet == 0 {
        return 0.0;
    }
    let few = used.min(alphabet.saturating_sub(used));
    let ways = match few {
        // exact as far as it is quick: the symbols of a stream are far fewer
        0..=MOST_FACTORS => (0..few).map(|i| ((alphabet - i) as f64 / (i + 1) as f64).log2()).sum(),
        _ => {
            let log = |n: u64| libm::lgamma(n as f64 + 1.0) / std::f64::consts::LN_2;
            log(alphabet) - log(few) - log(alphabet - few)
        }
    };
    (alphabet as f64).log2() + ways
}

/// Factors that [`naming_bits`] takes one by one.
const MOST_FACTORS: u64 = 1 << 12;

/// Symbols that occur.
pub fn distinct(counts: &[u64]) -> u64 {
    occurring(counts).count() as u64
}

fn occurring(counts: &[u64]) -> impl Iterator<Item = u64> {
    counts.iter().copied().filter(|&count| count > 0)
}

/// As a float: the sum of any counts stays finite.
fn total(counts: &[u64]) -> f64 {
    counts.iter().map(|&count| u128::from(count)).sum::<u128>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Symbol by symbol, as an adaptive coder does it.
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

    /// log2 of n choose k, by Pascal's triangle.
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

    /// Skewed symbols of an alphabet.
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
        fn lengths_are_those_of_symbol_by_symbol((alphabet, symbols) in symbols()) {
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
            // another order, the same length
            let turned: Vec<usize> = symbols.iter().rev().copied().collect();
            prop_assert!(is_close(sequential(&turned, alphabet), sequential(&symbols, alphabet)));
            prop_assert!(adaptive_bits(&counts) >= entropy_bits(&counts) && two_part_bits(&counts) >= entropy_bits(&counts));
        }

        #[test]
        fn contexts_never_cost(
            (alphabet, symbols) in symbols(),
            contexts in prop::collection::vec(0usize..5, 600),
        ) {
            let mut by_context = vec![vec![0u64; alphabet]; 5];
            symbols.iter().zip(&contexts).for_each(|(&symbol, &context)| by_context[context][symbol] += 1);
            let (conditional, all) = (conditional_bits(&by_context), entropy_bits(&counts_of(&symbols, alphabet)));
            prop_assert!(conditional <= all * (1.0 + 1e-12), "{conditional} {all}");
        }

        /// H(mask) + H(value | mask) = H(value), where the mask says which values are 0: the chain rule.
        #[test]
        fn a_mask_and_what_it_keeps_are_the_values((alphabet, symbols) in symbols()) {
            let counts = counts_of(&symbols, alphabet);
            let kept = &counts[1..];
            let mask = [counts[0], kept.iter().sum()];
            prop_assert!(is_close(entropy_bits(&mask) + entropy_bits(kept), entropy_bits(&counts)));
        }
    }

    #[test]
    fn extremes_are_sane() {
        for counts in [&[][..], &[0], &[0, 0]] {
            let lengths = [entropy_bits(counts), adaptive_bits(counts), two_part_bits(counts)];
            assert_eq!(lengths, [0.0; 3], "{counts:?}");
        }
        assert_eq!(conditional_bits::<Vec<u64>>(&[]), 0.0);
        assert_eq!((entropy_bits(&[7]), adaptive_bits(&[7]), two_part_bits(&[7])), (0.0, 0.0, 0.0));
        // which of two it is, and that it is one
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
        // the two ways of counting agree where one takes over from the other
        let by_factors = naming_bits(20_000, MOST_FACTORS);
        let ratio = (20_000 - MOST_FACTORS) as f64 / (MOST_FACTORS + 1) as f64;
        assert!(is_close(naming_bits(20_000, MOST_FACTORS + 1), by_factors + ratio.log2()));
        assert!((naming_bits(4, 2) - (2.0 + 6f64.log2())).abs() < 1e-12);
    }
}
