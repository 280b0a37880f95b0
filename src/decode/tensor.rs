//! One tensor of an open file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::segment::{Piece, check_chunk};
use super::{ReadAt, Reader, Segment, zeroed};
use crate::container::{Entry, Place, entry_digest};
use crate::error::{Error, Result};
use crate::limits::check;
use crate::represent::Representation;
use crate::tensor::{Dtype, Float, bytes_of, convert, row_elements};

/// A tensor of a [`Reader`]: what it is, and its values on demand.
///
/// A *row* is what one index of the first dimension selects; a tensor of rank 0 has one.
pub struct Tensor<'r, S> {
    reader: &'r Reader<S>,
    ordinal: usize,
}

impl<S> Clone for Tensor<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Tensor<'_, S> {}

impl<'r, S: ReadAt> Tensor<'r, S> {
    pub(super) fn new(reader: &'r Reader<S>, ordinal: usize) -> Self {
        Self { reader, ordinal }
    }

    fn entry(&self) -> &'r Entry {
        &self.reader.directory().manifest.entries[self.ordinal]
    }

    fn place(&self) -> Option<Place> {
        self.reader.directory().place(self.ordinal)
    }

    /// The name: any text, also control characters.
    pub fn name(&self) -> &'r str {
        self.entry().name.as_deref().unwrap_or_default()
    }

    /// Its number in the order of declaration, contents of files counted.
    pub fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// The dtype.
    pub fn dtype(&self) -> Dtype {
        self.entry().dtype
    }

    /// The dimensions, the outermost first.
    pub fn shape(&self) -> &'r [u64] {
        &self.entry().shape
    }

    /// Number of elements.
    pub fn element_count(&self) -> u64 {
        self.entry().elements()
    }

    /// Decoded bytes.
    pub fn byte_len(&self) -> u64 {
        self.entry().byte_len()
    }

    /// Number of rows: the first dimension, 1 for rank 0.
    pub fn row_count(&self) -> u64 {
        self.shape().first().copied().unwrap_or(1)
    }

    /// The tensor whose bytes it shares, if it is stored as a repetition.
    pub fn same_as(&self) -> Option<Tensor<'r, S>> {
        self.entry().alias_of.map(|target| Tensor::new(self.reader, target as usize))
    }

    /// The BLAKE3 digest, cut to 16 bytes, of the decoded bytes; `None` if there are none.
    pub fn digest(&self) -> Option<[u8; 16]> {
        self.reader.directory().digest(self.ordinal)
    }

    /// The decoded bytes: little-endian, row-major.
    ///
    /// # Errors
    /// `Corrupt`, `Unsupported`, `Truncated` or `Limit` for bad input, `Io` where reading fails.
    pub fn decode(&self) -> Result<Vec<u8>> {
        // before memory is asked for
        self.segment()?;
        let mut out = zeroed(self.byte_len()).map_err(|error| self.name_in(error))?;
        self.decode_into(&mut out)?;
        Ok(out)
    }

    /// Decodes to `out`, which must have [`byte_len`](Self::byte_len) bytes.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `InvalidArgument` for another length. Then `out` holds anything.
    pub fn decode_into(&self, out: &mut [u8]) -> Result<()> {
        self.range_into(0..self.element_count(), out)
    }

    /// The decoded bytes of some rows; only the chunks that hold them are read.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `InvalidArgument` if there are no such rows, or if elements of less than a byte make a row begin or end inside a byte.
    pub fn rows(&self, rows: Range<u64>) -> Result<Vec<u8>> {
        let elements = self.row_range(rows)?;
        let mut out = zeroed(bytes_of(self.dtype(), elements.end - elements.start))?;
        self.range_into(elements, &mut out)?;
        Ok(out)
    }

    /// Decodes some rows to `out`, which must have their length.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), and `InvalidArgument` for another length.
    pub fn rows_into(&self, rows: Range<u64>, out: &mut [u8]) -> Result<()> {
        self.range_into(self.row_range(rows)?, out)
    }

    /// Decodes the elements `range`, counted in row-major order, to `out`, which must have their length.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `InvalidArgument` if there are no such elements, if they do not begin and end at a byte, and for another length.
    pub fn elements_into(&self, range: Range<u64>, out: &mut [u8]) -> Result<()> {
        self.check_elements(&range)?;
        self.range_into(range, out)
    }

    fn check_elements(&self, range: &Range<u64>) -> Result<()> {
        if range.start > range.end || range.end > self.element_count() {
            let what = format!("elements {}..{} of {}", range.start, range.end, self.element_count());
            return Err(self.name_in(Error::invalid(what)));
        }
        Ok(())
    }

    /// Ranges of elements, in order, that make up the tensor and are read one by one without decoding anything twice: whole chunks, `at_least` elements where there
    /// are so many, and less than a chunk more.
    ///
    /// # Errors
    /// What reading the segment's head gives.
    pub fn parts(&self, at_least: u64) -> Result<impl Iterator<Item = Range<u64>> + Send + use<S>> {
        let count = self.element_count();
        let (step, before) = match self.segment()? {
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

    /// The values converted to `T`; see [`Float`] for the rounding.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `Unsupported` for complex tensors.
    pub fn decode_as<T: Float>(&self) -> Result<Vec<T>> {
        self.elements_as(0..self.element_count())
    }

    /// The values of some rows converted to `T`.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), and `Unsupported` for complex tensors.
    pub fn rows_as<T: Float>(&self, rows: Range<u64>) -> Result<Vec<T>> {
        self.elements_as(self.row_range(rows)?)
    }

    /// The bytes themselves where they lie in memory and uncoded: then nothing is decoded or copied. Their checksums are checked at each call.
    ///
    /// `None` if the tensor is coded or the source is not in memory.
    ///
    /// # Errors
    /// `Corrupt` if a checksum does not match.
    pub fn borrow_bytes(&self) -> Result<Option<&'r [u8]>> {
        let Some(memory) = self.reader.source().bytes() else {
            return Ok(None);
        };
        let Some((place, segment)) = self.segment()? else {
            return Ok(Some(&[]));
        };
        if segment.representation != Representation::Raw {
            return Ok(None);
        }
        let elements = place.first..place.first + self.element_count();
        for Piece { chunk, .. } in segment.pieces(elements.clone()) {
            let record = segment.head.chunks[chunk];
            if u64::from(record.len) != segment.chunk_bytes(chunk) {
                return Err(self.name_in(Error::corrupt("a raw chunk of the wrong length")));
            }
            let offset = segment.data_offset + record.offset;
            let coded = memory.get(offset as usize..).and_then(|rest| rest.get(..record.len as usize));
            let coded = coded.ok_or_else(|| self.name_in(Error::truncated("a chunk leaves the file").at(offset)))?;
            check_chunk(&record, coded, offset).map_err(|error| self.name_in(error))?;
        }
        let start = (segment.data_offset + bytes_of(self.dtype(), elements.start)) as usize;
        Ok(memory.get(start..).and_then(|rest| rest.get(..self.byte_len() as usize)))
    }

    /// Decodes and compares with the digest.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and `Corrupt` if the digest is another.
    pub fn verify(&self) -> Result<()> {
        let bytes = self.decode()?;
        let mut hasher = blake3::Hasher::new();
        self.reader.workers().hash(&mut hasher, &bytes);
        match self.digest() {
            Some(digest) if digest != entry_digest(&hasher) => {
                Err(self.name_in(Error::corrupt("the digest of the decoded bytes does not match")))
            }
            _ => Ok(()),
        }
    }

    /// How it is stored: `raw`, `zstd`, `fields`, or `empty`.
    ///
    /// # Errors
    /// What reading the segment's head gives.
    pub fn representation(&self) -> Result<&'static str> {
        Ok(self.segment()?.map_or("empty", |(_, segment)| segment.representation.name()))
    }

    fn name_in(&self, error: Error) -> Error {
        error.in_tensor(self.entry().label())
    }

    fn segment(&self) -> Result<Option<(Place, Arc<Segment>)>> {
        let Some(place) = self.place() else {
            return Ok(None);
        };
        let segment = self.reader.segment(place.segment).map_err(|error| self.name_in(error))?;
        Ok(Some((place, segment)))
    }

    fn row_range(&self, rows: Range<u64>) -> Result<Range<u64>> {
        if rows.start > rows.end || rows.end > self.row_count() {
            let what = format!("rows {}..{} of a tensor of {} rows", rows.start, rows.end, self.row_count());
            return Err(self.name_in(Error::invalid(what)));
        }
        if self.element_count() == 0 {
            return Ok(0..0);
        }
        let row = row_elements(self.shape());
        Ok(rows.start * row..rows.end * row)
    }

    /// The tensor's elements `range` as bytes.
    fn range_into(&self, range: Range<u64>, mut out: &mut [u8]) -> Result<()> {
        let dtype = self.dtype();
        let bits = u64::from(dtype.bits());
        if bits < 8 && [range.start, range.end].iter().any(|&end| !end.is_multiple_of(8 / gcd(bits, 8))) {
            return Err(
                self.name_in(Error::invalid(format!("these elements of {dtype} do not begin and end at a byte")))
            );
        }
        if out.len() as u64 != bytes_of(dtype, range.end - range.start) {
            let what = format!("{} bytes to decode to, {} needed", out.len(), bytes_of(dtype, range.end - range.start));
            return Err(self.name_in(Error::invalid(what)));
        }
        let Some((place, segment)) = self.segment()? else {
            return Ok(());
        };
        let mut jobs = Vec::new();
        for piece in segment.pieces(place.first + range.start..place.first + range.end) {
            let len = bytes_of(dtype, piece.elements.end) - bytes_of(dtype, piece.elements.start);
            let (own, rest) = out.split_at_mut(len as usize);
            jobs.push((piece, own));
            out = rest;
        }
        let source = self.reader.source();
        let work = |(piece, out): (Piece, &mut [u8])| {
            if out.len() as u64 == segment.chunk_bytes(piece.chunk) {
                let coded = segment.read_chunk(source, piece.chunk)?;
                self.reader.with_scratch(|scratch| segment.decode_chunk(piece.chunk, &coded, out, scratch))?;
            } else {
                self.reader.with_scratch(|scratch| -> Result<()> {
                    let whole = segment.whole_chunk(source, piece.chunk, scratch)?;
                    let start = bytes_of(dtype, piece.elements.start) as usize;
                    out.copy_from_slice(&whole[start..start + out.len()]);
                    Ok(())
                })?;
            }
            self.reader.options.progress.advance(out.len() as u64)
        };
        self.reader.workers().map(jobs, work).map_err(|error| self.name_in(error))?;
        Ok(())
    }

    /// The values of the elements `range`, counted in row-major order, converted to `T`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), `InvalidArgument` if there are no such elements, and `Unsupported` for complex tensors.
    pub fn elements_as<T: Float>(&self, range: Range<u64>) -> Result<Vec<T>> {
        self.check_elements(&range)?;
        let count = range.end - range.start;
        check(count.saturating_mul(size_of::<T>() as u64), self.reader.options.limits.tensor_bytes, "converted bytes")
            .map_err(|error| self.name_in(error))?;
        let mut values = zeroed::<T>(count).map_err(|error| self.name_in(error))?;
        let Some((place, segment)) = self.segment()? else {
            return Ok(values);
        };
        let dtype = self.dtype();
        let mut jobs = Vec::new();
        let mut out = &mut values[..];
        for piece in segment.pieces(place.first + range.start..place.first + range.end) {
            let (own, rest) = out.split_at_mut((piece.elements.end - piece.elements.start) as usize);
            jobs.push((piece, own));
            out = rest;
        }
        let source = self.reader.source();
        let work = |(piece, out): (Piece, &mut [T])| {
            self.reader.with_scratch(|scratch| -> Result<()> {
                let whole = segment.whole_chunk(source, piece.chunk, scratch)?;
                if dtype.bits() < 8 {
                    // rows may begin inside a byte: convert all, then take some
                    let elements = segment.head.chunk_range(piece.chunk);
                    let mut converted = zeroed::<T>(elements.end - elements.start)?;
                    convert(dtype, whole, &mut converted)?;
                    out.copy_from_slice(&converted[piece.elements.start as usize..piece.elements.end as usize]);
                    return Ok(());
                }
                let bytes =
                    bytes_of(dtype, piece.elements.start) as usize..bytes_of(dtype, piece.elements.end) as usize;
                convert(dtype, &whole[bytes], out)
            })?;
            self.reader.options.progress.advance(bytes_of(dtype, out.len() as u64))
        };
        self.reader.workers().map(jobs, work).map_err(|error| self.name_in(error))?;
        Ok(values)
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl<S: ReadAt> fmt::Debug for Tensor<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("name", &self.name())
            .field("dtype", &self.dtype())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}
