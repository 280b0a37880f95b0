//! Encodes files.

use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use tersor::{EncodeOptions, ErrorKind, FileInput, Profile, Progress, ReadAt, Summary};

use crate::error::{exception, invalid};
use crate::output::{publish, temporary};
use crate::source::Input;

/// The options of the library that Python can set.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    level: u8,
    threads: Option<usize>,
    profile: String,
    progress: Option<Py<PyAny>>,
    folder: bool,
}

/// Encodes files to the file `output`, which appears when it is complete. Returns a summary.
#[pyfunction]
pub fn encode_to_path<'py>(
    py: Python<'py>,
    inputs: Vec<(String, Input)>,
    output: PathBuf,
    options: Options,
) -> PyResult<Bound<'py, PyDict>> {
    let encoded = encode(py, inputs, options, |encode| {
        let mut file = temporary(&output)?;
        let summary = encode(&mut BufWriter::new(&mut file))?;
        publish(file, &output)?;
        Ok(summary)
    });
    summary_dict(py, &encoded?)
}

/// Encodes files to bytes.
#[pyfunction]
pub fn encode_to_bytes<'py>(
    py: Python<'py>,
    inputs: Vec<(String, Input)>,
    options: Options,
) -> PyResult<Bound<'py, PyBytes>> {
    let encoded = encode(py, inputs, options, |encode| {
        let mut bytes = Vec::new();
        encode(&mut bytes)?;
        Ok(bytes)
    });
    Ok(PyBytes::new(py, &encoded?))
}

/// Opens the inputs, and lets `run` encode them to a writer of its choice, without the GIL.
fn encode<T: Send>(
    py: Python<'_>,
    inputs: Vec<(String, Input)>,
    options: Options,
    run: impl FnOnce(&dyn Fn(&mut dyn Write) -> tersor::Result<Summary>) -> tersor::Result<T> + Send,
) -> PyResult<T> {
    let raised = Arc::new(Mutex::new(None));
    let folder = options.folder;
    let options = encode_options(py, options, Arc::clone(&raised))?;
    let open = |(path, input): (String, Input)| Ok((path, input.open_in_order(py)?));
    let sources = inputs.into_iter().map(open).collect::<PyResult<Vec<(String, Box<dyn ReadAt>)>>>()?;
    let encoded = py.detach(|| {
        let inputs: Vec<_> = sources.iter().map(|(path, source)| FileInput::of_source(path, source)).collect();
        run(&|out| {
            let encode = if folder { tersor::encode_folder } else { tersor::encode_files };
            let (out, summary) = encode(&inputs, out, options.clone())?;
            out.flush()?;
            Ok(summary)
        })
    });
    encoded.map_err(|error| match raised.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(own) if error.kind() == ErrorKind::Cancelled => own,
        _ => exception(py, error),
    })
}

/// Makes the options. An exception of the callback stops the work and is kept in `raised`.
fn encode_options(py: Python<'_>, options: Options, raised: Arc<Mutex<Option<PyErr>>>) -> PyResult<EncodeOptions> {
    let profile = match options.profile.as_str() {
        "default" => Profile::Default,
        "gpu" => Profile::Gpu,
        other => {
            return Err(invalid(py, format!("the profile {:?} is neither \"default\" nor \"gpu\"", other)));
        }
    };
    if !(1..=9).contains(&options.level) {
        return Err(invalid(py, "the level is from 1 to 9"));
    }
    let mut made = EncodeOptions::default().with_level(options.level).with_profile(profile);
    if let Some(threads) = options.threads {
        made = made.with_threads(threads);
    }
    if let Some(callback) = options.progress {
        made = made.with_progress(Progress::new(move |bytes| {
            Python::attach(|py| match callback.call1(py, (bytes,)) {
                Ok(_) => ControlFlow::Continue(()),
                Err(error) => {
                    *raised.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    ControlFlow::Break(())
                }
            })
        }));
    }
    Ok(made)
}

fn summary_dict<'py>(py: Python<'py>, summary: &Summary) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("tensors", summary.tensors)?;
    out.set_item("aliases", summary.aliases)?;
    out.set_item("weights", summary.weights)?;
    out.set_item("raw_bytes", summary.raw_bytes)?;
    out.set_item("coded_bytes", summary.coded_bytes)?;
    Ok(out)
}
