//! Checked reading of bytes, varints, words and packed values.

/// A result whose error says why the bytes are refused.
pub type Result<T> = std::result::Result<T, &'static str>;

/// Returns `Err(why)` if `holds` is false.
pub fn must(holds: bool, why: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(why) }
}

pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        must(count <= self.0.len() as u64, "bytes missing")?;
        let (taken, rest) = self.0.split_at(count as usize);
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub fn varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for k in 0.. {
            let byte = self.byte()?;
            must(k < 9 || k == 9 && byte < 2, "a varint beyond 64 bits")?;
            value |= u64::from(byte & 0x7f) << (7 * k);
            if byte < 0x80 {
                must(byte > 0 || k == 0, "a varint's last byte")?;
                break;
            }
        }
        Ok(value)
    }

    pub fn words(&mut self, size: u64) -> Result<Vec<u64>> {
        let count = self.varint()?;
        self.words_of(count, size)
    }

    /// Reads `count` little-endian words of `size` bytes.
    pub fn words_of(&mut self, count: u64, size: u64) -> Result<Vec<u64>> {
        let bytes = self.take(count.checked_mul(size).ok_or("words missing")?)?;
        Ok(bytes.chunks(size as usize).map(|word| word.iter().rev().fold(0, |x, &b| x << 8 | u64::from(b))).collect())
    }

    pub fn packed(&mut self, count: u64, width: u32) -> Result<Vec<u16>> {
        let bits = count.checked_mul(width.into()).ok_or("packed values missing")?;
        let bytes = self.take(bits.div_ceil(8))?;
        let bit = |k: u64| u16::from(bytes[k as usize / 8] >> (k % 8) & 1);
        must((bits..bits.next_multiple_of(8)).all(|k| bit(k) == 0), "unused bits")?;
        let width = u64::from(width);
        Ok((0..count).map(|i| (0..width).fold(0, |value, k| value | bit(i * width + k) << k)).collect())
    }

    pub fn end(&self) -> Result<()> {
        must(self.0.is_empty(), "bytes left over")
    }
}
