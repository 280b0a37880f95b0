//! Decodes the selected elements of a tensor, chunk by chunk.

use std::borrow::Cow;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::Segment;
use super::entry::EntryRef;
use super::selection::Selection;
use crate::error::Result;
use crate::represent::Scratch;
use crate::tensor::{Dtype, Element, bytes_mut, bytes_of, convert, elements_of_whole_bytes};

/// The selected elements of one chunk.
#[derive(Debug)]
struct Part {
    chunk: usize,
    /// Positions in the selection.
    positions: Range<u64>,
}

/// A selection of elements of an entry, and the segment that holds them.
pub(super) struct Gather<'a> {
    entry: EntryRef<'a>,
    selection: &'a Selection,
    segment: Arc<Segment>,
    /// The number of elements of the segment before the first one of the entry.
    first: u64,
}

impl<'a> Gather<'a> {
    /// Loads the segment; `None` if the entry has no elements.
    pub(super) fn new(entry: EntryRef<'a>, selection: &'a Selection) -> Result<Option<Self>> {
        let segment = entry.segment()?;
        Ok(segment.map(|(place, segment)| Self { entry, selection, segment, first: place.first }))
    }

    /// Decodes to little-endian bytes. Every run of the selection begins and ends at a byte.
    pub(super) fn bytes(&self, out: &mut [u8]) -> Result<()> {
        let dtype = self.dtype();
        let len = |elements: u64| bytes_of(dtype, elements) as usize;
        self.for_each_group(out, len, |parts, scratch| self.bytes_of(parts, scratch))
    }

    /// Decodes to values of type `T`.
    pub(super) fn values<T: Element>(&self, out: &mut [T]) -> Result<()> {
        let dtype = self.dtype();
        self.for_each_group(
            out,
            |elements| elements as usize,
            |parts, scratch| {
                if bytes_mut::<T>(dtype, &mut []).is_none() {
                    return parts.into_iter().try_for_each(|(part, out)| self.part_values(&part, out, scratch));
                }
                // the values are the bytes
                let bytes = parts.into_iter().filter_map(|(part, out)| Some((part, bytes_mut(dtype, out)?)));
                self.bytes_of(bytes.collect(), scratch)
            },
        )
    }

    /// Tells the source which chunks will be read.
    pub(super) fn announce(&self) {
        self.entry.reader.announce_chunks(&self.segment, self.parts().map(|part| part.chunk));
    }

    /// Returns the selected elements of each chunk that has some.
    fn parts(&self) -> impl Iterator<Item = Part> {
        let chunk_len = self.segment.head.chunk_len;
        let extent = self.selection.extent();
        let chunks = match extent.is_empty() {
            true => 0..0,
            false => (self.first + extent.start) / chunk_len..(self.first + extent.end).div_ceil(chunk_len),
        };
        let mut position = 0;
        chunks.filter_map(move |chunk| {
            let end = self.selection.before(((chunk + 1) * chunk_len - self.first).min(extent.end));
            let start = mem::replace(&mut position, end);
            (end > start).then_some(Part { chunk: chunk as usize, positions: start..end })
        })
    }

    fn dtype(&self) -> Dtype {
        self.segment.head.dtype
    }

    /// Calls `work` for the selected elements of every chunk that has some, on all workers; it gets as many chunks as are
    /// decoded at the same time. `len` returns how much of `out` a number of elements takes.
    fn for_each_group<T: Send>(
        &self,
        mut out: &mut [T],
        len: impl Fn(u64) -> usize,
        work: impl Fn(Vec<(Part, &mut [T])>, &mut Scratch) -> Result<()> + Sync,
    ) -> Result<()> {
        let reader = self.entry.reader;
        let parts: Vec<Part> = self.parts().collect();
        let at_once = self.segment.chunks_at_once(parts.len(), reader.workers(), &reader.options.limits);
        let mut groups: Vec<Vec<(Part, &mut [T])>> = Vec::with_capacity(parts.len().div_ceil(at_once));
        for part in parts {
            let (own, rest) = out.split_at_mut(len(part.positions.end) - len(part.positions.start));
            out = rest;
            match groups.last_mut() {
                Some(group) if group.len() < at_once => group.push((part, own)),
                _ => groups.push(vec![(part, own)]),
            }
        }
        self.announce();
        let work = |group: Vec<(Part, &mut [T])>| {
            let elements: u64 = group.iter().map(|(part, _)| part.positions.end - part.positions.start).sum();
            reader.with_scratch(|scratch| work(group, scratch))?;
            reader.options.progress.advance(bytes_of(self.dtype(), elements))
        };
        reader.workers().map(groups, work).map_err(|error| self.entry.locate(error))?;
        Ok(())
    }

    /// Decodes parts to their bytes. Whole chunks are decoded at the same time.
    fn bytes_of(&self, parts: Vec<(Part, &mut [u8])>, scratch: &mut Scratch) -> Result<()> {
        let is_whole = |(part, out): &(Part, &mut [u8])| out.len() as u64 == self.segment.chunk_bytes(part.chunk);
        let (whole, others): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_whole);
        let whole = whole.into_iter().map(|(part, out)| (part.chunk, out)).collect();
        self.segment.read_and_decode(self.entry.reader.source(), whole, scratch)?;
        for (part, out) in others {
            let chunk = self.entry.reader.whole_chunk(&self.segment, part.chunk, scratch)?;
            let mut rest = out;
            for run in self.runs(&part) {
                let bytes = self.byte_range(&run);
                let (own, others) = rest.split_at_mut(bytes.len());
                own.copy_from_slice(&chunk[bytes]);
                rest = others;
            }
        }
        Ok(())
    }

    fn part_values<T: Element>(&self, part: &Part, out: &mut [T], scratch: &mut Scratch) -> Result<()> {
        let dtype = self.dtype();
        let elements = self.segment.head.chunk_range(part.chunk);
        let chunk = match out.len() as u64 == elements.end - elements.start {
            // nothing of the chunk is left for another call
            true => Arc::new(self.segment.whole_chunk(self.entry.reader.source(), part.chunk, scratch)?),
            false => self.entry.reader.whole_chunk(&self.segment, part.chunk, scratch)?,
        };
        if dtype.bits() < 8 {
            // a run can begin and end inside a byte, so the elements around it are converted too
            let unit = elements_of_whole_bytes(dtype);
            let (mut rest, mut values) = (out, Vec::new());
            for run in self.runs(part) {
                let around = run.start / unit * unit..run.end.next_multiple_of(unit);
                values.resize((around.end - around.start) as usize, T::default());
                convert(dtype, &chunk[self.byte_range(&around)], &mut values)?;
                let (own, others) = rest.split_at_mut((run.end - run.start) as usize);
                let from = (run.start - around.start) as usize;
                own.copy_from_slice(&values[from..from + own.len()]);
                rest = others;
            }
            return Ok(());
        }
        let bytes = if self.selection.is_contiguous() {
            let run = self.runs(part).next().unwrap_or(0..0);
            Cow::Borrowed(&chunk[self.byte_range(&run)])
        } else {
            Cow::Owned(self.runs(part).flat_map(|run| &chunk[self.byte_range(&run)]).copied().collect())
        };
        convert(dtype, &bytes, out)
    }

    /// Returns the runs of selected elements of a chunk, counted from the first element of the chunk.
    fn runs(&self, part: &Part) -> impl Iterator<Item = Range<u64>> + use<'_, 'a> {
        let before = part.chunk as u64 * self.segment.head.chunk_len;
        let first = self.first;
        let runs = self.selection.runs(part.positions.clone());
        runs.map(move |run| first + run.start - before..first + run.end - before)
    }

    fn byte_range(&self, run: &Range<u64>) -> Range<usize> {
        bytes_of(self.dtype(), run.start) as usize..bytes_of(self.dtype(), run.end) as usize
    }
}
