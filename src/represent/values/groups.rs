//! Groups of values that share a codebook or a scale (section 8.6).

use super::MaskBits;
use std::ops::Range;

use super::places::ValuePlaces;
use crate::error::{Error, Result};
use crate::spec::{MAX_BLOCK, MAX_PERIOD};
use crate::wire::{Cursor, put_varint};

/// The division of a segment's values into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Groups {
    /// The number of values of a group, which are `period` values apart. 0: groups extend over the whole segment.
    pub(crate) block: u64,
    pub(crate) period: u64,
}

impl Groups {
    /// One group of all values.
    pub(crate) const ONE: Self = Self { block: 0, period: 1 };

    /// Reads the groups of a segment with `values` values.
    pub(crate) fn read(cursor: &mut Cursor<'_>, values: u64) -> Result<Self> {
        let start = cursor.clone();
        let (block, period) = (cursor.varint()?, cursor.varint()?);
        let is_sound = (1..=MAX_PERIOD).contains(&period)
            && block <= MAX_BLOCK
            && period.saturating_mul(block) <= MAX_BLOCK
            // groups without values would take memory that no input bytes account for
            && (block > 0 || period <= values);
        match is_sound {
            true => Ok(Self { block, period }),
            false => Err(start.place(Error::corrupt(format!("groups of {block} values with period {period}")))),
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        put_varint(out, self.block);
        put_varint(out, self.period);
    }

    /// Describes the groups in words that follow the name of a map; empty if there is one group.
    pub(crate) fn describe(self) -> String {
        match (self.block, self.period) {
            (0, 1) => String::new(),
            (0, period) => format!(" for each of {period} columns"),
            (block, 1) => format!(" for each {block} values"),
            (block, period) => format!(" for each {block} values of {period} columns"),
        }
    }

    /// Whether groups extend over the whole segment. Then the segment head stores the group values.
    pub(crate) fn are_global(self) -> bool {
        self.block == 0
    }

    /// The number of values of a chunk must be a multiple of this.
    pub(crate) fn unit(self) -> u64 {
        (self.block * self.period).max(1)
    }

    /// Returns the range of groups that contain at least one of `values`. `values` must begin with a group, unless
    /// groups are global.
    pub(crate) fn numbers(self, values: &Range<u64>) -> Range<usize> {
        if self.are_global() {
            return 0..self.period as usize;
        }
        let unit = self.unit();
        let end = values.end / unit * self.period + (values.end % unit).min(self.period);
        (values.start / unit * self.period) as usize..end as usize
    }

    /// Returns the group of the value `index`.
    #[inline(always)]
    pub(crate) fn of(self, index: u64) -> usize {
        match self.block {
            0 => (index % self.period) as usize,
            _ => (index / self.unit() * self.period + index % self.period) as usize,
        }
    }

    /// Sets `into` to the groups of `count` values at these places. Place 0 is the value with number `start`.
    pub(crate) fn of_places(self, start: u64, places: ValuePlaces<'_>, count: usize, into: &mut Vec<u32>) {
        into.clear();
        match places {
            ValuePlaces::At(places) => {
                into.extend(places.iter().map(|&place| self.of(start + u64::from(place)) as u32))
            }
            ValuePlaces::From(first) => {
                // run by run, because a division for each value is slow
                let mut index = start + first as u64;
                while into.len() < count {
                    let group = self.of(index) as u32;
                    let left = (count - into.len()) as u64;
                    let (column, period) = (index % self.period, self.period);
                    let len = match (self.block, period) {
                        (0, 1) => left,
                        (block, 1) => (block - index % block).min(left),
                        _ => (period - column).min(left),
                    };
                    match period {
                        1 => into.extend(std::iter::repeat_n(group, len as usize)),
                        _ => into.extend(group..group + len as u32),
                    }
                    index += len;
                }
            }
        }
    }

    /// Returns the group of each kept value from the value `start` on, minus `first`. Returns an empty vector if there
    /// is only one group.
    pub(crate) fn of_kept(self, start: u64, first: usize, count: usize, kept: Option<&MaskBits>) -> Vec<u32> {
        if self == Self::ONE {
            return Vec::new();
        }
        let of = |index: usize| (self.of(start + index as u64) - first) as u32;
        match kept {
            Some(kept) => kept.iter_ones().map(of).collect(),
            None => (0..count).map(of).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_no_more_groups_than_values() {
        let read = |groups: Groups, values| {
            let mut bytes = Vec::new();
            groups.write(&mut bytes);
            Groups::read(&mut Cursor::unplaced(&bytes, "test"), values).ok()
        };
        let columns = Groups { block: 0, period: 100 };
        assert_eq!(read(columns, 100), Some(columns));
        assert_eq!(read(columns, 99), None);
        let blocks = Groups { block: 2, period: 100 };
        assert_eq!(read(blocks, 1), Some(blocks));
    }

    #[test]
    fn groups_are_as_specified() {
        let of = |block, period, count| {
            let groups = Groups { block, period };
            let all: Vec<usize> = (0..count).map(|index| groups.of(index)).collect();
            assert_eq!(groups.numbers(&(0..count)).end, all.iter().max().unwrap() + 1);
            all
        };
        assert_eq!(of(0, 1, 4), [0, 0, 0, 0]);
        assert_eq!(of(0, 3, 7), [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(of(2, 1, 5), [0, 0, 1, 1, 2]);
        assert_eq!(of(2, 3, 13), [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 6]);
        assert_eq!(of(2, 3, 10)[6..], [3, 4, 5, 3]);
        let groups = Groups { block: 2, period: 3 };
        assert_eq!(groups.numbers(&(6..12)), 3..6);
        assert_eq!(groups.of_kept(6, 3, 6, None), [0, 1, 2, 0, 1, 2]);
        for (block, period) in [(0, 1), (0, 3), (2, 1), (5, 1), (2, 3), (1, 4)] {
            let groups = Groups { block, period };
            for start in 0..13 {
                let mut found = Vec::new();
                groups.of_places(start, ValuePlaces::From(4), 20, &mut found);
                let naive: Vec<u32> = (0..20).map(|index| groups.of(start + 4 + index) as u32).collect();
                assert_eq!(found, naive);
                let places: Vec<u32> = (4..24).collect();
                groups.of_places(start, ValuePlaces::At(&places), 20, &mut found);
                assert_eq!(found, naive);
            }
        }
    }
}
