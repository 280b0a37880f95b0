//! The positions of the values of a block in their chunk, and the chunk while values are written to it.

use std::ops::Range;

use super::MaskBits;
use super::word::{Word, write_words};
use crate::error::Result;

/// The positions of the kept values of a block in the chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ValuePlaces<'a> {
    /// Consecutive positions from this one on.
    From(usize),
    /// These positions, in ascending order.
    At(&'a [u32]),
}

/// Finds the positions of kept values, some at a time.
#[derive(Debug)]
pub(crate) struct KeptPlaces<'a> {
    bytes: &'a [u8],
    /// The bits of the current word whose positions were not returned yet.
    bits: u64,
    /// The first bit of the next word.
    next: usize,
    places: Vec<u32>,
}

impl<'a> KeptPlaces<'a> {
    pub(crate) fn new(kept: &'a MaskBits) -> Self {
        Self { bytes: kept.as_raw_slice(), bits: 0, next: 0, places: Vec::new() }
    }

    /// Returns the next `count` positions, or fewer if there are no more.
    pub(crate) fn next(&mut self, count: usize) -> &[u32] {
        self.places.resize(count, 0);
        let mut done = 0;
        while done < count {
            if self.bits == 0 {
                let Some(rest) = self.bytes.get(self.next / 8..).filter(|rest| !rest.is_empty()) else { break };
                let mut word = [0; 8];
                let len = rest.len().min(8);
                word[..len].copy_from_slice(&rest[..len]);
                self.bits = u64::from_le_bytes(word);
                self.next += 64;
                continue;
            }
            let first = (self.next - 64) as u32;
            // the whole word, or as many of its bits as were asked for
            let take = (self.bits.count_ones() as usize).min(count - done);
            for place in &mut self.places[done..done + take] {
                *place = first + self.bits.trailing_zeros();
                self.bits &= self.bits - 1;
            }
            done += take;
        }
        self.places.truncate(done);
        &self.places
    }
}

/// Writes omitted values.
pub(crate) trait FillOmitted<T> {
    /// Writes the omitted values among the chunk's values with these numbers to `bytes`, which begin with the first of
    /// them. The bytes of kept values may change: they are written later.
    fn fill(&self, values: Range<usize>, bytes: &mut [u8]);
}

/// All omitted values are this one.
pub(crate) struct OneValue<T>(pub(crate) T);

impl<T: Word> FillOmitted<T> for OneValue<T> {
    fn fill(&self, _values: Range<usize>, bytes: &mut [u8]) {
        if self.0 == T::default() {
            bytes.fill(0);
        } else {
            bytes.chunks_exact_mut(T::SIZE).for_each(|place| self.0.write(place));
        }
    }
}

/// The values of a chunk, which have whole bytes, while they are written.
pub(crate) struct PlacedValues<'a, T> {
    bytes: &'a mut [u8],
    /// Writes the values at all positions that no value is written to. `None` if a value is written to every position.
    omitted: Option<Box<dyn FillOmitted<T> + 'a>>,
    /// The number of leading positions that are complete.
    filled: usize,
}

impl<'a, T: Word> PlacedValues<'a, T> {
    pub(crate) fn new(bytes: &'a mut [u8], omitted: Option<Box<dyn FillOmitted<T> + 'a>>) -> Self {
        Self { bytes, omitted, filled: 0 }
    }

    /// Writes values. Their positions must be behind all positions written before.
    pub(crate) fn place(&mut self, values: &[T], places: ValuePlaces<'_>) -> Result<()> {
        match places {
            ValuePlaces::From(start) => {
                let bytes = start * T::SIZE..(start + values.len()) * T::SIZE;
                write_words(values, 8 * T::SIZE as u32, &mut self.bytes[bytes])
            }
            ValuePlaces::At(places) => {
                // fill now, while this part of the output is in the cache
                self.fill(places.last().map_or(0, |&last| last as usize + 1));
                for (value, &place) in values.iter().zip(places) {
                    let at = place as usize * T::SIZE;
                    value.write(&mut self.bytes[at..at + T::SIZE]);
                }
                Ok(())
            }
        }
    }

    /// Fills the positions after the last value.
    pub(crate) fn finish(mut self) {
        self.fill(self.bytes.len() / T::SIZE);
    }

    fn fill(&mut self, end: usize) {
        if let Some(omitted) = &self.omitted
            && end > self.filled
        {
            omitted.fill(self.filled..end, &mut self.bytes[self.filled * T::SIZE..end * T::SIZE]);
            self.filled = end;
        }
    }
}

/// Returns the items of `all` that belong to kept values; `all` has one item for each value.
pub(crate) fn of_kept(all: &[u8], kept: &MaskBits) -> Vec<u8> {
    let mut out = Vec::with_capacity(all.len());
    // byte by byte, because most masks keep whole runs of values or leave them out
    for (items, &bits) in all.chunks(8).zip(kept.as_raw_slice()) {
        match bits {
            0 => {}
            u8::MAX => out.extend_from_slice(items),
            _ => out.extend(items.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, item)| *item)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_kept_values(
            bits in prop::collection::vec(prop::bool::weighted(0.3), 0..400),
            counts in prop::collection::vec(1usize..50, 1..20),
        ) {
            let kept: MaskBits = bits.iter().collect();
            let all: Vec<u32> = (0..).zip(&bits).filter(|(_, bit)| **bit).map(|(place, _)| place).collect();
            let mut places = KeptPlaces::new(&kept);
            let mut rest = &all[..];
            for count in counts {
                let (now, later) = rest.split_at(count.min(rest.len()));
                prop_assert_eq!(places.next(count), now);
                rest = later;
            }
        }
    }
}
