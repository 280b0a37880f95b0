//! How to decode.

use crate::kernel::Kernel;
use crate::limits::Limits;
use crate::progress::Progress;

/// What a reader may use and whom it tells.
///
/// ```
/// use tersor::{DecodeOptions, Limits};
/// let options = DecodeOptions::default().with_limits(Limits::none()).with_threads(2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct DecodeOptions {
    pub(crate) limits: Limits,
    pub(crate) threads: Option<usize>,
    pub(crate) progress: Progress,
    pub(crate) kernel: Option<Kernel>,
}

impl DecodeOptions {
    /// Bounds for what a file declares; [`Limits::default`] if not set.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The number of threads; if not set, those of the rayon pool that the caller is in. 1: only the caller's own.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// The code that decodes; see [`Kernel`] for what is used if not set.
    #[must_use]
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Hears of decoded bytes, and may cancel.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }
}
