//! A segment that is ready to be decoded, and its chunks.

use std::borrow::Cow;
use std::ops::Range;

use super::zeroed;
use crate::container::{Chunk, Entry, Header, Prelude, SegmentHead, checksum_matches, raw_padding};
use crate::error::{Error, Result};
use crate::limits::{Bound, Limits};
use crate::represent::{
    CHUNKS_AT_ONCE, ChunkExtent, CodedChunk, Observer, Representation, Scratch, SegmentLayout, StreamObservation, Work,
};
use crate::source::ReadAt;
use crate::spec::{FRAME_SEGMENT, MAX_CHUNK_EXPANSION, MAX_CHUNK_OVERHEAD};
use crate::tensor::bytes_of;
use crate::wire::Cursor;
use crate::workers::Workers;

/// The head of a segment with its representation parsed.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) head: SegmentHead,
    pub(crate) representation: Representation,
    /// Offset of the first chunk in the file.
    pub(crate) data_offset: u64,
    /// Bytes between the prelude and the first chunk.
    pub(crate) padding: u64,
    /// For each member, the number of elements before it.
    pub(crate) starts: Vec<u64>,
}

impl Segment {
    /// Parses the prelude of a segment frame at `offset`.
    pub(crate) fn new(prelude: &Prelude<'_>, offset: u64, entries: &[Entry], header: Header) -> Result<Self> {
        let head = SegmentHead::read(prelude, entries)?;
        let layout =
            SegmentLayout::new(head.dtype, head.members.iter().map(|&member| &entries[member as usize].shape[..]));
        let representation = Representation::read(head.representation, &head.parameters, &layout)
            .map_err(|error| error.at(prelude.head_offset))?;
        representation
            .check_chunk_len(head.chunk_len, head.chunks.len() as u64)
            .and_then(|()| representation.check_claims(header, head.dtype, head.elements, head.chunk_len))
            .map_err(|error| error.in_section("segment").at(prelude.head_offset))?;
        let prelude_end = offset.saturating_add(prelude.start.prelude_len());
        if head.coded_len() != prelude.start.body_len {
            let what = format!("chunks of {} bytes in a body of {}", head.coded_len(), prelude.start.body_len);
            return Err(Error::corrupt(what).in_section("segment").at(offset));
        }
        let padding = match representation {
            Representation::Raw => raw_padding(prelude_end),
            _ => 0,
        };
        let raw_len = |index: usize| {
            let range = head.chunk_range(index);
            bytes_of(head.dtype, range.end - range.start)
        };
        let longest = |index: usize| MAX_CHUNK_OVERHEAD + MAX_CHUNK_EXPANSION * raw_len(index);
        if let Some(index) = (0..head.chunks.len()).find(|&index| u64::from(head.chunks[index].len) > longest(index)) {
            let what = format!("a chunk of {} coded bytes for {} decoded", head.chunks[index].len, raw_len(index));
            return Err(Error::corrupt(what).in_section("segment").at(offset));
        }
        // each chunk, not only their sum: `borrow_bytes` finds elements by their position in the body
        if representation == Representation::Raw
            && let Some(index) =
                (0..head.chunks.len()).find(|&index| u64::from(head.chunks[index].len) != raw_len(index))
        {
            let what = format!("{} raw bytes in a chunk, {} expected", head.chunks[index].len, raw_len(index));
            return Err(Error::corrupt(what).in_section("segment").at(offset));
        }
        let mut start = 0u64;
        let starts = head.members.iter().map(|&member| {
            let own = start;
            start += entries[member as usize].elements();
            own
        });
        let starts = starts.collect();
        Ok(Self { head, representation, data_offset: prelude_end.saturating_add(padding), padding, starts })
    }

    /// Reads and parses the prelude of `len` bytes at `offset`.
    pub(crate) fn load(source: &dyn ReadAt, offset: u64, len: u64, entries: &[Entry], header: Header) -> Result<Self> {
        let bytes = read_range(source, offset, len)?;
        let prelude = Prelude::read(&bytes, offset)?.expect(FRAME_SEGMENT, "segment")?;
        Self::new(&prelude, offset, entries, header)
    }

    /// Estimates the memory that the segment takes, in bytes.
    pub(crate) fn memory(&self) -> u64 {
        let head = &self.head;
        let own = size_of_val(&head.chunks[..]) + size_of_val(&head.members[..]) + size_of_val(&self.starts[..]);
        (size_of::<Self>() + own + head.parameters.len() + self.representation.memory()) as u64
    }

    /// Checks the memory that decoding takes against `limits`. Returns the estimated time in nanoseconds of one core.
    pub(crate) fn work(&self, limits: &Limits) -> Result<u64> {
        let work = self.chunk_work();
        limits.check(Bound::ScratchBytes, work.bytes, "bytes of memory to decode a chunk")?;
        Ok(work.nanoseconds)
    }

    fn chunk_work(&self) -> Work {
        self.representation.work(self.head.dtype, self.head.elements, self.head.chunk_len)
    }

    /// Returns the size of chunk `index` after decoding, in bytes.
    pub(crate) fn chunk_bytes(&self, index: usize) -> u64 {
        let range = self.head.chunk_range(index);
        bytes_of(self.head.dtype, range.end - range.start)
    }

    /// Returns the elements of chunk `index`.
    pub(crate) fn chunk_extent(&self, index: usize) -> ChunkExtent {
        ChunkExtent { dtype: self.head.dtype, elements: self.head.chunk_range(index) }
    }

    /// Reads the coded bytes of chunk `index` and checks their checksum.
    pub(crate) fn read_chunk<'a>(&self, source: &'a dyn ReadAt, index: usize) -> Result<Cow<'a, [u8]>> {
        let (chunk, offset) = self.chunk_place(index);
        let coded = read_range(source, offset, chunk.len.into()).map_err(|error| error.in_section("chunk"))?;
        check_chunk(chunk, &coded, offset)?;
        Ok(coded)
    }

    /// Reads like [`read_chunk`](Self::read_chunk), to `room` unless the source is in memory.
    fn read_chunk_to<'a>(&self, source: &'a dyn ReadAt, index: usize, room: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let (chunk, offset) = self.chunk_place(index);
        let coded = match borrow_range(source, offset, chunk.len.into()) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => fill_range(source, offset, chunk.len.into(), room),
            Err(error) => Err(error),
        };
        let coded = coded.map_err(|error| error.in_section("chunk"))?;
        check_chunk(chunk, coded, offset)?;
        Ok(coded)
    }

    /// Returns chunk `index` and its offset in the file.
    fn chunk_place(&self, index: usize) -> (&Chunk, u64) {
        let chunk = &self.head.chunks[index];
        (chunk, self.data_offset + chunk.offset)
    }

    /// Decodes chunk `index` to `out`, whose length is [`chunk_bytes`](Self::chunk_bytes).
    pub(crate) fn decode_chunk(&self, index: usize, coded: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        self.decode_chunks(&mut [ChunkJob { index, coded, out }], scratch)
    }

    /// Decodes chunks at the same time, at most [`CHUNKS_AT_ONCE`](crate::represent::CHUNKS_AT_ONCE).
    ///
    /// # Errors
    /// The error of the first chunk that is bad.
    pub(crate) fn decode_chunks(&self, jobs: &mut [ChunkJob<'_>], scratch: &mut Scratch) -> Result<()> {
        let mut ignore = |_: StreamObservation<'_>| ();
        let decoded = self.observe_chunks(jobs, scratch, &mut ignore);
        if decoded.is_ok() || jobs.len() < 2 {
            return decoded;
        }
        // one by one, for the error of the first one
        jobs.iter_mut().try_for_each(|job| self.observe_chunks(std::slice::from_mut(job), scratch, &mut ignore))?;
        decoded
    }

    /// Decodes a chunk like [`decode_chunk`](Self::decode_chunk). `observe` receives the symbols of each stream and, if
    /// the stream has several contexts, the contexts.
    pub(crate) fn observe_chunk(
        &self,
        index: usize,
        coded: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
        observe: &mut Observer<'_>,
    ) -> Result<()> {
        self.observe_chunks(&mut [ChunkJob { index, coded, out }], scratch, observe)
    }

    fn observe_chunks(
        &self,
        jobs: &mut [ChunkJob<'_>],
        scratch: &mut Scratch,
        observe: &mut Observer<'_>,
    ) -> Result<()> {
        scratch.enter(self.data_offset);
        let mut chunks = Vec::with_capacity(jobs.len());
        for ChunkJob { index, coded, out } in jobs {
            let offset = self.data_offset + self.head.chunks[*index].offset;
            chunks.push(CodedChunk {
                extent: self.chunk_extent(*index),
                coded: Cursor::new(coded, offset, "chunk"),
                out,
            });
        }
        self.representation.decode_chunks(chunks, scratch, observe)
    }

    /// Returns how many of `chunks` chunks a worker decodes at the same time: as many as save time, within the memory of
    /// `limits`, but one if a worker would then have no chunk.
    pub(super) fn chunks_at_once(&self, chunks: usize, workers: &Workers, limits: &Limits) -> usize {
        let fits = |count: usize| {
            let bytes = self.chunk_work().bytes.saturating_mul(count as u64);
            limits.check(Bound::ScratchBytes, bytes, "bytes of memory to decode chunks").is_ok()
        };
        let is_enough = chunks >= CHUNKS_AT_ONCE * workers.count();
        match is_enough && self.representation.has_lanes() && fits(CHUNKS_AT_ONCE) {
            true => CHUNKS_AT_ONCE,
            false => 1,
        }
    }

    /// Reads and decodes chunk `index`.
    pub(super) fn whole_chunk(&self, source: &dyn ReadAt, index: usize, scratch: &mut Scratch) -> Result<Vec<u8>> {
        let mut out = zeroed(self.chunk_bytes(index))?;
        self.read_and_decode(source, vec![(index, &mut out)], scratch)?;
        Ok(out)
    }

    /// Reads chunks and decodes them at the same time, each to a place of its own.
    pub(super) fn read_and_decode(
        &self,
        source: &dyn ReadAt,
        chunks: Vec<(usize, &mut [u8])>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        // the rooms are put back unless something fails
        let mut rooms = std::mem::take(&mut scratch.coded);
        let mut jobs = Vec::with_capacity(chunks.len());
        for ((index, out), room) in chunks.into_iter().zip(&mut rooms) {
            jobs.push(ChunkJob { index, coded: self.read_chunk_to(source, index, room)?, out });
        }
        self.decode_chunks(&mut jobs, scratch)?;
        scratch.coded = rooms;
        Ok(())
    }

    /// Divides the bytes of chunk `index` among the members of the segment.
    pub(super) fn member_pieces(&self, index: usize) -> Vec<MemberPiece> {
        let dtype = self.head.dtype;
        let range = self.head.chunk_range(index);
        let mut pieces = Vec::new();
        let first = self.starts.partition_point(|&start| start <= range.start) - 1;
        // the starts are used instead of the shapes: a rank can be high, and there can be many chunks
        let mut ends = self.starts[first + 1..].iter();
        for (&ordinal, &start) in self.head.members[first..].iter().zip(&self.starts[first..]) {
            if start >= range.end {
                break;
            }
            let end = ends.next().copied().unwrap_or(self.head.elements);
            let (from, to) = (start.max(range.start), end.min(range.end));
            let at = |element: u64| bytes_of(dtype, element - range.start) as usize;
            pieces.push(MemberPiece {
                ordinal,
                offset: bytes_of(dtype, from - start),
                within: at(from)..at(to),
                is_last: to == end,
            });
        }
        pieces
    }

    /// Divides the segment's elements `range` among the chunks that hold them. Each part must begin and end at a byte.
    pub(super) fn parts_of(&self, range: Range<u64>) -> impl Iterator<Item = SegmentPart> + use<'_> {
        self.chunks_of(range.clone()).map(move |chunk| {
            let own = self.head.chunk_range(chunk);
            let at = |element: u64| bytes_of(self.head.dtype, element - own.start) as usize;
            SegmentPart { chunk, bytes: at(range.start.max(own.start))..at(range.end.min(own.end)) }
        })
    }

    /// Returns the chunks that hold the segment's elements `range`.
    pub(crate) fn chunks_of(&self, range: Range<u64>) -> Range<usize> {
        if range.is_empty() {
            return 0..0;
        }
        let chunk_len = self.head.chunk_len;
        (range.start / chunk_len) as usize..range.end.div_ceil(chunk_len) as usize
    }
}

/// A chunk to decode.
#[derive(Debug)]
pub(crate) struct ChunkJob<'a> {
    pub(crate) index: usize,
    pub(crate) coded: &'a [u8],
    /// Has the length [`Segment::chunk_bytes`].
    pub(crate) out: &'a mut [u8],
}

/// Some bytes of a chunk.
#[derive(Debug)]
pub(super) struct SegmentPart {
    pub(super) chunk: usize,
    /// The place of the bytes in the decoded chunk.
    pub(super) bytes: Range<usize>,
}

/// The bytes of one entry within a chunk.
#[derive(Debug)]
pub(super) struct MemberPiece {
    pub(super) ordinal: u32,
    /// The offset of the bytes in the entry.
    pub(super) offset: u64,
    /// The place of the bytes in the chunk.
    pub(super) within: Range<usize>,
    /// Whether the entry ends here.
    pub(super) is_last: bool,
}

/// Compares a chunk with its checksum.
pub(crate) fn check_chunk(chunk: &Chunk, coded: &[u8], offset: u64) -> Result<()> {
    if checksum_matches(coded, chunk.checksum) {
        return Ok(());
    }
    Err(Error::corrupt("the checksum of the chunk does not match").in_section("chunk").at(offset))
}

/// Reads `len` bytes at `offset`, or borrows them if the source is in memory. If the range is not within the source,
/// this returns an error before it allocates memory.
pub(crate) fn read_range(source: &dyn ReadAt, offset: u64, len: u64) -> Result<Cow<'_, [u8]>> {
    if let Some(bytes) = borrow_range(source, offset, len)? {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut room = Vec::new();
    fill_range(source, offset, len, &mut room)?;
    Ok(Cow::Owned(room))
}

/// Borrows `len` bytes at `offset`, if the source is in memory. Fails if the range is not within the source.
fn borrow_range(source: &dyn ReadAt, offset: u64, len: u64) -> Result<Option<&[u8]>> {
    let truncated = || Error::truncated(format!("{len} bytes are expected here and the file ends earlier")).at(offset);
    let end = offset.checked_add(len).ok_or_else(truncated)?;
    if let Some(bytes) = source.bytes() {
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        return range.and_then(|(start, end)| bytes.get(start..end)).map(Some).ok_or_else(truncated);
    }
    if end > source.len()? { Err(truncated()) } else { Ok(None) }
}

/// Reads `len` bytes at `offset` to the start of `room`, which grows if it is too small. The range must be within the
/// source.
fn fill_range<'r>(source: &dyn ReadAt, offset: u64, len: u64, room: &'r mut Vec<u8>) -> Result<&'r [u8]> {
    if (room.len() as u64) < len {
        *room = zeroed(len)?;
    }
    let bytes = &mut room[..len as usize];
    source.read_exact_at(offset, bytes).map_err(|error| Error::from(error).at(offset))?;
    Ok(bytes)
}
