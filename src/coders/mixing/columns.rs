//! Running means of columns (section 12.1).

use super::mixer::size_of;

/// The running means of a column.
#[derive(Clone, Copy, Default)]
pub(super) struct ColumnMean {
    /// The mean of the values, in units of 2^-4.
    pub(super) value: i32,
    /// The mean of their sizes, in units of 2^-4.
    pub(super) size: i32,
}

impl ColumnMean {
    /// Follows a value, after `seen` values. The first values weigh more.
    #[inline(always)]
    pub(super) fn follow(&mut self, value: i32, seen: u32) {
        let shift = (32 - seen.leading_zeros() + 1).min(6);
        let round = 1 << (shift - 1);
        self.value += (16 * value - self.value + round) >> shift;
        self.size += (16 * size_of(value.into()) as i32 - self.size + round) >> shift;
    }
}
