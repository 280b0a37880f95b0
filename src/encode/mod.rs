//! Writes containers: plans each segment by measured cost, codes its chunks on all cores, and writes them in order.
//!
//! ```text
//!   encoder, files ── writer ── members ── segment ── search
//!                                └── kinds           which small tensors are alike
//! ```

mod encoder;
mod files;
mod input;
mod kinds;
mod members;
mod options;
mod search;
mod segment;
mod writer;

pub use encoder::Encoder;
pub use files::{encode_files, encode_folder};
pub use input::FileInput;
pub use options::{EncodeOptions, Profile};
pub use writer::Summary;
