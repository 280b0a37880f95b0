//! Dtypes, shapes, tensors in memory, and conversion of their elements.

mod convert;
mod dtype;
mod element;
mod shape;
mod small_float;
mod view;

pub use dtype::Dtype;
pub use element::Element;
pub(crate) use element::{bytes_mut, convert};
pub use shape::{byte_len, element_count};
pub(crate) use shape::{bytes_of, elements_of_whole_bytes, row_elements};
pub use view::TensorView;
