//! Some elements of a tensor, and how they are decoded.

use std::fmt;
use std::ops::{Range, RangeBounds};

use super::entry::EntryRef;
use super::gather::Gather;
use super::selection::{Selection, resolve};
use super::zeroed;
use crate::error::{Error, Result};
use crate::limits::Bound;
use crate::tensor::{Dtype, Element, element_count, elements_of_whole_bytes};

/// A part of a [`Tensor`](crate::Tensor): one range of indices along every axis.
///
/// A slice is made by [`Tensor::rows`](crate::Tensor::rows), [`Tensor::slice`](crate::Tensor::slice) or
/// [`Tensor::elements`](crate::Tensor::elements), and [`slice`](Self::slice) narrows it further. Nothing is read before
/// one of the `decode` methods is called.
///
/// # Cost
/// Decoding reads the chunks that hold selected elements and no others. A slice of the first axis is a contiguous part
/// of the tensor, so it needs few chunks; a slice of another axis usually needs all chunks of the tensor. Besides the
/// result, each thread holds one decoded chunk, whatever the size of the tensor, and the reader keeps the chunks that
/// were used last, up to [`Limits::cache_bytes`](crate::Limits::cache_bytes).
///
/// ```
/// use tersor::{EncodeOptions, Encoder, Reader, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let values: Vec<f32> = (0..12).map(|i| i as f32).collect();
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.add("x", TensorView::from_slice(&values, &[3, 4])?)?;
/// let reader = Reader::new(encoder.finish()?.0)?;
///
/// let tensor = reader.tensor("x").unwrap();
/// assert_eq!(tensor.rows(1..)?.decode_as::<f32>()?, [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
/// let column = tensor.slice(1, 2..3)?;
/// assert_eq!(column.shape(), [3, 1]);
/// let mut out = [0f64; 3];
/// column.decode_into(&mut out)?;
/// assert_eq!(out, [2.0, 6.0, 10.0]);
/// # Ok(()) }
/// ```
#[must_use = "a slice decodes nothing by itself"]
pub struct TensorSlice<'r> {
    entry: EntryRef<'r>,
    /// The dimensions that the ranges refer to: the tensor's, or the number of its elements alone.
    dimensions: Vec<u64>,
    ranges: Vec<Range<u64>>,
    shape: Vec<u64>,
}

impl Clone for TensorSlice<'_> {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry,
            dimensions: self.dimensions.clone(),
            ranges: self.ranges.clone(),
            shape: self.shape.clone(),
        }
    }
}

impl<'r> TensorSlice<'r> {
    /// Makes a slice of all elements of an entry that is seen as a tensor of shape `dimensions`.
    pub(super) fn whole(entry: EntryRef<'r>, dimensions: Vec<u64>) -> Self {
        let ranges = dimensions.iter().map(|&dimension| 0..dimension).collect();
        Self { entry, ranges, shape: dimensions.clone(), dimensions }
    }

    /// Narrows the slice to `range` of its indices along axis `axis`; axis 0 is the outermost.
    ///
    /// # Errors
    /// `InvalidArgument` if the axis or the range does not exist.
    pub fn slice(mut self, axis: usize, range: impl RangeBounds<u64>) -> Result<Self> {
        let Some(&len) = self.shape.get(axis) else {
            let what = format!("axis {axis} does not exist: the rank is {}", self.shape.len());
            return Err(self.entry.locate(Error::invalid(what)));
        };
        let unit = format!("indices of axis {axis}");
        let range = resolve(range, len, &unit).map_err(|error| self.entry.locate(error))?;
        let start = self.ranges[axis].start;
        self.shape[axis] = range.end - range.start;
        self.ranges[axis] = start + range.start..start + range.end;
        Ok(self)
    }

    /// Returns the dimensions of the slice, the outermost first.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Returns the dtype of the tensor.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.entry.get().dtype
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn element_count(&self) -> u64 {
        element_count(&self.shape).unwrap_or(0)
    }

    /// Returns the size of the elements in bytes, rounded up.
    #[must_use]
    pub fn byte_len(&self) -> u64 {
        (u128::from(self.element_count()) * u128::from(self.dtype().bits())).div_ceil(8) as u64
    }

    /// Decodes to little-endian bytes in row-major order.
    ///
    /// # Errors
    /// `Corrupt`, `Unsupported`, `Truncated` or `Limit` for bad input; `Io` if reading fails; `Cancelled`.
    /// `InvalidArgument` if elements of less than a byte make a run of selected elements begin or end inside a byte:
    /// then decode to a type with [`decode_as`](Self::decode_as).
    pub fn decode(&self) -> Result<Vec<u8>> {
        // the segment is checked before memory is allocated
        self.entry.segment()?;
        let mut out = zeroed(self.byte_len()).map_err(|error| self.entry.locate(error))?;
        self.decode_bytes_into(&mut out)?;
        Ok(out)
    }

    /// Decodes like [`decode`](Self::decode) to `out`, whose length must be [`byte_len`](Self::byte_len).
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `InvalidArgument` if the length differs. After an error the content of `out` is
    /// not specified.
    pub fn decode_bytes_into(&self, out: &mut [u8]) -> Result<()> {
        let selection = self.selection();
        let dtype = self.dtype();
        self.entry.check_output(out.len(), self.byte_len(), "bytes")?;
        if !selection.is_aligned(elements_of_whole_bytes(dtype)) {
            let what = format!("the selected elements of {dtype} do not begin and end at a byte: decode to a type");
            return Err(self.entry.locate(Error::invalid(what)));
        }
        match Gather::new(self.entry, &selection)? {
            Some(gather) => gather.bytes(out),
            None => Ok(()),
        }
    }

    /// Decodes to values of type `T`; see [`Element`] for the conversions.
    ///
    /// # Errors
    /// `Corrupt`, `Truncated` or `Limit` for bad input; `Unsupported` for bad input or if the dtype does not convert to
    /// `T`; `InvalidArgument` if a value does not fit into `T`; `Io` if reading fails; `Cancelled`.
    pub fn decode_as<T: Element>(&self) -> Result<Vec<T>> {
        let count = self.element_count();
        let limits = &self.entry.reader.options.limits;
        let bytes = count.saturating_mul(size_of::<T>() as u64);
        limits.check(Bound::TensorBytes, bytes, "bytes after conversion").map_err(|error| self.entry.locate(error))?;
        self.entry.segment()?;
        let mut out = zeroed(count).map_err(|error| self.entry.locate(error))?;
        self.decode_into(&mut out)?;
        Ok(out)
    }

    /// Decodes like [`decode_as`](Self::decode_as) to `out`, whose length must be
    /// [`element_count`](Self::element_count).
    ///
    /// # Errors
    /// As [`decode_as`](Self::decode_as), and `InvalidArgument` if the length differs. After an error the content of
    /// `out` is not specified.
    pub fn decode_into<T: Element>(&self, out: &mut [T]) -> Result<()> {
        let selection = self.selection();
        self.entry.check_output(out.len(), self.element_count(), "elements")?;
        match Gather::new(self.entry, &selection)? {
            Some(gather) => gather.values(out),
            None => Ok(()),
        }
    }

    /// Announces the chunks of the slice to the source.
    pub(super) fn announce(&self) -> Result<()> {
        let selection = self.selection();
        if let Some(gather) = Gather::new(self.entry, &selection)? {
            gather.announce();
        }
        Ok(())
    }

    /// Returns the number of the tensor in the order of declaration.
    pub(super) fn ordinal(&self) -> usize {
        self.entry.ordinal
    }

    /// Returns whether all elements of the tensor are selected.
    pub(super) fn is_whole(&self) -> bool {
        self.shape == self.dimensions
    }

    fn selection(&self) -> Selection {
        Selection::new(&self.dimensions, &self.ranges)
    }
}

impl fmt::Debug for TensorSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.entry.get();
        f.debug_struct("TensorSlice")
            .field("tensor", &entry.label())
            .field("dtype", &entry.dtype)
            .field("ranges", &self.ranges)
            .finish_non_exhaustive()
    }
}
