//! The open file.

use std::sync::Arc;

use numpy::{PyArray1, PyReadwriteArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tersor::{DecodeOptions, Tensor};

use crate::error::{exception, invalid};
use crate::inspect;
use crate::source::Input;

/// An open container. It can be used by several threads at the same time.
#[pyclass(frozen, module = "tersor._tersor")]
pub struct Reader {
    /// Always there, except while the reader is dropped.
    inner: Option<Arc<tersor::Reader<'static>>>,
}

#[pymethods]
impl Reader {
    /// Opens `source`: bytes, a path, or an object with the methods `size()` and `read_at(offset, length)`.
    #[new]
    #[pyo3(signature = (source, *, threads = None))]
    fn new(py: Python<'_>, source: Input, threads: Option<usize>) -> PyResult<Self> {
        let path = match &source {
            Input::Path(path) => Some(path.clone()),
            _ => None,
        };
        let source = source.open(py)?;
        let opened = py.detach(|| tersor::Reader::with_options(source, options(threads)));
        match opened {
            Ok(reader) => Ok(Self { inner: Some(Arc::new(reader)) }),
            Err(error) => Err(exception(
                py,
                match path {
                    Some(path) => error.in_file(path),
                    None => error,
                },
            )),
        }
    }

    /// Returns name, dtype and shape of every tensor, in the order of the file.
    fn tensors(&self) -> Vec<(String, &'static str, Vec<u64>)> {
        let describe = |tensor: Tensor<'_>| (tensor.name().to_owned(), tensor.dtype().name(), tensor.shape().to_vec());
        self.reader().tensors().map(describe).collect()
    }

    /// Returns the names of all tensors in the order in which they are stored.
    fn stored_order(&self) -> Vec<String> {
        self.reader().stored_order().iter().map(|tensor| tensor.name().to_owned()).collect()
    }

    /// Returns the metadata of the model.
    fn metadata(&self) -> Vec<(String, String)> {
        self.reader().metadata().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Announces tensors that will be decoded in this order, so that a slow source loads them ahead.
    fn prefetch(&self, py: Python<'_>, names: Vec<String>) -> PyResult<()> {
        let tensors = names.iter().map(|name| self.tensor(py, name)).collect::<PyResult<Vec<_>>>()?;
        py.detach(|| self.reader().prefetch(tensors)).map_err(|error| exception(py, error))
    }

    /// Decodes a tensor to its bytes: little-endian, row-major.
    fn decode<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let tensor = self.tensor(py, name)?;
        // a damaged head is found before memory is allocated
        py.detach(|| tensor.stored_place()).map_err(|error| exception(py, error))?;
        fill(py, tensor.byte_len(), |out| tensor.decode_bytes_into(out))
    }

    /// Decodes the part of a tensor that has one range of indices, `(start, end)`, on each axis.
    fn decode_slice<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        ranges: Vec<(u64, u64)>,
    ) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let tensor = self.tensor(py, name)?;
        if ranges.len() != tensor.shape().len() {
            return Err(invalid(py, "a slice needs one range for each axis"));
        }
        let mut slice = tersor::TensorSlice::from(tensor);
        for (axis, (start, end)) in ranges.into_iter().enumerate() {
            slice = slice.slice(axis, start..end).map_err(|error| exception(py, error))?;
        }
        py.detach(|| tensor.stored_place()).map_err(|error| exception(py, error))?;
        fill(py, slice.byte_len(), |out| slice.decode_bytes_into(out))
    }

    /// Decodes single rows of a tensor, in the given order.
    fn decode_rows<'py>(&self, py: Python<'py>, name: &str, rows: Vec<u64>) -> PyResult<Bound<'py, PyArray1<u8>>> {
        let tensor = self.tensor(py, name)?;
        let rows = tensor.select_rows(rows).map_err(|error| exception(py, error))?;
        py.detach(|| tensor.stored_place()).map_err(|error| exception(py, error))?;
        fill(py, rows.byte_len(), |out| rows.decode_bytes_into(out))
    }

    /// Describes the file, its tensors and the use of its bytes.
    fn inspect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let ledger = py.detach(|| self.reader().outline()).map_err(|error| exception(py, error))?;
        inspect::describe(py, self.reader(), &ledger)
    }
}

impl Reader {
    fn reader(&self) -> &tersor::Reader<'static> {
        self.inner.as_ref().expect("the reader is there until it is dropped")
    }

    fn tensor(&self, py: Python<'_>, name: &str) -> PyResult<Tensor<'_>> {
        let missing = || invalid(py, format!("the file does not contain the tensor {}", tersor::Escaped(name)));
        self.reader().tensor(name).ok_or_else(missing)
    }
}

impl Drop for Reader {
    /// Drops the reader without the GIL: its threads may wait for the GIL, and are joined here.
    fn drop(&mut self) {
        let inner = self.inner.take();
        Python::attach(|py| py.detach(|| drop(inner)));
    }
}

/// Returns the options for a number of threads.
pub fn options(threads: Option<usize>) -> DecodeOptions {
    match threads {
        Some(threads) => DecodeOptions::default().with_threads(threads),
        None => DecodeOptions::default(),
    }
}

/// Makes an array of `len` bytes that `decode` fills without the GIL. Its memory is not set to zero before.
fn fill<'py>(
    py: Python<'py>,
    len: u64,
    decode: impl FnOnce(&mut [u8]) -> tersor::Result<()> + Send,
) -> PyResult<Bound<'py, PyArray1<u8>>> {
    let len = usize::try_from(len).map_err(|_| invalid(py, "the tensor is too large for this machine"))?;
    let array = py.import("numpy")?.getattr("empty")?.call1((len, "u1"))?;
    let mut filled: PyReadwriteArray1<'py, u8> = array.extract()?;
    let out = filled.as_slice_mut()?;
    py.detach(|| decode(out)).map_err(|error| exception(py, error))?;
    Ok(array.cast_into()?)
}
