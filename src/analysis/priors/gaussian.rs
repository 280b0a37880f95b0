//! [`PriorKind::Gaussian`].

use std::f64::consts::LN_2;

use super::histogram::central_moments;
use super::normal::ln_mass;
use super::prior::{Prior, PriorKind, parameter_bits, total};
use super::search::golden_section;

/// The least standard deviation in levels. All but 1e-15 of the mass is then in the level of the mean.
pub(super) const MIN_DEVIATION: f64 = 1.0 / 16.0;
/// From this standard deviation in levels, moments with Sheppard's correction maximise the likelihood to sufficient
/// precision.
const SMOOTH: f64 = 8.0;

/// A Gaussian distribution over levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gaussian {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

/// Whether the data include the weights at level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeros {
    Counted,
    Missing,
}

impl Gaussian {
    /// Returns `ln` of the mass in the interval of `level`.
    pub(super) fn ln_mass(&self, level: i64) -> f64 {
        ln_mass((level as f64 - self.mean) / self.deviation, 1.0 / self.deviation)
    }

    /// Returns the code length in nats. With `Zeros::Missing`, it is conditional on every weight being nonzero.
    pub(super) fn nats(&self, levels: &[(i64, u64)], zeros: Zeros) -> f64 {
        let nats: f64 = levels.iter().map(|&(level, count)| -self.ln_mass(level) * count as f64).sum();
        match zeros {
            Zeros::Counted => nats,
            Zeros::Missing => nats + total(levels) * (-self.ln_mass(0).exp_m1()).ln(),
        }
    }

    /// Returns the distribution with the shortest code length, and this length in nats. `levels` must not be empty.
    pub(super) fn fit(levels: &[(i64, u64)], zeros: Zeros) -> (Self, f64) {
        let (mean, variance, _) = central_moments(levels).unwrap_or_default();
        let of_moments = |mean, variance: f64| {
            let deviation = (variance - 1.0 / 12.0).max(0.0).sqrt().max(MIN_DEVIATION);
            Self { mean, deviation }
        };
        let mut best = of_moments(mean, variance);
        if zeros == Zeros::Missing {
            // expectation maximisation: the expected number of missing zeros is included in the moments (Dempster,
            // Laird and Rubin 1977)
            for _ in 0..50 {
                let zero = best.ln_mass(0);
                let missing = zero.exp() / -zero.exp_m1();
                let share = 1.0 / (1.0 + missing);
                let spread = share * (1.0 - share) * mean * mean;
                best = of_moments(share * mean, share * variance + spread);
            }
        }
        let mut nats = best.nats(levels, zeros);
        if best.deviation < SMOOTH {
            // the likelihood of intervals is log-concave in 1/deviation and mean/deviation (Burridge 1981), so a search
            // along one variable at a time converges
            for _ in 0..8 {
                let before = nats;
                let Self { mean, deviation } = best;
                let near = (deviation.ln() - 2.0).max(MIN_DEVIATION.ln());
                let scaled = |log: f64| Self { mean, deviation: log.exp() };
                let (log, _) = golden_section((near, deviation.ln() + 2.0), |log| scaled(log).nats(levels, zeros));
                best.keep_better(scaled(log), &mut nats, levels, zeros);
                let deviation = best.deviation;
                let moved = |mean| Self { mean, deviation };
                let (mean, _) = golden_section((mean - 1.0, mean + 1.0), |mean| moved(mean).nats(levels, zeros));
                best.keep_better(moved(mean), &mut nats, levels, zeros);
                if before - nats <= 1e-10 * before {
                    break;
                }
            }
        }
        (best, nats)
    }

    fn keep_better(&mut self, other: Self, nats: &mut f64, levels: &[(i64, u64)], zeros: Zeros) {
        let others = other.nats(levels, zeros);
        if others < *nats {
            (*self, *nats) = (other, others);
        }
    }

    /// Returns the parameters in units of the weights.
    pub(super) fn parameters(&self, step: f64) -> [(&'static str, f64); 2] {
        [("mean", self.mean * step), ("deviation", self.deviation * step)]
    }
}

pub(super) fn prior(levels: &[(i64, u64)], step: f64) -> Prior {
    let (gaussian, nats) = Gaussian::fit(levels, Zeros::Counted);
    let parameters = gaussian.parameters(step).to_vec();
    Prior::new(PriorKind::Gaussian, nats / LN_2, parameter_bits(2, total(levels)), parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_recovers_the_gaussian() {
        for (mean, deviation) in [(0.2, 0.5), (-3.7, 2.0), (0.4, 7.9), (0.4, 8.1), (12.3, 40.0)] {
            let gaussian = Gaussian { mean, deviation };
            let count = |level| (level, (1e15 * gaussian.ln_mass(level).exp()).round() as u64);
            let levels: Vec<_> = (-400..400).map(count).filter(|level| level.1 > 0).collect();
            let rest: Vec<_> = levels.iter().copied().filter(|level| level.0 != 0).collect();
            for (levels, zeros) in [(levels, Zeros::Counted), (rest, Zeros::Missing)] {
                let (fit, nats) = Gaussian::fit(&levels, zeros);
                // the excess code length is about the square of this error
                let near = |a: f64, b: f64| (a - b).abs() < 1e-4 * deviation;
                assert!(near(fit.mean, mean) && near(fit.deviation, deviation), "{gaussian:?} {zeros:?}: {fit:?}");
                assert!(nats <= gaussian.nats(&levels, zeros) * (1.0 + 1e-9));
            }
        }
    }
}
