//! Reads the frames of a file from front to back, and checks index and footer against them.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use super::Segment;
use super::input::Input;
use crate::container::{
    Coverage, Entry, Footer, FrameStart, Header, Index, MAX_FRAME_START, Manifest, ManifestPlace, ManifestState,
    Prelude, SegmentPlace, read_header,
};
use crate::error::{Error, Result};
use crate::limits::{Bound, Limits};
use crate::spec::{
    ENTRY_DIGEST_BYTES, FILE_DIGEST_BYTES, FOOTER_BYTES, FRAME_INDEX, FRAME_MANIFEST, FRAME_OPTIONAL, FRAME_SEGMENT,
    HEADER_BYTES,
};
use crate::wire::{Cursor, read_packed};

/// A frame that was read up to its body.
#[derive(Debug)]
pub(super) enum Frame {
    /// A manifest, which was added to [`Frames::manifest`].
    Manifest,
    /// A segment, whose chunks come next in the input.
    Segment(Arc<Segment>),
    /// A frame of an optional kind, which was skipped.
    Skipped,
    /// Index and footer: the end of the file.
    End(Digests),
}

/// The digests that the index lists.
#[derive(Debug, Default)]
pub(super) struct Digests {
    /// Ordinal and digest of every stored entry.
    pub(super) entries: Vec<(usize, [u8; ENTRY_DIGEST_BYTES])>,
    /// The digest of every file.
    pub(super) files: Vec<[u8; FILE_DIGEST_BYTES]>,
}

/// The frames of an input, and the declarations and places read so far.
#[derive(Debug)]
pub(super) struct Frames<R> {
    pub(super) input: Input<R>,
    limits: Limits,
    header: Header,
    pub(super) manifest: Manifest,
    state: ManifestState,
    manifests: Vec<Range<u64>>,
    places: Vec<SegmentPlace>,
    /// For each entry, the number of its segment.
    segment_of: Vec<u32>,
    coverage: Coverage,
    /// Estimated time to decode the segments so far, in nanoseconds.
    work: u64,
}

impl<R: Read> Frames<R> {
    /// Reads the header of the file.
    pub(super) fn new(input: R, limits: Limits) -> Result<Self> {
        let mut input = Input::new(input);
        let header = read_header(&input.up_to(HEADER_BYTES as u64)?)?;
        Ok(Self {
            input,
            limits,
            header,
            manifest: Manifest::default(),
            state: ManifestState::default(),
            manifests: Vec::new(),
            places: Vec::new(),
            segment_of: Vec::new(),
            coverage: Coverage::default(),
            work: 0,
        })
    }

    /// Returns whether a manifest was read.
    pub(super) fn has_manifest(&self) -> bool {
        !self.manifests.is_empty()
    }

    /// Reads a frame up to its body. The body of a segment, which is its chunks, must be read before the next call.
    pub(super) fn next(&mut self) -> Result<Frame> {
        let offset = self.input.position();
        let (mut prelude, start) = self.read_frame_start()?;
        self.limits
            .check(Bound::HeadBytes, start.head_len, "bytes of a frame's head")
            .map_err(|error| error.at(offset))?;
        prelude.extend_from_slice(&self.input.exactly(start.head_len + 4, "frame")?);
        let prelude = Prelude::read(&prelude, offset)?;
        match start.kind {
            kind if kind & FRAME_OPTIONAL != 0 => {
                self.input.skip(start.body_len)?;
                Ok(Frame::Skipped)
            }
            FRAME_MANIFEST => {
                let mut cursor = Cursor::new(prelude.head, prelude.head_offset, "manifest");
                let content = read_packed(&mut cursor, self.limits.head_bytes)?;
                cursor.finish()?;
                self.manifest.read_more(&content, &self.limits, &mut self.state)?;
                self.segment_of.resize(self.manifest.entries.len(), u32::MAX);
                self.manifests.push(offset..self.input.position());
                Ok(Frame::Manifest)
            }
            FRAME_SEGMENT => self.read_segment(&prelude, offset),
            _ => {
                debug_assert_eq!(start.kind, FRAME_INDEX);
                self.read_end(&prelude, offset).map(Frame::End)
            }
        }
    }

    /// Reads kind and lengths of a frame byte by byte, because their size is not known before.
    fn read_frame_start(&mut self) -> Result<(Vec<u8>, FrameStart)> {
        let offset = self.input.position();
        let mut bytes = Vec::with_capacity(MAX_FRAME_START);
        let mut fields = 0;
        while fields < 3 && bytes.len() < MAX_FRAME_START {
            let byte = self.input.exactly(1, "frame")?[0];
            bytes.push(byte);
            // the kind is one byte, and the last byte of a varint is below 0x80
            fields += u32::from(bytes.len() == 1 || byte < 0x80);
        }
        let start = FrameStart::read(&bytes, offset)?;
        Ok((bytes, start))
    }

    fn read_segment(&mut self, prelude: &Prelude<'_>, offset: u64) -> Result<Frame> {
        let segment = Segment::new(prelude, offset, &self.manifest.entries, self.header)?;
        let work = segment.work(&self.limits).and_then(|work| {
            self.work = self.work.saturating_add(work);
            self.limits.check_work(self.work)
        });
        work.map_err(|error| error.in_section("segment").at(offset))?;
        self.coverage.add(&segment.head.members).map_err(|error| error.at(offset))?;
        for &member in &segment.head.members {
            self.segment_of[member as usize] = self.places.len() as u32;
        }
        self.places.push(SegmentPlace {
            offset,
            prelude_len: prelude.start.prelude_len(),
            body_len: segment.padding + prelude.start.body_len,
        });
        let padding_offset = self.input.position();
        if self.input.exactly(segment.padding, "padding")?.iter().any(|&byte| byte != 0) {
            return Err(Error::corrupt("padding is not zero").in_section("padding").at(padding_offset));
        }
        Ok(Frame::Segment(Arc::new(segment)))
    }

    /// Reads index and footer and compares them with the frames.
    fn read_end(&mut self, prelude: &Prelude<'_>, offset: u64) -> Result<Digests> {
        let index_len = self.input.position() - offset;
        let corrupt = |what: &str| Err(Error::corrupt(what).in_section("index").at(offset));
        let mut cursor = Index::cursor(prelude);
        match Index::read_manifest_place(&mut cursor, &self.limits)? {
            ManifestPlace::Frame { offset, len } => {
                if self.manifests.len() != 1 || self.manifests[0] != (offset..offset.saturating_add(len)) {
                    return corrupt("the index gives another place for the manifest");
                }
            }
            ManifestPlace::Inline(content) => {
                let copy = Manifest::read(&content, &self.limits)?;
                if self.manifests.len() == 1 || copy != self.manifest {
                    return corrupt("the copy of the manifests in the index differs from them");
                }
            }
        }
        let data = HEADER_BYTES as u64..offset;
        let index = Index::read(&mut cursor, &self.manifest, data, &self.limits)?;
        self.coverage.check_complete(&self.manifest)?;
        let stored = |(ordinal, entry): (usize, &Entry)| entry.is_stored().then_some(ordinal);
        let stored: Vec<usize> = self.manifest.entries.iter().enumerate().filter_map(stored).collect();
        let same_segments = stored.iter().map(|&ordinal| self.segment_of[ordinal]).eq(index.segment_of.iter().copied());
        if index.segments != self.places || !same_segments {
            return corrupt("the segments of the index differ from those of the file");
        }
        let mut footer = [0; FOOTER_BYTES];
        footer.copy_from_slice(&self.input.exactly(FOOTER_BYTES as u64, "footer")?);
        let footer = Footer::read(&footer, self.input.position())?;
        if footer != (Footer { index_offset: offset, index_len }) {
            return Err(Error::corrupt("the footer gives another place for the index").in_section("footer"));
        }
        if !self.input.up_to(1)?.is_empty() {
            return Err(Error::corrupt("bytes after the end of the file").at(self.input.position() - 1));
        }
        Ok(Digests { entries: stored.into_iter().zip(index.entry_digests).collect(), files: index.file_digests })
    }
}
