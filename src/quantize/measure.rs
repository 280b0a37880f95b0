//! The error between a tensor and what a quantiser made of it.

use super::importance::Weighting;
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
        if matrix.weighting == Weighting::Even {
            for (own, other) in matrix.values.chunks(columns).zip(others.chunks(columns)) {
                this.add(&Self::of_even_row(own, other));
            }
            return this;
        }
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

    fn of_even_row(own: &[f32], other: &[f32]) -> Self {
        /// Independent sums, so that the processor can work on several values at a time.
        const LANES: usize = 8;
        let (mut energy, mut squared, mut largest) = ([0.0f64; LANES], [0.0f64; LANES], [0.0f64; LANES]);
        for (own, other) in own.chunks(LANES).zip(other.chunks(LANES)) {
            for (lane, (&value, &other)) in own.iter().zip(other).enumerate() {
                let (value, error) = (f64::from(value), f64::from(value) - f64::from(other));
                energy[lane] += value * value;
                squared[lane] += error * error;
                largest[lane] = largest[lane].max(error.abs());
            }
        }
        let (energy, squared): (f64, f64) = (energy.iter().sum(), squared.iter().sum());
        let largest = largest.into_iter().fold(0.0, f64::max);
        Self { energy, squared, weighted_energy: energy, weighted: squared, largest }
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
