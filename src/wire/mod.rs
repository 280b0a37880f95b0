//! Bytes on the wire (section 1 of the specification): a cursor that checks every length, and functions that write.

mod cursor;
mod packed_block;
mod zigzag;

pub(crate) use cursor::{Cursor, put_string, put_varint};
pub(crate) use packed_block::{check_zstd_frame, read_packed, write_packed};
pub(crate) use zigzag::{unzigzag, zigzag};

/// Returns the CRC-32 (ISO-HDLC) of `bytes` (section 1.3).
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
