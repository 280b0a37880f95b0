//! Single rows of a tensor in any order, as an embedding needs them.

use std::fmt;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::entry::EntryRef;
use super::zeroed;
use super::{Segment, segment::SegmentPart};
use crate::error::{Error, Result};
use crate::limits::Bound;
use crate::tensor::{Dtype, Element, bytes_mut, convert};

/// Rows of a [`Tensor`](crate::Tensor) in any order, made by [`Tensor::select_rows`](crate::Tensor::select_rows).
///
/// # Cost
/// Decoding decodes each chunk that holds one of the rows once, however often and in whatever order the rows are asked
/// for, and no other chunk.
#[must_use = "a selection decodes nothing by itself"]
pub struct TensorRows<'r> {
    entry: EntryRef<'r>,
    rows: Vec<u64>,
    shape: Vec<u64>,
}

/// A part of a row that lies in one chunk, and the memory for it.
struct Piece<'o> {
    chunk: usize,
    /// The place of the bytes in the chunk.
    bytes: Range<usize>,
    out: &'o mut [u8],
}

impl<'r> TensorRows<'r> {
    /// Checks the rows.
    pub(super) fn new(entry: EntryRef<'r>, rows: Vec<u64>) -> Result<Self> {
        let declared = entry.get();
        let Some((&count, rest)) = declared.shape.split_first() else {
            return Err(entry.locate(Error::invalid("a tensor of rank 0 has no rows to select")));
        };
        if let Some(row) = rows.iter().find(|&&row| row >= count) {
            let what = format!("row {row} does not exist: the tensor has {count} rows");
            return Err(entry.locate(Error::invalid(what)));
        }
        let mut shape = vec![rows.len() as u64];
        shape.extend_from_slice(rest);
        Ok(Self { entry, rows, shape })
    }

    /// Returns the dimensions: the number of selected rows, then the dimensions of a row.
    #[must_use]
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Returns the dtype of the tensor.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.entry.get().dtype
    }

    /// Returns the number of elements of all selected rows. It stops at `u64::MAX`.
    #[must_use]
    pub fn element_count(&self) -> u64 {
        (self.rows.len() as u64).saturating_mul(self.row_elements())
    }

    /// Returns the size of the selected rows in bytes, rounded up. It stops at `u64::MAX`.
    #[must_use]
    pub fn byte_len(&self) -> u64 {
        let bits = self.rows.len() as u128 * u128::from(self.row_elements()) * u128::from(self.dtype().bits());
        u64::try_from(bits.div_ceil(8)).unwrap_or(u64::MAX)
    }

    /// The number of elements of a row. The tensor has elements, or there is no row.
    fn row_elements(&self) -> u64 {
        self.shape[1..].iter().fold(1, |count: u64, &dimension| count.saturating_mul(dimension))
    }

    /// Decodes to little-endian bytes, one selected row after another.
    ///
    /// # Errors
    /// `Corrupt`, `Unsupported`, `Truncated` or `Limit` for bad input; `Io` if reading fails; `Cancelled`.
    /// `InvalidArgument` if rows of elements of less than a byte do not begin and end at a byte.
    pub fn decode(&self) -> Result<Vec<u8>> {
        self.check_size(self.byte_len(), "bytes of rows")?;
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
        self.entry.check_output(out.len(), self.byte_len(), "bytes")?;
        let bits = u128::from(self.row_elements()) * u128::from(self.dtype().bits());
        if bits % 8 != 0 {
            let what = format!("a row of {} elements of {} does not end at a byte", self.row_elements(), self.dtype());
            return Err(self.entry.locate(Error::invalid(what)));
        }
        if out.is_empty() {
            return Ok(());
        }
        let Some((place, segment)) = self.entry.segment()? else { return Ok(()) };
        let row_bytes = (bits / 8) as usize;
        let mut pieces = self.pieces(&segment, place.first, row_bytes, out);
        // stable: the pieces of a chunk stay in the order of the output
        pieces.sort_by_key(|piece| piece.chunk);
        self.copy(&segment, pieces).map_err(|error| self.entry.locate(error))
    }

    /// Decodes to values of type `T`; see [`Element`] for the conversions.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `Unsupported` if the dtype does not convert to `T`; `InvalidArgument` if a value
    /// does not fit into `T`.
    pub fn decode_as<T: Element>(&self) -> Result<Vec<T>> {
        self.check_size(self.element_count().saturating_mul(size_of::<T>() as u64), "bytes after conversion")?;
        self.entry.segment()?;
        let mut out = zeroed(self.element_count()).map_err(|error| self.entry.locate(error))?;
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
        self.entry.check_output(out.len(), self.element_count(), "elements")?;
        match bytes_mut(self.dtype(), out) {
            Some(bytes) => self.decode_bytes_into(bytes),
            None => convert(self.dtype(), &self.decode()?, out).map_err(|error| self.entry.locate(error)),
        }
    }

    fn check_size(&self, bytes: u64, unit: &str) -> Result<()> {
        let limits = &self.entry.reader.options.limits;
        limits.check(Bound::TensorBytes, bytes, unit).map_err(|error| self.entry.locate(error))
    }

    /// Divides the output among the chunks.
    fn pieces<'o>(&self, segment: &Segment, first: u64, row_bytes: usize, out: &'o mut [u8]) -> Vec<Piece<'o>> {
        let mut pieces = Vec::with_capacity(self.rows.len());
        for (&row, own) in self.rows.iter().zip(out.chunks_exact_mut(row_bytes)) {
            let start = first + row * self.row_elements();
            let mut rest = own;
            for SegmentPart { chunk, bytes } in segment.parts_of(start..start + self.row_elements()) {
                let (out, others) = mem::take(&mut rest).split_at_mut(bytes.len());
                rest = others;
                pieces.push(Piece { chunk, bytes, out });
            }
        }
        pieces
    }

    /// Decodes the chunk of each group of pieces, and copies the pieces. The pieces are sorted by their chunks.
    fn copy(&self, segment: &Segment, pieces: Vec<Piece<'_>>) -> Result<()> {
        let reader = self.entry.reader;
        let mut groups: Vec<Vec<Piece<'_>>> = Vec::new();
        for piece in pieces {
            match groups.last_mut() {
                Some(group) if group[0].chunk == piece.chunk => group.push(piece),
                _ => groups.push(vec![piece]),
            }
        }
        reader.announce_chunks(segment, groups.iter().map(|group| group[0].chunk));
        let work = |group: Vec<Piece<'_>>| {
            let index = group[0].chunk;
            let chunk: Arc<Vec<u8>> = reader.with_scratch(|scratch| reader.whole_chunk(segment, index, scratch))?;
            let mut copied = 0;
            for piece in group {
                copied += piece.out.len() as u64;
                piece.out.copy_from_slice(&chunk[piece.bytes]);
            }
            reader.options.progress.advance(copied)
        };
        reader.workers().map(groups, work)?;
        Ok(())
    }
}

impl fmt::Debug for TensorRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.entry.get();
        f.debug_struct("TensorRows")
            .field("tensor", &entry.label())
            .field("dtype", &entry.dtype)
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}
