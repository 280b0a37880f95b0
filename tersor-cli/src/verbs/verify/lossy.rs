//! Compares a lossy container with the originals: the errors must be those that the container states.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use tersor::{Escaped, Limits, LossyTensor};

use super::check::Checked;
use crate::screen::bar::Bar;
use crate::screen::failure::Outcome;
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::exact;
use crate::verbs::diff::{TensorError, errors};

/// The measured errors of a lossy container.
pub struct Measured {
    pub tensors: Vec<MeasuredTensor>,
}

/// A tensor that differs from the original.
pub struct MeasuredTensor {
    error: TensorError,
    stated: Option<LossyTensor>,
}

impl Measured {
    /// Measures the errors. `None` if the container is lossless, or if something else than lossy tensors differs.
    pub fn new(
        [against, file]: [&Path; 2],
        found: &Checked,
        limits: Limits,
        threads: Option<usize>,
        bar: &Bar,
    ) -> Outcome<Option<Self>> {
        if found.lossy.is_empty() || !found.differences.iter().all(|one| one.is_in_tensors()) {
            return Ok(None);
        }
        let mut stated: HashMap<&str, &LossyTensor> =
            found.lossy.iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
        let mut tensors = Vec::new();
        for error in errors([against, file], limits, threads, bar)? {
            let own = stated.remove(error.name.as_str()).cloned();
            if !error.is_same || own.is_some() {
                tensors.push(MeasuredTensor { error, stated: own });
            }
        }
        Ok(Some(Self { tensors }))
    }

    /// Returns whether only lossy tensors differ, and none by more than the container states.
    pub fn is_as_stated(&self) -> bool {
        self.tensors.iter().all(MeasuredTensor::is_as_stated)
    }

    /// Returns the name of the first tensor that differs more than the container states.
    pub fn first_wrong(&self) -> Option<&str> {
        self.tensors.iter().find(|tensor| !tensor.is_as_stated()).map(|tensor| tensor.error.name.as_str())
    }

    /// Writes a table of the lossy tensors.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns =
            [("lossy tensor", Left), ("weights", Right), ("NMSE", Right), ("SNR dB", Right), ("largest error", Right)];
        write_table(out, columns, self.tensors.iter().map(MeasuredTensor::row))
    }

    pub fn to_json(&self) -> Value {
        self.tensors.iter().map(MeasuredTensor::to_json).collect()
    }
}

impl MeasuredTensor {
    fn nmse(&self) -> Option<f64> {
        self.error.difference?.relative_error().map(|error| error * error)
    }

    fn is_as_stated(&self) -> bool {
        /// Sums of floats depend a little on their order.
        const ROUNDING: f64 = 1.0 + 1e-9;
        let (Some(stated), Some(difference)) = (&self.stated, self.error.difference) else { return false };
        let is_below = self.nmse().is_none_or(|nmse| nmse <= stated.nmse * ROUNDING);
        is_below && difference.is_within(stated.largest_error * ROUNDING)
    }

    fn row(&self) -> Row<5> {
        let dash = || cell("-");
        let ratio = self.error.difference.and_then(|difference| difference.signal_to_noise());
        let cells = [
            name(Escaped(&self.error.name)),
            cell(exact(self.error.weights)),
            self.nmse().map_or_else(dash, |nmse| cell(format_args!("{nmse:.3e}"))),
            ratio.map_or_else(dash, |ratio| cell(format_args!("{ratio:.2}"))),
            self.error.difference.map_or_else(dash, |found| cell(format_args!("{:.3e}", found.largest_error()))),
        ];
        Row::new(cells).with_note(match (&self.stated, self.is_as_stated()) {
            (_, true) => "",
            (None, _) => "the container does not say that it is lossy",
            (Some(_), false) => "the error is larger than the container says",
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "name": self.error.name,
            "weights": self.error.weights,
            "nmse": self.nmse(),
            "snr": self.error.difference.and_then(|difference| difference.signal_to_noise()),
            "largest_error": self.error.difference.map(|difference| difference.largest_error()),
            "stated_nmse": self.stated.as_ref().map(|stated| stated.nmse),
            "as_stated": self.is_as_stated(),
        })
    }
}
