//! Checked reading of integers and strings from bytes in memory, and writing of the same.

use byteorder::{ByteOrder, LittleEndian};

use crate::error::{Error, Result};

/// Reads from the front of `bytes`, never past the end. Errors carry the offset in the file and the name of the
/// section.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    /// The offset of `bytes` in the file; `None` if they were unpacked from other bytes.
    base: Option<u64>,
    section: &'static str,
}

impl<'a> Cursor<'a> {
    /// Reads bytes that lie at offset `base` of the file.
    pub(crate) fn new(bytes: &'a [u8], base: u64, section: &'static str) -> Self {
        Self { bytes, position: 0, base: Some(base), section }
    }

    /// Reads bytes that were unpacked, and so have no offset in the file.
    pub(crate) fn unplaced(bytes: &'a [u8], section: &'static str) -> Self {
        Self { bytes, position: 0, base: None, section }
    }

    /// Returns the number of bytes consumed.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Returns the number of bytes left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Adds the position of this cursor to an error.
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

    /// Reads the next `count` bytes.
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

    pub(crate) fn u32(&mut self) -> Result<u32> {
        self.bytes(4).map(LittleEndian::read_u32)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.bytes(8).map(LittleEndian::read_u64)
    }

    /// Reads a varint (section 1.1): at most 10 bytes, below 2^64, without a superfluous last byte.
    pub(crate) fn varint(&mut self) -> Result<u64> {
        let start = self.clone();
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(start.corrupt("a varint of more than 64 bits"));
            }
            value |= bits << shift;
            if byte < 0x80 {
                if byte == 0 && shift > 0 {
                    return Err(start.corrupt("a varint with a superfluous byte"));
                }
                return Ok(value);
            }
        }
        Err(start.corrupt("a varint of more than 10 bytes"))
    }

    /// Reads a varint: the number of items of at least `min_bytes` bytes each that follow in these bytes.
    ///
    /// Refuses a number of items that the remaining bytes cannot hold, before memory is allocated for them.
    pub(crate) fn count(&mut self, min_bytes: usize, what: &str) -> Result<usize> {
        let start = self.clone();
        let count = self.varint()?;
        self.check_count(&start, count, min_bytes, what)
    }

    /// Reads a varint: twice a number of items like that of [`count`](Self::count), plus 1 if a flag is set.
    pub(crate) fn count_and_flag(&mut self, min_bytes: usize, what: &str) -> Result<(usize, bool)> {
        let start = self.clone();
        let number = self.varint()?;
        Ok((self.check_count(&start, number / 2, min_bytes, what)?, number % 2 == 1))
    }

    /// Refuses a number of items, read at `start`, that the remaining bytes cannot hold.
    fn check_count(&self, start: &Self, count: u64, min_bytes: usize, what: &str) -> Result<usize> {
        let most = (self.remaining() / min_bytes.max(1)) as u64;
        if count > most {
            return Err(start.corrupt(format!("{count} {what} declared, but at most {most} can follow")));
        }
        Ok(count as usize)
    }

    /// Reads a varint that must fit `usize`.
    pub(crate) fn length(&mut self, what: &str) -> Result<usize> {
        let start = self.clone();
        let value = self.varint()?;
        usize::try_from(value).map_err(|_| start.corrupt(format!("{what} of {value} exceeds the address space")))
    }

    /// Reads a string with its length in front.
    pub(crate) fn string(&mut self, what: &str) -> Result<&'a str> {
        let start = self.clone();
        let length = self.count(1, &format!("bytes of {what}"))?;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| start.corrupt(format!("{what} is not UTF-8")))
    }

    /// Checks that no bytes are left.
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

/// Appends the length and the bytes of `text`.
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
