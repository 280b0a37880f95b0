//! Decoded tensors that threads share, within a budget of memory.

use std::ops::Range;
use std::sync::Arc;

use super::cache::Cache;
use super::selection::resolve;
use super::{DecodeOptions, Reader, Tensor, TensorSlice};
use crate::error::{Error, Result};
use crate::source::ReadAt;
use crate::workers::Workers;

/// An open model from which many threads use tensors, and which keeps the decoded bytes that were used last.
///
/// It suits a program that uses more weights than fit into memory, or that does not know which weights it will use: the
/// experts of a mixture, the layers of a model that is run layer by layer, the adapters of a server.
///
/// # Memory
/// All bytes that the cache keeps take at most the budget, the chunks of the [`Reader`] included. Bytes that a thread
/// holds or decodes at the moment come on top. Of the same tensor the cache keeps one copy. One thread decodes it while the
/// others wait, except threads of a rayon pool: these decode it themselves, because waiting could block the pool for ever.
///
/// ```
/// use tersor::{DecodeOptions, EncodeOptions, Encoder, TensorCache, TensorView};
/// # fn main() -> tersor::Result<()> {
/// # let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// # encoder.add("experts", TensorView::from_slice(&[1u8, 2, 3, 4, 5, 6], &[3, 2])?)?;
/// # let source = encoder.finish()?.0;
/// let model = TensorCache::new(source, DecodeOptions::default(), 100 << 20)?;
/// let expert = model.rows("experts", 1..2)?;
/// assert_eq!(*expert, [3, 4]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct TensorCache<'s> {
    reader: Reader<'s>,
    budget: u64,
    /// Rows of tensors, by the ordinal of the tensor that stores them.
    kept: Cache<(usize, u64, u64)>,
}

impl<'s> TensorCache<'s> {
    /// Opens a source. The cache keeps at most `budget` bytes. [`Limits::cache_bytes`](crate::Limits::cache_bytes) is
    /// reduced to an eighth of it if it is larger.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn new(source: impl ReadAt + 's, mut options: DecodeOptions, budget: u64) -> Result<Self> {
        options.limits.cache_bytes = options.limits.cache_bytes.min(budget / 8);
        let for_tensors = budget - options.limits.cache_bytes;
        Ok(Self { reader: Reader::with_options(source, options)?, budget: for_tensors, kept: Cache::new(for_tensors) })
    }

    /// Returns the reader: for shapes, dtypes and metadata, and to decode without the cache.
    #[must_use]
    pub fn reader(&self) -> &Reader<'s> {
        &self.reader
    }

    /// Returns the little-endian bytes of a tensor, in row-major order.
    ///
    /// # Errors
    /// `InvalidArgument` if no tensor has this name; the errors of [`Tensor::decode`].
    pub fn get(&self, name: &str) -> Result<Arc<Vec<u8>>> {
        let tensor = self.tensor(name)?;
        self.decoded(tensor, 0..tensor.row_count())
    }

    /// Returns the bytes of rows of a tensor, for example of one expert. The range is kept as a whole: ask for the same
    /// ranges again.
    ///
    /// # Errors
    /// As [`get`](Self::get), and `InvalidArgument` if the rows do not exist.
    pub fn rows(&self, name: &str, rows: Range<u64>) -> Result<Arc<Vec<u8>>> {
        let tensor = self.tensor(name)?;
        let rows = resolve(rows, tensor.row_count(), "rows").map_err(|error| error.in_tensor(name))?;
        self.decoded(tensor, rows)
    }

    /// Returns the bytes of single rows, one after another; see [`Tensor::select_rows`]. They are not kept, except the
    /// chunks in which they lie.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn select_rows(&self, name: &str, rows: impl IntoIterator<Item = impl Into<u64>>) -> Result<Vec<u8>> {
        self.tensor(name)?.select_rows(rows)?.decode()
    }

    /// Decodes tensors that are not kept yet, until they fill the budget. The source is told first, so that it can load
    /// them while others are decoded. Call it on a thread of its own to go on with other work.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn prefetch<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<()> {
        let mut wanted = Vec::new();
        let mut bytes = 0u64;
        for name in names {
            let tensor = self.tensor(name)?;
            bytes = bytes.saturating_add(tensor.byte_len());
            if bytes > self.budget {
                break;
            }
            if !self.kept.contains(self.key(tensor, &(0..tensor.row_count()))) {
                wanted.push(tensor);
            }
        }
        self.reader.prefetch(wanted.iter().copied())?;
        wanted.into_iter().try_for_each(|tensor| self.decoded(tensor, 0..tensor.row_count()).map(drop))
    }

    fn tensor(&self, name: &str) -> Result<Tensor<'_>> {
        self.reader.tensor(name).ok_or_else(|| Error::invalid("the file has no tensor with this name").in_tensor(name))
    }

    fn key(&self, tensor: Tensor<'_>, rows: &Range<u64>) -> (usize, u64, u64) {
        // an alias can have another shape, so its rows are its own
        let same_rows = |target: &Tensor<'_>| target.row_count() == tensor.row_count();
        (tensor.alias_of().filter(same_rows).unwrap_or(tensor).ordinal(), rows.start, rows.end)
    }

    fn decoded(&self, tensor: Tensor<'_>, rows: Range<u64>) -> Result<Arc<Vec<u8>>> {
        // a thread of a pool takes up other work while it waits for the parts of its own: it may be in the middle of decoding
        self.kept.get(self.key(tensor, &rows), !Workers::is_pool_thread(), || {
            let whole = 0..tensor.row_count();
            if rows == whole { TensorSlice::from(tensor).decode() } else { tensor.rows(rows.clone())?.decode() }
        })
    }
}

#[cfg(all(test, feature = "threads"))]
mod tests {
    use super::*;
    use crate::encode::{EncodeOptions, Encoder};
    use crate::tensor::TensorView;

    /// Threads of a pool take up other requests while they decode, also for the tensor that they decode.
    #[test]
    fn threads_of_a_pool_do_not_wait_for_each_other() {
        let values: Vec<f32> = (0..200_000).map(|i| (i as f32 * 0.37).sin()).collect();
        let options = EncodeOptions::default().with_level(1).with_chunk_bytes(4096);
        let mut encoder = Encoder::new(Vec::new(), options).unwrap();
        for name in ["a", "b", "c"] {
            encoder.add(name, TensorView::from_slice(&values[name.len()..], &[199_999]).unwrap()).unwrap();
        }
        let file = encoder.finish().unwrap().0;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        // nothing fits, so every request decodes
        for budget in [1, 1 << 20] {
            let cache = TensorCache::new(&file[..], DecodeOptions::default(), budget).unwrap();
            pool.scope(|scope| {
                for number in 0..60 {
                    let cache = &cache;
                    scope.spawn(move |_| {
                        let found = cache.get(["a", "b", "c"][number % 3]).unwrap();
                        assert_eq!(found[..].len(), 199_999 * 4);
                    });
                }
            });
        }
    }
}
