//! [`PriorKind::Laplace`].
//!
//! With the step `t`, the scale `b`, `r = exp(-t / (2b))` and the median at level `m`, the mass of level `m` is `1 -
//! r`, and the mass of a level at distance `j` from it is `1/2 r^(2j - 1) (1 - r^2)`. The code length therefore depends
//! on three sums only: the number of weights at the median, the number of other weights, and the sum of `2j - 1` over
//! the others.

use std::f64::consts::LN_2;

use super::gaussian::Zeros;
use super::prior::{Prior, PriorKind, parameter_bits, total};
use super::search::golden_section;

/// A Laplace distribution over levels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Laplace {
    median: i64,
    /// `1 - r`.
    decay: f64,
}

/// The sums over the levels that determine the code length.
#[derive(Debug, Clone, Copy)]
struct LaplaceSums {
    median: i64,
    /// The number of weights at the median.
    at: f64,
    /// The number of other weights.
    beside: f64,
    /// The sum of `2j - 1` over the other weights.
    halves: f64,
}

impl LaplaceSums {
    fn new(levels: &[(i64, u64)], median: i64) -> Self {
        let (mut at, mut beside, mut distances) = (0u64, 0u64, 0u128);
        for &(level, count) in levels {
            *if level == median { &mut at } else { &mut beside } += count;
            distances += u128::from(level.abs_diff(median)) * u128::from(count);
        }
        let halves = (2 * distances - u128::from(beside)) as f64;
        Self { median, at: at as f64, beside: beside as f64, halves }
    }

    /// Returns the decay `1 - r` that maximises the likelihood. `r` is the root of `(S + 2 N + n) r^2 + n r = S`, with
    /// `n` weights at the median, `N` other weights, and the sum `S` of `halves`.
    fn decay(&self) -> f64 {
        let a = self.halves + 2.0 * self.beside + self.at;
        let root = (self.at * self.at + 4.0 * a * self.halves).sqrt();
        4.0 * (self.at + self.beside) / (2.0 * a + self.at + root)
    }

    /// Returns the same if the median is level 0 and no weight is at level 0: `(S - N) / (S + N) = r^2`.
    fn decay_without_median(&self) -> f64 {
        let square = (self.halves - self.beside) / (self.halves + self.beside);
        2.0 * self.beside / (self.halves + self.beside) / (1.0 + square.sqrt())
    }

    fn nats(&self, decay: f64, zeros: Zeros) -> f64 {
        let ln_r = (-decay).ln_1p();
        // 0 times infinity is NaN if r = 0, so the term is omitted for the exponent 0
        let power = |exponent: f64| if exponent > 0.0 { exponent * ln_r } else { 0.0 };
        let ln_side = (decay * (2.0 - decay) / 2.0).ln();
        let ends = self.at * decay.ln() + self.beside * ln_side;
        match zeros {
            Zeros::Counted => -ends - power(self.halves),
            // the median is 0: the mass of the other levels is r
            Zeros::Missing if self.median == 0 => -ends - power(self.halves - self.beside),
            Zeros::Missing => {
                let at_zero =
                    0.5 * ((2.0 * self.median.unsigned_abs() as f64 - 1.0) * ln_r).exp() * decay * (2.0 - decay);
                -ends - power(self.halves) + (self.at + self.beside) * (-at_zero).ln_1p()
            }
        }
    }
}

impl Laplace {
    /// Returns the distribution with the shortest code length, and this length in nats. With `Zeros::Missing`, it is
    /// conditional on every weight being nonzero. `levels` must not be empty.
    pub(super) fn fit(levels: &[(i64, u64)], zeros: Zeros) -> (Self, f64) {
        let median = median(levels);
        let sums = LaplaceSums::new(levels, median);
        if zeros == Zeros::Counted {
            let decay = sums.decay();
            return (Self { median, decay }, sums.nats(decay, zeros));
        }
        let around_zero = LaplaceSums::new(levels, 0);
        let decay = around_zero.decay_without_median();
        let nats = around_zero.nats(decay, zeros);
        let (mut best, mut fewest) = (Self { median: 0, decay }, nats);
        if median != 0 {
            let log = sums.decay().ln();
            let (log, nats) = golden_section((log - 2.0, (log + 2.0).min(0.0)), |log| sums.nats(log.exp(), zeros));
            if nats < fewest {
                (best, fewest) = (Self { median, decay: log.exp() }, nats);
            }
        }
        (best, fewest)
    }

    /// Returns the parameters in units of the weights.
    pub(super) fn parameters(&self, step: f64) -> [(&'static str, f64); 2] {
        [("median", self.median as f64 * step), ("scale", -0.5 / (-self.decay).ln_1p() * step)]
    }
}

/// Returns the level of the median weight.
fn median(levels: &[(i64, u64)]) -> i64 {
    let weights: u64 = levels.iter().map(|level| level.1).sum();
    let mut before = 0;
    let reached = |level: &&(i64, u64)| {
        before += level.1;
        before >= weights.div_ceil(2)
    };
    levels.iter().find(reached).map_or(0, |level| level.0)
}

pub(super) fn prior(levels: &[(i64, u64)], step: f64) -> Prior {
    let (laplace, nats) = Laplace::fit(levels, Zeros::Counted);
    let parameters = laplace.parameters(step).to_vec();
    Prior::new(PriorKind::Laplace, nats / LN_2, parameter_bits(2, total(levels)), parameters)
}
