//! From values to a file: each segment is planned by measured cost, coded chunk by chunk on all cores, and written in order.
//!
//! ```text
//!   encoder, files ── writer ── segment ── plan ── field_plan ── refine
//!                                                      ├── effects ── magnitude      how rows and other axes differ in scale
//!                                                      ├── scale                     contexts from that
//!                                                      ├── planes                    contexts of low mantissa bits
//!                                                      └── mixing                    the highest levels
//! ```

mod effects;
mod encoder;
mod field_plan;
mod files;
mod magnitude;
mod mixing;
mod options;
mod plan;
mod planes;
mod refine;
mod scale;
mod segment;
mod words;
mod writer;

pub use encoder::Encoder;
pub use files::{FileInput, encode_files};
pub use options::EncodeOptions;
pub use writer::Summary;
