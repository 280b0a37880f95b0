//! Writes containers: plans each segment by measured cost, codes its chunks on all cores, and writes them in order.
//!
//! ```text
//!   model ── lossy            lossy coding: other bytes for some tensors, then as below
//!   encoder, files ── writer ── members ── segment ── search
//!                                └── kinds           which small tensors are alike
//! ```

mod encoder;
mod files;
mod input;
mod kinds;
mod lossy;
mod members;
mod model;
mod options;
mod search;
mod segment;
mod writer;

pub use encoder::Encoder;
pub use input::FileInput;
pub use lossy::Quantized;
pub use model::{encode_files, encode_folder};
pub use options::{EncodeOptions, Profile};
pub use writer::Summary;
