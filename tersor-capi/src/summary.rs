//! The sizes of an encoded file.

use tersor::Result;

use crate::pointers::Output;

/// The sizes of an encoded file.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Summary {
    /// The size of the tensors, or of the input files, in bytes.
    pub raw_bytes: u64,
    /// The size of the Tersor file in bytes.
    pub coded_bytes: u64,
    /// The number of elements.
    pub weights: u64,
}

impl Summary {
    /// Writes a summary, unless the place is NULL.
    pub(crate) fn put(place: Output<Self>, sizes: &tersor::Summary) -> Result<()> {
        if place.is_null() {
            return Ok(());
        }
        let value = Self { raw_bytes: sizes.raw_bytes, coded_bytes: sizes.coded_bytes, weights: sizes.weights };
        place.put(value, "summary")
    }
}
