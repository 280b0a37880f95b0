//! Header and frame preludes (sections 3 and 4).

use crate::wire::primitives::{crc, put_varint};

pub const MAGIC: [u8; 8] = [0x89, 0x54, 0x53, 0x52, 0x0d, 0x0a, 0x1a, 0x0a];

/// The major and the minor version (section 3).
pub const VERSION: [u8; 2] = [0, 7];

/// The critical feature MIXING (section 3.1).
pub const MIXING: u32 = 1;

/// The fields of a header (section 3).
#[derive(Clone, Copy)]
pub struct Header {
    pub magic: [u8; 8],
    pub version: [u8; 2],
    pub level: u8,
    pub reserved: u8,
    pub critical: u32,
    pub optional: u32,
    /// The written checksum is the right one xor this number, so 0 leaves it right.
    pub spoil: u32,
}

impl Header {
    /// A header that claims decoder level 2 and has no feature.
    pub const PLAIN: Self =
        Self { magic: MAGIC, version: VERSION, level: 2, reserved: 0, critical: 0, optional: 0, spoil: 0 };

    /// Returns the 24 bytes of the header.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.magic.to_vec();
        out.extend(self.version);
        out.extend([self.level, self.reserved]);
        out.extend(self.critical.to_le_bytes());
        out.extend(self.optional.to_le_bytes());
        out.extend((crc(&out) ^ self.spoil).to_le_bytes());
        out
    }
}

/// Returns the prelude of a frame. If `spoil` is true, its checksum is wrong.
pub fn prelude(kind: u8, head: &[u8], body_len: u64, spoil: bool) -> Vec<u8> {
    let mut out = vec![kind];
    put_varint(&mut out, head.len() as u64);
    put_varint(&mut out, body_len);
    out.extend(head);
    out.extend((crc(&out) ^ u32::from(spoil)).to_le_bytes());
    out
}
