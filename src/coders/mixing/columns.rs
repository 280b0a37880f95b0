//! Running means of columns (section 12.1).

use super::mixer::quarter;

/// The running means of a column.
#[derive(Clone, Copy, Default)]
pub(super) struct ColumnMeans {
    /// The mean of the values, in units of 2^-4.
    pub(super) mean: i32,
    /// The mean of their logarithms in quarter octaves, in units of 2^-4.
    pub(super) size_mean: i32,
}

impl ColumnMeans {
    /// Follows a value, after `seen` values. The first values weigh more.
    #[inline(always)]
    pub(super) fn follow(&mut self, value: i32, seen: u32) {
        let shift = (32 - seen.leading_zeros() + 1).min(6);
        let round = 1 << (shift - 1);
        self.mean += (16 * value - self.mean + round) >> shift;
        self.size_mean += (16 * quarter(value.into()) as i32 - self.size_mean + round) >> shift;
    }
}
