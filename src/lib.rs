//! Tersor: an entropy-coded container for neural-network weights, and its codec.
//!
//! ```text
//!  encode   tensor -> plan -> words -> steps -> fields -> symbols -> lanes | bits | mixed -> chunks -> segment -> container
//!                      │               └ unpack, mask, codebook or grid
//!                      └ classes of rows and columns ── contexts
//!  decode   tensor <-------- words <- steps <- fields <- symbols <- lanes | bits | mixed <- chunk  <- index   <- container
//! ```
//!
//! - [`encode_files`] and [`decode_files`]: whole files, bit for bit.
//! - [`Encoder`]: tensors one by one, to any [`std::io::Write`].
//! - [`Reader`]: random access to tensors and their rows, over a file, a [`Map`], bytes in memory or any [`ReadAt`].
//! - [`StreamDecoder`]: everything in file order, from any [`std::io::Read`].
//! - [`analysis`]: where the bytes are, and how few they could be.
//!
//! The format is specified in `spec/format.md`. A file is hostile until proven otherwise: see [`Limits`].
//!
//! ```
//! use tersor::{EncodeOptions, Encoder, Reader, TensorView};
//!
//! # fn main() -> tersor::Result<()> {
//! let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
//! encoder.add("bias", TensorView::from_slice(&[1.0f32, 2.0], &[2])?)?;
//! let (file, _) = encoder.finish()?;
//!
//! let reader = Reader::new(file)?;
//! assert_eq!(reader.tensor("bias").unwrap().decode_as::<f32>()?, [1.0, 2.0]);
//! # Ok(()) }
//! ```
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod analysis;
mod coders;
mod container;
mod decode;
mod encode;
mod error;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod interop;
mod kernel;
mod limits;
mod progress;
mod represent;
mod spec;
mod tensor;
mod wire;
mod workers;

pub use analysis::{Category, Difference, DifferingBits, Ledger, NonFinite, SegmentLedger, generalisation, priors};
pub use decode::{
    Declared, DecodeOptions, FileInfo, FileOutput, Part, ReadAt, Reader, StreamDecoder, Tensor, TensorSlice,
    decode_files,
};
pub use encode::{EncodeOptions, Encoder, FileInput, Profile, Summary, encode_files};
pub use error::{Error, ErrorKind, Escaped, Result};
pub use interop::{SafetensorsHeader, SafetensorsTensor};
#[cfg(feature = "command")]
#[doc(hidden)]
pub use kernel::command_map;
pub use kernel::{Kernel, Map, UnknownKernel};
pub use limits::Limits;
pub use progress::Progress;
pub use tensor::{Dtype, Element, TensorView, byte_len, element_count};

/// The examples of the README, so that they are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
