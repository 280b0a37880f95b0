//! Writes, parses and validates the structures of a file (sections 2 to 6, 13 and 14 of the specification). Coded data
//! stays bytes here. Each file writes and reads one structure.

mod directory;
mod entry;
mod file_path;
mod footer;
mod frame;
mod header;
mod index;
mod manifest;
mod manifest_state;
#[cfg(test)]
mod manifest_tests;
mod segment;

pub(crate) use directory::{Coverage, Directory, Place};
pub(crate) use entry::Entry;
pub(crate) use file_path::{folders_of, is_file_path};
pub(crate) use footer::Footer;
pub(crate) use frame::{FrameStart, MAX_FRAME_START, Prelude};
pub(crate) use header::{Header, describe_foreign, read_header};
pub(crate) use index::{Index, ManifestPlace, SegmentPlace, entry_digest};
pub(crate) use manifest::{FileRecord, Manifest};
pub(crate) use manifest_state::ManifestState;
pub(crate) use segment::{Chunk, SegmentHead};

use crate::spec::RAW_ALIGNMENT;

/// Returns the number of zeros between a prelude that ends at `offset` and the body of a raw segment (section 6).
pub(crate) fn raw_padding(offset: u64) -> u64 {
    offset.wrapping_neg() % RAW_ALIGNMENT
}

/// Returns whether `stored` is the checksum of `bytes`. Under a fuzzer, which cannot make valid checksums, it returns
/// true.
pub(crate) fn checksum_matches(bytes: &[u8], stored: u32) -> bool {
    cfg!(fuzzing) || crate::wire::checksum(bytes) == stored
}
