//! Class fields (section 8.2): every element has a class in its row and in some groups of axes; their sum picks contexts.
//!
//! The idea: axes of real weights differ in scale, and one small log2-scale for each index of an axis captures most of it.

use std::ops::Range;

use super::layout::{Layout, Rows};
use crate::coders::{ClassCoding, skip_classes};
use crate::error::{Error, Result};
use crate::kernel::{Job, Kernel};
use crate::spec::{MAX_GROUP_CLASSES, MAX_GROUPS};
use crate::tensor::element_count;
use crate::wire::{Cursor, put_varint};

/// The depth that stands for "no rows".
const NO_ROWS: u8 = 255;

/// Axes `first .. first + axes` taken together, and a class for each of their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) first: usize,
    pub(crate) axes: usize,
    pub(crate) classes: Vec<u8>,
    /// Elements from one index to the next.
    stride: u64,
}

impl Group {
    /// The group of these axes of `shape`, which has them; its classes are empty. `None` if they are more than can be.
    pub(crate) fn new(shape: &[u64], first: usize, axes: usize) -> Option<(Self, u64)> {
        let len = element_count(&shape[first..first + axes])?;
        let stride = element_count(&shape[first + axes..])?;
        (len <= MAX_GROUP_CLASSES).then_some((Self { first, axes, classes: Vec::new(), stride }, len))
    }

    /// Elements after which the classes repeat.
    fn period(&self) -> u64 {
        self.stride * self.classes.len() as u64
    }

    /// Adds the classes of the elements from `start` on to `sums`.
    fn add(&self, start: u64, sums: &mut [u8]) {
        let count = self.classes.len();
        let mut index = (start / self.stride % count as u64) as usize;
        if self.stride == 1 {
            let mut rest = sums;
            while !rest.is_empty() {
                let (now, later) = rest.split_at_mut(rest.len().min(count - index));
                now.iter_mut().zip(&self.classes[index..]).for_each(|(sum, class)| *sum = sum.wrapping_add(*class));
                (rest, index) = (later, 0);
            }
            return;
        }
        let mut within = start % self.stride;
        let mut rest = sums;
        while !rest.is_empty() {
            let len = (rest.len() as u64).min(self.stride - within) as usize;
            let (now, later) = rest.split_at_mut(len);
            let class = self.classes[index];
            now.iter_mut().for_each(|sum| *sum = sum.wrapping_add(class));
            (rest, within) = (later, 0);
            index = if index + 1 == count { 0 } else { index + 1 };
        }
    }
}

/// Classes of rows and of groups of axes. The classes of rows lie in the chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClassField {
    pub(crate) coding: ClassCoding,
    pub(crate) rows: Option<Rows>,
    pub(crate) groups: Vec<Group>,
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

    /// Reads one; at most `budget` classes are left to groups, of which its own are taken.
    pub(crate) fn read(cursor: &mut Cursor<'_>, layout: &Layout<'_>, budget: &mut u64) -> Result<Self> {
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
            let group = Group::new(shape, first, axes).filter(|(_, len)| len <= budget);
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

    /// What has classes, in words.
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

    /// Bytes of memory, about.
    pub(crate) fn memory(&self) -> usize {
        let groups: usize = self.groups.iter().map(|group| group.classes.len() + size_of::<Group>()).sum();
        size_of::<Self>() + groups + self.rows.as_ref().map_or(0, Rows::memory)
    }

    /// Of the classes of all rows those of a chunk.
    pub(crate) fn rows_of_chunk<'a>(&self, elements: &Range<u64>, classes: &'a [u8]) -> &'a [u8] {
        let Some(rows) = &self.rows else { return &[] };
        let numbers = rows.numbers(elements);
        &classes[numbers.start as usize..numbers.end as usize]
    }

    /// Appends the classes of the rows of a chunk; `classes` are those of all rows.
    pub(crate) fn encode_rows(&self, elements: &Range<u64>, classes: &[u8], out: &mut Vec<u8>) {
        if self.rows.is_some() {
            self.coding.encode([self.rows_of_chunk(elements, classes)], out);
        }
    }

    /// The classes of the rows of a chunk; none if there are no rows.
    pub(crate) fn decode_rows(&self, cursor: &mut Cursor<'_>, elements: &Range<u64>) -> Result<Vec<u8>> {
        let Some(rows) = &self.rows else { return Ok(Vec::new()) };
        let numbers = rows.numbers(elements);
        let vectors = self.coding.decode(cursor, &[(numbers.end - numbers.start) as usize])?;
        Ok(vectors.into_iter().next().unwrap_or_default())
    }

    /// Passes over the classes of a chunk's rows; the bytes that they take.
    pub(crate) fn skip_rows(&self, cursor: &mut Cursor<'_>) -> Result<usize> {
        if self.rows.is_some() { skip_classes(cursor) } else { Ok(0) }
    }

    /// Class sums of these elements; `row_classes` are those of the rows that have one of them.
    ///
    /// At most (3 + 1) · 63, so that a byte holds it.
    pub(crate) fn sums(&self, elements: Range<u64>, row_classes: &[u8]) -> Vec<u8> {
        let mut sums = vec![0; (elements.end - elements.start) as usize];
        self.add_sums(elements, row_classes, &mut sums);
        sums
    }

    /// The same to `sums`, which are 0.
    fn add_sums(&self, elements: Range<u64>, row_classes: &[u8], sums: &mut [u8]) {
        let count = sums.len();
        // one period is put together from the groups and then repeated
        let period = self.groups.first().map_or(0, Group::period);
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

/// A class field in a chunk.
#[derive(Debug)]
pub(super) struct ChunkClasses<'a> {
    field: &'a ClassField,
    /// The values of the chunk.
    values: Range<u64>,
    /// The first row that has one of them.
    first_row: u64,
    /// Of all such rows.
    row_classes: Vec<u8>,
    /// What the groups add up to, for a period from its first value on; empty if it is too long to be worth keeping.
    period: Vec<u8>,
}

/// Longer periods are added up anew for each block.
const LONGEST_PERIOD: u64 = 1 << 14;

impl<'a> ChunkClasses<'a> {
    /// Reads the classes of the rows of the chunk with these values.
    pub(super) fn read(field: &'a ClassField, cursor: &mut Cursor<'_>, values: &Range<u64>) -> Result<Self> {
        let row_classes = field.decode_rows(cursor, values)?;
        let first_row = field.rows.as_ref().map_or(0, |rows| rows.numbers(values).start);
        Ok(Self::new(field, values.clone(), first_row, row_classes))
    }

    fn new(field: &'a ClassField, values: Range<u64>, first_row: u64, row_classes: Vec<u8>) -> Self {
        let len = field.groups.first().map_or(1, Group::period);
        let mut period = Vec::new();
        if len <= LONGEST_PERIOD.min(values.end - values.start) {
            period.resize(len as usize, 0);
            field.groups.iter().for_each(|group| group.add(0, &mut period));
        }
        Self { field, values, first_row, row_classes, period }
    }

    /// For some of the chunk's values, counted from its first: min(class sum >> shift, most).
    pub(super) fn contexts(&self, range: Range<usize>, shift: u8, most: u8, kernel: Kernel, into: &mut Vec<u8>) {
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

    /// Class sums of some of the chunk's values, counted from its first.
    pub(super) fn sums(&self, range: Range<usize>, into: &mut Vec<u8>) {
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

/// Row by row, and in each period by period.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Dtype;
    use proptest::prelude::*;

    /// Section 8.2 as it stands.
    fn naive_sum(field: &ClassField, shape: &[u64], row_classes: &[u8], element: u64) -> u8 {
        let mut sum = 0;
        if let Some(rows) = &field.rows {
            let axes = usize::from(rows.depth).min(shape.len().saturating_sub(1));
            let len: u64 = shape[axes..].iter().product();
            sum += row_classes[(element / len) as usize];
        }
        for group in &field.groups {
            let end = group.first + group.axes;
            let after: u64 = shape[end..].iter().product();
            let len: u64 = shape[group.first..end].iter().product();
            sum += group.classes[(element / after % len) as usize];
        }
        sum
    }

    fn fields() -> impl Strategy<Value = (Vec<u64>, ClassField, Vec<u8>)> {
        let shape = prop::collection::vec(1u64..7, 1..5);
        (shape, prop_oneof![Just(255u8), 0u8..6], any::<[bool; 5]>(), 1u32..=6, any::<bool>(), any::<u64>()).prop_map(
            |(shape, depth, cuts, width, is_ordered, seed)| {
                let layout = Layout::new(Dtype::U8, [&shape[..]]);
                let mut state = seed;
                let mut class = || {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 40) as u8 & ((1 << width) - 1)
                };
                let rows = (depth != NO_ROWS).then(|| Rows::new(&layout, depth));
                let mut groups = Vec::new();
                let mut first = if rows.is_some() { usize::from(depth) } else { 0 };
                while first < shape.len() && groups.len() < MAX_GROUPS {
                    let axes = 1 + usize::from(cuts[first] && first + 1 < shape.len());
                    let (mut group, len) = Group::new(&shape, first, axes).unwrap();
                    group.classes = (0..len).map(|_| class()).collect();
                    if cuts[first] || rows.is_none() {
                        groups.push(group);
                    }
                    first += axes;
                }
                let elements: u64 = shape.iter().product();
                let count = rows.as_ref().map_or(0, |rows| rows.numbers(&(0..elements)).end);
                let row_classes = (0..count).map(|_| class()).collect();
                let field = ClassField { coding: ClassCoding { width, is_ordered }, rows, groups };
                (shape.clone(), field, row_classes)
            },
        )
    }

    proptest! {
        #[test]
        fn sums_are_as_specified((shape, field, row_classes) in fields(), from: u16, to: u16) {
            let count: u64 = shape.iter().product();
            let start = u64::from(from) % count;
            let end = start + 1 + u64::from(to) % (count - start);
            let sums = field.sums(start..end, field.rows_of_chunk(&(start..end), &row_classes));
            let naive: Vec<u8> = (start..end).map(|element| naive_sum(&field, &shape, &row_classes, element)).collect();
            prop_assert_eq!(&sums, &naive);
            let first_row = field.rows.as_ref().map_or(0, |rows| rows.numbers(&(start..count)).start);
            let own = field.rows_of_chunk(&(start..count), &row_classes).to_vec();
            let chunk = ChunkClasses::new(&field, start..count, first_row, own);
            let mut of_part = vec![9; 3];
            let cut = sums.len() / 3;
            chunk.sums(cut..sums.len(), &mut of_part);
            prop_assert_eq!(&of_part, &naive[cut..]);
            for kernel in Kernel::available() {
                for (shift, most) in [(0, 255), (1, 20), (2, 5)] {
                    chunk.contexts(cut..sums.len(), shift, most, kernel, &mut of_part);
                    let expected: Vec<u8> = naive[cut..].iter().map(|sum| (sum >> shift).min(most)).collect();
                    prop_assert_eq!(&of_part, &expected);
                }
            }
        }

        #[test]
        fn class_fields_come_back((shape, field, row_classes) in fields()) {
            let layout = Layout::new(Dtype::U8, [&shape[..]]);
            let elements = 0..shape.iter().product();
            let mut out = Vec::new();
            field.write(&mut out);
            let head = out.len();
            field.encode_rows(&elements, &row_classes, &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            let mut budget = MAX_GROUP_CLASSES;
            let back = ClassField::read(&mut cursor, &layout, &mut budget).unwrap();
            prop_assert_eq!(&back, &field);
            let mut skipping = cursor.clone();
            prop_assert_eq!(back.decode_rows(&mut cursor, &elements).unwrap(), row_classes);
            cursor.finish().unwrap();
            prop_assert_eq!(back.skip_rows(&mut skipping).unwrap(), out.len() - head);
            skipping.finish().unwrap();
            // groups of another tensor, or of several, are refused or other groups
            let other = Layout::new(Dtype::U8, [&shape[..], &shape[..]]);
            let read = ClassField::read(&mut Cursor::unplaced(&out[..head], "test"), &other, &mut budget);
            prop_assert_eq!(read.is_ok(), field.groups.is_empty());
        }
    }
}
