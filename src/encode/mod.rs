//! From values to a file: each segment is planned by measured cost, coded chunk by chunk on all cores, and written in order.

mod encoder;
mod files;
mod options;
mod plan;
mod segment;
mod writer;

pub use encoder::Encoder;
pub use files::{FileInput, encode_files};
pub use options::EncodeOptions;
pub use writer::Summary;
