//! What decoding keeps from one chunk to the next.

use crate::coders::LaneTables;
use crate::kernel::Kernel;
use crate::spec::MAX_FIELDS;

/// Tables that a segment's chunks look up, and the kernel that does. One for each thread; of one file only.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(super) kernel: Kernel,
    /// Offset of the segment that the tables belong to.
    segment: Option<u64>,
    pub(super) of_mask: LaneTables,
    pub(super) of_fields: [LaneTables; MAX_FIELDS],
    /// Of a block of all fields.
    pub(super) symbols: Vec<u16>,
    /// The chunk that a part was wanted of last, by its segment's offset and its number: the next part may be another tensor.
    pub(crate) whole: Option<((u64, usize), Vec<u8>)>,
}

impl Scratch {
    pub(crate) fn new(kernel: Kernel) -> Self {
        Self {
            kernel,
            segment: None,
            of_mask: LaneTables::default(),
            of_fields: std::array::from_fn(|_| LaneTables::default()),
            symbols: Vec::new(),
            whole: None,
        }
    }

    /// Before a chunk of the segment whose data lies at `offset`.
    pub(crate) fn enter(&mut self, offset: u64) {
        if self.segment != Some(offset) {
            self.segment = Some(offset);
            self.of_mask.forget();
            self.of_fields.iter_mut().for_each(LaneTables::forget);
        }
    }
}
