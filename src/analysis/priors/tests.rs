//! Compares code lengths with sums over single weights, and with the entropies of known sources.

use super::*;
use proptest::prelude::*;
use std::f64::consts::{E, PI};

/// A pseudo-random number generator: `SplitMix64` (Steele, Lea and Flood 2014).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number above 0 and below 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Returns a normal variate (Box and Muller 1958).
    pub(super) fn gaussian(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (2.0 * PI * self.uniform()).cos()
    }

    fn laplace(&mut self) -> f64 {
        let sign = if self.uniform() < 0.5 { -1.0 } else { 1.0 };
        -sign * self.uniform().ln()
    }
}

fn priors(step: f64, weights: &[f64]) -> Priors {
    let mut histogram = Histogram::new(step);
    histogram.add_all(weights);
    Priors::of(&histogram)
}

fn prior(priors: &Priors, kind: PriorKind) -> &Prior {
    priors.models.iter().find(|prior| prior.kind == kind).unwrap()
}

fn parameter(prior: &Prior, name: &str) -> f64 {
    prior.parameters.iter().find(|parameter| parameter.0 == name).unwrap().1
}

/// Integrates with Simpson's rule on `parts` parts of a range.
fn integral(from: f64, to: f64, parts: i32, density: &dyn Fn(f64) -> f64) -> f64 {
    let h = (to - from) / f64::from(2 * parts);
    let at = |i: i32| density(from + h * f64::from(i));
    let sum: f64 = (1..2 * parts).map(|i| at(i) * if i % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (at(0) + sum + at(2 * parts)) * h / 3.0
}

fn gaussian_density(mean: f64, deviation: f64) -> impl Fn(f64) -> f64 {
    move |x| (-((x - mean) / deviation).powi(2) / 2.0).exp() / (deviation * (2.0 * PI).sqrt())
}

fn laplace_density(median: f64, scale: f64) -> impl Fn(f64) -> f64 {
    move |x| (-(x - median).abs() / scale).exp() / (2.0 * scale)
}

/// Returns the density of a fitted prior.
fn density(prior: &Prior) -> Box<dyn Fn(f64) -> f64> {
    let of = |name: &str| parameter(prior, name);
    match prior.kind {
        PriorKind::Laplace => Box::new(laplace_density(of("median"), of("scale"))),
        PriorKind::Mixture => {
            let components: Vec<_> = (1..=of("components") as usize)
                .map(|i| {
                    let [weight, mean, deviation] =
                        ["weight", "mean", "deviation"].map(|name| of(&format!("{name}_{i}")));
                    (weight, gaussian_density(mean, deviation))
                })
                .collect();
            Box::new(move |x| components.iter().map(|(weight, density)| weight * density(x)).sum())
        }
        PriorKind::Pruned if prior.parameters.iter().any(|parameter| parameter.0 == "scale") => {
            Box::new(laplace_density(of("median"), of("scale")))
        }
        _ => Box::new(gaussian_density(of("mean"), of("deviation"))),
    }
}

/// Returns the sum of the code lengths of single weights, by integration of the density over their intervals. Each
/// interval is integrated in two halves, so that the peak of a Laplace distribution is an end.
fn bits_one_by_one(step: f64, weights: &[f64], prior: &Prior) -> f64 {
    let density = density(prior);
    let mass = |level: f64| {
        let half = |from: f64, to: f64| integral(from * step, to * step, 400, &*density);
        half(level - 0.5, level) + half(level, level + 0.5)
    };
    // the mass beyond these levels is negligible
    let reach = (40.0 / step) as i64 + 2;
    let pruned = prior.kind == PriorKind::Pruned;
    let zeros = weights.iter().filter(|weight| (*weight / step).round_ties_even() == 0.0).count() as f64;
    let share = zeros / weights.len() as f64;
    // summed, because 1 minus the mass of level 0 may cancel
    let not_zero: f64 =
        if pruned { (1..=reach).flat_map(|level| [mass(-level as f64), mass(level as f64)]).sum() } else { 1.0 };
    let bits = |weight: &f64| match (weight / step).round_ties_even() {
        0.0 if pruned => -share.log2(),
        level if pruned => -(1.0 - share).log2() - mass(level).log2() + not_zero.log2(),
        level => -mass(level).log2(),
    };
    weights.iter().map(bits).sum()
}

#[track_caller]
fn assert_close(a: f64, b: f64, relative: f64) {
    assert!((a - b).abs() <= relative * a.abs().max(b.abs()), "{a} {b}");
}

fn sources() -> Vec<(f64, Vec<f64>)> {
    let mut random = Random::new(3);
    let mut many = |f: &mut dyn FnMut(&mut Random) -> f64| (0..500).map(|_| f(&mut random)).collect::<Vec<_>>();
    let mut all = vec![];
    for step in [0.02, 0.3, 1.0, 2.5] {
        all.push((step, many(&mut |r| 0.3 + r.gaussian())));
        all.push((step, many(&mut |r| -0.7 + r.laplace())));
        all.push((step, many(&mut |r| if r.uniform() < 0.7 { 0.0 } else { 2.0 * r.gaussian() })));
        all.push((step, many(&mut |r| if r.uniform() < 0.5 { -4.0 + 0.2 * r.gaussian() } else { 3.0 + r.gaussian() })));
        all.push((step, many(&mut |r| if r.uniform() < 0.6 { 0.0 } else { 5.0 + r.laplace() })));
    }
    all
}

#[test]
fn code_lengths_match_integrals() {
    for (step, weights) in sources() {
        let priors = priors(step, &weights);
        assert_eq!(priors.models.len(), 6);
        for kind in [PriorKind::Gaussian, PriorKind::Laplace, PriorKind::Mixture, PriorKind::Pruned] {
            let prior = prior(&priors, kind);
            let expected = bits_one_by_one(step, &weights, prior);
            let data = prior.bits - prior.parameter_bits;
            assert!((data - expected).abs() <= 1e-9 * expected, "{kind:?} at {step}: {data} {expected}");
        }
    }
}

#[test]
fn fits_are_maxima() {
    for (step, weights) in sources() {
        let priors = priors(step, &weights);
        for kind in [PriorKind::Gaussian, PriorKind::Laplace, PriorKind::Pruned] {
            let fitted = prior(&priors, kind);
            let data = fitted.bits - fitted.parameter_bits;
            for (name, value) in &fitted.parameters {
                let moves = match *name {
                    "deviation" | "scale" => [0.97 * value, 1.03 * value],
                    "mean" => [value - 0.02 * step, value + 0.02 * step],
                    _ => continue,
                };
                for moved in moves {
                    let mut other = fitted.clone();
                    other.parameters.iter_mut().filter(|other| other.0 == *name).for_each(|other| other.1 = moved);
                    let bits = bits_one_by_one(step, &weights, &other);
                    assert!(bits > data - 1e-4, "{kind:?} {name} at {step}: {bits} {data}");
                }
            }
        }
    }
}

#[test]
fn code_lengths_match_shares() {
    for (step, weights) in sources() {
        let priors = priors(step, &weights);
        let n = weights.len() as f64;
        let levels: Vec<i64> = weights.iter().map(|weight| (weight / step).round_ties_even() as i64).collect();
        let range = (levels.iter().max().unwrap() - levels.iter().min().unwrap() + 1) as f64;
        let often = |level: i64| levels.iter().filter(|&&other| other == level).count() as f64;
        let codebook: f64 = levels.iter().map(|&level| -(often(level) / n).log2()).sum();
        let mut distinct = levels.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let values = distinct.len() as f64;
        let got = prior(&priors, PriorKind::Codebook);
        assert_close(got.bits - got.parameter_bits, codebook, 1e-9);
        assert_close(got.parameter_bits, values * range.log2() + (values + 1.0) / 2.0 * n.log2(), 1e-9);
        let got = prior(&priors, PriorKind::Uniform);
        assert_close(got.bits, n * range.log2().ceil() + n.log2(), 1e-9);
    }
}

/// The number of weights of a known source. The standard deviation of the bits of a weight is below 1.6, so the
/// standard deviation of the mean is below 0.0036; the tests allow four times this.
const MANY: usize = 200_000;
const ALLOWED: f64 = 4.0 * 0.0036;

#[track_caller]
fn assert_source(step: f64, kind: PriorKind, bits: f64, mut draw: impl FnMut(&mut Random) -> f64) -> Priors {
    let mut random = Random::new(11);
    let weights: Vec<f64> = (0..MANY).map(|_| draw(&mut random)).collect();
    let priors = priors(step, &weights);
    let got = prior(&priors, kind);
    let each = (got.bits - got.parameter_bits) / MANY as f64;
    assert!((each - bits).abs() < ALLOWED, "{each} instead of {bits}");
    assert_eq!(priors.best().unwrap().kind, kind, "{:?}", priors.models);
    priors
}

fn gaussian_entropy(deviation: f64) -> f64 {
    (deviation * (2.0 * PI * E).sqrt()).log2()
}

fn laplace_entropy(scale: f64) -> f64 {
    (2.0 * E * scale).log2()
}

fn binary_entropy(p: f64) -> f64 {
    -p * p.log2() - (1.0 - p) * (1.0 - p).log2()
}

#[test]
fn a_gaussian_source() {
    let step = 0.001f64;
    let bits = gaussian_entropy(0.05) - step.log2();
    let priors = assert_source(step, PriorKind::Gaussian, bits, |r| 0.01 + 0.05 * r.gaussian());
    let got = prior(&priors, PriorKind::Gaussian);
    assert!((parameter(got, "mean") - 0.01).abs() < 5e-4 && (parameter(got, "deviation") - 0.05).abs() < 5e-4);
    assert_close(got.parameter_bits, (MANY as f64).log2(), 1e-12);
}

#[test]
fn a_laplace_source() {
    let step = 0.001f64;
    let bits = laplace_entropy(0.03) - step.log2();
    let priors = assert_source(step, PriorKind::Laplace, bits, |r| -0.02 + 0.03 * r.laplace());
    let got = prior(&priors, PriorKind::Laplace);
    assert!((parameter(got, "median") + 0.02).abs() < 5e-4 && (parameter(got, "scale") - 0.03).abs() < 5e-4);
}

#[test]
fn a_pruned_source() {
    let step = 0.0005f64;
    for (entropy, laplace) in [(gaussian_entropy(0.1), false), (laplace_entropy(0.1), true)] {
        // a few survivors round to zero, too few to matter
        let bits = binary_entropy(0.2) + 0.2 * (entropy - step.log2());
        let survivor = |r: &mut Random| if laplace { r.laplace() } else { r.gaussian() };
        let priors =
            assert_source(step, PriorKind::Pruned, bits, |r| if r.uniform() < 0.2 { 0.1 * survivor(r) } else { 0.0 });
        let got = prior(&priors, PriorKind::Pruned);
        assert!((parameter(got, "zero_share") - 0.8).abs() < 0.005);
        assert!((parameter(got, if laplace { "scale" } else { "deviation" }) - 0.1).abs() < 0.003);
    }
}

#[test]
fn a_mixed_source() {
    let step = 0.002f64;
    // two Gaussians of one mean, whose entropy has no closed form
    let density = |x: f64| 0.7 * gaussian_density(0.0, 0.05)(x) + 0.3 * gaussian_density(0.0, 0.4)(x);
    let entropy = integral(-6.0, 6.0, 100_000, &|x| -density(x) * density(x).max(1e-300).log2());
    let priors = assert_source(step, PriorKind::Mixture, entropy - step.log2(), |r| {
        r.gaussian() * if r.uniform() < 0.7 { 0.05 } else { 0.4 }
    });
    let got = prior(&priors, PriorKind::Mixture);
    assert_eq!(parameter(got, "components"), 2.0, "{got:?}");
    assert!((parameter(got, "weight_1") - 0.7).abs() < 0.02 && (parameter(got, "deviation_2") - 0.4).abs() < 0.02);
    // two far apart: one bit for which, and the entropy of one
    let bits = 1.0 + gaussian_entropy(0.05) - step.log2();
    let priors = assert_source(step, PriorKind::Mixture, bits, |r| {
        0.05 * r.gaussian() + if r.uniform() < 0.5 { -1.0 } else { 1.0 }
    });
    assert_eq!(parameter(prior(&priors, PriorKind::Mixture), "components"), 2.0);
}

#[test]
fn many_levels_cost_the_same_to_fit() {
    // 200 000 levels and an outlier: 7 bits more a weight than at a step 128 times as long, and the same components
    let mut random = Random::new(5);
    let mut weights: Vec<f64> = (0..MANY).map(|i| random.gaussian() * if i % 3 == 0 { 0.05 } else { 0.4 }).collect();
    weights.push(1e6);
    let [fine, coarse] = [1.0 / (1 << 20) as f64, 1.0 / (1 << 13) as f64].map(|step| priors(step, &weights));
    let [fine, coarse] = [&fine, &coarse].map(|priors| prior(priors, PriorKind::Mixture));
    let each = |prior: &Prior| prior.bits / MANY as f64;
    assert!((each(fine) - each(coarse) - 7.0).abs() < 2e-3, "{fine:?} {coarse:?}");
}

#[test]
fn levels_of_a_codebook() {
    let mut random = Random::new(2);
    let values = [-0.913, -0.277, 0.118, 0.631];
    let weights: Vec<f64> = (0..20_000).map(|_| values[(random.uniform() * 4.0) as usize]).collect();
    let priors = priors(0.001, &weights);
    let best = priors.best().unwrap();
    assert_eq!(best.kind, PriorKind::Codebook);
    assert!((best.bits - best.parameter_bits - 40_000.0).abs() < 10.0);
}

fn assert_sane(priors: &Priors) {
    assert_eq!(priors.models.is_empty(), priors.weights == 0);
    for prior in &priors.models {
        assert!(
            prior.bits.is_finite() && prior.bits >= prior.parameter_bits && prior.parameter_bits >= 0.0,
            "{prior:?}"
        );
        assert!(prior.parameters.iter().all(|parameter| parameter.1.is_finite()), "{prior:?}");
    }
    let kinds: Vec<_> = priors.models.iter().map(|prior| prior.kind).collect();
    let order = [
        PriorKind::Uniform,
        PriorKind::Gaussian,
        PriorKind::Laplace,
        PriorKind::Mixture,
        PriorKind::Codebook,
        PriorKind::Pruned,
    ];
    assert!(kinds.is_empty() || kinds == order);
}

#[test]
fn few_weights() {
    assert_eq!(priors(1.0, &[f64::NAN, f64::INFINITY]).best(), None);
    for (weights, most) in [
        (vec![0.0], 0.0),
        (vec![5.0], 0.0),
        (vec![5.0; 1000], 10.0),
        (vec![0.0; 1000], 10.0),
        ([1.0, -1.0].repeat(500), 1030.0),
        ([0.0, 1.0].repeat(500), 1030.0),
        ([0.0, 1e18].repeat(500), 1150.0),
        (vec![1.0, 2.0, 1e30], 200.0),
    ] {
        let priors = priors(1.0, &weights);
        assert_sane(&priors);
        assert!(priors.best().unwrap().bits <= most, "{:?}: {priors:?}", &weights[..weights.len().min(3)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn all_is_finite(
        step in prop::sample::select(vec![1.0, 0.1, 1e-3, 1e-300, 1e300, 5e-324, 0.0]),
        weights in prop::collection::vec(
            prop_oneof![
                -3.0..3.0, Just(0.0), -1e6..1e6, any::<f64>(), (-4i8..4).prop_map(f64::from),
                prop::sample::select(vec![1e18, -2e18, 4e18, -4.6e18, f64::MAX, f64::MIN, f64::NAN]),
            ],
            0..60,
        ),
        often in 1usize..20,
    ) {
        let priors = priors(step, &weights.repeat(often));
        assert_sane(&priors);
        prop_assert_eq!(priors.weights + priors.skipped, (weights.len() * often) as u64);
    }
}
