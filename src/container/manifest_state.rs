//! The state of a reader of several manifests.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::Result;
use crate::limits::{Bound, Limits};

/// The facts about earlier manifests that a further one is checked against.
#[derive(Debug, Default)]
pub(crate) struct ManifestState {
    /// Whether there was a manifest.
    pub(super) any: bool,
    /// The keys of the metadata.
    pub(super) keys: HashSet<String>,
    /// The names of the tensors that belong to no file.
    pub(super) names: HashSet<Arc<str>>,
    /// The sum of the decoded bytes.
    pub(super) total: u64,
    /// An estimate of the memory that the manifests take, in bytes.
    memory: u64,
}

impl ManifestState {
    /// Adds `count` objects of `bytes` bytes each to the estimate of the memory, before they are made. The size of the
    /// file is no bound for it, because zstd can compress a manifest to almost nothing.
    pub(super) fn charge(&mut self, count: usize, bytes: usize, limits: &Limits) -> Result<()> {
        let asked = (count as u64).saturating_mul(bytes as u64);
        self.memory = self.memory.saturating_add(asked);
        limits
            .check(Bound::HeadBytes, self.memory, "bytes of memory for manifests")
            .map_err(|e| e.in_section("manifest"))
    }
}
