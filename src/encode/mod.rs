//! From values to a file: each segment is planned by measured cost, coded chunk by chunk on all cores, and written in order.
//!
//! ```text
//!   encoder, files ── writer ── segment ── plan ── candidates ── survey, packing, grid   what the values show
//!                                                      ├── mask_plan ─┐
//!                                                      └── field_plan ── refine
//!                                                      ├── histograms ── words
//!                                                      ├── contexts ── scale ── effects ── magnitude   how axes differ
//!                                                      ├── planes          contexts of low mantissa bits
//!                                                      ├── field_coding    the coding of one field
//!                                                      └── mixing, mixing_kept   the highest levels
//! ```

mod candidates;
mod contexts;
mod effects;
mod encoder;
mod field_coding;
mod field_plan;
mod files;
mod grid;
mod histograms;
mod magnitude;
mod mask_plan;
mod mixing;
mod mixing_kept;
mod options;
mod packing;
mod plan;
mod planes;
mod refine;
mod scale;
mod segment;
mod survey;
mod words;
mod writer;

pub use encoder::Encoder;
pub use files::{FileInput, encode_files};
pub use options::EncodeOptions;
pub use writer::Summary;
