//! Mean, standard deviation and kurtosis in one pass, block by block, without cancellation.

/// Sums of the powers of the distances from the mean. Blocks are merged with the formulas of Chan, Golub and LeVeque
/// (1983) and Pébay (2008).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct MomentSums {
    count: u64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    zeros: u64,
    skipped: u64,
}

/// The number of independent partial sums, so that the compiler can use vector instructions.
const PARTS: usize = 8;

fn sum_of<const N: usize>(values: &[f64], powers: impl Fn(f64) -> [f64; N]) -> [f64; N] {
    let mut parts = [[0.0; PARTS]; N];
    let (whole, rest) = values.as_chunks::<PARTS>();
    for block in whole {
        for (i, &value) in block.iter().enumerate() {
            let powers = powers(value);
            for (part, power) in parts.iter_mut().zip(powers) {
                part[i] += power;
            }
        }
    }
    for &value in rest {
        let powers = powers(value);
        for (part, power) in parts.iter_mut().zip(powers) {
            part[0] += power;
        }
    }
    parts.map(|part| part.iter().sum())
}

impl MomentSums {
    /// Adds a block of values. NaN and infinities are counted as skipped.
    pub(super) fn add(&mut self, values: &[f64]) {
        let [sum, zeros] = sum_of(values, |value| [value, f64::from(value == 0.0)]);
        if !sum.is_finite() && values.iter().any(|value| !value.is_finite()) {
            let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
            self.skipped += (values.len() - finite.len()) as u64;
            return self.add(&finite);
        }
        if values.is_empty() {
            return;
        }
        let mean = sum / values.len() as f64;
        let [second, third, fourth] = sum_of(values, |value| {
            let distance = value - mean;
            let square = distance * distance;
            [square, square * distance, square * square]
        });
        self.merge(&Self { count: values.len() as u64, mean, second, third, fourth, zeros: zeros as u64, skipped: 0 });
    }

    /// Adds the sums of other values.
    pub(super) fn merge(&mut self, other: &Self) {
        self.zeros += other.zeros;
        self.skipped += other.skipped;
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            let (zeros, skipped) = (self.zeros, self.skipped);
            *self = Self { zeros, skipped, ..*other };
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let distance = other.mean - self.mean;
        let square = distance * distance;
        let fourth = square * square * a * b * (a * a - a * b + b * b) / (n * n * n)
            + 6.0 * square * (a * a * other.second + b * b * self.second) / (n * n)
            + 4.0 * distance * (a * other.third - b * self.third) / n;
        let third =
            square * distance * a * b * (a - b) / (n * n) + 3.0 * distance * (a * other.second - b * self.second) / n;
        self.fourth += other.fourth + fourth;
        self.third += other.third + third;
        self.second += other.second + square * a * b / n;
        self.mean += distance * b / n;
        self.count += other.count;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns the share of zeros, of both signs, among the finite values.
    pub(super) fn zero_share(&self) -> Option<f64> {
        (self.count > 0).then(|| self.zeros as f64 / self.count as f64)
    }

    /// Returns the mean; `None` without values or if it overflows.
    pub(super) fn mean(&self) -> Option<f64> {
        Some(self.mean).filter(|mean| self.count > 0 && mean.is_finite())
    }

    /// Returns the square root of the mean squared distance from the mean.
    pub(super) fn deviation(&self) -> Option<f64> {
        let deviation = (self.second / self.count as f64).sqrt();
        Some(deviation).filter(|deviation| self.count > 0 && deviation.is_finite())
    }

    /// Returns the fourth central moment divided by the squared variance: 3 for a normal distribution; `None` also if
    /// all values are equal.
    pub(super) fn kurtosis(&self) -> Option<f64> {
        let kurtosis = self.fourth * self.count as f64 / (self.second * self.second);
        Some(kurtosis).filter(|kurtosis| self.count > 0 && kurtosis.is_finite())
    }

    /// Returns the square root of the mean square.
    pub(super) fn root_mean_square(&self) -> Option<f64> {
        Some(self.mean()?.hypot(self.deviation()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(found: Option<f64>, expected: f64, scale: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() <= 1e-9 * scale, "{found} {expected}");
    }

    proptest! {
        #[test]
        fn merged_blocks_match_direct_sums(
            values in prop::collection::vec((-1000i32..1000, 0u8..9), 2..300),
            cut in 0usize..300,
            block in 1usize..70,
            shift in prop_oneof![Just(0.0), Just(1e4)],
        ) {
            let values: Vec<f64> = values.iter().map(|&(value, zero)| if zero == 0 { 0.0 } else { f64::from(value) + shift }).collect();
            let cut = cut.min(values.len());
            let (mut sums, mut later) = (MomentSums::default(), MomentSums::default());
            values[..cut].chunks(block).for_each(|block| sums.add(block));
            values[cut..].chunks(block).for_each(|block| later.add(block));
            sums.merge(&later);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let power = |k: i32| values.iter().map(|value| (value - mean).powi(k)).sum::<f64>() / n;
            check(sums.mean(), mean, shift.max(1000.0));
            check(sums.deviation(), power(2).sqrt(), shift.max(1000.0));
            if power(2) > 0.0 {
                check(sums.kurtosis(), power(4) / power(2).powi(2), power(4) / power(2).powi(2));
            }
            check(sums.root_mean_square(), (values.iter().map(|value| value * value).sum::<f64>() / n).sqrt(), shift.max(1000.0));
            let zeros = values.iter().filter(|value| **value == 0.0).count();
            prop_assert_eq!(sums.zero_share(), Some(zeros as f64 / n));
        }
    }

    #[test]
    fn extreme_values() {
        let mut sums = MomentSums::default();
        assert_eq!((sums.mean(), sums.deviation(), sums.kurtosis(), sums.zero_share()), (None, None, None, None));
        sums.add(&[]);
        sums.add(&[f64::NAN, f64::INFINITY, -f64::INFINITY]);
        assert_eq!((sums.mean(), sums.skipped()), (None, 3));
        sums.add(&[0.3; 1000]);
        sums.add(&[0.3, f64::NAN]);
        check(sums.mean(), 0.3, 1.0);
        assert!(sums.deviation().unwrap() < 1e-12);
        assert_eq!((sums.count(), sums.skipped()), (1001, 4));
        let mut sums = MomentSums::default();
        sums.add(&[1e300, -1e300, 1e300]);
        assert_eq!((sums.deviation(), sums.kurtosis()), (None, None));
        let mut sums = MomentSums::default();
        sums.add(&[f64::MAX, f64::MAX]);
        assert_eq!(sums.mean(), None);
    }
}
