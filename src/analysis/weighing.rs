//! Histograms of tensors whose values come piece by piece, no more of them at a time than need be.

use super::moments::Sums;
use super::priors::Histogram;
use super::statistics::{TensorStatistics, for_values, step_of};
use crate::error::Result;
use crate::tensor::Dtype;

/// A tensor's values in a chunk.
#[derive(Debug)]
pub(super) struct MemberValues<'a> {
    /// Its ordinal.
    pub(super) member: usize,
    /// Elements here.
    pub(super) count: u64,
    /// All its elements.
    pub(super) of: u64,
    /// Those of the elements here.
    pub(super) bytes: &'a [u8],
}

/// What is known of a tensor.
#[derive(Debug)]
pub(super) enum Weighed {
    /// Some of its values.
    Part(Box<Histogram>),
    /// All.
    Whole(Box<TensorStatistics>),
}

/// Takes the values of tensors, one tensor after another.
#[derive(Debug)]
pub(super) struct Weighing<'a> {
    dtype: Dtype,
    precision: Option<f64>,
    /// Of all entries.
    sums: &'a [Sums],
    /// The last tensor, and how many of its elements were seen.
    open: Option<(usize, Box<Histogram>, u64)>,
    done: Vec<(usize, Weighed)>,
}

impl<'a> Weighing<'a> {
    pub(super) fn new(dtype: Dtype, precision: Option<f64>, sums: &'a [Sums]) -> Self {
        Self { dtype, precision, sums, open: None, done: Vec::new() }
    }

    /// The next values.
    pub(super) fn add(&mut self, values: &MemberValues<'_>) -> Result<()> {
        if self.open.as_ref().is_some_and(|(member, ..)| *member != values.member) {
            self.close();
        }
        let sums = &self.sums[values.member];
        let new = || {
            let step = self.precision.unwrap_or_else(|| step_of(self.dtype, sums));
            (values.member, Box::new(Histogram::new(step)), 0)
        };
        let (_, histogram, seen) = self.open.get_or_insert_with(new);
        for_values(self.dtype, values.bytes, values.count, |block| histogram.add_all(block))?;
        *seen += values.count;
        if *seen == values.of {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some((member, histogram, seen)) = self.open.take() else { return };
        let sums = &self.sums[member];
        // of values that came before, here or elsewhere, the histogram knows nothing
        let is_whole = seen == sums.count() + sums.skipped();
        let weighed = if is_whole {
            Weighed::Whole(Box::new(TensorStatistics::new(sums, &histogram)))
        } else {
            Weighed::Part(histogram)
        };
        self.done.push((member, weighed));
    }

    /// What was found, in the order of the values.
    pub(super) fn finish(mut self) -> Vec<(usize, Weighed)> {
        self.close();
        self.done
    }
}
