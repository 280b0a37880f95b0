//! The head of a segment frame (section 6). The parameters of the representation stay bytes here.

use super::{Entry, Prelude};
use crate::error::{Error, Result};
use crate::spec::{MAX_CHUNK_ELEMENTS, MIN_CHUNK_ELEMENTS};
use crate::tensor::{Dtype, byte_len};
use crate::wire::{Cursor, put_varint};

/// The place of a chunk in its segment, and its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The offset from the first byte of the first chunk.
    pub(crate) offset: u64,
    pub(crate) len: u32,
    pub(crate) checksum: u32,
}

/// The head of a segment, checked against the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHead {
    pub(crate) members: Vec<u32>,
    pub(crate) dtype: Dtype,
    /// The number of elements of all members.
    pub(crate) elements: u64,
    /// The number of elements of a chunk; the last chunk can have fewer.
    pub(crate) chunk_len: u64,
    pub(crate) representation: u8,
    pub(crate) parameters: Vec<u8>,
    pub(crate) chunks: Vec<Chunk>,
}

impl SegmentHead {
    /// Returns the size of all chunks in the file, in bytes.
    pub(crate) fn coded_len(&self) -> u64 {
        self.chunks.last().map_or(0, |chunk| chunk.offset + u64::from(chunk.len))
    }

    /// Returns the elements of chunk `index`.
    pub(crate) fn chunk_range(&self, index: usize) -> std::ops::Range<u64> {
        let start = index as u64 * self.chunk_len;
        start..(start + self.chunk_len).min(self.elements)
    }

    /// Appends the head to `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.members.len() as u64);
        let mut previous = 0;
        for &member in &self.members {
            put_varint(out, u64::from(member - previous));
            previous = member;
        }
        out.push(self.dtype.code());
        put_varint(out, self.chunk_len);
        out.push(self.representation);
        put_varint(out, self.parameters.len() as u64);
        out.extend_from_slice(&self.parameters);
        for chunk in &self.chunks {
            out.extend_from_slice(&chunk.len.to_le_bytes());
            out.extend_from_slice(&chunk.checksum.to_le_bytes());
        }
    }

    /// Reads the head of a segment. Its members must be among `entries`.
    pub(crate) fn read(prelude: &Prelude<'_>, entries: &[Entry]) -> Result<Self> {
        let mut cursor = Cursor::new(prelude.head, prelude.head_offset, "segment");
        let corrupt = |what: String| Error::corrupt(what).in_section("segment").at(prelude.head_offset);
        let count = cursor.count(1, "members")?;
        if count == 0 {
            return Err(corrupt("the segment has no members".to_owned()));
        }
        let mut members = Vec::with_capacity(count);
        let mut ordinal = 0u64;
        let mut elements = 0u64;
        let mut dtype = None;
        for index in 0..count {
            let distance = cursor.varint()?;
            if index > 0 && distance == 0 {
                return Err(corrupt("a member occurs twice".to_owned()));
            }
            ordinal = ordinal.saturating_add(distance);
            let Some(entry) = usize::try_from(ordinal).ok().and_then(|ordinal| entries.get(ordinal)) else {
                return Err(corrupt(format!("member {ordinal} is not declared")));
            };
            if !entry.is_stored() {
                return Err(corrupt("a member has no elements or is an alias".to_owned()).in_tensor(entry.label()));
            }
            if *dtype.get_or_insert(entry.dtype) != entry.dtype {
                return Err(corrupt("the members have several dtypes".to_owned()).in_tensor(entry.label()));
            }
            elements = elements.saturating_add(entry.elements());
            members.push(ordinal as u32);
        }
        if byte_len(dtype.unwrap_or(Dtype::U8), &[elements]).is_none() {
            return Err(corrupt("the members have 2^63 bytes or more".to_owned()));
        }
        let stored_dtype = Dtype::from_code(cursor.u8()?).map_err(|error| cursor.place(error))?;
        if dtype != Some(stored_dtype) {
            return Err(corrupt(format!("the segment has dtype {stored_dtype} and its members have another")));
        }
        let chunk_len = cursor.varint()?;
        if !(1..=MAX_CHUNK_ELEMENTS).contains(&chunk_len) {
            return Err(corrupt(format!("{chunk_len} elements in a chunk are not from 1 to {MAX_CHUNK_ELEMENTS}")));
        }
        let chunk_count = elements.div_ceil(chunk_len);
        if chunk_count > 1 && stored_dtype.bits() < 8 && !chunk_len.is_multiple_of(8) {
            return Err(corrupt(format!("chunks of {chunk_len} elements do not end at a byte")));
        }
        if chunk_count > 1 && chunk_len < MIN_CHUNK_ELEMENTS {
            return Err(corrupt(format!(
                "chunks of {chunk_len} elements are too small: the least is {MIN_CHUNK_ELEMENTS}"
            )));
        }
        let representation = cursor.u8()?;
        let parameter_len = cursor.count(1, "bytes of parameters")?;
        let parameters = cursor.bytes(parameter_len)?.to_vec();
        if cursor.remaining() as u64 != chunk_count.saturating_mul(8) {
            return Err(corrupt(format!("a chunk table of {} bytes for {chunk_count} chunks", cursor.remaining())));
        }
        let mut chunks = Vec::with_capacity(cursor.remaining() / 8);
        let mut offset = 0;
        while cursor.remaining() > 0 {
            let (len, checksum) = (cursor.u32()?, cursor.u32()?);
            chunks.push(Chunk { offset, len, checksum });
            offset += u64::from(len);
        }
        Ok(Self { members, dtype: stored_dtype, elements, chunk_len, representation, parameters, chunks })
    }
}
