//! Scratches of a file, one for each thread that decodes at the moment.

use std::sync::{Mutex, PoisonError};

use super::DecodeOptions;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::Scratch;

#[derive(Debug)]
pub(super) struct Scratches {
    kernel: Kernel,
    /// Those that no thread uses.
    unused: Mutex<Vec<Scratch>>,
}

impl Scratches {
    /// For one file.
    pub(super) fn new(options: &DecodeOptions) -> Result<Self> {
        let kernel = options.kernel.map_or_else(Kernel::chosen, Ok)?;
        Ok(Self { kernel, unused: Mutex::new(Vec::new()) })
    }

    /// Does some work with a scratch that no other thread has.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let unused = || self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = unused().pop();
        let mut scratch = kept.unwrap_or_else(|| Scratch::new(self.kernel));
        let done = work(&mut scratch);
        unused().push(scratch);
        done
    }
}
