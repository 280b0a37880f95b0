//! Writes, parses and validates the structures of a file (sections 2 to 6, 12 and 13 of the specification). Coded data
//! stays bytes here. Each file holds one structure, and its writing beside its reading.

mod directory;
mod footer;
mod frame;
mod header;
mod index;
mod manifest;
mod segment;

pub(crate) use directory::{Coverage, Directory, Place};
pub(crate) use footer::Footer;
pub(crate) use frame::{FrameStart, MAX_FRAME_START, Prelude};
pub(crate) use header::{describe_foreign, read_header, write_header};
pub(crate) use index::{Index, ManifestPlace, SegmentPlace, entry_digest};
pub(crate) use manifest::{Entry, FileRecord, Manifest, ManifestState, is_file_name};
pub(crate) use segment::{Chunk, SegmentHead};

/// Section 3.
pub(crate) const FORMAT_MAJOR: u8 = 0;
/// Section 3.
pub(crate) const FORMAT_MINOR: u8 = 4;
/// Section 3.
pub(crate) const HEADER_BYTES: usize = 24;
/// Section 13.
pub(crate) const FOOTER_BYTES: usize = 32;
/// Section 4.
pub(crate) const FRAME_MANIFEST: u8 = 1;
/// Section 4.
pub(crate) const FRAME_SEGMENT: u8 = 2;
/// Section 4.
pub(crate) const FRAME_INDEX: u8 = 3;
/// Section 4.
pub(crate) const FRAME_OPTIONAL: u8 = 128;
/// Section 6.
pub(crate) const RAW_ALIGNMENT: u64 = 64;
/// Section 6: a coded chunk has at most this many bytes plus [`MAX_CHUNK_EXPANSION`] times its decoded bytes.
pub(crate) const MAX_CHUNK_OVERHEAD: u64 = 65_536;
/// Section 6.
pub(crate) const MAX_CHUNK_EXPANSION: u64 = 32;
/// Section 6.
pub(crate) const MAX_CHUNK_ELEMENTS: u64 = 4_194_304;
/// Section 6: the least number of elements in a chunk if a segment has several.
pub(crate) const MIN_CHUNK_ELEMENTS: u64 = 256;
/// Section 5.
pub(crate) const MAX_FILE_NAME_BYTES: usize = 255;
/// Section 12.
pub(crate) const ENTRY_DIGEST_BYTES: usize = 16;
/// Section 12.
pub(crate) const FILE_DIGEST_BYTES: usize = 32;

/// Returns the number of zeros between a prelude that ends at `offset` and the body of a raw segment (section 6).
pub(crate) fn raw_padding(offset: u64) -> u64 {
    offset.wrapping_neg() % RAW_ALIGNMENT
}

/// Returns whether `stored` is the checksum of `bytes`. Under a fuzzer, which cannot make valid checksums, it returns true.
pub(crate) fn checksum_matches(bytes: &[u8], stored: u32) -> bool {
    cfg!(fuzzing) || crate::wire::checksum(bytes) == stored
}
