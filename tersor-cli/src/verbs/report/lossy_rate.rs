//! The rate of each lossy tensor against the Gaussian rate-distortion bound at its error.

use std::collections::HashMap;

use tersor::{LossyRecord, LossyTensor};

use super::file_report::{FileReport, TensorReport};

/// The rate of a lossy tensor.
pub struct LossyRate<'a> {
    pub stated: &'a LossyTensor,
    /// The bits for each weight in the file; `None` if the tensor is an alias or empty.
    pub bits: Option<f64>,
    /// Half the binary logarithm of 1 over the NMSE: no code of normal values with this error needs fewer bits for each
    /// weight. `None` without an error.
    pub bound: Option<f64>,
}

/// Returns the rates of the lossy tensors, in the order of the record.
pub fn lossy_rates<'a>(report: &'a FileReport, record: &'a LossyRecord) -> impl Iterator<Item = LossyRate<'a>> {
    let tensors: HashMap<&str, &TensorReport> =
        report.tensors.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    record.tensors.iter().map(move |stated| LossyRate {
        stated,
        bits: tensors
            .get(stated.name.as_str())
            .filter(|tensor| tensor.bytes > 0 && tensor.elements > 0)
            .map(|tensor| 8.0 * tensor.bytes as f64 / tensor.elements as f64),
        bound: (stated.nmse > 0.0).then(|| -0.5 * stated.nmse.log2()),
    })
}
