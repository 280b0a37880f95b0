//! Sources of bytes: paths, bytes in memory and Python objects.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use tersor::{Error, ReadAhead, ReadAt};

use crate::error::exception;

/// The input of a function: a path, bytes, or an object with the methods `size()` and `read_at(offset, length)`.
#[derive(FromPyObject)]
pub enum Input {
    /// The content itself.
    Bytes(PyBackedBytes),
    /// A file.
    Path(PathBuf),
    /// A Python object that reads the content.
    Object(Py<PyAny>),
}

impl Input {
    /// Opens the input. An object is read ahead, on threads of their own.
    pub fn open(self, py: Python<'_>) -> PyResult<Box<dyn ReadAt>> {
        let opened = py.detach(|| -> tersor::Result<Box<dyn ReadAt>> {
            Ok(match self {
                Self::Bytes(bytes) => Box::new(Memory(bytes)),
                Self::Path(path) => Box::new(File::open(&path).map_err(|error| Error::from(error).in_file(&path))?),
                Self::Object(object) => Box::new(ReadAhead::new(Object(object))?),
            })
        });
        opened.map_err(|error| exception(py, error))
    }

    /// Opens the input for one reader that reads it from front to back: then nothing is read ahead.
    pub fn open_in_order(self, py: Python<'_>) -> PyResult<Box<dyn ReadAt>> {
        match self {
            Self::Object(object) => Ok(Box::new(Object(object))),
            other => other.open(py),
        }
    }
}

struct Memory(PyBackedBytes);

impl ReadAt for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0[..].read_exact_at(offset, buffer)
    }

    fn bytes(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Calls a Python object. Whoever waits for it must have released the GIL.
struct Object(Py<PyAny>);

impl ReadAt for Object {
    fn len(&self) -> io::Result<u64> {
        Python::attach(|py| Ok(self.0.bind(py).call_method0(intern!(py, "size"))?.extract()?))
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Python::attach(|py| {
            let found = self.0.bind(py).call_method1(intern!(py, "read_at"), (offset, buffer.len()))?;
            let found: PyBackedBytes = found.extract().map_err(PyErr::from)?;
            if found.len() != buffer.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer.copy_from_slice(&found);
            Ok(())
        })
    }
}

/// Reads a source from front to back.
pub struct InOrder {
    source: Box<dyn ReadAt>,
    position: u64,
    len: u64,
}

impl InOrder {
    /// Makes a reader that begins at the first byte.
    pub fn new(source: Box<dyn ReadAt>) -> io::Result<Self> {
        let len = source.len()?;
        Ok(Self { source, position: 0, len })
    }
}

impl io::Read for InOrder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = (self.len - self.position).min(buffer.len() as u64) as usize;
        self.source.read_exact_at(self.position, &mut buffer[..len])?;
        self.position += len as u64;
        Ok(len)
    }
}
