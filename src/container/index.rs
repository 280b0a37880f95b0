//! The index (section 13).

use std::ops::Range;

use super::{Manifest, Prelude};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::spec::{ENTRY_DIGEST_BYTES, FILE_DIGEST_BYTES};
use crate::wire::{Cursor, put_varint, read_packed, unzigzag, write_packed, zigzag};

/// The place of a segment frame in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentPlace {
    pub(crate) offset: u64,
    pub(crate) prelude_len: u64,
    /// The size of padding and body.
    pub(crate) body_len: u64,
}

impl SegmentPlace {
    pub(crate) fn end(&self) -> u64 {
        self.offset.saturating_add(self.prelude_len).saturating_add(self.body_len)
    }
}

/// The place of the declarations of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ManifestPlace {
    /// The file has one manifest frame, at this offset.
    Frame { offset: u64, len: u64 },
    /// The file has several manifest frames, or none: the index holds a copy of their content.
    Inline(Vec<u8>),
}

/// The index of a file whose entries are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) segments: Vec<SegmentPlace>,
    /// For each stored entry, in the order of ordinals, the number of its segment.
    pub(crate) segment_of: Vec<u32>,
    /// For each stored entry, in the order of ordinals, the digest of its bytes.
    pub(crate) entry_digests: Vec<[u8; ENTRY_DIGEST_BYTES]>,
    pub(crate) file_digests: Vec<[u8; FILE_DIGEST_BYTES]>,
}

impl Index {
    /// Appends the head of the index frame to `out`. The segments must be in the order of their offsets.
    pub(crate) fn write(&self, manifest: &ManifestPlace, data_start: u64, out: &mut Vec<u8>) -> Result<()> {
        match manifest {
            ManifestPlace::Frame { offset, len } => {
                put_varint(out, *offset);
                put_varint(out, *len);
            }
            ManifestPlace::Inline(content) => {
                out.extend_from_slice(&[0, 0]);
                write_packed(out, content)?;
            }
        }
        let mut table = Vec::new();
        put_varint(&mut table, self.segments.len() as u64);
        let mut end = data_start;
        for place in &self.segments {
            put_varint(&mut table, place.offset - end);
            end = place.end();
        }
        self.segments.iter().for_each(|place| put_varint(&mut table, place.prelude_len));
        self.segments.iter().for_each(|place| put_varint(&mut table, place.body_len));
        let mut previous = 0;
        for &segment in &self.segment_of {
            put_varint(&mut table, zigzag(i64::from(segment) - previous));
            previous = i64::from(segment);
        }
        write_packed(out, &table)?;
        self.entry_digests.iter().for_each(|digest| out.extend_from_slice(digest));
        self.file_digests.iter().for_each(|digest| out.extend_from_slice(digest));
        Ok(())
    }

    /// Reads the first part of the index: the place of the declarations. The cursor is left at the table of segments.
    pub(crate) fn read_manifest_place(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<ManifestPlace> {
        let (offset, len) = (cursor.varint()?, cursor.varint()?);
        match offset {
            0 if len != 0 => Err(cursor.place(Error::corrupt("the manifest has a length and no offset"))),
            0 => Ok(ManifestPlace::Inline(read_packed(cursor, limits.head_bytes)?.into_owned())),
            _ => Ok(ManifestPlace::Frame { offset, len }),
        }
    }

    /// Reads the rest of the index when the entries are known. All segments must be within the offsets `data`.
    pub(crate) fn read(
        cursor: &mut Cursor<'_>,
        manifest: &Manifest,
        data: Range<u64>,
        limits: &Limits,
    ) -> Result<Self> {
        let block = read_packed(cursor, limits.head_bytes)?;
        let mut table = Cursor::unplaced(&block, "index");
        let count = table.count(3, "segments")?;
        if count > manifest.entries.iter().filter(|entry| entry.is_stored()).count() {
            return Err(Error::corrupt(format!("{count} segments and fewer stored entries")).in_section("index"));
        }
        let column = |table: &mut Cursor<'_>| (0..count).map(|_| table.varint()).collect::<Result<Vec<u64>>>();
        let (gaps, prelude_lens, body_lens) = (column(&mut table)?, column(&mut table)?, column(&mut table)?);
        let mut segments = Vec::with_capacity(count);
        let mut end = data.start;
        for ((gap, prelude_len), body_len) in gaps.into_iter().zip(prelude_lens).zip(body_lens) {
            let place = SegmentPlace { offset: end.saturating_add(gap), prelude_len, body_len };
            end = place.end();
            if end > data.end {
                return Err(Error::corrupt("a segment is outside the file").in_section("index"));
            }
            segments.push(place);
        }
        let stored = manifest.entries.iter().filter(|entry| entry.is_stored());
        let mut segment_of = Vec::new();
        let mut previous = 0i64;
        for entry in stored {
            let segment = previous.saturating_add(unzigzag(table.varint()?));
            if segment < 0 || segment >= count as i64 {
                let what = format!("segment {segment} of {count}");
                return Err(Error::corrupt(what).in_section("index").in_tensor(entry.label()));
            }
            segment_of.push(segment as u32);
            previous = segment;
        }
        table.finish()?;
        let mut entry_digests = Vec::with_capacity(segment_of.len().min(cursor.remaining() / ENTRY_DIGEST_BYTES));
        for _ in 0..segment_of.len() {
            entry_digests.push(digest(cursor)?);
        }
        let mut file_digests = Vec::new();
        for _ in 0..manifest.files.len() {
            file_digests.push(digest(cursor)?);
        }
        cursor.finish()?;
        Ok(Self { segments, segment_of, entry_digests, file_digests })
    }

    /// Returns a cursor at the head of an index frame.
    pub(crate) fn cursor<'a>(prelude: &Prelude<'a>) -> Cursor<'a> {
        Cursor::new(prelude.head, prelude.head_offset, "index")
    }
}

fn digest<const N: usize>(cursor: &mut Cursor<'_>) -> Result<[u8; N]> {
    let mut digest = [0; N];
    digest.copy_from_slice(cursor.bytes(N)?);
    Ok(digest)
}

/// Returns the digest of an entry (section 1.3): the first bytes of the hash of its bytes.
pub(crate) fn entry_digest(hash: &blake3::Hash) -> [u8; ENTRY_DIGEST_BYTES] {
    let mut digest = [0; ENTRY_DIGEST_BYTES];
    digest.copy_from_slice(&hash.as_bytes()[..ENTRY_DIGEST_BYTES]);
    digest
}
