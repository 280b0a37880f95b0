//! The classes of a class field in one chunk, for decoding (section 8.2).

use std::ops::Range;

use super::axis_group::AxisGroup;
use super::class_field::ClassField;
use crate::error::Result;
use crate::kernel::{Job, Kernel};
use crate::wire::Cursor;

/// A class field in a chunk.
#[derive(Debug)]
pub(crate) struct ChunkClasses<'a> {
    field: &'a ClassField,
    /// The values of the chunk.
    values: Range<u64>,
    /// The first row that has a value in the chunk.
    first_row: u64,
    /// The classes of all rows that have values in the chunk.
    row_classes: Vec<u8>,
    /// The sums of the classes of all axis groups, for one period. Empty if the period is too long to be stored.
    period: Vec<u8>,
}

/// The longest period that is stored. For longer ones, the sums are computed for each block.
const LONGEST_PERIOD: u64 = 1 << 14;

impl<'a> ChunkClasses<'a> {
    /// Reads the classes of the rows of chunks. Each chunk has a cursor, and the range of its values.
    pub(crate) fn read(field: &'a ClassField, cursors: &mut [Cursor<'_>], chunks: &[Range<u64>]) -> Result<Vec<Self>> {
        let classes = field.decode_rows(cursors, chunks)?.into_iter().zip(chunks).map(|(row_classes, values)| {
            let first_row = field.rows.as_ref().map_or(0, |rows| rows.numbers(values).start);
            Self::new(field, values.clone(), first_row, row_classes)
        });
        Ok(classes.collect())
    }

    pub(super) fn new(field: &'a ClassField, values: Range<u64>, first_row: u64, row_classes: Vec<u8>) -> Self {
        let len = field.groups.first().map_or(1, AxisGroup::period);
        let mut period = Vec::new();
        if len <= LONGEST_PERIOD.min(values.end - values.start) {
            period.resize(len as usize, 0);
            field.groups.iter().for_each(|group| group.add(0, &mut period));
        }
        Self { field, values, first_row, row_classes, period }
    }

    /// Sets `into` to min(class sum >> shift, most) for a range of the values of the chunk.
    pub(crate) fn contexts(&self, range: Range<usize>, shift: u8, most: u8, kernel: Kernel, into: &mut Vec<u8>) {
        if self.period.is_empty() {
            self.sums(range, into);
            into.iter_mut().for_each(|sum| *sum = (*sum >> shift).min(most));
            return;
        }
        into.resize(range.len(), 0);
        if !range.is_empty() {
            kernel.run(ContextsOfRows { classes: self, range, shift, most, into });
        }
    }

    /// Sets `into` to the class sums of a range of the values of the chunk.
    pub(crate) fn sums(&self, range: Range<usize>, into: &mut Vec<u8>) {
        into.clear();
        into.resize(range.len(), 0);
        if range.is_empty() {
            return;
        }
        let elements = self.values.start + range.start as u64..self.values.start + range.end as u64;
        let before = self.field.rows.as_ref().map_or(0, |rows| rows.numbers(&elements).start - self.first_row);
        self.field.add_sums(elements, &self.row_classes[before as usize..], into);
    }
}

/// Computes contexts row by row, and within a row period by period.
struct ContextsOfRows<'a> {
    classes: &'a ChunkClasses<'a>,
    range: Range<usize>,
    shift: u8,
    most: u8,
    into: &'a mut [u8],
}

impl Job for ContextsOfRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { classes, range, shift, most, into } = self;
        let start = classes.values.start;
        let elements = start + range.start as u64..start + range.end as u64;
        let period = &classes.period[..];
        let mut column = (elements.start % period.len() as u64) as usize;
        let mut rest = into;
        let mut add_row = |len: usize, class: u8| {
            let (mut row, later) = std::mem::take(&mut rest).split_at_mut(len);
            rest = later;
            if let [only] = period {
                return row.fill((class.wrapping_add(*only) >> shift).min(most));
            }
            while !row.is_empty() {
                let len = row.len().min(period.len() - column);
                let (now, later) = row.split_at_mut(len);
                for (context, &of_column) in now.iter_mut().zip(&period[column..]) {
                    *context = (class.wrapping_add(of_column) >> shift).min(most);
                }
                column = if column + len == period.len() { 0 } else { column + len };
                row = later;
            }
        };
        match &classes.field.rows {
            Some(rows) => {
                let before = (rows.numbers(&elements).start - classes.first_row) as usize;
                let classes = &classes.row_classes[before..];
                rows.lengths(elements).zip(classes).for_each(|(len, &class)| add_row(len, class));
            }
            None => add_row(range.len(), 0),
        }
    }
}
