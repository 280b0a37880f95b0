//! Axis groups: some adjacent axes of a tensor, and a class for each index (section 8.2).

use crate::spec::MAX_GROUP_CLASSES;
use crate::tensor::element_count;

/// The axes `first .. first + axes`, and a class for each of their combined indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AxisGroup {
    pub(crate) first: usize,
    pub(crate) axes: usize,
    pub(crate) classes: Vec<u8>,
    /// The distance in elements between two neighbouring indices.
    stride: u64,
}

impl AxisGroup {
    /// Makes the group of these axes of `shape`, without classes, and returns it with the number of its classes. Returns `None`
    /// if there would be more than [`MAX_GROUP_CLASSES`] classes.
    pub(crate) fn new(shape: &[u64], first: usize, axes: usize) -> Option<(Self, u64)> {
        let len = element_count(&shape[first..first + axes])?;
        let stride = element_count(&shape[first + axes..])?;
        (len <= MAX_GROUP_CLASSES).then_some((Self { first, axes, classes: Vec::new(), stride }, len))
    }

    /// Returns the number of elements after which the classes repeat.
    pub(super) fn period(&self) -> u64 {
        self.stride * self.classes.len() as u64
    }

    /// Adds the classes of the elements from `start` on to `sums`.
    pub(super) fn add(&self, start: u64, sums: &mut [u8]) {
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
