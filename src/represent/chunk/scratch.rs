//! Buffers and tables that decoding keeps from one chunk to the next.

use crate::coders::{CHUNKS_AT_ONCE, LaneTables};
use crate::kernel::Kernel;
use crate::spec::MAX_FIELDS;

/// The look-up tables of a segment, buffers, and the kernel. Each thread has its own, for one file only.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(super) kernel: Kernel,
    /// The offset of the segment that the tables belong to.
    segment: Option<u64>,
    pub(super) of_mask: LaneTables,
    pub(super) of_fields: [LaneTables; MAX_FIELDS],
    /// The symbols of all fields of a block.
    pub(super) symbols: Vec<u16>,
    /// Room for the coded bytes of chunks, for the caller.
    pub(crate) coded: [Vec<u8>; CHUNKS_AT_ONCE],
}

impl Scratch {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            segment: None,
            of_mask: LaneTables::default(),
            of_fields: std::array::from_fn(|_| LaneTables::default()),
            symbols: Vec::new(),
            coded: std::array::from_fn(|_| Vec::new()),
        }
    }

    /// Prepares for a chunk of the segment whose data is at `offset`.
    pub(crate) fn enter(&mut self, offset: u64) {
        if self.segment != Some(offset) {
            self.segment = Some(offset);
            self.of_mask.forget();
            self.of_fields.iter_mut().for_each(LaneTables::forget);
        }
    }
}
