//! Header and frame preludes (sections 3 and 4).

use crate::wire::primitives::{crc, put_varint};

pub const MAGIC: [u8; 8] = [0x89, 0x54, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a];

/// Section 3: major and minor version.
pub const VERSION: [u8; 2] = [0, 4];

/// A header with these fields; the checksum is right.
pub fn header(magic: &[u8; 8], version: [u8; 2], reserved: u16, critical: u32, optional: u32) -> Vec<u8> {
    let mut out = magic.to_vec();
    out.extend(version);
    out.extend(reserved.to_le_bytes());
    out.extend(critical.to_le_bytes());
    out.extend(optional.to_le_bytes());
    out.extend(crc(&out).to_le_bytes());
    out
}

/// A prelude.
pub fn prelude(kind: u8, head: &[u8], body_len: u64, spoil: bool) -> Vec<u8> {
    let mut out = vec![kind];
    put_varint(&mut out, head.len() as u64);
    put_varint(&mut out, body_len);
    out.extend(head);
    out.extend((crc(&out) ^ u32::from(spoil)).to_le_bytes());
    out
}
