//! The places of heads and checksums in a container.

use conformance::wire::primitives::crc;

/// The positions of the checksums of a container, and the bytes that they cover.
pub struct Structure {
    /// The ranges of the header, the preludes and the footer.
    pub heads: Vec<std::ops::Range<usize>>,
    /// The bytes that each checksum covers, and its position. Checksums of chunks come before the checksums of the
    /// preludes that hold them.
    pub sums: Vec<(std::ops::Range<usize>, usize)>,
}

impl Structure {
    pub fn of(bytes: &[u8]) -> Self {
        let footer = bytes.len() - 32;
        let mut this = Self { heads: std::iter::once(0..24).collect(), sums: vec![(0..20, 20)] };
        let mut at = 24;
        while at < footer {
            let start = at;
            let kind = bytes[at];
            at += 1;
            let (head, body) = (varint(bytes, &mut at), varint(bytes, &mut at));
            let head_end = at + head as usize;
            let mut next = head_end + 4;
            this.heads.push(start..next);
            if kind == 2 {
                let mut cursor = at;
                let members = varint(bytes, &mut cursor);
                for _ in 0..members {
                    varint(bytes, &mut cursor);
                }
                cursor += 1;
                varint(bytes, &mut cursor);
                let raw = bytes[cursor] == 0;
                cursor += 1;
                let parameters = varint(bytes, &mut cursor) as usize;
                cursor += parameters;
                if raw {
                    next = next.next_multiple_of(64);
                }
                let mut chunk = next;
                for entry in (cursor..head_end).step_by(8) {
                    let len = u32::from_le_bytes(bytes[entry..entry + 4].try_into().unwrap()) as usize;
                    this.sums.push((chunk..chunk + len, entry + 4));
                    chunk += len;
                }
                assert_eq!(chunk, next + body as usize);
            }
            this.sums.push((start..head_end, head_end));
            at = next + body as usize;
        }
        assert_eq!(at, footer);
        this.heads.push(footer..bytes.len());
        this.sums.push((footer..footer + 24, footer + 24));
        this
    }

    /// Corrects all checksums.
    pub fn repair(&self, bytes: &mut [u8]) {
        for (range, at) in &self.sums {
            let sum = crc(&bytes[range.clone()]);
            bytes[*at..*at + 4].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

pub fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}
