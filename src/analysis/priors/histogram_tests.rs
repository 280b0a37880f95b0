use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn naive(step: f64, values: &[f64]) -> (Vec<(i64, u64)>, u64) {
    let mut counts = BTreeMap::new();
    let mut skipped = 0;
    for value in values {
        let position = (value / step).round_ties_even();
        if position.is_finite() && position.abs() < 2f64.powi(62) {
            *counts.entry(position as i64).or_insert(0) += 1;
        } else {
            skipped += 1;
        }
    }
    (counts.into_iter().collect(), skipped)
}

fn value() -> impl Strategy<Value = f64> {
    let near_edge = (32_760i32..32_776, any::<bool>(), 0u8..3)
        .prop_map(|(at, negative, half)| f64::from(if negative { -at } else { at }) + f64::from(half) * 0.25);
    let odd = prop::sample::select(vec![f64::NAN, f64::INFINITY, -f64::INFINITY, -0.0, 5e-324, 1e30, 4.6e18, -4.7e18]);
    prop_oneof![-5.0..5.0, -1e5..1e5, near_edge, odd, any::<f64>(), (-9i8..9).prop_map(|half| f64::from(half) / 2.0)]
}

proptest! {
    #[test]
    fn counts_match_a_map(
        step in prop::sample::select(vec![1.0, 0.1, 0.25, 3.0, 1e-300]),
        values in prop::collection::vec(value(), 0..200),
        parts in 1usize..4,
    ) {
        let mut histogram = Histogram::new(step);
        for part in values.chunks(values.len().div_ceil(parts).max(1)) {
            let mut one = Histogram::new(step);
            one.add_all(part);
            histogram.merge(&one).unwrap();
        }
        let (levels, skipped) = naive(step, &values);
        prop_assert_eq!(histogram.levels(), levels);
        prop_assert_eq!(histogram.skipped(), skipped);
        prop_assert_eq!(histogram.weights() + skipped, values.len() as u64);
        prop_assert_eq!(histogram.step(), step);
        if let Some(moments) = histogram.moments() {
            prop_assert!(moments.mean.is_finite() && moments.deviation.is_finite());
            prop_assert!(moments.kurtosis.is_none_or(f64::is_finite));
        }
    }
}

#[test]
fn types_agree() {
    let values = [1.0f32, -2.5, 1e9, f32::NAN];
    let mut of = [Histogram::new(0.5), Histogram::new(0.5), Histogram::new(0.5)];
    of[0].add_all(&values);
    of[1].add_all(&values.map(f64::from));
    values.iter().for_each(|&value| of[2].add(value.into()));
    assert_eq!(of[0].levels(), [(-5, 1), (2, 1), (2_000_000_000, 1)]);
    assert_eq!(of[0].levels(), of[1].levels());
    assert_eq!(of[0].levels(), of[2].levels());
    assert_eq!(of[0].skipped(), 1);
}

#[test]
fn too_many_levels_double_the_step() {
    let values: Vec<f64> = (0..3_000_000).map(|i| f64::from(i) * 1e3 - 1e6).collect();
    let mut whole = Histogram::new(1.0);
    whole.add_all(&values);
    let mut halves = [Histogram::new(1.0), Histogram::new(1.0)];
    halves[0].add_all(&values[..100_000]);
    halves[1].add_all(&values[100_000..]);
    let [mut first, second] = halves;
    first.merge(&second).unwrap();
    for histogram in [whole, first] {
        let levels = histogram.levels();
        let step = histogram.step();
        assert!(levels.len() <= MAX_LEVELS + PENDING, "{}", levels.len());
        assert!(step > 1000.0 && step.log2().fract() == 0.0, "{step}");
        assert_eq!(levels.iter().map(|level| level.1).sum::<u64>(), 3_000_000);
        let mut counts = BTreeMap::new();
        values.iter().for_each(|&value| *counts.entry(value as i64 >> step.log2() as u32).or_insert(0u64) += 1);
        assert_eq!(levels, counts.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn an_invalid_step_skips_all_weights() {
    for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut histogram = Histogram::new(step);
        histogram.add_all(&[0.0f32, 1.0, -1.0]);
        assert_eq!((histogram.step(), histogram.weights(), histogram.skipped()), (0.0, 0, 3));
        assert_eq!(histogram.moments(), None);
    }
    assert!(Histogram::new(1.0).merge(&Histogram::new(2.0)).is_err());
}

#[test]
fn moments_of_few_weights() {
    let mut histogram = Histogram::new(0.5);
    histogram.add_all(&[0.0f32, 0.0, 1.0, -1.0]);
    let moments = histogram.moments().unwrap();
    assert_eq!((moments.mean, moments.zero_share, moments.kurtosis), (0.0, 0.5, Some(2.0)));
    assert!((moments.deviation - 0.5f64.sqrt()).abs() < 1e-15);
}
