//! The extension module `tersor._tersor`: the parts of the library that the Python package uses, with bytes and plain
//! values at the border.
//! Everything about frameworks is written in Python.

mod decode;
mod encode;
mod error;
mod inspect;
mod output;
mod reader;
mod source;

/// The native part of the package `tersor`.
#[pyo3::pymodule(gil_used = false)]
mod _tersor {
    #[pymodule_export]
    use super::decode::{decode_files, verify};
    #[pymodule_export]
    use super::encode::{encode_to_bytes, encode_to_path};
    #[pymodule_export]
    use super::reader::Reader;

    /// The version of the package.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
