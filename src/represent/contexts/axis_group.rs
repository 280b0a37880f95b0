//! A group of axes and the classes of its indices (section 8.2).

use crate::spec::MAX_GROUP_CLASSES;
use crate::tensor::element_count;

/// Axes `first .. first + axes` taken together, and a class for each of their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AxisGroup {
    pub(crate) first: usize,
    pub(crate) axes: usize,
    pub(crate) classes: Vec<u8>,
    /// Elements from one index to the next.
    stride: u64,
}

impl AxisGroup {
    /// The group of these axes of `shape`, which has them; its classes are empty. `None` if they are more than can be.
    pub(crate) fn new(shape: &[u64], first: usize, axes: usize) -> Option<(Self, u64)> {
        let len = element_count(&shape[first..first + axes])?;
        let stride = element_count(&shape[first + axes..])?;
        (len <= MAX_GROUP_CLASSES).then_some((Self { first, axes, classes: Vec::new(), stride }, len))
    }

    /// Elements after which the classes repeat.
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
