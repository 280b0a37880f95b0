//! The result of comparing two models as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::comparison::{Comparison, Names, position};
use super::model::ModelTensor;
use super::pairs::Pair;
use crate::screen::json_list::write_list;

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
    write_list(out, "tensors", found.pairs.iter().map(|pair| tensor(pair, args.tolerance)))?;
    write!(out, ",\n  \"metadata\": {}", names(&found.metadata))?;
    writeln!(out, ",\n  \"other_files\": {}\n}}", names(&found.others))
}

fn tensor(pair: &Pair<'_>, tolerance: Option<f64>) -> Value {
    let side = |tensor: Option<&ModelTensor<'_>>| {
        tensor.map(
            |tensor| json!({ "file": tensor.file.as_deref(), "dtype": tensor.dtype().name(), "shape": tensor.shape() }),
        )
    };
    let is_one_dtype = pair.comparable().is_some_and(|(a, b)| a.dtype() == b.dtype());
    let mut object = json!({
        "name": pair.either().map(ModelTensor::name),
        "status": pair.status().name(),
        "same": pair.is_same(tolerance),
        "a": side(pair.a),
        "b": side(pair.b),
        "values": null,
    });
    if let Some(found) = pair.difference() {
        let differing = |count: u64| is_one_dtype.then_some(count);
        object["values"] = json!({
            "count": found.values,
            "changed": found.changed,
            "differing": differing(found.differing.values),
            "differing_bits": differing(found.differing.bits),
            "non_finite_only_in_a": found.non_finite.only_a,
            "non_finite_only_in_b": found.non_finite.only_b,
            "non_finite_in_both": found.non_finite.both,
            "largest_error": found.largest_error(),
            "largest_at": found.largest_at().map(|index| position(pair, index)),
            "mean_error": found.mean_error(),
            "rms_error": found.rms_error(),
            "relative_error": found.relative_error(),
            "signal_to_noise_db": found.signal_to_noise(),
        });
    }
    object
}

fn names(names: &Names<'_>) -> Value {
    json!({ "differ": names.differ, "only_in_a": names.only_a, "only_in_b": names.only_b })
}
