//! Bytes on the wire (sections 1 and 4 of the specification): a cursor that checks every length, and the sink beside it.

mod cursor;
mod packed;

pub(crate) use cursor::{Cursor, put_string, put_varint};
pub(crate) use packed::{check_zstd_frame, read_packed, write_packed};

/// CRC-32 (ISO-HDLC) of `bytes`, section 1.3.
pub(crate) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}
