//! The header (section 3).

use super::checksum_matches;
use crate::error::{Error, Result};
use crate::spec::{FEATURE_MIXING, FORMAT_MAJOR, FORMAT_MINOR, HEADER_BYTES, MAX_DECODER_LEVEL};
use crate::wire::{Cursor, checksum};

const MAGIC: [u8; 8] = [0x89, b'T', b'S', b'R', 0x0d, 0x0a, 0x1a, 0x0a];

/// The claims of the header about the segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The decoder level (section 3.2): 1 or 2.
    pub(crate) decoder_level: u8,
    /// Whether segments may use mixing, a critical feature (section 3.1).
    pub(crate) mixing: bool,
}

impl Header {
    /// Appends the header.
    pub(crate) fn write(self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[FORMAT_MAJOR, FORMAT_MINOR, self.decoder_level, 0]);
        let critical = if self.mixing { FEATURE_MIXING } else { 0 };
        out.extend_from_slice(&critical.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        let sum = checksum(&out[start..]);
        out.extend_from_slice(&sum.to_le_bytes());
    }
}

/// Reads the header at the start of `bytes`. There can be fewer bytes than a header has.
pub(crate) fn read_header(bytes: &[u8]) -> Result<Header> {
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if bytes.is_empty() {
        return Err(Error::truncated("the input is empty").in_section("header").at(0));
    }
    if !MAGIC.starts_with(magic) {
        let what = match describe_foreign(bytes) {
            Some(format) => format!("not a Tersor file: {format}"),
            None => "not a Tersor file: it does not begin with the magic bytes".to_owned(),
        };
        return Err(Error::corrupt(what).foreign().in_section("header").at(0));
    }
    let truncated = || Error::truncated("the input ends within the header").in_section("header").at(bytes.len() as u64);
    if bytes.len() < MAGIC.len() + 2 {
        return Err(truncated());
    }
    let mut cursor = Cursor::new(bytes, 0, "header");
    cursor.bytes(MAGIC.len())?;
    let (major, minor) = (cursor.u8()?, cursor.u8()?);
    if (major, minor) != (FORMAT_MAJOR, FORMAT_MINOR) {
        return Err(Error::unsupported(format!(
            "format version {major}.{minor}; this program reads {FORMAT_MAJOR}.{FORMAT_MINOR}"
        ))
        .in_section("header")
        .at(8));
    }
    if bytes.len() < HEADER_BYTES {
        return Err(truncated());
    }
    let (decoder_level, reserved) = (cursor.u8()?, cursor.u8()?);
    let critical = cursor.u32()?;
    let _optional = cursor.u32()?;
    let stored = cursor.u32()?;
    let at = |error: Error, offset| Err(error.in_section("header").at(offset));
    if !checksum_matches(&bytes[..HEADER_BYTES - 4], stored) {
        return at(Error::corrupt("the checksum of the header does not match"), 20);
    }
    if reserved != 0 {
        return at(Error::corrupt("the reserved byte is not zero"), 11);
    }
    if !(1..=MAX_DECODER_LEVEL).contains(&decoder_level) {
        return at(Error::unsupported(format!("the decoder level {decoder_level} is unknown")), 10);
    }
    if critical & !FEATURE_MIXING != 0 {
        return at(Error::unsupported(format!("the critical features {critical:#x} are unknown")), 12);
    }
    let mixing = critical & FEATURE_MIXING != 0;
    if mixing && decoder_level == 1 {
        return at(Error::corrupt("the feature mixing at decoder level 1"), 12);
    }
    Ok(Header { decoder_level, mixing })
}

/// Returns a guess at the format of a file that is no Tersor file, from its first bytes.
pub(crate) fn describe_foreign(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [b'P', b'K', 3, 4, ..] => Some("this looks like a zip archive, such as a PyTorch checkpoint (.pt)"),
        [0x80, 2..=5, ..] => Some("this looks like a pickle, such as an old PyTorch checkpoint (.pt)"),
        [b'G', b'G', b'U', b'F', ..] => Some("this looks like a GGUF model"),
        [0x89, b'H', b'D', b'F', ..] => Some("this looks like an HDF5 file"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("this looks like a zstd file"),
        [0x1f, 0x8b, ..] => Some("this looks like a gzip file"),
        [_, _, _, _, _, _, _, 0, b'{', ..] => Some("this looks like a safetensors model; encode it first"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn written(decoder_level: u8, mixing: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        Header { decoder_level, mixing }.write(&mut bytes);
        bytes
    }

    #[test]
    fn a_header_is_read_and_every_byte_counts() {
        for (decoder_level, mixing) in [(1, false), (2, false), (2, true)] {
            let bytes = written(decoder_level, mixing);
            assert_eq!(bytes.len(), HEADER_BYTES);
            assert_eq!(read_header(&bytes).unwrap(), Header { decoder_level, mixing });
            for position in 0..bytes.len() {
                assert!(read_header(&bytes[..position]).is_err());
                for value in 0..=255 {
                    if bytes[position] != value {
                        let mut changed = bytes.clone();
                        changed[position] = value;
                        assert!(read_header(&changed).is_err(), "byte {position} = {value}");
                    }
                }
            }
        }
    }

    #[test]
    fn impossible_claims_are_refused() {
        let kind = |decoder_level, mixing| read_header(&written(decoder_level, mixing)).unwrap_err().kind();
        assert_eq!(kind(0, false), ErrorKind::Unsupported);
        assert_eq!(kind(3, true), ErrorKind::Unsupported);
        assert_eq!(kind(1, true), ErrorKind::Corrupt);
    }

    #[test]
    fn a_newer_version_is_unsupported() {
        let mut bytes = written(2, false);
        bytes[9] = FORMAT_MINOR + 1;
        assert_eq!(read_header(&bytes).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
