//! Costs: estimates of code lengths that decide in the encoder, as integers in units of 2^-16 bit.
//!
//! All arithmetic is in integers and saturates, so that an encoder makes the same choices on every machine.

use crate::spec::MAX_PRECISION;

/// The cost of one bit.
pub(crate) const BIT: u64 = 1 << 16;

/// Returns log2(x) in units of 2^-16, rounded down. `x` is at least 1; 0 counts as 1.
pub(crate) const fn log2_fixed(x: u64) -> u64 {
    let x = if x == 0 { 1 } else { x };
    let zeros = x.leading_zeros();
    // In units of 2^-31, from 1 up to 2. Each squaring doubles its logarithm, whose integer part is the next bit.
    let mut mantissa = (x << zeros) >> 32;
    let mut log2 = (63 - zeros) as u64;
    let mut count = 0;
    while count < 16 {
        mantissa = (mantissa * mantissa) >> 31;
        let bit = mantissa >> 32;
        mantissa >>= bit;
        log2 = log2 << 1 | bit;
        count += 1;
    }
    log2
}

const LOG2_END: usize = 1 << MAX_PRECISION;

/// [`log2_fixed`] of 1 to 4096; 0 for 0.
static LOG2: [u32; LOG2_END + 1] = {
    let mut table = [0; LOG2_END + 1];
    let mut x = 1;
    while x <= LOG2_END {
        table[x] = log2_fixed(x as u64) as u32;
        x += 1;
    }
    table
};

/// Returns [`log2_fixed`] of `x` with an error of at most 2 units, interpolated from a table.
#[inline(always)]
fn log2_quick(x: u64) -> u64 {
    let shift = (64 - x.leading_zeros()).saturating_sub(MAX_PRECISION);
    let at = (x >> shift) as usize % LOG2_END;
    let (below, above) = (u64::from(LOG2[at]), u64::from(LOG2[at + 1]));
    // If bits are shifted out, neighbouring table entries differ by less than 2^6.
    let part = x & ((1 << shift) - 1);
    below + (((above - below) * part) >> shift) + u64::from(shift) * BIT
}

/// Returns the cost of a symbol with `frequency` of 2^precision; the precision is at most [`MAX_PRECISION`].
#[inline(always)]
pub(super) fn frequency_cost(frequency: u16, precision: u32) -> u64 {
    u64::from(precision) * BIT - u64::from(LOG2[usize::from(frequency).min(1 << precision)])
}

/// Returns the order-0 entropy of symbols that occur `counts` times: the cost of an ideal static code.
pub(crate) fn entropy_cost(counts: &[u64]) -> u64 {
    saturate(OrderZero::of(counts).entropy)
}

/// Estimates the cost of an adaptive code for symbols that occur `counts` times.
///
/// This is their entropy plus half the logarithm of the total for each symbol in use, which is the price of learning
/// its probability (Krichevsky and Trofimov 1981).
pub(crate) fn adaptive_cost(counts: &[u64]) -> u64 {
    let OrderZero { entropy, log2_total, used } = OrderZero::of(counts);
    saturate(entropy + u128::from(used * log2_total / 2))
}

/// Order-0 statistics of symbols.
struct OrderZero {
    /// The cost of all symbols.
    entropy: u128,
    log2_total: u64,
    /// The number of symbols with a count above 0.
    used: u64,
}

impl OrderZero {
    fn of(counts: &[u64]) -> Self {
        let total: u128 = counts.iter().map(|&count| u128::from(count)).sum();
        let excess_bits = (128 - total.leading_zeros()).saturating_sub(64);
        let log2_total = log2_quick((total >> excess_bits) as u64) + u64::from(excess_bits) * BIT;
        let mut entropy = 0;
        let mut used = 0;
        for &count in counts {
            // Logarithms are rounded: if there is only one count, its logarithm may exceed the logarithm of the total.
            entropy += u128::from(count) * u128::from(log2_total.saturating_sub(log2_quick(count)));
            used += u64::from(count > 0);
        }
        Self { entropy, log2_total, used }
    }
}

/// Returns `cost`, or the greatest cost if it does not fit.
pub(super) fn saturate(cost: u128) -> u64 {
    u64::try_from(cost).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testing::counts;
    use super::*;
    use proptest::prelude::*;

    fn log2_error(x: u64) -> f64 {
        (x as f64).log2() - log2_fixed(x) as f64 / BIT as f64
    }

    proptest! {
        #[test]
        fn log2_is_close(x in 1u64.., shift in 0u32..64) {
            let x = (x >> shift).max(1);
            // Rounding down loses up to 2^-16; the rounding of the argument adds very little.
            prop_assert!((-1e-9..1.01 / BIT as f64).contains(&log2_error(x)), "{x}: {}", log2_error(x));
        }

        #[test]
        fn quick_logarithms_are_close(x in 1u64.., shift in 0u32..64) {
            let x = (x >> shift).max(1);
            prop_assert!(log2_quick(x).abs_diff(log2_fixed(x)) <= 2, "{x}: {} {}", log2_quick(x), log2_fixed(x));
        }

        #[test]
        fn costs_agree_with_floats((_, counts) in counts()) {
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
    }
}
