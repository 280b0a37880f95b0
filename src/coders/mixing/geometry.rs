//! The geometry of a masked array (sections 12.3 and 12.4).

use crate::error::{Error, Result};
use crate::spec::MAX_MASK_ROW;
use crate::wire::{Cursor, put_varint};

/// Rows of values, which consist of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The number of values of a row, 1 to [`MAX_MASK_ROW`].
    pub(crate) row: u32,
    /// The number of values of a kernel, from 1 to `row`.
    pub(crate) kernel: u32,
}

impl Geometry {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let start = cursor.clone();
        let (row, kernel) = (cursor.varint()?, cursor.varint()?);
        if !(1..=u64::from(MAX_MASK_ROW)).contains(&row) || !(1..=row).contains(&kernel) {
            return Err(
                start.place(Error::corrupt(format!("rows of {row} values with kernels of {kernel} are not allowed")))
            );
        }
        Ok(Self { row: row as u32, kernel: kernel as u32 })
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        put_varint(out, self.row.into());
        put_varint(out, self.kernel.into());
    }
}
