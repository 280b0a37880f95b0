//! One tensor of an open file.

use std::fmt;
use std::ops::{Range, RangeBounds};
use std::sync::Arc;

use super::entry::EntryRef;
use super::segment::check_chunk;
use super::selection::resolve;
use super::{Reader, Segment, TensorRows, TensorSlice};
use crate::container::{Place, entry_digest};
use crate::error::{Error, Result};
use crate::represent::Representation;
use crate::tensor::{Dtype, Element, bytes_of};

/// The place of a tensor in the file. The order of places is the order in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct StoredPlace {
    /// The number of the segment.
    pub segment: u32,
    /// The number of the chunk of the first element.
    pub chunk: u64,
    /// The number of elements of the segment before the tensor.
    pub first: u64,
}

/// Finds tensors.
impl Reader<'_> {
    /// Returns all tensors, in the order of the file.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'_>> {
        let entries = self.directory().manifest.entries.iter().enumerate();
        entries.filter(|(_, entry)| entry.name.is_some()).map(|(ordinal, _)| Tensor::new(self, ordinal))
    }

    /// Returns the tensor with this name. If several files have a tensor with this name, the first file is used; see
    /// also [`tensor_in`](Self::tensor_in).
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<Tensor<'_>> {
        self.ordinal_of(name).map(|ordinal| Tensor::new(self, ordinal))
    }

    /// Returns the tensor with this name in the file with this [path](crate::FileInfo::path).
    #[must_use]
    pub fn tensor_in(&self, file: &str, name: &str) -> Option<Tensor<'_>> {
        let file = self.files().find(|info| info.path == file)?;
        let mut tensors = file.ordinals.filter_map(|ordinal| self.tensor_at(ordinal));
        tensors.find(|tensor| tensor.name() == name)
    }

    /// Returns the tensor with this [`ordinal`](Tensor::ordinal); `None` if the entry does not exist, or if it is the
    /// content of a file and no tensor.
    #[must_use]
    pub fn tensor_at(&self, ordinal: usize) -> Option<Tensor<'_>> {
        let entry = self.directory().manifest.entries.get(ordinal)?;
        entry.name.is_some().then(|| Tensor::new(self, ordinal))
    }
}

/// A tensor of a [`Reader`]: its declaration, and its values on demand.
///
/// | | little-endian bytes | values of a type |
/// |---|---|---|
/// | to a new vector | [`decode`](Self::decode) | [`decode_as`](Self::decode_as) |
/// | to a given slice | [`decode_bytes_into`](Self::decode_bytes_into) | [`decode_into`](Self::decode_into) |
///
/// [`rows`](Self::rows), [`slice`](Self::slice) and [`elements`](Self::elements) select a part of the tensor; the
/// [`TensorSlice`] that they return has the same four methods.
///
/// A *row* is the part of a tensor with one index of the first dimension. A tensor of rank 0 has one row.
#[must_use = "a tensor is a handle and decodes nothing by itself"]
pub struct Tensor<'r>(EntryRef<'r>);

impl Clone for Tensor<'_> {
    fn clone(&self) -> Self {
        *self
    }
}

impl Copy for Tensor<'_> {}

impl<'r> Tensor<'r> {
    fn new(reader: &'r Reader<'r>, ordinal: usize) -> Self {
        Self(EntryRef { reader, ordinal })
    }

    /// Returns the name. It can be any text, control characters included; see [`Escaped`](crate::Escaped).
    #[must_use]
    pub fn name(&self) -> &'r str {
        self.0.get().name.as_deref().unwrap_or_default()
    }

    /// Returns the number of the tensor in the order of declaration. Contents of files that hold no tensors are counted
    /// too.
    #[must_use]
    pub fn ordinal(&self) -> usize {
        self.0.ordinal
    }

    /// Returns the dtype.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.0.get().dtype
    }

    /// Returns the dimensions, the outermost first.
    #[must_use]
    pub fn shape(&self) -> &'r [u64] {
        &self.0.get().shape
    }

    /// Returns the number of elements.
    #[must_use]
    pub fn element_count(&self) -> u64 {
        self.0.get().elements()
    }

    /// Returns the size of the decoded tensor in bytes.
    #[must_use]
    pub fn byte_len(&self) -> u64 {
        self.0.get().byte_len()
    }

    /// Returns the number of rows: the first dimension, or 1 for rank 0.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.shape().first().copied().unwrap_or(1)
    }

    /// Returns the tensor that holds the bytes of this one, if this one is stored as an alias.
    #[must_use]
    pub fn alias_of(&self) -> Option<Tensor<'r>> {
        self.0.get().alias_of.map(|target| Tensor::new(self.0.reader, target as usize))
    }

    /// Returns the BLAKE3 digest of the decoded bytes, cut to 16 bytes; `None` if the tensor has no elements.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 16]> {
        self.0.reader.directory().digest(self.0.ordinal)
    }

    /// Decodes the tensor to little-endian bytes in row-major order.
    ///
    /// # Errors
    /// `Corrupt`, `Unsupported`, `Truncated` or `Limit` for bad input; `Io` if reading fails; `Cancelled`.
    pub fn decode(&self) -> Result<Vec<u8>> {
        self.whole().decode()
    }

    /// Decodes like [`decode`](Self::decode) to `out`, whose length must be [`byte_len`](Self::byte_len).
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `InvalidArgument` if the length differs. After an error the content of `out` is
    /// not specified.
    pub fn decode_bytes_into(&self, out: &mut [u8]) -> Result<()> {
        self.whole().decode_bytes_into(out)
    }

    /// Decodes the tensor to values of type `T`; see [`Element`] for the conversions.
    ///
    /// # Errors
    /// `Corrupt`, `Truncated` or `Limit` for bad input; `Unsupported` for bad input or if the dtype does not convert to
    /// `T`; `InvalidArgument` if a value does not fit into `T`; `Io` if reading fails; `Cancelled`.
    pub fn decode_as<T: Element>(&self) -> Result<Vec<T>> {
        self.whole().decode_as()
    }

    /// Decodes like [`decode_as`](Self::decode_as) to `out`, whose length must be
    /// [`element_count`](Self::element_count).
    ///
    /// # Errors
    /// As [`decode_as`](Self::decode_as), and `InvalidArgument` if the length differs. After an error the content of
    /// `out` is not specified.
    pub fn decode_into<T: Element>(&self, out: &mut [T]) -> Result<()> {
        self.whole().decode_into(out)
    }

    /// Selects rows: a range of the first axis. Decoding the slice reads only the chunks that hold these rows.
    ///
    /// # Errors
    /// `InvalidArgument` if the range is not within `0..row_count()`.
    pub fn rows(&self, rows: impl RangeBounds<u64>) -> Result<TensorSlice<'r>> {
        let rows = resolve(rows, self.row_count(), "rows").map_err(|error| self.0.locate(error))?;
        let dimensions = if self.shape().is_empty() { vec![1] } else { self.shape().to_vec() };
        TensorSlice::whole(self.0, dimensions).slice(0, rows)
    }

    /// Selects single rows, in any order; a row can be selected several times. Decoding the selection decodes each chunk
    /// once.
    ///
    /// ```
    /// # use tersor::{EncodeOptions, Encoder, Reader, TensorView};
    /// # fn main() -> tersor::Result<()> {
    /// # let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
    /// # encoder.add("embedding", TensorView::from_slice(&[0u8, 0, 1, 1, 2, 2], &[3, 2])?)?;
    /// # let reader = Reader::new(encoder.finish()?.0)?;
    /// let tokens: [u32; 3] = [2, 0, 2];
    /// let rows = reader.tensor("embedding").expect("a tensor").select_rows(tokens)?;
    /// assert_eq!(rows.decode_as::<u8>()?, [2, 2, 0, 0, 2, 2]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` if a row does not exist.
    pub fn select_rows(&self, rows: impl IntoIterator<Item = impl Into<u64>>) -> Result<TensorRows<'r>> {
        TensorRows::new(self.0, rows.into_iter().map(Into::into).collect())
    }

    /// Selects a range of indices of one axis; axis 0 is the outermost. More axes can be narrowed by
    /// [`TensorSlice::slice`].
    ///
    /// # Errors
    /// `InvalidArgument` if the axis or the range does not exist.
    pub fn slice(&self, axis: usize, range: impl RangeBounds<u64>) -> Result<TensorSlice<'r>> {
        TensorSlice::whole(self.0, self.shape().to_vec()).slice(axis, range)
    }

    /// Selects a range of elements, counted in row-major order. The slice has rank 1.
    ///
    /// # Errors
    /// `InvalidArgument` if the range is not within `0..element_count()`.
    pub fn elements(&self, elements: impl RangeBounds<u64>) -> Result<TensorSlice<'r>> {
        let elements = resolve(elements, self.element_count(), "elements").map_err(|error| self.0.locate(error))?;
        self.whole().slice(0, elements)
    }

    /// The elements as a slice of rank 1.
    fn whole(&self) -> TensorSlice<'r> {
        TensorSlice::whole(self.0, vec![self.element_count()])
    }

    /// Returns ranges of elements, in order, that make up the tensor. Each range is a number of whole chunks, so that
    /// decoding one after another by [`elements`](Self::elements) decodes no chunk twice. A range has `at_least`
    /// elements, unless it is the last, and less than a chunk more.
    ///
    /// # Errors
    /// As [`decode`](Self::decode): the head of the segment is read.
    pub fn chunked_ranges(&self, at_least: u64) -> Result<impl Iterator<Item = Range<u64>> + Send + use<>> {
        let count = self.element_count();
        let (step, before) = match self.0.segment()? {
            Some((place, segment)) => {
                let chunk = segment.head.chunk_len;
                (at_least.max(1).div_ceil(chunk).saturating_mul(chunk), place.first % chunk)
            }
            None => (count.max(1), 0),
        };
        let mut start = 0;
        Ok(std::iter::from_fn(move || {
            let end = count.min((start + before) / step * step + step - before);
            let part = start..end;
            start = end;
            (!part.is_empty()).then_some(part)
        }))
    }

    /// Returns where the first element is stored; `None` if there are no elements. An alias is stored where its target
    /// is. Whoever reads many tensors in the order of their places decodes each chunk once.
    ///
    /// # Errors
    /// As [`decode`](Self::decode): the head of the segment is read.
    pub fn stored_place(&self) -> Result<Option<StoredPlace>> {
        let place = |(place, segment): (Place, Arc<Segment>)| StoredPlace {
            segment: place.segment,
            chunk: place.first / segment.head.chunk_len,
            first: place.first,
        };
        Ok(self.0.segment()?.map(place))
    }

    /// Returns the bytes themselves if they are stored raw and the source is in memory: then nothing is decoded or
    /// copied. The checksums are checked at each call. Returns `None` if the tensor is coded or the source is not in
    /// memory.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn borrow_bytes(&self) -> Result<Option<&'r [u8]>> {
        let Some(memory) = self.0.reader.source().bytes() else {
            return Ok(None);
        };
        let Some((place, segment)) = self.0.segment()? else {
            return Ok(Some(&[]));
        };
        if segment.representation != Representation::Raw {
            return Ok(None);
        }
        let elements = place.first..place.first + self.element_count();
        for chunk in segment.chunks_of(elements.clone()) {
            let record = segment.head.chunks[chunk];
            let offset = segment.data_offset + record.offset;
            let coded = memory.get(offset as usize..).and_then(|rest| rest.get(..record.len as usize));
            let coded = coded.ok_or_else(|| self.0.locate(Error::truncated("a chunk leaves the file").at(offset)))?;
            check_chunk(&record, coded, offset).map_err(|error| self.0.locate(error))?;
        }
        let start = (segment.data_offset + bytes_of(self.dtype(), elements.start)) as usize;
        Ok(memory.get(start..).and_then(|rest| rest.get(..self.byte_len() as usize)))
    }

    /// Decodes the tensor and compares the bytes with the [`digest`](Self::digest).
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `Corrupt` if the digest differs.
    pub fn verify(&self) -> Result<()> {
        let bytes = self.decode()?;
        let mut hasher = blake3::Hasher::new();
        self.0.reader.workers().hash(&mut hasher, &bytes);
        match self.digest() {
            Some(digest) if digest != entry_digest(&hasher.finalize()) => {
                Err(self.0.locate(Error::corrupt("the digest of the decoded bytes does not match")))
            }
            _ => Ok(()),
        }
    }

    /// Returns the name of the representation in the file: `raw`, `zstd`, `fields`, or `empty` if there are no elements.
    ///
    /// # Errors
    /// As [`decode`](Self::decode): the head of the segment is read.
    pub fn representation(&self) -> Result<&'static str> {
        Ok(self.0.segment()?.map_or("empty", |(_, segment)| segment.representation.name()))
    }
}

/// A tensor as a slice of all its elements, with its own shape.
impl<'r> From<Tensor<'r>> for TensorSlice<'r> {
    fn from(tensor: Tensor<'r>) -> Self {
        Self::whole(tensor.0, tensor.shape().to_vec())
    }
}

impl fmt::Debug for Tensor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("name", &self.name())
            .field("dtype", &self.dtype())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}
