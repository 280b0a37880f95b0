//! The shapes of the members of a segment, and their rows. The elements of the members follow one another.

use std::borrow::Cow;
use std::ops::Range;

use crate::tensor::Dtype;

/// The dtype of a segment, and the shapes of its members in order.
#[derive(Debug, Clone)]
pub(crate) struct SegmentLayout<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) shapes: Vec<Cow<'a, [u64]>>,
}

impl<'a> SegmentLayout<'a> {
    pub(crate) fn new(dtype: Dtype, shapes: impl IntoIterator<Item = &'a [u64]>) -> Self {
        Self { dtype, shapes: shapes.into_iter().map(Cow::Borrowed).collect() }
    }

    /// Returns the number of elements of all members.
    pub(crate) fn elements(&self) -> u64 {
        self.shapes.iter().map(|shape| shape.iter().product::<u64>()).fold(0, u64::saturating_add)
    }

    /// Returns the shape if there is only one member.
    pub(crate) fn single(&self) -> Option<&[u64]> {
        match &self.shapes[..] {
            [shape] => Some(shape),
            _ => None,
        }
    }
}

/// How the members of a segment divide into rows (section 8.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    /// The number of leading axes whose indices select a row.
    pub(crate) depth: u8,
    members: Vec<MemberRows>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MemberRows {
    /// The number of elements of the members before this one.
    start: u64,
    /// The number of rows of the members before this one.
    first: u64,
    /// The number of elements of a row.
    len: u64,
}

impl Rows {
    pub(crate) fn new(layout: &SegmentLayout<'_>, depth: u8) -> Self {
        let (mut start, mut first) = (0u64, 0u64);
        let member = |shape: &Cow<'_, [u64]>| {
            let axes = usize::from(depth).min(shape.len().saturating_sub(1));
            // members have elements, so neither product is 0, and both together are below 2^63
            let len: u64 = shape[axes..].iter().product();
            let count: u64 = shape[..axes].iter().product();
            let this = MemberRows { start, first, len };
            start = start.saturating_add(len.saturating_mul(count));
            first = first.saturating_add(count);
            this
        };
        Self { depth, members: layout.shapes.iter().map(member).collect() }
    }

    /// Estimates the heap memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        size_of_val(&self.members[..])
    }

    /// Returns the rows that contain any of `elements`, which must not be empty.
    pub(crate) fn numbers(&self, elements: &Range<u64>) -> Range<u64> {
        let number = |element: u64| {
            let member = &self.members[self.member_of(element)];
            member.first + (element - member.start) / member.len
        };
        number(elements.start)..number(elements.end.saturating_sub(1).max(elements.start)) + 1
    }

    /// Divides `elements` at the ends of rows. Returns the lengths of the parts in order.
    pub(crate) fn lengths(&self, elements: Range<u64>) -> impl Iterator<Item = usize> {
        let mut index = self.member_of(elements.start);
        let mut position = elements.start;
        std::iter::from_fn(move || {
            if position >= elements.end {
                return None;
            }
            while self.members.get(index + 1).is_some_and(|next| next.start <= position) {
                index += 1;
            }
            let member = &self.members[index];
            let within = (position - member.start) % member.len;
            let end = (position + (member.len - within)).min(elements.end);
            let len = end - position;
            position = end;
            Some(len as usize)
        })
    }

    fn member_of(&self, element: u64) -> usize {
        self.members.partition_point(|member| member.start <= element).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_members_of_all_ranks() {
        let shapes: [&[u64]; 5] = [&[2, 3], &[], &[4], &[2, 2, 2], &[1, 1]];
        let layout = SegmentLayout::new(Dtype::U8, shapes);
        let lengths = |depth, range| Rows::new(&layout, depth).lengths(range).collect::<Vec<_>>();
        assert_eq!(lengths(0, 0..20), [6, 1, 4, 8, 1]);
        assert_eq!(lengths(1, 0..20), [3, 3, 1, 4, 4, 4, 1]);
        assert_eq!(lengths(2, 0..20), [3, 3, 1, 4, 2, 2, 2, 2, 1]);
        assert_eq!(lengths(9, 4..16), [2, 1, 4, 2, 2, 1]);
        let rows = Rows::new(&layout, 1);
        assert_eq!(rows.numbers(&(0..20)), 0..7);
        assert_eq!(rows.numbers(&(2..4)), 0..2);
        assert_eq!(rows.numbers(&(6..7)), 2..3);
        assert_eq!(rows.numbers(&(10..12)), 3..5);
        for start in 0..20 {
            for end in start + 1..=20 {
                let numbers = rows.numbers(&(start..end));
                assert_eq!(rows.lengths(start..end).count() as u64, numbers.end - numbers.start);
            }
        }
    }
}
