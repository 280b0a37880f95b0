//! The head of a segment (section 6).

use crate::wire::primitives::{crc, put_varint};

/// The parts of the head of a segment (section 6).
#[derive(Clone)]
pub struct Segment {
    pub count: u64,
    /// The numbers that are written: the first ordinal, then the distances.
    pub members: Vec<u64>,
    pub dtype: u8,
    pub chunk_len: u64,
    pub representation: u8,
    pub parameters: Vec<u8>,
    /// The length that is written before the parameters; `None` for their true length.
    pub parameter_len: Option<u64>,
    pub chunks: Vec<Vec<u8>>,
    /// The length and the checksum of each chunk; `None` for the true ones.
    pub table: Option<Vec<(u32, u32)>>,
    /// Bytes after the end of the head.
    pub rest: Vec<u8>,
}

impl Segment {
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.count);
        self.members.iter().for_each(|&member| put_varint(&mut out, member));
        out.push(self.dtype);
        put_varint(&mut out, self.chunk_len);
        out.push(self.representation);
        put_varint(&mut out, self.parameter_len.unwrap_or(self.parameters.len() as u64));
        out.extend(&self.parameters);
        let made: Vec<(u32, u32)> = self.chunks.iter().map(|chunk| (chunk.len() as u32, crc(chunk))).collect();
        for (len, sum) in self.table.as_ref().unwrap_or(&made) {
            out.extend(len.to_le_bytes());
            out.extend(sum.to_le_bytes());
        }
        out.extend(&self.rest);
        out
    }
}
