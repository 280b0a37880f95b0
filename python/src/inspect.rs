//! Describes a container as a dictionary, with the keys of `tersor inspect --json`.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tersor::{Category, Ledger, Reader, SegmentLedger, Tensor};

/// Returns the description.
pub fn describe<'py>(py: Python<'py>, reader: &Reader<'static>, ledger: &Ledger) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let weights: u64 = reader.tensors().map(|tensor| tensor.element_count()).sum();
    out.set_item("bytes", reader.file_len())?;
    out.set_item("raw_bytes", reader.tensors().map(|tensor| tensor.byte_len()).sum::<u64>())?;
    out.set_item("weights", weights)?;
    out.set_item("decoder_level", reader.decoder_level())?;
    out.set_item("features", reader.features())?;
    let metadata = PyDict::new(py);
    for (key, value) in reader.metadata() {
        metadata.set_item(key, value)?;
    }
    out.set_item("metadata", metadata)?;
    let files = PyList::empty(py);
    for file in reader.files() {
        let item = PyDict::new(py);
        item.set_item("path", &file.path)?;
        item.set_item("bytes", file.len)?;
        item.set_item("blake3", file.digest.map(|digest| hex(&digest)))?;
        files.append(item)?;
    }
    out.set_item("files", files)?;
    let segment_of = segments_by_member(ledger);
    let tensors = PyList::empty(py);
    for one in reader.tensors() {
        tensors.append(tensor(py, &one, ledger, &segment_of)?)?;
    }
    out.set_item("tensors", tensors)?;
    let segments = PyList::empty(py);
    for one in &ledger.segments {
        segments.append(segment(py, one, ledger)?)?;
    }
    out.set_item("segments", segments)?;
    out.set_item("ledger", lines(py, &ledger.totals())?)?;
    Ok(out)
}

fn segments_by_member(ledger: &Ledger) -> HashMap<usize, usize> {
    let numbered = ledger.segments.iter().enumerate();
    numbered.flat_map(|(number, segment)| segment.members.iter().map(move |&member| (member, number))).collect()
}

/// Describes a tensor. The bytes of a segment with several tensors are divided in proportion to their sizes; an alias
/// takes none.
fn tensor<'py>(
    py: Python<'py>,
    tensor: &Tensor<'_>,
    ledger: &Ledger,
    segment_of: &HashMap<usize, usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let alias_of = tensor.alias_of();
    let number = segment_of.get(&alias_of.unwrap_or(*tensor).ordinal()).copied();
    let segment = number.map(|number| &ledger.segments[number]);
    let share = |segment: &SegmentLedger| {
        let product = u128::from(segment.bytes()) * u128::from(tensor.byte_len());
        (product / u128::from(segment.raw_bytes.max(1))) as u64
    };
    let bytes = if alias_of.is_some() { 0 } else { segment.map_or(0, share) };
    let item = PyDict::new(py);
    item.set_item("name", tensor.name())?;
    item.set_item("dtype", tensor.dtype().name())?;
    item.set_item("shape", tensor.shape())?;
    item.set_item("weights", tensor.element_count())?;
    item.set_item("raw_bytes", tensor.byte_len())?;
    item.set_item("bytes", bytes)?;
    item.set_item("representation", segment.map_or("none", |segment| &segment.representation))?;
    item.set_item("alias_of", alias_of.map(|other| other.name()))?;
    item.set_item("segment", number)?;
    item.set_item("shares_segment", segment.is_some_and(|segment| segment.members.len() > 1))?;
    item.set_item("digest", tensor.digest().map(|digest| hex(&digest)))?;
    Ok(item)
}

fn segment<'py>(py: Python<'py>, segment: &SegmentLedger, ledger: &Ledger) -> PyResult<Bound<'py, PyDict>> {
    let item = PyDict::new(py);
    item.set_item("members", segment.members.iter().map(|&member| ledger.name(member)).collect::<Vec<_>>())?;
    item.set_item("dtype", segment.dtype.name())?;
    item.set_item("weights", segment.elements)?;
    item.set_item("raw_bytes", segment.raw_bytes)?;
    item.set_item("bytes", segment.bytes())?;
    item.set_item("chunks", segment.chunks)?;
    item.set_item("representation", &segment.representation)?;
    item.set_item("ledger", lines(py, &segment.lines)?)?;
    Ok(item)
}

fn lines<'py>(py: Python<'py>, lines: &[(Category, u64)]) -> PyResult<Bound<'py, PyDict>> {
    let item = PyDict::new(py);
    for (category, bytes) in lines {
        item.set_item(category.name(), bytes)?;
    }
    Ok(item)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
