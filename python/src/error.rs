//! Errors of the library as Python exceptions.

use std::error::Error as _;
use std::io;

use pyo3::exceptions::PyFileNotFoundError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use tersor::{Error, ErrorKind};

/// Returns the Python exception for an error of the library: `FileNotFoundError` for a file that does not exist, and
/// `TersorError` for all others. The exception of a Python source or callback is its cause.
pub fn exception(py: Python<'_>, error: Error) -> PyErr {
    let text = error.to_string();
    let io_error = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    if io_error.is_some_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return PyFileNotFoundError::new_err(text);
    }
    let cause = io_error.and_then(|error| error.get_ref()?.downcast_ref::<PyErr>()).map(|cause| cause.clone_ref(py));
    let made = tersor_error(py, &text, &error);
    let exception = match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    };
    if cause.is_some() {
        exception.set_cause(py, cause);
    }
    exception
}

/// Returns an exception for wrong use of the package.
pub fn invalid(py: Python<'_>, what: impl Into<String>) -> PyErr {
    exception(py, Error::new(ErrorKind::InvalidArgument, what))
}

/// The class is written in Python, because its base depends on the packages that are installed.
fn tersor_error<'py>(py: Python<'py>, text: &str, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "tersor.errors", "TersorError")?;
    class.call1((text, error.kind().name(), error.section(), error.tensor(), error.offset()))
}
