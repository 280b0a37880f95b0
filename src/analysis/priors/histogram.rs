//! How often each multiple of a step occurs among the weights.

use super::finite;
use crate::error::{Error, Result};

/// Levels `-HALF..HALF` are counted in an array.
const HALF: i64 = 1 << 15;
/// Positions below this, in steps, round to levels of the array.
const EDGE: f64 = HALF as f64 - 0.5;
/// Adding this to a smaller number rounds it to an integer, ties to even, in the lowest bits of the sum.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
/// Levels beyond the array gather unsorted up to this number.
const PENDING: usize = 1 << 17;
/// With more distinct levels than this the step doubles.
const MAX_LEVELS: usize = 1 << 20;
/// Positions from here on are skipped.
const LIMIT: f64 = (i64::MAX / 2) as f64;

/// How often each level occurs: the multiples of a step that weights round to, ties to even.
///
/// Counts are exact. Memory is bounded: where more than 2^20 distinct levels occur, pairs of neighbouring levels `2k` and `2k + 1`
/// become one level `k` of twice the step, as often as it takes; [`step`](Self::step) says so.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// As given; 0 if that was no step.
    first_step: f64,
    doublings: u32,
    /// Counts of the levels `-HALF..HALF`.
    window: Vec<u64>,
    /// Counts of levels beyond, ascending.
    outside: Vec<(i64, u64)>,
    /// Levels beyond that are not counted yet.
    pending: Vec<i64>,
    weights: u64,
    skipped: u64,
}

/// Moments of the rounded weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Moments {
    /// In units of the weights.
    pub mean: f64,
    /// Square root of the mean squared distance from the mean, in units of the weights.
    pub deviation: f64,
    /// Fourth central moment over the squared variance: 3 for a Gaussian, 6 for a Laplace distribution. None if all levels are equal.
    pub kurtosis: Option<f64>,
    /// Share of weights at level 0.
    pub zero_share: f64,
}

impl Histogram {
    /// Of nothing yet; `step` is in units of the weights. If it is not positive and finite, it counts as 0, and all weights are skipped.
    pub fn new(step: f64) -> Self {
        let first_step = if step.is_finite() && step > 0.0 { step } else { 0.0 };
        let window = vec![0; 2 * HALF as usize];
        Self { first_step, doublings: 0, window, outside: vec![], pending: vec![], weights: 0, skipped: 0 }
    }

    /// Counts a weight.
    pub fn add(&mut self, value: f64) {
        self.add_all(&[value]);
    }

    /// Counts weights of any type that converts to `f64` without loss.
    pub fn add_all<T: Copy + Into<f64>>(&mut self, values: &[T]) {
        for &value in values {
            let position = value.into() / self.first_step;
            if position.abs() < EDGE {
                let level = (position + ROUND).to_bits() as i64 - ROUND.to_bits() as i64;
                self.window[((level >> self.doublings) + HALF) as usize] += 1;
                self.weights += 1;
            } else {
                self.add_far(position);
            }
        }
    }

    #[cold]
    fn add_far(&mut self, position: f64) {
        // false for NaN
        if position.abs() < LIMIT {
            self.weights += 1;
            let level = position.round_ties_even() as i64 >> self.doublings;
            match self.window.get_mut(level.wrapping_add(HALF) as usize) {
                Some(count) => *count += 1,
                None => {
                    self.pending.push(level);
                    if self.pending.len() == PENDING {
                        self.settle();
                    }
                }
            }
        } else {
            self.skipped += 1;
        }
    }

    /// Adds what another histogram of the same first step has counted.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the two did not begin with the same step.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.first_step.to_bits() != other.first_step.to_bits() {
            return Err(Error::invalid("histograms of different steps"));
        }
        while self.doublings < other.doublings {
            self.double_step();
        }
        let by = self.doublings - other.doublings;
        let mut beyond = vec![];
        for (level, count) in other.levels() {
            match self.window.get_mut(((level >> by).wrapping_add(HALF)) as usize) {
                Some(sum) => *sum += count,
                None => push(&mut beyond, level >> by, count),
            }
        }
        self.outside = merged(&self.outside, &beyond);
        self.weights += other.weights;
        self.skipped += other.skipped;
        self.settle();
        Ok(())
    }

    /// Counts what is pending, and doubles the step while there are too many levels.
    fn settle(&mut self) {
        self.outside = self.beyond();
        self.pending.clear();
        while self.window.iter().filter(|&&count| count > 0).count() + self.outside.len() > MAX_LEVELS {
            self.double_step();
        }
    }

    fn double_step(&mut self) {
        self.doublings += 1;
        let outside = self.beyond();
        self.pending.clear();
        let before = std::mem::replace(&mut self.window, vec![0; 2 * HALF as usize]);
        for (level, count) in (-HALF..).zip(before) {
            self.window[((level >> 1) + HALF) as usize] += count;
        }
        self.outside.clear();
        for (level, count) in outside {
            match self.window.get_mut(((level >> 1).wrapping_add(HALF)) as usize) {
                Some(sum) => *sum += count,
                None => push(&mut self.outside, level >> 1, count),
            }
        }
    }

    /// Counts of all levels beyond the array.
    fn beyond(&self) -> Vec<(i64, u64)> {
        let mut pending = self.pending.clone();
        pending.sort_unstable();
        let mut runs = vec![];
        for level in pending {
            push(&mut runs, level, 1);
        }
        merged(&self.outside, &runs)
    }

    /// Occupied levels in ascending order, and how often each occurs; level `k` stands for the weight `k * step`.
    pub fn levels(&self) -> Vec<(i64, u64)> {
        let beyond = self.beyond();
        let (below, above) = beyond.split_at(beyond.partition_point(|&(level, _)| level < 0));
        let window = (-HALF..).zip(self.window.iter().copied()).filter(|&(_, count)| count > 0);
        below.iter().copied().chain(window).chain(above.iter().copied()).collect()
    }

    /// The step in units of the weights: as given, or doubled since; 0 if that was no step.
    pub fn step(&self) -> f64 {
        self.first_step * 2f64.powi(self.doublings as i32)
    }

    /// Number of weights that were counted.
    pub fn weights(&self) -> u64 {
        self.weights
    }

    /// Number of weights that were not: NaN, infinities, and those 2^62 steps or more from zero.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Moments of the rounded weights; none without weights.
    pub fn moments(&self) -> Option<Moments> {
        let levels = self.levels();
        let (mean, variance, fourth) = central_moments(&levels)?;
        let zeros = levels.binary_search_by_key(&0, |&(level, _)| level).map_or(0, |at| levels[at].1);
        Some(Moments {
            mean: finite(mean * self.step()),
            deviation: finite(variance.sqrt() * self.step()),
            kurtosis: (variance > 0.0).then(|| fourth / (variance * variance)),
            zero_share: zeros as f64 / self.weights as f64,
        })
    }
}

/// Mean, and second and fourth central moment, in levels; none without weights.
pub(super) fn central_moments(levels: &[(i64, u64)]) -> Option<(f64, f64, f64)> {
    let weights: u64 = levels.iter().map(|level| level.1).sum();
    if weights == 0 {
        return None;
    }
    let sum: i128 = levels.iter().map(|&(level, count)| i128::from(level) * i128::from(count)).sum();
    let mean = sum as f64 / weights as f64;
    let (mut second, mut fourth) = (0.0, 0.0);
    for &(level, count) in levels {
        let square = (level as f64 - mean).powi(2);
        second += count as f64 * square;
        fourth += count as f64 * square * square;
    }
    Some((mean, second / weights as f64, fourth / weights as f64))
}

/// Appends to ascending levels.
fn push(levels: &mut Vec<(i64, u64)>, level: i64, count: u64) {
    match levels.last_mut() {
        Some(last) if last.0 == level => last.1 += count,
        _ => levels.push((level, count)),
    }
}

/// Both, ascending as they are.
fn merged(a: &[(i64, u64)], b: &[(i64, u64)]) -> Vec<(i64, u64)> {
    let mut all = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    while let Some(&(level, count)) = match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if y.0 < x.0 => b.next(),
        (Some(_), _) => a.next(),
        (None, _) => b.next(),
    } {
        push(&mut all, level, count);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

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
        let odd =
            prop::sample::select(vec![f64::NAN, f64::INFINITY, -f64::INFINITY, -0.0, 5e-324, 1e30, 4.6e18, -4.7e18]);
        prop_oneof![
            -5.0..5.0,
            -1e5..1e5,
            near_edge,
            odd,
            any::<f64>(),
            (-9i8..9).prop_map(|half| f64::from(half) / 2.0)
        ]
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_map(
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
    fn no_step_skips_everything() {
        for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut histogram = Histogram::new(step);
            histogram.add_all(&[0.0f32, 1.0, -1.0]);
            assert_eq!((histogram.step(), histogram.weights(), histogram.skipped()), (0.0, 0, 3));
            assert_eq!(histogram.moments(), None);
        }
        assert!(Histogram::new(1.0).merge(&Histogram::new(2.0)).is_err());
    }

    #[test]
    fn moments_of_few() {
        let mut histogram = Histogram::new(0.5);
        histogram.add_all(&[0.0f32, 0.0, 1.0, -1.0]);
        let moments = histogram.moments().unwrap();
        assert_eq!((moments.mean, moments.zero_share, moments.kurtosis), (0.0, 0.5, Some(2.0)));
        assert!((moments.deviation - 0.5f64.sqrt()).abs() < 1e-15);
    }
}
