//! Announces to the source of a reader which bytes it will be asked for.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{Reader, Segment, Tensor, TensorSlice};
use crate::error::Result;

/// Reads several tensors.
impl Reader<'_> {
    /// Returns all tensors in the order in which they are stored. Whoever decodes many tensors in this order reads the
    /// file from front to back, and decodes each chunk once.
    #[must_use]
    pub fn stored_order(&self) -> Vec<Tensor<'_>> {
        let mut tensors: Vec<Tensor<'_>> = self.tensors().collect();
        let place =
            |tensor: &Tensor<'_>| self.directory().place(tensor.ordinal()).map(|place| (place.segment, place.first));
        tensors.sort_by_key(place);
        tensors
    }

    /// Tells the source that these tensors or slices will be decoded soon, in this order. A source such as
    /// [`ReadAhead`](crate::ReadAhead) then loads their chunks in few large requests, and this call waits only for the
    /// heads of the segments that are needed in part. For other sources, the call reads these heads, and no more.
    ///
    /// ```
    /// # use tersor::{EncodeOptions, Encoder, ReadAhead, Reader, TensorView};
    /// # fn main() -> tersor::Result<()> {
    /// # let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
    /// # encoder.add("embedding", TensorView::from_slice(&[1.0f32, 2.0], &[2])?)?;
    /// # let source = encoder.finish()?.0;
    /// let reader = Reader::new(ReadAhead::new(source)?)?;
    /// let rows = reader.tensor("embedding").expect("a tensor").rows(0..1)?;
    /// reader.prefetch([rows.clone()])?;
    /// assert_eq!(rows.decode_as::<f32>()?, [1.0]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Tensor::decode`], about the heads of segments.
    pub fn prefetch<'t>(&'t self, slices: impl IntoIterator<Item = impl Into<TensorSlice<'t>>>) -> Result<()> {
        if self.source().bytes().is_some() {
            return Ok(());
        }
        let slices: Vec<TensorSlice<'t>> = slices.into_iter().map(Into::into).collect();
        let whole = self.wholly_used(&slices);
        let mut seen = HashSet::new();
        let mut ranges = Vec::new();
        for slice in &slices {
            let Some(place) = self.directory().place(slice.ordinal()).filter(|_| slice.element_count() > 0) else {
                continue;
            };
            if seen.insert(place.segment) {
                let stored = self.directory().index.segments[place.segment as usize];
                let end = if whole.contains(&place.segment) {
                    stored.prelude_len + stored.body_len
                } else {
                    stored.prelude_len
                };
                let start = if self.has_segment(place.segment) { stored.prelude_len } else { 0 };
                ranges.push(stored.offset + start..stored.offset + end);
            }
        }
        ranges.retain(|range| !range.is_empty());
        self.source().prefetch(&ranges);
        for slice in &slices {
            let is_partial = |segment| !whole.contains(&segment) && slice.element_count() > 0;
            if self.directory().place(slice.ordinal()).is_some_and(|place| is_partial(place.segment)) {
                slice.announce()?;
            }
        }
        Ok(())
    }

    /// Returns the segments whose elements are all among these slices.
    fn wholly_used(&self, slices: &[TensorSlice<'_>]) -> HashSet<u32> {
        let mut entries = HashSet::new();
        let mut used: HashMap<u32, u64> = HashMap::new();
        for slice in slices.iter().filter(|slice| slice.is_whole()) {
            if let Some(place) = self.directory().place(slice.ordinal())
                && entries.insert((place.segment, place.first))
            {
                *used.entry(place.segment).or_default() += slice.element_count();
            }
        }
        let is_whole = |&(&segment, &elements): &(&u32, &u64)| self.directory().segment_elements(segment) == elements;
        used.iter().filter(is_whole).map(|(&segment, _)| segment).collect()
    }

    /// Announces chunks of a segment to the source, except those that are kept decoded.
    pub(super) fn announce_chunks(&self, segment: &Segment, chunks: impl Iterator<Item = usize>) {
        if self.source().bytes().is_some() {
            return;
        }
        let range = |chunk: usize| {
            let record = segment.head.chunks[chunk];
            let start = segment.data_offset + record.offset;
            start..start + u64::from(record.len)
        };
        let ranges: Vec<Range<u64>> = chunks.filter(|&chunk| !self.has_chunk(segment, chunk)).map(range).collect();
        self.source().prefetch(&ranges);
    }
}
