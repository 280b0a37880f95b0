//! What the readers of one model share: threads, working memory, decoded chunks, and the counts that limits bound.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::DecodeOptions;
use super::cache::Cache;
use super::scratches::Scratches;
use crate::error::Result;
use crate::workers::Workers;

/// The resources of the readers of one model. A model is one file, or several shards.
#[derive(Debug)]
pub(super) struct Resources {
    pub(super) workers: Workers,
    pub(super) scratches: Scratches,
    /// Chunks by the number of their reader, the place of their segment's body in the file, and their number in the
    /// segment.
    pub(super) chunks: Cache<(u32, u64, usize)>,
    /// Bytes of memory that the loaded segments take.
    pub(super) loaded: AtomicU64,
    /// The estimated nanoseconds to decode the segments that were used.
    pub(super) work: Arc<Mutex<u64>>,
}

impl Resources {
    /// Makes the resources of one model.
    ///
    /// # Errors
    /// `Io` if threads cannot be started; `InvalidArgument` if the environment variable `TERSOR_KERNEL` names an unknown
    /// kernel.
    pub(super) fn new(options: &DecodeOptions) -> Result<Self> {
        Ok(Self {
            workers: Workers::new(options.threads)?,
            scratches: Scratches::new(options)?,
            chunks: Cache::new(options.limits.cache_bytes),
            loaded: AtomicU64::new(0),
            work: Arc::default(),
        })
    }
}
