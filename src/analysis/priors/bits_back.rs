//! The description length of weights that are known only as distributions.

use std::f64::consts::LN_2;

/// Weights with a larger absolute mean are skipped, so that squares stay finite.
const MAX_MEAN: f64 = 1e100;

/// The bits-back length of weights with a factorised Gaussian posterior under a Gaussian prior (Hinton and van Camp
/// 1993): the divergence
///
/// ```text
/// KL(q || p) = sum over weights of 1/2 (ln(r^2 / s^2) + (s^2 + (m - u)^2) / r^2 - 1) nats,   q = N(m, s^2),   p = N(u, r^2)
/// ```
///
/// with the prior that minimises the divergence, `u = mean(m)` and `r^2 = mean((m - u)^2 + s^2)`. The sender draws the
/// weights from `q` with other bits that it has to send, and the receiver gets these bits back. The precision of the
/// weights then needs no choice.
///
/// ```
/// let mut bits_back = tersor::priors::BitsBack::new();
/// bits_back.add(1.0, 1.0);
/// bits_back.add(-1.0, 1.0);
/// // the prior is N(0, 2): 1/2 log2 2 bits per weight
/// assert!((bits_back.kl_bits() - 1.0).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BitsBack {
    weights: u64,
    skipped: u64,
    mean: f64,
    /// The sum of the squared distances of the means from their mean (Welford 1962).
    squares: f64,
    variances: f64,
    /// The sum of `ln s^2`.
    logarithms: f64,
}

impl BitsBack {
    /// Creates an empty sum.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a weight with the given posterior mean and variance. The weight is skipped if the variance is not positive,
    /// or if a number is not finite or its absolute value exceeds 1e100.
    pub fn add(&mut self, mean: f64, variance: f64) {
        if mean.abs() <= MAX_MEAN && variance > 0.0 && variance <= MAX_MEAN {
            self.weights += 1;
            let distance = mean - self.mean;
            self.mean += distance / self.weights as f64;
            self.squares += distance * (mean - self.mean);
            self.variances += variance;
            self.logarithms += variance.ln();
        } else {
            self.skipped += 1;
        }
    }

    /// Adds the weights of another sum (Chan, Golub and LeVeque 1979).
    pub fn merge(&mut self, other: &Self) {
        self.skipped += other.skipped;
        if other.weights == 0 {
            return;
        }
        let share = other.weights as f64 / (self.weights + other.weights) as f64;
        let distance = other.mean - self.mean;
        self.squares += other.squares + distance * distance * share * self.weights as f64;
        self.mean += distance * share;
        self.variances += other.variances;
        self.logarithms += other.logarithms;
        self.weights += other.weights;
    }

    /// Returns the number of weights added.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.weights
    }

    /// Returns the number of weights skipped.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns the mean of the prior, in units of the weights; 0 without weights.
    #[must_use]
    pub fn prior_mean(&self) -> f64 {
        self.mean
    }

    /// Returns the standard deviation of the prior, in units of the weights; 0 without weights.
    #[must_use]
    pub fn prior_deviation(&self) -> f64 {
        if self.weights == 0 { 0.0 } else { self.prior_variance().sqrt() }
    }

    fn prior_variance(&self) -> f64 {
        (self.squares + self.variances) / self.weights as f64
    }

    /// Returns the divergence of all weights in bits; 0 without weights.
    #[must_use]
    pub fn kl_bits(&self) -> f64 {
        if self.weights == 0 {
            return 0.0;
        }
        // with this prior the quadratic terms cancel the constants
        let nats = 0.5 * (self.weights as f64 * self.prior_variance().ln() - self.logarithms);
        nats.max(0.0) / LN_2
    }

    /// Returns the bits of the two parameters of the prior, `1/2 log2 n` each for `n` weights (Rissanen 1978); 0
    /// without weights.
    #[must_use]
    pub fn parameter_bits(&self) -> f64 {
        super::prior::parameter_bits(2, self.weights.max(1) as f64)
    }

    /// Returns the sum of [`kl_bits`](Self::kl_bits) and [`parameter_bits`](Self::parameter_bits).
    #[must_use]
    pub fn bits(&self) -> f64 {
        self.kl_bits() + self.parameter_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Random;
    use super::*;
    use proptest::prelude::*;

    fn of(pairs: &[(f64, f64)]) -> BitsBack {
        let mut bits_back = BitsBack::new();
        pairs.iter().for_each(|&(mean, variance)| bits_back.add(mean, variance));
        bits_back
    }

    proptest! {
        #[test]
        fn matches_the_sum_of_divergences(
            pairs in prop::collection::vec((-1e3..1e3, 1e-9..1e3), 1..50),
            offset in prop::sample::select(vec![0.0, 1e6]),
            at in 0usize..50,
        ) {
            let pairs: Vec<_> = pairs.into_iter().map(|(mean, variance): (f64, f64)| (mean + offset, variance)).collect();
            let n = pairs.len() as f64;
            let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / n;
            let variance = pairs.iter().map(|(m, v)| (m - mean).powi(2) + v).sum::<f64>() / n;
            let nats: f64 = pairs.iter()
                .map(|(m, v)| 0.5 * ((variance / v).ln() + (v + (m - mean).powi(2)) / variance - 1.0)).sum();
            let whole = of(&pairs);
            let (head, tail) = pairs.split_at(at.min(pairs.len()));
            let mut parts = of(head);
            parts.merge(&of(tail));
            for bits_back in [whole, parts] {
                prop_assert!((bits_back.kl_bits() - nats / LN_2).abs() <= 1e-9 * (nats + 1.0));
                prop_assert!((bits_back.prior_deviation() - variance.sqrt()).abs() <= 1e-9 * variance.sqrt());
                prop_assert!((bits_back.prior_mean() - mean).abs() <= 1e-12 * offset.max(1e3));
                prop_assert_eq!(bits_back.weights(), pairs.len() as u64);
            }
        }

        #[test]
        fn all_is_finite(pairs in prop::collection::vec((any::<f64>(), any::<f64>()), 0..20)) {
            let bits_back = of(&pairs);
            prop_assert_eq!(bits_back.weights() + bits_back.skipped(), pairs.len() as u64);
            for number in [bits_back.bits(), bits_back.prior_mean(), bits_back.prior_deviation()] {
                prop_assert!(number.is_finite());
            }
            prop_assert!(bits_back.kl_bits() >= 0.0);
        }
    }

    #[test]
    fn invalid_distributions_are_skipped() {
        let bits_back =
            of(&[(1.0, 0.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::NAN), (1.0, f64::INFINITY), (2.0, 3.0)]);
        assert_eq!((bits_back.weights(), bits_back.skipped()), (1, 5));
        // the prior of a single weight is its posterior
        assert_eq!((bits_back.kl_bits(), bits_back.parameter_bits(), bits_back.prior_mean()), (0.0, 0.0, 2.0));
        assert_eq!(of(&[]).bits(), 0.0);
    }

    #[test]
    fn matches_a_monte_carlo_estimate() {
        let pairs = [(0.5, 0.01), (-1.5, 0.2), (0.1, 1.0), (2.0, 0.002)];
        let bits_back = of(&pairs);
        let (u, r) = (bits_back.prior_mean(), bits_back.prior_deviation());
        let mut random = Random::new(7);
        let draws = 200_000;
        let ln_density = |x: f64, mean: f64, deviation: f64| -((x - mean) / deviation).powi(2) / 2.0 - deviation.ln();
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..draws {
            let mut ratio = 0.0;
            for (mean, variance) in pairs {
                let s = f64::sqrt(variance);
                let x = mean + s * random.gaussian();
                ratio += ln_density(x, mean, s) - ln_density(x, u, r);
            }
            sum += ratio / LN_2;
            squares += (ratio / LN_2).powi(2);
        }
        let n = f64::from(draws);
        let error = ((squares / n - (sum / n).powi(2)) / n).sqrt();
        assert!((bits_back.kl_bits() - sum / n).abs() < 4.0 * error, "{} {} {error}", bits_back.kl_bits(), sum / n);
    }
}
