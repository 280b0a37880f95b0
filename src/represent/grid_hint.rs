//! The grid of values that a quantiser made. The encoder then need not search for it.

use super::values::Groups;

/// The groups and the scales of a grid on which all values of a segment lie. A wrong hint does no harm: it is checked,
/// and the encoder searches for a grid instead.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GridHint {
    pub(crate) groups: Groups,
    /// The scale of each group.
    pub(crate) scales: Vec<f32>,
}

impl GridHint {
    /// Returns the hint of one scale for all values.
    pub(crate) fn one(scale: f32) -> Self {
        Self { groups: Groups::ONE, scales: vec![scale] }
    }

    /// Returns the hint of one scale for each row of `columns` values.
    pub(crate) fn rows(scales: Vec<f32>, columns: u64) -> Self {
        Self { groups: Groups { block: columns, period: 1 }, scales }
    }

    /// Returns the hint of one scale for each column.
    pub(crate) fn columns(scales: Vec<f32>) -> Self {
        Self { groups: Groups { block: 0, period: scales.len() as u64 }, scales }
    }

    /// Returns whether the scales are those of `values` values.
    pub(crate) fn is_of(&self, values: u64) -> bool {
        self.groups.numbers(&(0..values)).len() == self.scales.len()
    }
}
