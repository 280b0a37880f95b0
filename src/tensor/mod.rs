//! What a tensor is: its dtype, its shape and its bytes.

mod convert;
mod dtype;
mod shape;
mod view;

pub use convert::Float;
pub(crate) use convert::{convert, read_values};
pub use dtype::Dtype;
pub use shape::{byte_len, element_count};
pub(crate) use shape::{bytes_of, row_elements};
pub use view::TensorView;
