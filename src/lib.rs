//! Tersor stores the weights of neural networks without loss in files that are smaller than safetensors files, and
//! reads single tensors or rows back from them.
//!
//! It is for programs that store, distribute or load models: training jobs, model hubs, inference servers, tools. Input
//! and output are tensors of the [dtypes](Dtype) of the safetensors format. The bytes that come out are the bytes that
//! went in, including NaN payloads, metadata and padding.
//!
//! # Which type to use
//!
//! | you want to | use |
//! |---|---|
//! | convert whole safetensors files and the other files of a model, and recreate them | [`encode_files`], [`decode_files`] |
//! | read one tensor, or some rows or columns of it | [`Reader`], [`Tensor`], [`TensorSlice`] |
//! | read a model in several files, the shards | [`Shards`] |
//! | read from a source of your own | [`Reader`] over a [`ReadAt`] |
//! | share decoded tensors between threads, within a budget of memory | [`TensorCache`] |
//! | look up rows of an embedding | [`Tensor::select_rows`] |
//! | read from an object store, a web server or another slow storage | [`ReadAhead`], [`Reader::prefetch`] |
//! | use tensors in place, without a copy, if they are stored raw | [`Reader`] over a [`Map`], [`Tensor::borrow_bytes`] |
//! | decode everything from a pipe or a network connection | [`StreamDecoder`] |
//! | write tensors that a program computes, one by one | [`Encoder`], [`TensorView`] |
//! | find out which tensors take how many bytes, and why | [`Reader::ledger`], [`Reader::bounds`], [`analysis`] |
//! | compare two models | [`Difference`] |
//!
//! The folder `examples/` has programs for most of these.
//!
//! ```
//! use tersor::{EncodeOptions, Encoder, Reader, TensorView};
//!
//! # fn main() -> tersor::Result<()> {
//! let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
//! encoder.add("layer.weight", TensorView::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?)?;
//! let (file, _) = encoder.finish()?;
//!
//! let reader = Reader::new(file)?;
//! let tensor = reader.tensor("layer.weight").expect("it was just added");
//! assert_eq!(tensor.decode_as::<f32>()?, [1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(tensor.rows(1..2)?.decode_as::<f32>()?, [3.0, 4.0]);
//! # Ok(()) }
//! ```
//!
//! # Files that are not trusted
//!
//! No input makes the decoder panic, run without end, or allocate more memory than [`Limits`] allow. A small file can
//! legally decode to terabytes, so set the limits to the sizes that you expect:
//!
//! ```no_run
//! use tersor::{DecodeOptions, Limits, Reader};
//!
//! # fn main() -> tersor::Result<()> {
//! let limits = Limits::default().with_total_bytes(4 << 30).with_tensors(10_000);
//! let reader = Reader::open_with("upload.tersor", DecodeOptions::default().with_limits(limits))?;
//! # Ok(()) }
//! ```
//!
//! Every chunk has a checksum, which is always checked. Every tensor has a digest: [`StreamDecoder`] and
//! [`decode_files`] check it, and [`Tensor::verify`] does so for a [`Reader`]. Checksums and digests detect damage; they
//! are no signature and do not prove who made a file.
//!
//! # Threads
//!
//! Chunks are encoded and decoded in parallel on the rayon pool of the caller, which by default has one thread a core.
//! [`EncodeOptions::with_threads`] and [`DecodeOptions::with_threads`] set another number; 1 keeps all work on the
//! calling thread. The bytes of a file do not depend on the number of threads. All types of this crate are `Send` and
//! `Sync`, and one [`Reader`] can decode tensors on several threads at the same time.
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `threads` | yes | work in parallel, by rayon |
//! | `half` | no | `half::f16` and `half::bf16` are types of elements ([`Element`]); this ties a program to version 2 of the crate `half` |
//!
//! Without `half`, tensors of dtype F16 and BF16 convert to `f32` and `f64`, and their bytes can be read and written.
//! The features `command` and `internals` are for the project's own programs and tests, and are not part of the public
//! interface.
//!
//! # Errors
//!
//! Coding and decoding fail with an [`Error`]: its [`kind`](Error::kind) is for programs, and its text names the
//! problem and the place in the file. [`ErrorKind::Truncated`] and [`ErrorKind::Corrupt`] mean a damaged file,
//! [`ErrorKind::Unsupported`] a file of another version, and [`ErrorKind::Limit`] a file that asks for more than the
//! limits allow.
//!
//! # How a tensor is coded
//!
//! ```text
//!  encode   tensor -> plan -> words -> steps -> fields -> symbols -> lanes | bits | mixed -> chunks -> segment -> container
//!                      │               └ unpack, mask, codebook or grid
//!                      └ classes of rows and columns ── contexts
//!  decode   tensor <-------- words <- steps <- fields <- symbols <- lanes | bits | mixed <- chunk  <- index   <- container
//! ```
//!
//! The specification of the format is `spec/format.md` in the package.
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
mod quantize;
mod read_ahead;
mod represent;
mod source;
mod spec;
mod tensor;
mod wire;
mod workers;

pub use analysis::{Category, Difference, DifferingBits, Ledger, NonFinite, SegmentLedger, generalisation, priors};
pub use decode::{
    Declared, DecodeOptions, FileInfo, FileOutput, Part, Reader, Shards, StoredPlace, StreamDecoder, Tensor,
    TensorCache, TensorRows, TensorSlice, decode_files,
};
pub use encode::{EncodeOptions, Encoder, FileInput, Profile, Quantized, Summary, encode_files, encode_folder};
pub use error::{Error, ErrorKind, Escaped, Result};
pub use interop::{SafetensorsHeader, SafetensorsTensor, ShardIndex};
#[cfg(feature = "command")]
#[doc(hidden)]
pub use kernel::command_map;
pub use kernel::{Kernel, Map, UnknownKernel};
pub use limits::Limits;
pub use progress::Progress;
pub use quantize::{
    ErrorMeasure, Importance, LossyRecord, LossyTensor, PruneStructure, Quantization, QuantizationRule,
    QuantizedTensor, Quantizer,
};
pub use read_ahead::{ReadAhead, ReadAheadOptions};
pub use source::ReadAt;
pub use tensor::{Dtype, Element, TensorView, byte_len, element_count};

/// The examples of the README, so that they are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExamples;
