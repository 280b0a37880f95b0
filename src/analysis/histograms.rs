//! Histograms of tensors whose values arrive in pieces. Only the histogram of the current tensor is kept in memory.

use super::moments::MomentSums;
use super::priors::Histogram;
use super::statistics::{TensorStatistics, for_values, step_of};
use super::value_counts::TensorValues;
use crate::error::Result;
use crate::tensor::Dtype;

/// The values of a tensor in a chunk.
#[derive(Debug)]
pub(super) struct MemberValues<'a> {
    /// The ordinal of the tensor.
    pub(super) member: usize,
    /// The number of elements in this chunk.
    pub(super) count: u64,
    /// The number of elements of the whole tensor.
    pub(super) total: u64,
    /// The bytes of the elements in this chunk.
    pub(super) bytes: &'a [u8],
}

/// The counts of values of one tensor.
#[derive(Debug)]
pub(super) struct ValueStatistics {
    pub(super) histogram: Histogram,
    pub(super) values: TensorValues,
}

impl ValueStatistics {
    pub(super) fn merge(&mut self, other: Self) -> Result<()> {
        self.values.merge(other.values);
        self.histogram.merge(&other.histogram)
    }

    pub(super) fn finish(&self, sums: &MomentSums) -> TensorStatistics {
        TensorStatistics::new(sums, &self.histogram, &self.values)
    }
}

/// The result for a tensor.
#[derive(Debug)]
pub(super) enum TensorResult {
    /// The counts of some of its values.
    Part(Box<ValueStatistics>),
    /// The statistics of all its values.
    Whole(Box<TensorStatistics>),
}

/// Builds histograms from the values of one tensor after another.
#[derive(Debug)]
pub(super) struct TensorHistograms<'a> {
    dtype: Dtype,
    precision: Option<f64>,
    /// The moments by ordinal.
    sums: &'a [MomentSums],
    /// The current tensor, its counts, and the number of elements seen.
    open: Option<(usize, Box<ValueStatistics>, u64)>,
    done: Vec<(usize, TensorResult)>,
}

impl<'a> TensorHistograms<'a> {
    pub(super) fn new(dtype: Dtype, precision: Option<f64>, sums: &'a [MomentSums]) -> Self {
        Self { dtype, precision, sums, open: None, done: Vec::new() }
    }

    /// Adds the next values.
    pub(super) fn add(&mut self, values: &MemberValues<'_>) -> Result<()> {
        if self.open.as_ref().is_some_and(|(member, ..)| *member != values.member) {
            self.close();
        }
        let sums = &self.sums[values.member];
        let new = || {
            let step = self.precision.unwrap_or_else(|| step_of(self.dtype, sums));
            let counts = ValueStatistics { histogram: Histogram::new(step), values: TensorValues::new(self.dtype) };
            (values.member, Box::new(counts), 0)
        };
        let (_, counts, seen) = self.open.get_or_insert_with(new);
        for_values(self.dtype, values.bytes, values.count, |block| counts.histogram.add_all(block))?;
        counts.values.add(values.bytes, values.count);
        *seen += values.count;
        if *seen == values.total {
            self.close();
        }
        Ok(())
    }

    fn close(&mut self) {
        let Some((member, counts, seen)) = self.open.take() else { return };
        let sums = &self.sums[member];
        // earlier values of the tensor may be in the histogram of another job
        let is_whole = seen == sums.count() + sums.skipped();
        let result =
            if is_whole { TensorResult::Whole(Box::new(counts.finish(sums))) } else { TensorResult::Part(counts) };
        self.done.push((member, result));
    }

    /// Returns the results, in the order of the values.
    pub(super) fn finish(mut self) -> Vec<(usize, TensorResult)> {
        self.close();
        self.done
    }
}
