//! Decodes a file: one tensor or a part of it by random access, or everything in file order.
//!
//! ```text
//!   source ── segment ── reader ── entry ── gather ── slice ── tensor     random access
//!                                    selection ──┘
//!   input  ── segment ── frames ── stream ── files                        file order
//! ```

mod cache;
mod entry;
mod files;
mod frames;
mod gather;
mod input;
mod options;
mod prefetch;
mod reader;
mod resources;
mod rows;
mod scratches;
mod segment;
mod selection;
mod shards;
mod slice;
mod stream;
mod tensor;
mod tensor_cache;
mod work_budget;

pub use files::{FileInfo, FileOutput, decode_files};
pub use options::DecodeOptions;
pub use reader::Reader;
pub use rows::TensorRows;
pub use shards::Shards;
pub use slice::TensorSlice;
pub use stream::{Declared, Part, StreamDecoder};
pub use tensor::{StoredPlace, Tensor};
pub use tensor_cache::TensorCache;

pub(crate) use segment::{Segment, read_range};

use crate::error::{Error, Result};

/// Allocates a vector of `count` default values; returns an error of kind `Limit` if there is not enough memory.
pub(crate) fn zeroed<T: Clone + Default>(count: u64) -> Result<Vec<T>> {
    let refused = || Error::limit(format!("no memory for {count} elements of {} bytes", size_of::<T>()));
    let count = usize::try_from(count).map_err(|_| refused())?;
    // `vec!` aborts when memory is exhausted, so probe with `try_reserve_exact` first
    Vec::<T>::new().try_reserve_exact(count).map_err(|_| refused())?;
    Ok(vec![T::default(); count])
}
