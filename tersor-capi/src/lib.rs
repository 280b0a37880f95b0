//! The C interface of [Tersor](tersor): reads and writes compressed neural-network weights.
//!
//! `include/tersor.h` declares it, and this page describes the same functions. The folder `examples/` has programs in C.
//!
//! Most functions return a [`Status`]. After an error, [`tersor_last_error_message`] and its neighbours describe the last
//! error on the calling thread. No pointer argument may dangle; a NULL where a value is needed is an error and not a
//! crash. No panic leaves the library.
//!
//! Pointers become slices in the file `pointers.rs`, which holds all `unsafe` code of this crate.

mod dtype;
mod files;
mod metadata;
mod options;
mod output_file;
mod pointers;
mod reader;
mod source;
mod status;
mod summary;
mod tensor;
mod writer;

pub use dtype::{Dtype, tersor_dtype_bits, tersor_dtype_name};
pub use files::{tersor_decode_file, tersor_encode_file};
pub use metadata::{Metadata, tersor_metadata_at, tersor_metadata_count, tersor_metadata_find};
pub use options::{
    DecodeOptions, EncodeOptions, Profile, ProgressCallback, tersor_decode_options_default,
    tersor_encode_options_default,
};
pub use pointers::{Input, Output, Plain, Text, UserData};
pub use reader::{
    Reader, tersor_open, tersor_open_copy, tersor_open_map, tersor_open_memory, tersor_open_source, tersor_reader_free,
    tersor_version,
};
pub use source::{CloseCallback, ReadCallback, Source};
pub use status::{
    Status, tersor_last_error_message, tersor_last_error_offset, tersor_last_error_status, tersor_last_error_tensor,
    tersor_status_name,
};
pub use summary::Summary;
pub use tensor::{
    Rows, TensorInfo, tersor_decode, tersor_decode_f32, tersor_decode_f64, tersor_tensor_count, tersor_tensor_describe,
    tersor_tensor_find, tersor_tensor_verify,
};
pub use writer::{
    Writer, tersor_writer_add, tersor_writer_add_metadata, tersor_writer_create, tersor_writer_finish,
    tersor_writer_free,
};
