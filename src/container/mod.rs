//! The frame of the format (sections 2 to 6, 12 and 13 of the specification): writes, parses and validates it, and knows no
//! coder. Each file here holds one structure, its writing and its reading side by side.

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
pub(crate) use manifest::{Entry, FileRecord, Known, Manifest, is_file_name};
pub(crate) use segment::{Chunk, SegmentHead};

use crate::spec::RAW_ALIGNMENT;

/// The zeros that bring a raw segment's body, after a prelude that ends at `offset`, to its place (section 6).
pub(crate) fn raw_padding(offset: u64) -> u64 {
    offset.wrapping_neg() % RAW_ALIGNMENT
}

/// Checks a checksum, unless under a fuzzer, which would never get past one.
pub(crate) fn checksum_matches(bytes: &[u8], stored: u32) -> bool {
    cfg!(fuzzing) || crate::wire::checksum(bytes) == stored
}
