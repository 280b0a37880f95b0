//! [`PriorKind::Mixture`]: expectation maximisation on a histogram.

use std::f64::consts::LN_2;

use super::gaussian::{Gaussian, MIN_DEVIATION, Zeros};
use super::histogram::central_moments;
use super::normal::{LN_SQRT_2PI, moments_within};
use super::prior::{Prior, PriorKind, parameter_bits, range, total};

const MAX_COMPONENTS: usize = 8;
/// The largest number of bins. With more levels, neighbouring levels share a bin in the fit.
const MAX_BINS: usize = 256;
/// The largest number of rounds of a fit.
const MAX_ROUNDS: usize = 60;
/// The number of rounds after which one of several initial mixtures is chosen.
const TRIAL_ROUNDS: usize = 6;
/// A fit ends if a round gains fewer nats.
const MIN_GAIN: f64 = 0.1;

const NAMES: [[&str; 3]; MAX_COMPONENTS] = [
    ["weight_1", "mean_1", "deviation_1"],
    ["weight_2", "mean_2", "deviation_2"],
    ["weight_3", "mean_3", "deviation_3"],
    ["weight_4", "mean_4", "deviation_4"],
    ["weight_5", "mean_5", "deviation_5"],
    ["weight_6", "mean_6", "deviation_6"],
    ["weight_7", "mean_7", "deviation_7"],
    ["weight_8", "mean_8", "deviation_8"],
];

/// From this standard deviation in levels, the fit approximates the mass of a level by the density.
const SMOOTH: f64 = 4.0;

/// From this distance in standard deviations, the fit approximates the mass of a level by the tail series.
const FAR: f64 = 20.0;

/// A Gaussian distribution and its weight.
#[derive(Debug, Clone, Copy)]
struct Component {
    weight: f64,
    gaussian: Gaussian,
}

/// One level, or several neighbouring levels that are assigned to components together.
#[derive(Debug, Clone, Copy)]
struct Bin {
    level: i64,
    levels: u64,
    count: f64,
    mean: f64,
    variance: f64,
}

impl Bin {
    fn new(levels: &[(i64, u64)]) -> Self {
        let (level, count) = (levels[0].0, total(levels));
        let (mean, variance) = match levels {
            // exact, because a rounding error would matter far from the mean of a component
            [_] => (level as f64, 0.0),
            _ => central_moments(levels).map_or((0.0, 0.0), |(mean, variance, _)| (mean, variance)),
        };
        Self { level, levels: levels.len() as u64, count, mean, variance }
    }

    /// Returns whether the mass of a level may be approximated by the density and its second derivative.
    fn is_smooth(&self, gaussian: &Gaussian) -> bool {
        self.levels > 1 || gaussian.deviation >= SMOOTH
    }

    /// Returns the variance of a uniform distribution within a level, divided by the variance of a Gaussian; 0 for bins
    /// of several levels, where it is negligible.
    fn within(&self, variance: f64) -> f64 {
        if self.levels == 1 { 1.0 / (12.0 * variance) } else { 0.0 }
    }

    /// Returns the mean of `ln` of the masses of the levels under a Gaussian.
    fn ln_mass(&self, gaussian: &Gaussian, ln_deviation: f64) -> f64 {
        if !self.is_smooth(gaussian) {
            let edge = ((self.mean - gaussian.mean).abs() - 0.5) / gaussian.deviation;
            // the first term of the tail series is sufficient here (Abramowitz and Stegun 1964, 26.2.12)
            return if edge > FAR {
                -0.5 * edge * edge - edge.ln() - LN_SQRT_2PI
            } else {
                gaussian.ln_mass(self.level)
            };
        }
        let variance = gaussian.deviation * gaussian.deviation;
        let square = ((self.mean - gaussian.mean).powi(2) + self.variance) / variance;
        let bend = self.within(variance) * (1.0 - square);
        -0.5 * (square + bend) - LN_SQRT_2PI - ln_deviation
    }

    /// Returns the mean and the mean square of the part of a Gaussian in this bin, in standard deviations from its
    /// mean.
    fn moments(&self, gaussian: &Gaussian, ln_mass: f64) -> (f64, f64) {
        let Gaussian { mean, deviation } = *gaussian;
        let centre = (self.mean - mean) / deviation;
        if !self.is_smooth(gaussian) {
            return moments_within(centre, 1.0 / deviation, ln_mass);
        }
        let variance = deviation * deviation;
        let within = self.within(variance);
        let square = centre * centre + self.variance / variance;
        (centre * (1.0 - within), square * (1.0 - 2.0 * within) + within)
    }
}

/// Returns a bin for each level, or if there are too many, bins of about equal width in the middle and of logarithmic
/// width in the tails.
fn bins(levels: &[(i64, u64)]) -> Vec<Bin> {
    if levels.len() <= MAX_BINS {
        return levels.iter().map(|level| Bin::new(&[*level])).collect();
    }
    let (middle, spread) = (quantile(levels, 0.5), (quantile(levels, 0.75) - quantile(levels, 0.25)).max(1.0));
    let place = |level: i64| ((level as f64 - middle) / spread).asinh();
    let (first, last) = (place(levels[0].0), place(levels[levels.len() - 1].0));
    let bin = |level: i64| ((place(level) - first) / (last - first) * MAX_BINS as f64) as u64;
    levels.chunk_by(|a, b| bin(a.0) == bin(b.0)).map(Bin::new).collect()
}

fn quantile(levels: &[(i64, u64)], share: f64) -> f64 {
    let rank = share * total(levels);
    let mut before = 0.0;
    let reached = |level: &&(i64, u64)| {
        before += level.1 as f64;
        before >= rank
    };
    levels.iter().find(reached).map_or(0.0, |level| level.0 as f64)
}

/// Returns `ln` of the sum of the masses, given `ln` of each mass, and replaces `parts` by their shares in the sum.
fn share_out(parts: &mut [f64]) -> f64 {
    let greatest = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for part in &mut *parts {
        *part = (*part - greatest).exp();
        sum += *part;
    }
    parts.iter_mut().for_each(|part| *part /= sum);
    greatest + sum.ln()
}

/// Improves the components in one round, and returns the code length of the previous ones in nats.
fn round(bins: &[Bin], components: &mut [Component]) -> f64 {
    let mut sums = [[0.0; 3]; MAX_COMPONENTS];
    let mut nats = 0.0;
    let (mut masses, mut shares) = ([0.0; MAX_COMPONENTS], [0.0; MAX_COMPONENTS]);
    let mut logarithms = [(0.0, 0.0); MAX_COMPONENTS];
    for (logarithms, component) in logarithms.iter_mut().zip(&*components) {
        *logarithms = (component.weight.ln(), component.gaussian.deviation.ln());
    }
    for bin in bins {
        for (at, component) in components.iter().enumerate() {
            let (ln_weight, ln_deviation) = logarithms[at];
            masses[at] = bin.ln_mass(&component.gaussian, ln_deviation);
            shares[at] = masses[at] + ln_weight;
        }
        nats -= bin.count * share_out(&mut shares[..components.len()]);
        for (at, component) in components.iter().enumerate() {
            let count = bin.count * shares[at];
            // smaller counts do not move a component, and their moments may be inexact
            if count > 1e-12 {
                let (mean, square) = bin.moments(&component.gaussian, masses[at]);
                sums[at] = [sums[at][0] + count, sums[at][1] + count * mean, sums[at][2] + count * square];
            }
        }
    }
    let all: f64 = sums.iter().map(|sum| sum[0]).sum();
    for (component, [count, mean, square]) in components.iter_mut().zip(sums) {
        // positive, so that logarithms stay finite
        component.weight = (count / all).max(1e-12);
        if count > 1e-6 {
            let (mean, square) = (mean / count, square / count);
            let Gaussian { mean: before, deviation } = component.gaussian;
            component.gaussian.mean = before + deviation * mean;
            component.gaussian.deviation = (deviation * (square - mean * mean).max(0.0).sqrt()).max(MIN_DEVIATION);
        }
    }
    nats
}

/// Improves the components until a round gains almost nothing. Returns the code length before the last round, in nats.
fn improve(bins: &[Bin], components: &mut [Component], rounds: usize) -> f64 {
    let mut nats = f64::INFINITY;
    for _ in 0..rounds {
        let before = std::mem::replace(&mut nats, round(bins, components));
        if before - nats < MIN_GAIN {
            break;
        }
    }
    nats
}

/// Returns initial mixtures with one more component: the heaviest or the widest component is split into two with
/// different deviations or different means, or a spike at `mode` is added.
fn initial_mixtures(components: &[Component], mode: i64) -> Vec<Vec<Component>> {
    let by = |key: fn(&Component) -> f64| {
        let pairs = components.iter().enumerate().max_by(|a, b| key(a.1).total_cmp(&key(b.1)));
        pairs.map_or(0, |(at, _)| at)
    };
    let mut split = vec![by(|component| component.weight), by(|component| component.gaussian.deviation)];
    split.dedup();
    let mut all = vec![];
    for at in split {
        let Component { weight, gaussian: Gaussian { mean, deviation } } = components[at];
        for (apart, narrow, wide) in [(0.0, 0.5, 1.3), (0.8, 0.6, 0.6)] {
            let half = |side: f64, scale: f64| Component {
                weight: weight / 2.0,
                gaussian: Gaussian {
                    mean: mean + side * apart * deviation,
                    deviation: (scale * deviation).max(MIN_DEVIATION),
                },
            };
            let mut more = components.to_vec();
            more[at] = half(-1.0, narrow);
            more.push(half(1.0, wide));
            all.push(more);
        }
    }
    let spike = Component { weight: 0.1, gaussian: Gaussian { mean: mode as f64, deviation: MIN_DEVIATION } };
    let mut more = components.to_vec();
    more.iter_mut().for_each(|component| component.weight *= 0.9);
    more.push(spike);
    all.push(more);
    all
}

/// Returns the mixture with the shortest description length, measured on the bins.
fn fit(levels: &[(i64, u64)]) -> Vec<Component> {
    let bins = bins(levels);
    let mode = levels.iter().max_by_key(|level| level.1).map_or(0, |level| level.0);
    let weights = total(levels);
    let range = range(levels);
    let is_idle = |component: &Component| component.weight * weights < 0.5;
    let mut components = vec![Component { weight: 1.0, gaussian: Gaussian::fit(levels, Zeros::Counted).0 }];
    let (mut best, mut fewest) = (vec![], f64::INFINITY);
    for number in 2..=MAX_COMPONENTS {
        let tried = initial_mixtures(&components, mode).into_iter().map(|mut more| {
            let nats = improve(&bins, &mut more, TRIAL_ROUNDS);
            (more.iter().any(is_idle), nats, more)
        });
        // a mixture with an idle component is only chosen if all have one, because its trial has converged earlier
        let chosen = tried.min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        components = chosen.map_or(vec![], |(_, _, more)| more);
        let nats = improve(&bins, &mut components, MAX_ROUNDS);
        components.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let busy = components.iter().filter(|component| !is_idle(component)).count();
        components.truncate(busy.max(2));
        let nats = nats + description(&components, weights, range) * LN_2;
        // a second component may only help together with a third one; further components rarely do
        if nats < fewest {
            (best, fewest) = (components.clone(), nats);
        } else if number > 3 {
            break;
        }
    }
    best
}

/// Returns the bits of the parameters. The mean of a spike names a level, so it costs at least the logarithm of the
/// range. Otherwise a mixture with one spike for each weight would seem to be free.
fn description(components: &[Component], weights: f64, range: f64) -> f64 {
    let spikes = components.iter().filter(|component| component.gaussian.deviation < 1.0).count();
    let of_means = (range.log2() - parameter_bits(1, weights)).max(0.0);
    parameter_bits(3 * components.len(), weights) + spikes as f64 * of_means
}

/// Returns the code length in nats.
fn nats(levels: &[(i64, u64)], components: &[Component]) -> f64 {
    let mut parts = [0.0; MAX_COMPONENTS];
    let of = |&(level, count): &(i64, u64)| {
        for (part, component) in parts.iter_mut().zip(components) {
            *part = component.gaussian.ln_mass(level) + component.weight.ln();
        }
        -share_out(&mut parts[..components.len()]) * count as f64
    };
    levels.iter().map(of).sum()
}

pub(super) fn prior(levels: &[(i64, u64)], step: f64) -> Prior {
    let mut components = fit(levels);
    let sum: f64 = components.iter().map(|component| component.weight).sum();
    components.iter_mut().for_each(|component| component.weight /= sum);
    let mut parameters = vec![("components", components.len() as f64)];
    for (names, Component { weight, gaussian }) in NAMES.iter().zip(&components) {
        let values = [*weight, gaussian.mean * step, gaussian.deviation * step];
        parameters.extend(names.iter().copied().zip(values));
    }
    let data_bits = nats(levels, &components) / LN_2;
    Prior::new(PriorKind::Mixture, data_bits, description(&components, total(levels), range(levels)), parameters)
}
