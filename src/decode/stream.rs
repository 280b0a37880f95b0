//! Everything in file order, from anything that can be read (section 14).

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use super::scratches::Scratches;
use super::segment::check_chunk;
use super::{DecodeOptions, Segment, zeroed};
use crate::container::{
    Coverage, Entry, Footer, FrameStart, Index, Known, MAX_FRAME_START, Manifest, ManifestPlace, Prelude, SegmentPlace,
    entry_digest, read_header,
};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::check;
use crate::parallel::Workers;
use crate::spec::{
    ENTRY_DIGEST_BYTES, FILE_DIGEST_BYTES, FOOTER_BYTES, FRAME_INDEX, FRAME_MANIFEST, FRAME_OPTIONAL, FRAME_SEGMENT,
    HEADER_BYTES,
};
use crate::tensor::{Dtype, bytes_of};
use crate::wire::{Cursor, read_packed};

/// Decoded bytes that are collected for each thread before a batch is decoded.
const BATCH_BYTES: u64 = 4 << 20;

/// What a segment counts for in a batch beside its decoded bytes.
const SEGMENT_BYTES: u64 = 64 << 10;

/// Some decoded bytes of a tensor or file content.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// Which one: its number in the order of declaration.
    pub ordinal: usize,
    /// The tensor's name; `None` for a file's content.
    pub name: Option<&'a str>,
    /// The tensor's dtype.
    pub dtype: Dtype,
    /// The tensor's shape.
    pub shape: &'a [u64],
    /// Offset of the first of the bytes in the tensor.
    pub offset: u64,
    /// The bytes: little-endian, row-major.
    pub bytes: &'a [u8],
}

/// A tensor, or the content of a file, that a container declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared<'a> {
    /// Its number in the order of declaration.
    pub ordinal: usize,
    /// The tensor's name; `None` for a file's content.
    pub name: Option<&'a str>,
    /// The dtype.
    pub dtype: Dtype,
    /// The dimensions, the outermost first.
    pub shape: &'a [u64],
    /// The ordinal of the one whose bytes it has, if it is stored as a repetition: then no part of its own comes.
    pub same_as: Option<usize>,
}

/// Decodes a Tersor file from front to back, without seeking.
///
/// A tensor's parts come in order and one after another. Tensors come in the order in which they are stored; those without elements, and repetitions of others
/// ([`Declared::same_as`]), do not come at all: [`declared`](Self::declared) has them. Until [`next_part`](Self::next_part) has returned `None`, checksums vouch for what was
/// handed out; then also digests, index and footer.
#[derive(Debug)]
pub struct StreamDecoder<R> {
    input: Input<R>,
    options: DecodeOptions,
    workers: Workers,
    scratches: Scratches,
    manifest: Manifest,
    known: Known,
    manifests: Vec<Range<u64>>,
    places: Vec<SegmentPlace>,
    segment_of: Vec<u32>,
    coverage: Coverage,
    digests: Vec<[u8; ENTRY_DIGEST_BYTES]>,
    /// From the index: ordinal and digest of every stored entry.
    expected_digests: Vec<(usize, [u8; ENTRY_DIGEST_BYTES])>,
    file_digests: Vec<[u8; FILE_DIGEST_BYTES]>,
    hasher: blake3::Hasher,
    /// The segment whose chunks come next, and the first of them.
    current: Option<(Arc<Segment>, usize)>,
    batch: Vec<Decoded>,
    /// Within the batch: the chunk, and the number of its parts handed out.
    next: (usize, usize),
    done: bool,
    /// What ended it early.
    failed: Option<(ErrorKind, String)>,
}

#[derive(Debug)]
struct Decoded {
    bytes: Vec<u8>,
    pieces: Vec<MemberPiece>,
}

/// Bytes of one entry within a chunk.
#[derive(Debug)]
struct MemberPiece {
    ordinal: u32,
    offset: u64,
    within: Range<usize>,
    last: bool,
}

impl<R: Read> StreamDecoder<R> {
    /// Reads the header of `input`.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt` or `Unsupported` for bad input, `Io` where reading fails.
    pub fn new(input: R, options: DecodeOptions) -> Result<Self> {
        let mut input = Input { input, position: 0 };
        let header = input.up_to(HEADER_BYTES as u64)?;
        read_header(&header)?;
        let workers = Workers::new(options.threads)?;
        let scratches = Scratches::new(&options)?;
        Ok(Self {
            input,
            options,
            workers,
            scratches,
            manifest: Manifest::default(),
            known: Known::default(),
            manifests: Vec::new(),
            places: Vec::new(),
            segment_of: Vec::new(),
            coverage: Coverage::default(),
            digests: Vec::new(),
            expected_digests: Vec::new(),
            file_digests: Vec::new(),
            hasher: blake3::Hasher::new(),
            current: None,
            batch: Vec::new(),
            next: (0, 0),
            done: false,
            failed: None,
        })
    }

    /// The next decoded bytes; `None` once all have come and the end of the file was found in order.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt`, `Unsupported` or `Limit` for bad input, `Io` where reading fails, `Cancelled`. After an error nothing more comes.
    pub fn next_part(&mut self) -> Result<Option<Part<'_>>> {
        Ok(if self.advance()? { self.part() } else { None })
    }

    /// Reads up to the first manifest, which declares all files.
    pub(crate) fn read_first_manifest(&mut self) -> Result<()> {
        while self.manifests.is_empty() && self.current.is_none() && !self.done {
            self.read_frame()?;
        }
        Ok(())
    }

    /// Goes to the next part; `false` at the end.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if let Some(decoded) = self.batch.get(self.next.0) {
            self.next = if self.next.1 < decoded.pieces.len() { self.next } else { (self.next.0 + 1, 0) };
        }
        while self.batch.get(self.next.0).is_none() {
            if let Some((kind, what)) = &self.failed {
                return Err(Error::new(*kind, format!("an earlier error has ended this stream: {what}")));
            }
            if self.done {
                return Ok(false);
            }
            if let Err(error) = self.fill() {
                self.failed = Some((error.kind(), error.to_string()));
                self.batch.clear();
                return Err(error);
            }
        }
        self.next.1 += 1;
        Ok(true)
    }

    /// The part that [`advance`](Self::advance) went to.
    pub(crate) fn part(&self) -> Option<Part<'_>> {
        let decoded = self.batch.get(self.next.0)?;
        let piece = decoded.pieces.get(self.next.1.checked_sub(1)?)?;
        let entry = &self.manifest.entries[piece.ordinal as usize];
        Some(Part {
            ordinal: piece.ordinal as usize,
            name: entry.name.as_deref(),
            dtype: entry.dtype,
            shape: &entry.shape,
            offset: piece.offset,
            bytes: &decoded.bytes[piece.within.clone()],
        })
    }

    /// The metadata read so far.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.manifest.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// All tensors and contents of files declared so far, also those that never come as a part.
    pub fn declared(&self) -> impl Iterator<Item = Declared<'_>> {
        self.manifest.entries.iter().enumerate().map(|(ordinal, entry)| Declared {
            ordinal,
            name: entry.name.as_deref(),
            dtype: entry.dtype,
            shape: &entry.shape,
            same_as: entry.alias_of.map(|target| target as usize),
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Known at the end.
    pub(crate) fn file_digests(&self) -> &[[u8; FILE_DIGEST_BYTES]] {
        &self.file_digests
    }

    /// Bytes of the input read.
    pub fn position(&self) -> u64 {
        self.input.position
    }

    /// Reads and decodes the next batch.
    fn fill(&mut self) -> Result<()> {
        self.batch.clear();
        self.next = (0, 0);
        let target = BATCH_BYTES * self.workers.count() as u64;
        let mut collected = 0;
        let mut jobs = Vec::new();
        while collected < target && !self.done {
            match self.current.take() {
                None => self.read_frame()?,
                Some((segment, chunk)) => {
                    let record = segment.head.chunks[chunk];
                    let offset = self.input.position;
                    let coded = self.input.exactly(u64::from(record.len), "chunk")?;
                    check_chunk(&record, &coded, offset)?;
                    // a small segment has tables all the same
                    let own = if chunk == 0 { SEGMENT_BYTES } else { 0 };
                    collected += segment.chunk_bytes(chunk).max(u64::from(record.len)) + own;
                    jobs.push((Arc::clone(&segment), chunk, coded));
                    if chunk + 1 < segment.head.chunks.len() {
                        self.current = Some((segment, chunk + 1));
                    }
                }
            }
        }
        let progress = &self.options.progress;
        let entries = &self.manifest.entries;
        self.batch = self.workers.map(jobs, |(segment, chunk, coded)| {
            let mut bytes = zeroed(segment.chunk_bytes(chunk))?;
            let decoded = self.scratches.lend(|scratch| segment.decode_chunk(chunk, &coded, &mut bytes, scratch));
            decoded.map_err(|error| error.in_tensor(entries[segment.head.members[0] as usize].label()))?;
            progress.advance(bytes.len() as u64)?;
            Ok(Decoded { bytes, pieces: member_pieces(&segment, chunk) })
        })?;
        for decoded in &self.batch {
            for piece in &decoded.pieces {
                self.workers.hash(&mut self.hasher, &decoded.bytes[piece.within.clone()]);
                if piece.last {
                    self.digests[piece.ordinal as usize] = entry_digest(&self.hasher);
                    self.hasher.reset();
                }
            }
        }
        if self.done {
            self.check_digests()?;
        }
        Ok(())
    }

    /// Reads a frame up to its body.
    fn read_frame(&mut self) -> Result<()> {
        let offset = self.input.position;
        let (mut prelude, start) = self.read_frame_start()?;
        let limits = self.options.limits;
        check(start.head_len, limits.head_bytes, "bytes of a frame's head").map_err(|error| error.at(offset))?;
        prelude.extend_from_slice(&self.input.exactly(start.head_len + 4, "frame")?);
        let prelude = Prelude::read(&prelude, offset)?;
        match start.kind {
            kind if kind & FRAME_OPTIONAL != 0 => self.input.skip(start.body_len)?,
            FRAME_MANIFEST => {
                let mut cursor = Cursor::new(prelude.head, prelude.head_offset, "manifest");
                let content = read_packed(&mut cursor, limits.head_bytes)?;
                cursor.finish()?;
                self.manifest.read_more(&content, &limits, &mut self.known)?;
                let count = self.manifest.entries.len();
                self.digests.resize(count, [0; ENTRY_DIGEST_BYTES]);
                self.segment_of.resize(count, u32::MAX);
                self.manifests.push(offset..self.input.position);
            }
            FRAME_SEGMENT => {
                let segment = Segment::new(&prelude, offset, &self.manifest.entries)?;
                self.coverage.add(&segment.head.members).map_err(|error| error.at(offset))?;
                for &member in &segment.head.members {
                    self.segment_of[member as usize] = self.places.len() as u32;
                }
                self.places.push(SegmentPlace {
                    offset,
                    prelude_len: start.prelude_len(),
                    body_len: segment.padding + start.body_len,
                });
                let padding_offset = self.input.position;
                if self.input.exactly(segment.padding, "padding")?.iter().any(|&byte| byte != 0) {
                    return Err(Error::corrupt("padding is not zero").in_section("padding").at(padding_offset));
                }
                self.current = Some((Arc::new(segment), 0));
            }
            _ => {
                debug_assert_eq!(start.kind, FRAME_INDEX);
                self.read_end(&prelude, offset)?;
                self.done = true;
            }
        }
        Ok(())
    }

    /// Byte by byte: what follows is not known yet.
    fn read_frame_start(&mut self) -> Result<(Vec<u8>, FrameStart)> {
        let offset = self.input.position;
        let mut bytes = Vec::with_capacity(MAX_FRAME_START);
        let mut fields = 0;
        while fields < 3 && bytes.len() < MAX_FRAME_START {
            let byte = self.input.exactly(1, "frame")?[0];
            bytes.push(byte);
            // the kind is a byte of its own, a varint ends below 0x80
            fields += u32::from(bytes.len() == 1 || byte < 0x80);
        }
        let start = FrameStart::read(&bytes, offset)?;
        Ok((bytes, start))
    }

    /// Index and footer, against what came.
    fn read_end(&mut self, prelude: &Prelude<'_>, offset: u64) -> Result<()> {
        let limits = self.options.limits;
        let index_len = self.input.position - offset;
        let corrupt = |what: &str| Err(Error::corrupt(what).in_section("index").at(offset));
        let mut cursor = Index::cursor(prelude);
        match Index::read_manifest_place(&mut cursor, &limits)? {
            ManifestPlace::Frame { offset, len } => {
                if self.manifests.len() != 1 || self.manifests[0] != (offset..offset.saturating_add(len)) {
                    return corrupt("the manifest's place is not where it is");
                }
            }
            ManifestPlace::Inline(content) => {
                let copy = Manifest::read(&content, &limits)?;
                if self.manifests.len() == 1 || copy != self.manifest {
                    return corrupt("the copy of the manifests is not what they say");
                }
            }
        }
        let index = Index::read(&mut cursor, &self.manifest, HEADER_BYTES as u64, offset, &limits)?;
        self.coverage.check_complete(&self.manifest)?;
        let stored = |(ordinal, entry): (usize, &Entry)| entry.is_stored().then_some(ordinal);
        let stored: Vec<usize> = self.manifest.entries.iter().enumerate().filter_map(stored).collect();
        let same_segments = stored.iter().map(|&ordinal| self.segment_of[ordinal]).eq(index.segment_of.iter().copied());
        if index.segments != self.places || !same_segments {
            return corrupt("the segments are not those of the file");
        }
        let mut footer = [0; FOOTER_BYTES];
        footer.copy_from_slice(&self.input.exactly(FOOTER_BYTES as u64, "footer")?);
        let footer = Footer::read(&footer, self.input.position)?;
        if footer != (Footer { index_offset: offset, index_len }) {
            return Err(Error::corrupt("the index is not where it is").in_section("footer"));
        }
        if !self.input.up_to(1)?.is_empty() {
            return Err(Error::corrupt("bytes after the end").at(self.input.position - 1));
        }
        self.file_digests = index.file_digests;
        self.expected_digests = stored.into_iter().zip(index.entry_digests).collect();
        Ok(())
    }

    /// Once the last chunks are hashed.
    fn check_digests(&self) -> Result<()> {
        for &(ordinal, digest) in &self.expected_digests {
            if self.digests[ordinal] != digest && !cfg!(fuzzing) {
                let error = Error::corrupt("the digest of the decoded bytes does not match").in_section("index");
                return Err(error.in_tensor(self.manifest.entries[ordinal].label()));
            }
        }
        Ok(())
    }
}

/// How a chunk's bytes divide among the members.
fn member_pieces(segment: &Segment, chunk: usize) -> Vec<MemberPiece> {
    let dtype = segment.head.dtype;
    let range = segment.head.chunk_range(chunk);
    let mut pieces = Vec::new();
    let first = segment.starts.partition_point(|&start| start <= range.start) - 1;
    // not by the members' shapes: a rank may be high, and chunks many
    let mut ends = segment.starts[first + 1..].iter();
    for (&ordinal, &start) in segment.head.members[first..].iter().zip(&segment.starts[first..]) {
        if start >= range.end {
            break;
        }
        let end = ends.next().copied().unwrap_or(segment.head.elements);
        let (from, to) = (start.max(range.start), end.min(range.end));
        let at = |element: u64| bytes_of(dtype, element - range.start) as usize;
        pieces.push(MemberPiece {
            ordinal,
            offset: bytes_of(dtype, from - start),
            within: at(from)..at(to),
            last: to == end,
        });
    }
    pieces
}

/// A reader that counts, and whose allocations grow with what really comes.
#[derive(Debug)]
struct Input<R> {
    input: R,
    position: u64,
}

impl<R: Read> Input<R> {
    /// At most `count` bytes, fewer only at the end.
    fn up_to(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(count.min(1 << 20) as usize);
        let read = (&mut self.input).take(count).read_to_end(&mut bytes);
        self.position += bytes.len() as u64;
        read.map_err(|error| Error::from(error).at(self.position))?;
        Ok(bytes)
    }

    fn exactly(&mut self, count: u64, section: &'static str) -> Result<Vec<u8>> {
        let bytes = self.up_to(count)?;
        if (bytes.len() as u64) < count {
            let what = format!("the input ends: {count} bytes expected, {} left", bytes.len());
            return Err(Error::truncated(what).in_section(section).at(self.position));
        }
        Ok(bytes)
    }

    fn skip(&mut self, count: u64) -> Result<()> {
        let skipped = std::io::copy(&mut (&mut self.input).take(count), &mut std::io::sink())?;
        self.position += skipped;
        if skipped < count {
            return Err(Error::truncated("the input ends within a frame").at(self.position));
        }
        Ok(())
    }
}
