//! The error between a tensor and what a quantiser made of it.

use super::matrix::Matrix;

/// Sums of squares of a tensor and of its errors.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Errors {
    /// The sum of the squared values.
    pub(crate) energy: f64,
    /// The sum of the squared errors.
    pub(crate) squared: f64,
    /// The same two sums, with the weights of the importance.
    pub(crate) weighted_energy: f64,
    pub(crate) weighted: f64,
    /// The largest error.
    pub(crate) largest: f64,
}

impl Errors {
    /// Compares the values of a matrix with other values, row by row.
    pub(crate) fn between(matrix: &Matrix, others: &[f32]) -> Self {
        let mut this = Self::default();
        let columns = matrix.columns;
        for (row, (own, other)) in matrix.values.chunks(columns).zip(others.chunks(columns)).enumerate() {
            let mut of_row = Self::default();
            for (column, (&value, &other)) in own.iter().zip(other).enumerate() {
                let (value, error) = (f64::from(value), f64::from(value) - f64::from(other));
                let weight = f64::from(matrix.weighting.of(row, column, columns));
                of_row.energy += value * value;
                of_row.squared += error * error;
                of_row.weighted_energy += weight * value * value;
                of_row.weighted += weight * error * error;
                of_row.largest = of_row.largest.max(error.abs());
            }
            this.add(&of_row);
        }
        this
    }

    /// Adds the errors of other values.
    pub(crate) fn add(&mut self, other: &Self) {
        self.energy += other.energy;
        self.squared += other.squared;
        self.weighted_energy += other.weighted_energy;
        self.weighted += other.weighted;
        self.largest = self.largest.max(other.largest);
    }

    /// Returns the normalised mean squared error with the weights of the importance.
    pub(crate) fn weighted_nmse(&self) -> f64 {
        if self.weighted_energy > 0.0 { self.weighted / self.weighted_energy } else { 0.0 }
    }
}
