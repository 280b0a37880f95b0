//! From a file to values: one tensor or some of its rows by random access, or everything in file order.

mod file;
mod options;
mod reader;
mod scratches;
mod segment;
mod source;
mod stream;
mod tensor;

pub use file::{FileInfo, FileOutput, decode_files};
pub use options::DecodeOptions;
pub use reader::Reader;
pub use source::ReadAt;
pub use stream::{Declared, Part, StreamDecoder};
pub use tensor::Tensor;

pub(crate) use segment::{Segment, read_range};

use crate::error::{Error, Result};

/// A zeroed vector, or an error where memory ends.
pub(crate) fn zeroed<T: Clone + Default>(count: u64) -> Result<Vec<T>> {
    let refused = || Error::limit(format!("no memory for {count} elements of {} bytes", size_of::<T>()));
    let count = usize::try_from(count).map_err(|_| refused())?;
    // asked for and given back at once: what follows would abort
    Vec::<T>::new().try_reserve_exact(count).map_err(|_| refused())?;
    Ok(vec![T::default(); count])
}
