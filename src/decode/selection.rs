//! Arithmetic of slices: which elements of a tensor a slice selects, and where they lie.

use std::ops::{Bound, Range, RangeBounds};

use crate::error::{Error, Result};

/// A box of elements, one range an axis.
///
/// Offsets count the elements of the tensor in row-major order, positions count the selected elements in the same
/// order, so that both grow together.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The outermost first; never empty.
    axes: Vec<Axis>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Axis {
    dimension: u64,
    start: u64,
    len: u64,
    /// Elements of the tensor for one step along this axis.
    stride: u64,
    /// Selected elements for one step along this axis.
    selected: u64,
}

impl Selection {
    /// Selects one range of every axis. The tensor has less than 2^63 elements.
    pub(super) fn new(shape: &[u64], ranges: &[Range<u64>]) -> Self {
        let mut axes: Vec<Axis> = Vec::new();
        if ranges.iter().any(Range::is_empty) {
            return Self::contiguous(0, 0..0);
        }
        // from the inside: an axis joins the one inside it if the selected elements stay a single range of the result
        for (&dimension, range) in shape.iter().zip(ranges).rev() {
            let len = range.end - range.start;
            let outer = Axis { dimension, start: range.start, len, stride: 1, selected: 1 };
            match axes.last_mut() {
                Some(inner) if inner.len == inner.dimension || len == 1 => inner.join(&outer),
                _ => axes.push(outer),
            }
        }
        if axes.is_empty() {
            return Self::contiguous(1, 0..1);
        }
        let (mut stride, mut selected) = (1, 1);
        for axis in &mut axes {
            (axis.stride, axis.selected) = (stride, selected);
            stride *= axis.dimension;
            selected *= axis.len;
        }
        axes.reverse();
        Self { axes }
    }

    /// Selects the elements of one range of offsets out of `count`.
    pub(super) fn contiguous(count: u64, range: Range<u64>) -> Self {
        let len = range.end - range.start;
        Self { axes: vec![Axis { dimension: count, start: range.start, len, stride: 1, selected: 1 }] }
    }

    /// Returns the number of selected elements.
    pub(super) fn count(&self) -> u64 {
        self.axes[0].len * self.axes[0].selected
    }

    /// Returns whether the selected elements follow one another without a gap.
    pub(super) fn is_contiguous(&self) -> bool {
        self.axes.len() == 1
    }

    /// Returns the offsets from the first selected element to the last.
    pub(super) fn extent(&self) -> Range<u64> {
        if self.count() == 0 {
            return 0..0;
        }
        self.run(0).start..self.run(self.count() - 1).end
    }

    /// Returns the number of selected elements before `offset`.
    pub(super) fn before(&self, offset: u64) -> u64 {
        let (mut position, mut rest) = (0, offset);
        for axis in &self.axes {
            let index = rest / axis.stride;
            rest %= axis.stride;
            if index < axis.start {
                return position;
            }
            if index - axis.start >= axis.len {
                return position + axis.len * axis.selected;
            }
            position += (index - axis.start) * axis.selected;
        }
        position
    }

    /// Returns the offsets of the run of consecutive elements that begins at `position`.
    fn run(&self, position: u64) -> Range<u64> {
        let (mut offset, mut rest, mut left) = (0, position, 0);
        for axis in &self.axes {
            let index = rest / axis.selected;
            rest %= axis.selected;
            offset += (axis.start + index) * axis.stride;
            left = axis.len - index;
        }
        offset..offset + left
    }

    /// Returns the runs of consecutive elements that make up `positions`, as offsets.
    pub(super) fn runs(&self, positions: Range<u64>) -> impl Iterator<Item = Range<u64>> + '_ {
        let mut position = positions.start;
        std::iter::from_fn(move || {
            let left = positions.end - position;
            (left > 0).then(|| {
                let run = self.run(position);
                let len = left.min(run.end - run.start);
                position += len;
                run.start..run.start + len
            })
        })
    }

    /// Returns whether every run begins and ends at a multiple of `multiple` elements.
    pub(super) fn is_aligned(&self, multiple: u64) -> bool {
        let [outer @ .., inner] = &self.axes[..] else { return true };
        self.count() == 0
            || inner.start.is_multiple_of(multiple)
                && inner.len.is_multiple_of(multiple)
                && outer.iter().all(|axis| {
                    (axis.start * axis.stride).is_multiple_of(multiple)
                        && (axis.len == 1 || axis.stride.is_multiple_of(multiple))
                })
    }
}

impl Axis {
    /// Becomes this axis and the one around it, of which either this one is whole or the outer one has one index.
    fn join(&mut self, outer: &Self) {
        if self.len == self.dimension {
            self.start = outer.start * self.dimension;
            self.len = outer.len * self.dimension;
        } else {
            self.start += outer.start * self.dimension;
        }
        self.dimension *= outer.dimension;
    }
}

/// Returns the start and end of `range` within `0..len`; `unit` names the counted things.
///
/// # Errors
/// `InvalidArgument` if the range leaves `0..len` or is reversed.
pub(super) fn resolve(range: impl RangeBounds<u64>, len: u64, unit: &str) -> Result<Range<u64>> {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(start),
        Bound::Excluded(&before) => before.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(&last) => last.checked_add(1),
        Bound::Excluded(&end) => Some(end),
        Bound::Unbounded => Some(len),
    };
    match (start, end) {
        (Some(start), Some(end)) if start <= end && end <= len => Ok(start..end),
        _ => {
            let number = |bound: Option<u64>| bound.map_or("2^64".to_owned(), |bound| bound.to_string());
            let (start, end) = (number(start), number(end));
            Err(Error::invalid(format!("{unit} {start}..{end} do not exist: choose a range within 0..{len}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The offsets of the selected elements, found by looking at every element.
    fn expected(shape: &[u64], ranges: &[Range<u64>]) -> Vec<u64> {
        let count: u64 = shape.iter().product();
        let is_selected = |&offset: &u64| {
            let mut rest = offset;
            shape.iter().zip(ranges).rev().all(|(dimension, range)| {
                let index = rest % dimension;
                rest /= dimension;
                range.contains(&index)
            })
        };
        (0..count).filter(is_selected).collect()
    }

    fn shape_and_ranges() -> impl Strategy<Value = (Vec<u64>, Vec<Range<u64>>)> {
        let axis = (1u64..5).prop_flat_map(|dimension| (Just(dimension), 0..=dimension, 0..=dimension));
        prop::collection::vec(axis, 0..5).prop_map(|axes| {
            let ranges = axes.iter().map(|&(_, a, b)| a.min(b)..a.max(b)).collect();
            (axes.into_iter().map(|(dimension, ..)| dimension).collect(), ranges)
        })
    }

    proptest! {
        #[test]
        fn selects_the_box((shape, ranges) in shape_and_ranges()) {
            let selection = Selection::new(&shape, &ranges);
            let expected = expected(&shape, &ranges);
            let count = expected.len() as u64;
            prop_assert_eq!(selection.count(), count);
            for from in 0..=count {
                let found: Vec<u64> = selection.runs(from..count).flatten().collect();
                prop_assert_eq!(&found[..], &expected[from as usize..]);
            }
            for offset in 0..=shape.iter().product::<u64>() {
                let before = expected.iter().filter(|&&selected| selected < offset).count() as u64;
                prop_assert_eq!(selection.before(offset), before);
            }
            let extent = selection.extent();
            prop_assert_eq!(expected.first().copied().unwrap_or(0), extent.start);
            prop_assert_eq!(expected.last().map_or(0, |last| last + 1), extent.end);
            if selection.is_contiguous() && count > 0 {
                prop_assert_eq!(extent.end - extent.start, count);
            }
            let aligned = selection.runs(0..count).all(|run| run.start % 2 == 0 && run.end % 2 == 0);
            prop_assert_eq!(selection.is_aligned(2), aligned);
        }
    }

    #[test]
    fn whole_axes_are_merged() {
        assert_eq!(Selection::new(&[7, 3, 5], &[2..4, 0..3, 0..5]).axes.len(), 1);
        assert_eq!(Selection::new(&[7, 3, 5], &[2..3, 1..2, 1..4]).axes.len(), 1);
        assert_eq!(Selection::new(&[7, 3, 5], &[2..4, 1..2, 0..5]).axes.len(), 2);
        assert_eq!(Selection::new(&[1; 65_535], &vec![0..1; 65_535]).axes.len(), 1);
    }

    #[test]
    fn ranges_are_checked() {
        assert_eq!(resolve(.., 7, "rows").unwrap(), 0..7);
        assert_eq!(resolve(2..=6, 7, "rows").unwrap(), 2..7);
        assert_eq!(resolve(7.., 7, "rows").unwrap(), 7..7);
        let message = resolve(5..=u64::MAX, 7, "rows").unwrap_err().to_string();
        assert_eq!(message, "rows 5..2^64 do not exist: choose a range within 0..7");
        assert!(resolve(8.., 7, "rows").is_err());
        assert!(resolve((Bound::Included(2), Bound::Excluded(1)), 7, "rows").is_err());
    }
}
