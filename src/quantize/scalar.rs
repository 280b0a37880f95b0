//! Scalar quantisation with uniform reconstruction: each value becomes an integer times a step. Of the integers near a
//! value, the one with the least error plus cost in bits is chosen.

use super::cost::{ClassCosts, Costs, Counts, LARGEST};
use super::importance::Weighting;
use super::matrix::{Matrix, PARTS};
use crate::error::Result;
use crate::workers::Workers;

/// The price of a bit in squared steps. On a language model 0.12 took the fewest bits for its error: at 2 bits a weight
/// 0.08 took 0.010 bit more and 0.18 0.006 more, and at 4 bits both were within 0.002.
const BIT_PRICE: f32 = 0.12;
/// Values of a block, which is quantised on one thread. It does not depend on the number of threads.
const BLOCK_VALUES: usize = 1 << 17;
/// Values on which costs are learned.
const LEARNED_VALUES: usize = 1 << 19;
/// Rounds of learning costs.
const ROUNDS: usize = 2;
/// A row or a column of high importance has a step that is shorter by up to this many octaves; one of low importance, a
/// longer one.
const MOST_OCTAVES: f64 = 6.0;
/// Bits of the mantissa of a step. Few bits make the products with small integers exact.
const STEP_BITS: u32 = 12;

/// The steps of a tensor: integers of a row or a column are multiplied by the base divided by a power of two.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Steps {
    pub(crate) base: f32,
    pub(crate) octaves: Octaves,
}

/// By how many octaves the step of a row or a column is shorter than the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Octaves {
    None,
    Rows(Vec<i8>),
    Columns(Vec<i8>),
}

/// The result of a quantiser: integers and their steps. Other quantisers, such as trellises, can have the same result.
#[derive(Debug, Clone)]
pub(crate) struct Integers {
    pub(crate) values: Vec<i32>,
    pub(crate) steps: Steps,
    /// The cost of the integers, in bits.
    pub(crate) bits: f64,
}

/// Returns the float with few bits that is nearest to `step`.
pub(crate) fn short_step(step: f64) -> f32 {
    let drop = 23 - STEP_BITS;
    f32::from_bits(((step as f32).to_bits() + (1 << drop >> 1)) >> drop << drop)
}

impl Steps {
    /// Returns the steps of a matrix: shorter ones for rows or columns that are important.
    pub(crate) fn new(base: f64, weighting: &Weighting) -> Self {
        let octaves = |weights: &[f32]| {
            let one = |&weight: &f32| {
                // at a high rate the least weighted error has steps in proportion to the root of the weights
                let octaves = libm::round(0.5 * libm::log2(f64::from(weight.max(f32::MIN_POSITIVE))));
                octaves.clamp(-MOST_OCTAVES, MOST_OCTAVES) as i8
            };
            let all: Vec<i8> = weights.iter().map(one).collect();
            all.iter().any(|&octaves| octaves != 0).then_some(all)
        };
        let octaves = match weighting {
            Weighting::Even | Weighting::Values(_) => Octaves::None,
            Weighting::Rows(weights) => octaves(weights).map_or(Octaves::None, Octaves::Rows),
            Weighting::Columns(weights) => octaves(weights).map_or(Octaves::None, Octaves::Columns),
        };
        Self { base: short_step(base), octaves }
    }

    fn octaves(&self, row: usize, column: usize) -> i8 {
        match &self.octaves {
            Octaves::None => 0,
            Octaves::Rows(octaves) => octaves[row],
            Octaves::Columns(octaves) => octaves[column],
        }
    }

    /// Returns the step of a value.
    #[inline(always)]
    pub(crate) fn of(&self, row: usize, column: usize) -> f32 {
        self.base * power_of_two(-self.octaves(row, column))
    }
}

/// Returns 2 to the power of `exponent`, exactly.
#[inline(always)]
fn power_of_two(exponent: i8) -> f32 {
    f32::from_bits(((127 + i32::from(exponent)) as u32) << 23)
}

/// Quantises a matrix. `share` is the share of the tensor's values that the matrix has, 1 for all.
///
/// # Errors
/// None of its own; those of the workers.
pub(crate) fn quantize(matrix: &Matrix, steps: Steps, share: f64, workers: &Workers) -> Result<Integers> {
    let learned = (matrix.values.len() > 2 * LEARNED_VALUES).then(|| matrix.sample_with_steps(LEARNED_VALUES, &steps));
    let (of, own_steps) = learned.as_ref().map_or((matrix, &steps), |(matrix, steps)| (matrix, steps));
    let mut costs: Option<Costs> = None;
    for _ in 0..ROUNDS {
        costs = Some(choose(of, own_steps, costs.as_ref(), workers)?.1.costs());
    }
    let (values, counts) = choose(matrix, &steps, costs.as_ref(), workers)?;
    Ok(Integers { values, steps, bits: counts.bits(share) })
}

impl Matrix {
    /// Returns a sample and its steps.
    fn sample_with_steps(&self, most: usize, steps: &Steps) -> (Self, Steps) {
        let sample = self.sample(most);
        let octaves = match &steps.octaves {
            Octaves::Rows(all) => {
                let rows = sample.rows();
                Octaves::Rows((0..rows).map(|number| all[number * self.rows() / rows]).collect())
            }
            other => other.clone(),
        };
        (sample, Steps { base: steps.base, octaves })
    }
}

/// Chooses an integer for each value; without costs, the nearest one. Returns how often each occurs too.
fn choose(matrix: &Matrix, steps: &Steps, costs: Option<&Costs>, workers: &Workers) -> Result<(Vec<i32>, Counts)> {
    let columns = matrix.columns;
    let rows_of_block = (BLOCK_VALUES / columns).max(1);
    let starts: Vec<usize> = (0..matrix.rows()).step_by(rows_of_block).collect();
    let blocks = workers.map(starts, |start| {
        let rows = start..(start + rows_of_block).min(matrix.rows());
        let mut counts = Counts::new();
        let mut integers = Vec::with_capacity(rows.len() * columns);
        for row in rows {
            choose_row(matrix, steps, costs, row, &mut integers, &mut counts);
        }
        Ok((integers, counts))
    })?;
    let mut counts = Counts::new();
    let mut integers = Vec::with_capacity(matrix.values.len());
    for (own, of_block) in blocks {
        integers.extend_from_slice(&own);
        counts.merge(&of_block);
    }
    Ok((integers, counts))
}

fn choose_row(
    matrix: &Matrix,
    steps: &Steps,
    costs: Option<&Costs>,
    row: usize,
    integers: &mut Vec<i32>,
    counts: &mut Counts,
) {
    let columns = matrix.columns;
    let range = row * columns..(row + 1) * columns;
    let row_scale = i32::from(matrix.row_scales[row]);
    let kept = matrix.kept.as_ref().map(|kept| &kept[range.clone()]);
    let is_plain = matches!(matrix.weighting, Weighting::Even) && steps.octaves == Octaves::None;
    let values = matrix.values[range].iter().zip(&matrix.column_scales);
    if is_plain && kept.is_none() {
        let factor = 1.0 / steps.base;
        integers.extend(values.map(|(&value, &column)| {
            let class = Matrix::class(row_scale, column.into());
            let magnitude = choose_magnitude(value.abs() * factor, 1.0, costs.map(|costs| costs.class(class)));
            counts.add(class, magnitude);
            signed(magnitude, value)
        }));
        return;
    }
    for (column, (&value, &scale)) in values.enumerate() {
        let octaves = steps.octaves(row, column);
        // the step has taken up its part of the weight
        let part = power_of_two(-octaves);
        let weight = matrix.weighting.of(row, column, columns) * part * part;
        let value = if kept.is_none_or(|kept| kept[column]) { value } else { 0.0 };
        let class = Matrix::class(row_scale, i32::from(scale) + i32::from(octaves) * PARTS);
        let scaled = value.abs() / steps.of(row, column);
        let magnitude = choose_magnitude(scaled, weight, costs.map(|costs| costs.class(class)));
        counts.add(class, magnitude);
        integers.push(signed(magnitude, value));
    }
}

/// Returns a magnitude with the sign of a value.
#[inline(always)]
fn signed(magnitude: u32, value: f32) -> i32 {
    if value < 0.0 { -(magnitude as i32) } else { magnitude as i32 }
}

/// Returns the integer for a magnitude in steps: the nearest one, the next one towards 0, or 0.
#[inline(always)]
fn choose_magnitude(scaled: f32, weight: f32, costs: Option<ClassCosts<'_>>) -> u32 {
    let nearest = ((scaled + 0.5) as u32).min(LARGEST);
    let Some(costs) = costs.filter(|_| nearest > 0) else { return nearest };
    let total = |magnitude: u32| {
        let error = scaled - magnitude as f32;
        weight * error * error + BIT_PRICE * costs.bits(magnitude)
    };
    let mut best = (total(nearest), nearest);
    for other in [nearest - 1, 0] {
        let own = total(other);
        if own < best.0 {
            best = (own, other);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantize::test_values::normal;

    #[test]
    fn steps_are_short() {
        let step = short_step(0.012_345_678);
        assert!((f64::from(step) / 0.012_345_678 - 1.0).abs() < 1.0 / 4096.0);
        assert_eq!(step.to_bits() % (1 << 11), 0);
    }

    #[test]
    fn the_choice_saves_bits() {
        let matrix = Matrix::new(normal(64 * 256, 1), 256);
        let workers = Workers::new(Some(1)).unwrap();
        let chosen = quantize(&matrix, Steps::new(1.0, &Weighting::Even), 1.0, &workers).unwrap();
        let nearest = choose(&matrix, &chosen.steps, None, &workers).unwrap();
        assert!(chosen.bits < 0.98 * nearest.1.bits(1.0));
        // no value moves by more than a step and a half towards zero
        let is_near = |(integer, nearest): (&i32, &i32)| integer.abs() <= nearest.abs();
        assert!(chosen.values.iter().zip(&nearest.0).all(is_near));
    }

    #[test]
    fn the_result_does_not_depend_on_threads() {
        let matrix = Matrix::new(normal(600 * 1000, 2), 1000);
        let one = Workers::new(Some(1)).unwrap();
        let several = Workers::new(Some(3)).unwrap_or_default();
        let run = |workers| quantize(&matrix, Steps::new(0.3, &Weighting::Even), 1.0, workers).unwrap();
        let (a, b) = (run(&one), run(&several));
        assert_eq!(a.values, b.values);
        assert_eq!(a.bits.to_bits(), b.bits.to_bits());
    }
}
