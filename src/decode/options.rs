//! Options for decoding.

use crate::kernel::Kernel;
use crate::limits::Limits;
use crate::progress::Progress;

/// Options for decoding: limits, threads, progress and kernel.
///
/// ```
/// use tersor::{DecodeOptions, Limits};
/// let options = DecodeOptions::default().with_limits(Limits::unlimited()).with_threads(2);
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct DecodeOptions {
    pub(crate) limits: Limits,
    pub(crate) threads: Option<usize>,
    pub(crate) progress: Progress,
    pub(crate) kernel: Option<Kernel>,
}

impl DecodeOptions {
    /// Sets the bounds for the sizes that a file declares. The default is [`Limits::default`].
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the number of threads; 0 counts as 1. With 1 all work is done on the calling thread. The default is the
    /// rayon pool of the caller, which by default has one thread a core. Without the feature `threads` all work is
    /// done on the calling thread, and a number above 1 is an error of kind `InvalidArgument` when the file is opened.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Sets the kernel. The default is described at [`Kernel`].
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Sets a callback that receives the number of decoded bytes and can cancel.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }
}
