//! A segment ready to be decoded, and its chunks.

use std::borrow::Cow;
use std::ops::Range;

use super::{ReadAt, zeroed};
use crate::container::{Chunk, Entry, Prelude, SegmentHead, checksum_matches, raw_padding};
use crate::error::{Error, Result};
use crate::represent::{Layout, Observer, Representation, Scratch, Seen};
use crate::spec::{FRAME_SEGMENT, MAX_CHUNK_EXPANSION, MAX_CHUNK_OVERHEAD};
use crate::tensor::bytes_of;
use crate::wire::Cursor;

/// A segment's head with its representation understood.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) head: SegmentHead,
    pub(crate) representation: Representation,
    /// Offset of the first chunk in the file.
    pub(crate) data_offset: u64,
    /// Bytes between prelude and first chunk.
    pub(crate) padding: u64,
    /// For each member the elements before it.
    pub(crate) starts: Vec<u64>,
}

impl Segment {
    /// From a prelude that lies at `offset`.
    pub(crate) fn new(prelude: &Prelude<'_>, offset: u64, entries: &[Entry]) -> Result<Self> {
        let head = SegmentHead::read(prelude, entries)?;
        let layout = Layout::new(head.dtype, head.members.iter().map(|&member| &entries[member as usize].shape[..]));
        let representation = Representation::read(head.representation, &head.parameters, &layout)
            .map_err(|error| error.at(prelude.head_offset))?;
        representation
            .check_chunk_len(head.chunk_len, head.chunks.len() as u64)
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
        // each, not only all together: a raw tensor is read where its elements would lie
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

    /// Reads the prelude of `len` bytes at `offset`.
    pub(crate) fn load<S: ReadAt + ?Sized>(source: &S, offset: u64, len: u64, entries: &[Entry]) -> Result<Self> {
        let bytes = read_range(source, offset, len)?;
        let prelude = Prelude::read(&bytes, offset)?.expect(FRAME_SEGMENT, "segment")?;
        Self::new(&prelude, offset, entries)
    }

    /// Bytes of memory that it takes, about.
    pub(crate) fn memory(&self) -> u64 {
        let head = &self.head;
        let own = size_of_val(&head.chunks[..]) + size_of_val(&head.members[..]) + size_of_val(&self.starts[..]);
        (size_of::<Self>() + own + head.parameters.len() + self.representation.memory()) as u64
    }

    /// Decoded bytes of chunk `index`.
    pub(crate) fn chunk_bytes(&self, index: usize) -> u64 {
        let range = self.head.chunk_range(index);
        bytes_of(self.head.dtype, range.end - range.start)
    }

    /// The coded bytes of chunk `index`, checked.
    pub(crate) fn read_chunk<'a, S: ReadAt + ?Sized>(&self, source: &'a S, index: usize) -> Result<Cow<'a, [u8]>> {
        let chunk = self.head.chunks[index];
        let offset = self.data_offset + chunk.offset;
        let coded = read_range(source, offset, u64::from(chunk.len)).map_err(|error| error.in_section("chunk"))?;
        check_chunk(&chunk, &coded, offset)?;
        Ok(coded)
    }

    /// Decodes chunk `index` to `out`, which has its length.
    pub(crate) fn decode_chunk(&self, index: usize, coded: &[u8], out: &mut [u8], scratch: &mut Scratch) -> Result<()> {
        self.observe_chunk(index, coded, out, scratch, |_: Seen<'_>| ())
    }

    /// The same; `observe` sees each stream's symbols and, if there are several, contexts.
    pub(crate) fn observe_chunk(
        &self,
        index: usize,
        coded: &[u8],
        out: &mut [u8],
        scratch: &mut Scratch,
        observe: impl Observer,
    ) -> Result<()> {
        scratch.enter(self.data_offset);
        let offset = self.data_offset + self.head.chunks[index].offset;
        let elements = self.head.chunk_range(index);
        let coded = Cursor::new(coded, offset, "chunk");
        self.representation.decode_chunk(self.head.dtype, &elements, coded, out, scratch, observe)
    }

    /// The decoded bytes of chunk `index`, kept in the scratch.
    pub(crate) fn whole_chunk<'s, S: ReadAt + ?Sized>(
        &self,
        source: &S,
        index: usize,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8]> {
        let number = (self.data_offset, index);
        let mut kept = scratch.whole.take().filter(|(kept, _)| *kept == number);
        if kept.is_none() {
            let coded = self.read_chunk(source, index)?;
            let mut out = zeroed(self.chunk_bytes(index))?;
            self.decode_chunk(index, &coded, &mut out, scratch)?;
            kept = Some((number, out));
        }
        Ok(&scratch.whole.insert(kept.unwrap_or_default()).1)
    }

    /// The pieces of chunks that make up the segment's elements `range`, in order.
    pub(crate) fn pieces(&self, range: Range<u64>) -> impl Iterator<Item = Piece> + use<> {
        let chunk_len = self.head.chunk_len;
        let chunks = if range.is_empty() { 0..0 } else { range.start / chunk_len..range.end.div_ceil(chunk_len) };
        chunks.map(move |index| {
            let start = index * chunk_len;
            let elements = range.start.max(start) - start..(range.end - start).min(chunk_len);
            Piece { chunk: index as usize, elements }
        })
    }
}

/// Some elements of a chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) chunk: usize,
    /// Counted from the chunk's first.
    pub(crate) elements: Range<u64>,
}

/// Compares a chunk with its checksum.
pub(crate) fn check_chunk(chunk: &Chunk, coded: &[u8], offset: u64) -> Result<()> {
    if checksum_matches(coded, chunk.checksum) {
        return Ok(());
    }
    Err(Error::corrupt("checksum of the chunk does not match").in_section("chunk").at(offset))
}

/// `len` bytes at `offset`, borrowed where that can be. What lies outside the source is refused before memory is asked for.
pub(crate) fn read_range<S: ReadAt + ?Sized>(source: &S, offset: u64, len: u64) -> Result<Cow<'_, [u8]>> {
    let truncated = || Error::truncated(format!("{len} bytes expected")).at(offset);
    let end = offset.checked_add(len).ok_or_else(truncated)?;
    if let Some(bytes) = source.bytes() {
        let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok());
        let found = range.and_then(|(start, end)| bytes.get(start..end));
        return found.map(Cow::Borrowed).ok_or_else(truncated);
    }
    if end > source.len()? {
        return Err(truncated());
    }
    let mut buffer = zeroed(len)?;
    source.read_exact_at(offset, &mut buffer).map_err(|error| Error::from(error).at(offset))?;
    Ok(Cow::Owned(buffer))
}
