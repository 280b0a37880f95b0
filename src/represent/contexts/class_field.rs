//! Class fields (section 8.2): an element has a class for its row and a class for each of some groups of axes. The sum
//! of the classes selects the context.
//!
//! The magnitude of weights differs between rows, columns and other axes. A small class for each index, a logarithm of
//! the magnitude, captures most of the difference.

use std::ops::Range;

use super::axis_group::AxisGroup;
use crate::coders::{ClassCoding, skip_classes};
use crate::error::{Error, Result};
use crate::represent::values::{Rows, SegmentLayout};
use crate::spec::{MAX_GROUP_CLASSES, MAX_GROUPS};
use crate::wire::{Cursor, put_varint};

/// The depth of a class field without rows.
pub(super) const NO_ROWS: u8 = 255;

/// Classes of rows and of groups of axes. The classes of rows are stored in the chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassField {
    pub(crate) coding: ClassCoding,
    pub(crate) rows: Option<Rows>,
    pub(crate) groups: Vec<AxisGroup>,
}

impl ClassField {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.rows.as_ref().map_or(NO_ROWS, |rows| rows.depth));
        self.coding.write(out);
        out.push(self.groups.len() as u8);
        for group in &self.groups {
            put_varint(out, group.first as u64);
            put_varint(out, group.axes as u64);
        }
        if !self.groups.is_empty() {
            self.coding.encode(self.groups.iter().map(|group| &group.classes[..]), out);
        }
    }

    /// Reads a class field. Subtracts the number of classes of its axis groups from `budget`, and fails if that is too
    /// small.
    pub(crate) fn read(cursor: &mut Cursor<'_>, layout: &SegmentLayout<'_>, budget: &mut u64) -> Result<Self> {
        let start = cursor.clone();
        let corrupt = |what: String| Err(start.place(Error::corrupt(what)));
        let depth = cursor.u8()?;
        let rows = (depth != NO_ROWS).then(|| Rows::new(layout, depth));
        let coding = ClassCoding::read(cursor)?;
        let count = usize::from(cursor.u8()?);
        let shape = match layout.single() {
            _ if count == 0 => &[][..],
            Some(shape) => shape,
            None => return corrupt("groups of axes of several members".to_owned()),
        };
        if count > MAX_GROUPS || (count == 0 && rows.is_none()) {
            return corrupt(format!("a class field of {count} groups"));
        }
        let mut groups = Vec::with_capacity(count);
        let mut lengths = Vec::with_capacity(count);
        let mut least = if rows.is_some() { usize::from(depth) } else { 0 };
        for _ in 0..count {
            let (first, axes) = (cursor.length("axis")?, cursor.length("number of axes")?);
            let end = first.saturating_add(axes);
            if first < least || axes == 0 || end > shape.len() {
                return corrupt(format!("a group of axes {first} to {end} of {}, after axis {least}", shape.len()));
            }
            least = end;
            let group = AxisGroup::new(shape, first, axes).filter(|(_, len)| len <= budget);
            let Some((group, len)) = group else {
                return corrupt(format!("more than {MAX_GROUP_CLASSES} classes of groups"));
            };
            *budget -= len;
            groups.push(group);
            lengths.push(len as usize);
        }
        if count > 0 {
            let vectors = coding.decode(cursor, &lengths)?;
            groups.iter_mut().zip(vectors).for_each(|(group, classes)| group.classes = classes);
        }
        Ok(Self { coding, rows, groups })
    }

    /// Describes the axes that have classes, in words.
    pub(crate) fn describe(&self) -> String {
        let rows = self.rows.as_ref().map(|rows| match rows.depth {
            0 => "tensors".to_owned(),
            1 => "rows".to_owned(),
            depth => format!("axes 0..{depth}"),
        });
        let groups = self.groups.iter().map(|group| match group.axes {
            1 => format!("axis {}", group.first),
            axes => format!("axes {}..{}", group.first, group.first + axes),
        });
        rows.into_iter().chain(groups).collect::<Vec<_>>().join(", ")
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        let groups: usize = self.groups.iter().map(|group| group.classes.len() + size_of::<AxisGroup>()).sum();
        size_of::<Self>() + groups + self.rows.as_ref().map_or(0, Rows::memory)
    }

    /// Returns the classes of the rows of a chunk, from the classes of all rows.
    pub(crate) fn rows_of_chunk<'a>(&self, elements: &Range<u64>, classes: &'a [u8]) -> &'a [u8] {
        let Some(rows) = &self.rows else { return &[] };
        let numbers = rows.numbers(elements);
        &classes[numbers.start as usize..numbers.end as usize]
    }

    /// Appends the classes of the rows of a chunk. `classes` has the classes of all rows.
    pub(crate) fn encode_rows(&self, elements: &Range<u64>, classes: &[u8], out: &mut Vec<u8>) {
        if self.rows.is_some() {
            self.coding.encode([self.rows_of_chunk(elements, classes)], out);
        }
    }

    /// Reads the classes of the rows of a chunk. Returns an empty vector if there are no rows.
    pub(crate) fn decode_rows(&self, cursors: &mut [Cursor<'_>], elements: &[Range<u64>]) -> Result<Vec<Vec<u8>>> {
        let Some(rows) = &self.rows else { return Ok(vec![Vec::new(); elements.len()]) };
        let length = |elements| {
            let numbers = rows.numbers(elements);
            (numbers.end - numbers.start) as usize
        };
        self.coding.decode_each(cursors, &elements.iter().map(length).collect::<Vec<_>>())
    }

    /// Skips the classes of the rows of a chunk. Returns their size in bytes.
    pub(crate) fn skip_rows(&self, cursor: &mut Cursor<'_>) -> Result<usize> {
        if self.rows.is_some() { skip_classes(cursor) } else { Ok(0) }
    }

    /// Returns the class sums of the elements. `row_classes` has the classes of the rows that contain any of them.
    ///
    /// A sum is at most (3 + 1) · 63, so it fits a byte.
    pub(crate) fn sums(&self, elements: Range<u64>, row_classes: &[u8]) -> Vec<u8> {
        let mut sums = vec![0; (elements.end - elements.start) as usize];
        self.add_sums(elements, row_classes, &mut sums);
        sums
    }

    /// Adds the class sums to `sums`, which must be 0.
    pub(super) fn add_sums(&self, elements: Range<u64>, row_classes: &[u8], sums: &mut [u8]) {
        let count = sums.len();
        // computes one period from the axis groups, then repeats it
        let period = self.groups.first().map_or(0, AxisGroup::period);
        let pattern = period.min(count as u64) as usize;
        for group in &self.groups {
            group.add(elements.start, &mut sums[..pattern]);
        }
        let mut done = pattern;
        while 0 < done && done < count {
            let len = done.min(count - done);
            sums.copy_within(..len, done);
            done += len;
        }
        if let Some(rows) = &self.rows {
            let mut rest = &mut sums[..];
            for (len, class) in rows.lengths(elements).zip(row_classes) {
                let (row, later) = rest.split_at_mut(len);
                row.iter_mut().for_each(|sum| *sum = sum.wrapping_add(*class));
                rest = later;
            }
        }
    }
}

/// Returns the class sums of all class fields for a chunk.
pub(crate) fn all_sums(
    class_fields: &[ClassField],
    elements: &Range<u64>,
    row_classes: &[impl AsRef<[u8]>],
) -> Vec<Vec<u8>> {
    let fields = class_fields.iter().zip(row_classes);
    fields.map(|(field, classes)| field.sums(elements.clone(), classes.as_ref())).collect()
}
