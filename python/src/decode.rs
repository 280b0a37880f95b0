//! Decodes and checks whole containers.

use std::path::PathBuf;

use pyo3::prelude::*;
use tersor::StreamDecoder;

use crate::error::exception;
use crate::output::Files;
use crate::reader::options;
use crate::source::{InOrder, Input};

/// Recreates the file or the folder that a container was made from, at `output`.
#[pyfunction]
#[pyo3(signature = (source, output, *, threads = None))]
pub fn decode_files(py: Python<'_>, source: Input, output: PathBuf, threads: Option<usize>) -> PyResult<Vec<String>> {
    let source = source.open_in_order(py)?;
    let decoded = py.detach(|| {
        let mut files = Files::new(output);
        let infos = tersor::decode_files(InOrder::new(source)?, &mut files, options(threads))?;
        files.publish()?;
        Ok(infos.into_iter().map(|info| info.path).collect())
    });
    decoded.map_err(|error| exception(py, error))
}

/// Decodes everything and checks all checksums and the digests of the tensors. Returns the number of bytes of weights.
#[pyfunction]
#[pyo3(signature = (source, *, threads = None))]
pub fn verify(py: Python<'_>, source: Input, threads: Option<usize>) -> PyResult<u64> {
    let source = source.open_in_order(py)?;
    let checked = py.detach(|| {
        let mut stream = StreamDecoder::new(InOrder::new(source)?, options(threads))?;
        let mut bytes = 0;
        while let Some(part) = stream.next_part()? {
            bytes += part.bytes.len() as u64;
        }
        Ok(bytes)
    });
    checked.map_err(|error| exception(py, error))
}
