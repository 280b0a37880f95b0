//! The result of comparing two models as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::comparison::{Comparison, Names, position};
use super::model::ModelTensor;
use super::pairs::Pair;
use crate::screen::json_list::write_list_with;

/// Writes one object with all tensors.
pub fn write(found: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (args, totals) = (found.args, &found.totals);
    write!(out, "{{\n  \"a\": {}", json!(args.a.to_string_lossy()))?;
    write!(out, ",\n  \"b\": {}", json!(args.b.to_string_lossy()))?;
    write!(out, ",\n  \"same\": {}", found.is_same)?;
    write!(out, ",\n  \"tolerance\": {}", json!(args.tolerance))?;
    let difference = &totals.difference;
    let object = json!({
        "tensors_a": found.tensors[0],
        "tensors_b": found.tensors[1],
        "same": totals.same,
        "different": totals.different,
        "only_in_a": totals.only_a,
        "only_in_b": totals.only_b,
        "values": difference.values,
        "changed": difference.changed,
        "largest_error": difference.largest_error(),
        "largest_in": totals.largest_in,
        "mean_error": difference.mean_error(),
        "rms_error": difference.rms_error(),
        "relative_error": difference.relative_error(),
    });
    write!(out, ",\n  \"totals\": {object}")?;
    let pairs = found.pairs.iter();
    write_list_with(out, "tensors", pairs, |text, pair| write_tensor(text, pair, args.tolerance))?;
    write!(out, ",\n  \"metadata\": {}", names(&found.metadata))?;
    writeln!(out, ",\n  \"other_files\": {}\n}}", names(&found.others))
}

/// Writes the object of a tensor as text: an object in memory would take several times as long.
fn write_tensor(text: &mut Vec<u8>, pair: &Pair<'_>, tolerance: Option<f64>) -> io::Result<()> {
    let (name, status) = (json!(pair.either().map(ModelTensor::name)), pair.status().name());
    write!(text, r#"{{"name":{name},"status":"{status}","same":{},"a":"#, pair.is_same(tolerance))?;
    write_side(text, pair.a)?;
    write!(text, r#","b":"#)?;
    write_side(text, pair.b)?;
    let Some(found) = pair.difference() else { return write!(text, r#","values":null}}"#) };
    let is_one_dtype = pair.comparable().is_some_and(|(a, b)| a.dtype() == b.dtype());
    let differing = |count: u64| json!(is_one_dtype.then_some(count));
    let members = [
        ("count", json!(found.values)),
        ("changed", json!(found.changed)),
        ("differing", differing(found.differing.values)),
        ("differing_bits", differing(found.differing.bits)),
        ("non_finite_only_in_a", json!(found.non_finite.only_a)),
        ("non_finite_only_in_b", json!(found.non_finite.only_b)),
        ("non_finite_in_both", json!(found.non_finite.both)),
        ("largest_error", json!(found.largest_error())),
        ("largest_at", json!(found.largest_at().map(|index| position(pair, index)))),
        ("mean_error", json!(found.mean_error())),
        ("rms_error", json!(found.rms_error())),
        ("relative_error", json!(found.relative_error())),
        ("signal_to_noise_db", json!(found.signal_to_noise())),
    ];
    write!(text, r#","values":"#)?;
    for (number, (key, value)) in members.iter().enumerate() {
        write!(text, "{}\"{key}\":", if number == 0 { '{' } else { ',' })?;
        serde_json::to_writer(&mut *text, value)?;
    }
    write!(text, "}}}}")
}

fn write_side(text: &mut Vec<u8>, tensor: Option<&ModelTensor<'_>>) -> io::Result<()> {
    let Some(tensor) = tensor else { return write!(text, "null") };
    write!(text, r#"{{"file":{},"dtype":"{}","shape":"#, json!(tensor.file.as_deref()), tensor.dtype().name())?;
    serde_json::to_writer(&mut *text, tensor.shape())?;
    write!(text, "}}")
}

fn names(names: &Names<'_>) -> Value {
    json!({ "differ": names.differ, "only_in_a": names.only_a, "only_in_b": names.only_b })
}
