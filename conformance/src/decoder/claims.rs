//! The header, its claims, and the rules for segments that follow from them (section 3).

use crate::decoder::bytes::{Bytes, Result, must};
use crate::decoder::coding::Coding;
use crate::decoder::head::Head;

/// The claims of a header.
#[derive(Clone, Copy)]
pub struct Claims {
    level: u8,
    mixing: bool,
}

impl Claims {
    /// Reads a header. Checks it in the order that R3-8 requires.
    pub fn read(header: &[u8]) -> Result<Self> {
        let mut bytes = Bytes(header);
        must(bytes.take(8)? == [0x89, b'T', b'S', b'R', 13, 10, 26, 10], "magic")?;
        must(bytes.take(2)? == [0, 7], "unsupported: version")?;
        let (level, reserved) = (bytes.byte()?, bytes.byte()?);
        let critical = bytes.words_of(1, 4)?[0];
        bytes.words_of(1, 4)?;
        must(bytes.words_of(1, 4)?[0] == u64::from(crc32fast::hash(&header[..20])), "checksum of the header")?;
        must(reserved == 0, "reserved byte")?;
        must(level == 1 || level == 2, "unsupported: decoder level")?;
        must(critical < 2, "unsupported: critical feature")?;
        must(level == 2 || critical == 0, "mixing at level 1")?;
        Ok(Self { level, mixing: critical == 1 })
    }

    /// Checks a segment of `elements` elements in chunks of `chunk_len` elements (R3-12 and R3-17). Each element has
    /// `element_words` words.
    pub fn check_segment(self, representation: u8, elements: u64, element_words: u64, chunk_len: u64) -> Result<()> {
        if self.level == 2 {
            return Ok(());
        }
        must(chunk_len * element_words <= 32_768, "a chunk too long for level 1")?;
        must(representation != 1 || elements <= 65_536, "a segment too long for zstd at level 1")
    }

    /// Checks the coding of a field or mask of a segment of `elements` elements (R3-11, R3-14 to R3-17).
    fn check_coding(self, coding: &Coding, elements: u64) -> Result<()> {
        match coding {
            Coding::Raw | Coding::Constant(_) => Ok(()),
            Coding::MixedField(..) | Coding::MixedMask(_) | Coding::MixedKept(_) => {
                must(self.mixing, "mixing not claimed")
            }
            _ if self.level == 2 => Ok(()),
            Coding::Bits(..) => must(elements <= 65_536, "a segment too long for bits at level 1"),
            Coding::Lanes(_, interval, _, tables) => {
                must(*interval == 0, "adaptation at level 1")?;
                must(tables.precision <= 11, "a precision too high for level 1")?;
                must(tables.entries.len() << tables.precision <= 8192, "too many slots for level 1")
            }
        }
    }
}

impl Head {
    /// Checks the claims about the parameters of fields (R3-11, R3-13 to R3-18).
    pub fn check_claims(&self, claims: Claims, elements: u64, chunk_len: u64) -> Result<()> {
        if let Some(unpack) = self.unpack.as_ref().filter(|_| claims.level == 1) {
            must(
                chunk_len * unpack.run_values() <= 32_768 * unpack.run_words,
                "a chunk of too many values for level 1",
            )?;
        }
        if let Some(mask) = &self.mask {
            claims.check_coding(&mask.coding, elements)?;
        }
        if let Some(templates) = &self.templates {
            must(claims.level > 1, "templates at level 1")?;
            claims.check_coding(&templates.coding, elements)?;
        }
        self.fields.iter().try_for_each(|(_, coding)| claims.check_coding(coding, elements))
    }
}
