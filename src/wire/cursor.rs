//! A reader over bytes in memory that cannot run past their end, and the writing of the same things.

use byteorder::{ByteOrder, LittleEndian};

use crate::error::{Error, Result};

/// Reads from the front of `bytes`; errors carry the offset in the file and the section.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    /// Offset of `bytes` in the file; `None` if they were unpacked from something else.
    base: Option<u64>,
    section: &'static str,
}

impl<'a> Cursor<'a> {
    /// Over bytes that lie at `base` in the file.
    pub(crate) fn new(bytes: &'a [u8], base: u64, section: &'static str) -> Self {
        Self { bytes, position: 0, base: Some(base), section }
    }

    /// Over bytes that do not lie in the file as they are.
    pub(crate) fn unplaced(bytes: &'a [u8], section: &'static str) -> Self {
        Self { bytes, position: 0, base: None, section }
    }

    /// Bytes consumed.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Bytes left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// `error` with this cursor's place.
    pub(crate) fn place(&self, error: Error) -> Error {
        let error = error.in_section(self.section);
        match self.base {
            Some(base) => error.at(base.saturating_add(self.position as u64)),
            None => error,
        }
    }

    fn corrupt(&self, what: impl Into<String>) -> Error {
        self.place(Error::corrupt(what))
    }

    /// The next `count` bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.bytes.get(self.position..).and_then(|rest| rest.get(..count)) {
            Some(bytes) => {
                self.position += count;
                Ok(bytes)
            }
            None => Err(self.corrupt(format!("ends early: {count} bytes expected, {} left", self.remaining()))),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16> {
        self.bytes(2).map(LittleEndian::read_u16)
    }

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.bytes(4).map(LittleEndian::read_u32)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.bytes(8).map(LittleEndian::read_u64)
    }

    /// Section 1.1: at most 10 bytes, below 2^64, no superfluous last byte.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let start = self.clone();
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(start.corrupt("varint beyond 64 bits"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    return Err(start.corrupt("varint with a superfluous byte"));
                }
                return Ok(value);
            }
        }
        Err(start.corrupt("varint longer than 10 bytes"))
    }

    /// A varint that says how many things of at least `least_bytes` bytes each still follow in these bytes:
    /// a number that the input has not earned is refused here, before anyone allocates for it.
    pub(crate) fn count(&mut self, least_bytes: usize, what: &str) -> Result<usize> {
        let start = self.clone();
        let count = self.varint()?;
        let most = (self.remaining() / least_bytes.max(1)) as u64;
        if count > most {
            return Err(start.corrupt(format!("{count} {what} declared, at most {most} can follow")));
        }
        Ok(count as usize)
    }

    /// A varint that must fit `usize`.
    pub(crate) fn length(&mut self, what: &str) -> Result<usize> {
        let start = self.clone();
        let value = self.varint()?;
        usize::try_from(value).map_err(|_| start.corrupt(format!("{what} of {value} is beyond this machine")))
    }

    pub(crate) fn string(&mut self, what: &str) -> Result<&'a str> {
        let start = self.clone();
        let length = self.count(1, &format!("bytes of {what}"))?;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| start.corrupt(format!("{what} is not UTF-8")))
    }

    /// Nothing may be left.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.remaining() {
            0 => Ok(()),
            left => Err(self.corrupt(format!("{left} bytes left over"))),
        }
    }
}

/// Appends `value` as a varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends length and bytes of `text`.
pub(crate) fn put_string(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_come_back(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut cursor = Cursor::unplaced(&out, "test");
            prop_assert_eq!(cursor.varint().unwrap(), value);
            cursor.finish().unwrap();
            for cut in 0..out.len() {
                prop_assert!(Cursor::unplaced(&out[..cut], "test").varint().is_err());
            }
        }
    }

    #[test]
    fn odd_varints_are_refused() {
        for bytes in
            [&[0x80, 0x00][..], &[0xff; 10], &[0x80; 11], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]]
        {
            assert!(Cursor::unplaced(bytes, "test").varint().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_count_must_be_earned() {
        let mut out = Vec::new();
        put_varint(&mut out, 3);
        out.extend_from_slice(&[0; 11]);
        assert!(Cursor::unplaced(&out, "test").count(4, "things").is_err());
        out.push(0);
        assert_eq!(Cursor::unplaced(&out, "test").count(4, "things").unwrap(), 3);
    }
}
