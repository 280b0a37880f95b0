//! Frames (section 4).

use super::checksum_matches;
use crate::error::{Error, Result};
use crate::spec::{FRAME_INDEX, FRAME_MANIFEST, FRAME_OPTIONAL, FRAME_SEGMENT};
use crate::wire::{Cursor, checksum, put_varint};

/// The largest size of the kind and both lengths in bytes.
pub(crate) const MAX_FRAME_START: usize = 1 + 10 + 10;

/// The kind and the lengths of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameStart {
    pub(crate) kind: u8,
    pub(crate) head_len: u64,
    pub(crate) body_len: u64,
    /// The size of these three fields in bytes.
    pub(crate) len: usize,
}

impl FrameStart {
    /// Parses the first bytes of a frame.
    pub(crate) fn read(bytes: &[u8], offset: u64) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, offset, "frame");
        let kind = cursor.u8()?;
        if !matches!(kind, FRAME_MANIFEST | FRAME_SEGMENT | FRAME_INDEX) && kind & FRAME_OPTIONAL == 0 {
            return Err(Error::unsupported(format!("the frame kind {kind} is unknown")).in_section("frame").at(offset));
        }
        let (head_len, body_len) = (cursor.varint()?, cursor.varint()?);
        if head_len >= 1 << 63 || body_len >= 1 << 63 {
            return Err(cursor.place(Error::corrupt("the frame has 2^63 bytes or more")));
        }
        if body_len != 0 && matches!(kind, FRAME_MANIFEST | FRAME_INDEX) {
            return Err(cursor.place(Error::corrupt("a manifest or index frame has a body")));
        }
        Ok(Self { kind, head_len, body_len, len: cursor.position() })
    }

    /// Returns the size in bytes from the kind to the checksum.
    pub(crate) fn prelude_len(&self) -> u64 {
        self.len as u64 + self.head_len + 4
    }
}

/// A frame from its kind to its checksum, which was checked.
#[derive(Debug)]
pub(crate) struct Prelude<'a> {
    pub(crate) start: FrameStart,
    pub(crate) head: &'a [u8],
    /// Offset of the head in the file.
    pub(crate) head_offset: u64,
}

impl<'a> Prelude<'a> {
    /// Appends a prelude to `out`.
    pub(crate) fn write(kind: u8, head: &[u8], body_len: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(kind);
        put_varint(out, head.len() as u64);
        put_varint(out, body_len);
        out.extend_from_slice(head);
        let sum = checksum(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }

    /// Parses exactly the bytes of a prelude at `offset`.
    pub(crate) fn read(bytes: &'a [u8], offset: u64) -> Result<Self> {
        let start = FrameStart::read(bytes, offset)?;
        if start.prelude_len() != bytes.len() as u64 {
            return Err(Error::corrupt(format!(
                "the frame has a prelude of {} bytes and {} are expected",
                start.prelude_len(),
                bytes.len()
            ))
            .in_section("frame")
            .at(offset));
        }
        let mut cursor = Cursor::new(bytes, offset, "frame");
        cursor.bytes(start.len)?;
        let head = cursor.bytes(bytes.len() - start.len - 4)?;
        let stored = cursor.u32()?;
        if !checksum_matches(&bytes[..bytes.len() - 4], stored) {
            return Err(Error::corrupt("the checksum of the frame does not match").in_section("frame").at(offset));
        }
        Ok(Self { start, head, head_offset: offset + start.len as u64 })
    }

    /// Checks that the frame is of kind `kind`.
    pub(crate) fn expect(self, kind: u8, section: &'static str) -> Result<Self> {
        if self.start.kind != kind {
            let what = format!("the frame has kind {} and should have kind {kind}", self.start.kind);
            return Err(Error::corrupt(what).in_section(section).at(self.head_offset - self.start.len as u64));
        }
        Ok(self)
    }
}
