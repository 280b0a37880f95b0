//! Working memory for decoding, one scratch for each thread that decodes at the same time.

use std::sync::{Mutex, PoisonError};

use super::DecodeOptions;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::Scratch;

/// Scratches for the threads that decode one file.
#[derive(Debug)]
pub(super) struct Scratches {
    kernel: Kernel,
    /// The scratches that no thread uses at the moment.
    unused: Mutex<Vec<Scratch>>,
}

impl Scratches {
    /// Makes the scratches of one file.
    pub(super) fn new(options: &DecodeOptions) -> Result<Self> {
        let kernel = options.kernel.map_or_else(Kernel::chosen, Ok)?;
        Ok(Self { kernel, unused: Mutex::new(Vec::new()) })
    }

    /// Calls `work` with a scratch that no other thread uses at the same time.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let unused = || self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = unused().pop();
        let mut scratch = kept.unwrap_or_else(|| Scratch::new(self.kernel));
        let done = work(&mut scratch);
        unused().push(scratch);
        done
    }
}
