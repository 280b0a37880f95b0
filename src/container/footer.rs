//! The footer (section 14).

use super::checksum_matches;
use crate::error::{Error, Result};
use crate::spec::{FOOTER_BYTES, HEADER_BYTES};
use crate::wire::{Cursor, checksum};

const MAGIC: [u8; 4] = *b"TSRE";

/// The place of the index frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) index_offset: u64,
    pub(crate) index_len: u64,
}

impl Footer {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let file_len = self.index_offset + self.index_len + FOOTER_BYTES as u64;
        for value in [self.index_offset, self.index_len, file_len] {
            out.extend_from_slice(&value.to_le_bytes());
        }
        let sum = checksum(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
        out.extend_from_slice(&MAGIC);
    }

    /// Parses the last bytes of a file of `file_len` bytes.
    pub(crate) fn read(bytes: &[u8; FOOTER_BYTES], file_len: u64) -> Result<Self> {
        let base = file_len.saturating_sub(FOOTER_BYTES as u64);
        let mut cursor = Cursor::new(bytes, base, "footer");
        let (index_offset, index_len, stored_len) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let stored = cursor.u32()?;
        if cursor.bytes(MAGIC.len())? != MAGIC {
            let what = "no footer at the end: the file is cut short, or something was appended to it";
            return Err(Error::truncated(what).in_section("footer").at(base));
        }
        let corrupt = |what: &str| Err(Error::corrupt(what).in_section("footer").at(base));
        if !checksum_matches(&bytes[..24], stored) {
            return corrupt("the checksum of the footer does not match");
        }
        if stored_len != file_len {
            return corrupt(&format!("the file has {file_len} bytes, and had {stored_len} when it was written"));
        }
        if index_offset < HEADER_BYTES as u64 || index_offset.checked_add(index_len) != Some(base) {
            return corrupt("the index does not end where the footer begins");
        }
        Ok(Self { index_offset, index_len })
    }
}
