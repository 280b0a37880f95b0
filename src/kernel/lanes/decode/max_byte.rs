//! The greatest of many bytes.

use crate::kernel::token::Job;

/// Finds the greatest byte; 0 if there are none.
pub(super) struct MaxByte<'a>(pub(super) &'a [u8]);

impl Job for MaxByte<'_> {
    type Output = u8;

    #[inline(always)]
    fn run(self) -> u8 {
        self.0.iter().copied().fold(0, u8::max)
    }
}
