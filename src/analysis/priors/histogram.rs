//! Counts of weights, rounded to multiples of a step.

use super::prior::finite;
use crate::error::{Error, Result};

/// The levels `-HALF..HALF` are counted in an array.
const HALF: i64 = 1 << 15;
/// Weights whose absolute value is below this, in steps, round to levels of the array.
const EDGE: f64 = HALF as f64 - 0.5;
/// Adding this to a much smaller number rounds the number to an integer, ties to even, in the lowest bits of the sum.
const ROUND: f64 = 1.5 * (1u64 << 52) as f64;
/// The largest number of unsorted levels outside the array.
const PENDING: usize = 1 << 17;
/// The largest number of distinct levels; the step doubles if there are more.
const MAX_LEVELS: usize = 1 << 20;
/// Weights whose absolute value is at least this, in steps, are skipped.
const LIMIT: f64 = (i64::MAX / 2) as f64;

/// A histogram of levels: weights are rounded to multiples of a step, ties to even.
///
/// Counts are exact. Memory is bounded: if more than 2^20 distinct levels occur, the step doubles, and each pair of
/// levels `2k` and `2k + 1` becomes one level `k`. [`step`](Self::step) returns the current step.
#[derive(Debug, Clone)]
pub struct Histogram {
    /// The initial step; 0 if it was not positive and finite.
    first_step: f64,
    doublings: u32,
    /// The counts of the levels `-HALF..HALF`.
    window: Vec<u64>,
    /// The counts of all other levels, in ascending order.
    outside: Vec<(i64, u64)>,
    /// Other levels that are not in `outside` yet.
    pending: Vec<i64>,
    weights: u64,
    skipped: u64,
}

/// Moments of the rounded weights.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Moments {
    /// The mean, in units of the weights.
    pub mean: f64,
    /// The standard deviation, in units of the weights.
    pub deviation: f64,
    /// The fourth central moment divided by the squared variance: 3 for a Gaussian, 6 for a Laplace distribution.
    /// `None` if all levels are equal.
    pub kurtosis: Option<f64>,
    /// The share of weights at level 0.
    pub zero_share: f64,
}

impl Histogram {
    /// Creates an empty histogram. `step` is in units of the weights. If it is not positive and finite, the step is 0
    /// and all weights are skipped.
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

    /// Adds the counts of another histogram with the same initial step.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if the initial steps differ.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        if self.first_step.to_bits() != other.first_step.to_bits() {
            return Err(Error::invalid("the histograms have different steps"));
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

    /// Sorts the pending levels into `outside`, and doubles the step while there are too many levels.
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

    /// Returns the counts of all levels outside the array.
    fn beyond(&self) -> Vec<(i64, u64)> {
        let mut pending = self.pending.clone();
        pending.sort_unstable();
        let mut runs = vec![];
        for level in pending {
            push(&mut runs, level, 1);
        }
        merged(&self.outside, &runs)
    }

    /// Returns the levels that occur and their counts, in ascending order. Level `k` represents the weight `k * step`.
    #[must_use]
    pub fn levels(&self) -> Vec<(i64, u64)> {
        let beyond = self.beyond();
        let (below, above) = beyond.split_at(beyond.partition_point(|&(level, _)| level < 0));
        let window = (-HALF..).zip(self.window.iter().copied()).filter(|&(_, count)| count > 0);
        below.iter().copied().chain(window).chain(above.iter().copied()).collect()
    }

    /// Returns the current step in units of the weights; 0 if the initial step was not positive and finite.
    #[must_use]
    pub fn step(&self) -> f64 {
        self.first_step * 2f64.powi(self.doublings as i32)
    }

    /// Returns the number of counted weights.
    #[must_use]
    pub fn weights(&self) -> u64 {
        self.weights
    }

    /// Returns the number of skipped weights: NaN, infinities, and weights of at least 2^62 steps.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns the moments of the rounded weights; `None` without weights.
    #[must_use]
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

/// Returns the mean and the second and fourth central moments, in levels; `None` without weights.
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

/// Appends a count to levels in ascending order.
fn push(levels: &mut Vec<(i64, u64)>, level: i64, count: u64) {
    match levels.last_mut() {
        Some(last) if last.0 == level => last.1 += count,
        _ => levels.push((level, count)),
    }
}

/// Merges two lists of levels in ascending order.
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
#[path = "histogram_tests.rs"]
mod tests;
