//! What a container says about its lossy tensors.

use serde_json::{Value, json};
use tersor::{LossyRecord, Reader};

use crate::screen::lines::listed;
use crate::screen::words::{counted, say};

/// Returns the record of a container; `None` if it is lossless.
pub fn record(reader: &Reader<'_>) -> Option<LossyRecord> {
    let (_, text) = reader.metadata().find(|(key, _)| *key == LossyRecord::KEY)?;
    // a key that another program has set is no record
    LossyRecord::parse(text).ok()
}

/// Returns a line that says that tensors are lossy, and how large their errors are.
pub fn line(record: &LossyRecord) -> String {
    let worst = record.tensors.iter().map(|tensor| tensor.nmse).fold(0.0, f64::max);
    let largest = record.tensors.iter().map(|tensor| tensor.largest_error).fold(0.0, f64::max);
    let items = [
        format!("{} changed when the file was made", counted(record.tensors.len() as u64, "tensor")),
        format!("NMSE up to {worst:.3e}"),
        format!("largest error {largest:.3e}"),
    ];
    listed("LOSSY", &items)
}

/// Writes the line of a lossy container to stderr.
pub fn warn(quiet: bool, reader: &Reader<'_>) {
    if let Some(record) = record(reader) {
        say(quiet, &line(&record));
    }
}

/// Returns the record as an object; null if the container is lossless.
pub fn to_json(reader: &Reader<'_>) -> Value {
    record(reader).map_or(Value::Null, |record| {
        let tensors = record.tensors.iter().map(|tensor| {
            json!({
                "name": tensor.name,
                "action": tensor.action,
                "nmse": tensor.nmse,
                "largest_error": tensor.largest_error,
            })
        });
        json!({ "quantizer": record.quantizer, "tensors": tensors.collect::<Vec<_>>() })
    })
}
