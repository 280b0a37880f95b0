//! What a tensor is: its dtype, its shape and its bytes.

mod convert;
mod dtype;
mod shape;
mod view;

pub use convert::Float;
pub(crate) use convert::{convert, read_values};
pub use dtype::Dtype;
pub(crate) use shape::{MAX_RANK, bytes_of, row_elements};
pub use shape::{byte_len, element_count};
pub use view::TensorView;
