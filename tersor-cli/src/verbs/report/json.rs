//! A report as JSON. The keys of sizes end in their units. Unknown values are null.

use serde_json::{Map, Value, json};
use tersor::analysis::{SegmentBounds, SegmentLedger, StreamBounds, TensorStatistics, Totals};
use tersor::priors::{BitsBack, Priors};

use super::file_report::{FileReport, TensorReport};
use super::generalisation::Generalisation;
use crate::screen::words::bits_per_weight;
use crate::verbs::ledger;

/// Returns the object of one file.
pub fn object(report: &FileReport) -> Value {
    let segments = report.bounds.ledger.segments.iter().zip(&report.bounds.segments);
    let mut object = without_segments(report);
    let segments: Vec<Value> = segments.map(|(ledger, bounds)| segment(report, ledger, bounds)).collect();
    if let Some(members) = object.as_object_mut() {
        // before the tensors
        let place = members.keys().position(|key| key == "tensors").unwrap_or(members.len());
        members.shift_insert(place, "segments".to_owned(), segments.into());
    }
    object
}

/// Returns the object of one file without the list of segments.
pub fn without_segments(report: &FileReport) -> Value {
    json!({
        "tersor": env!("CARGO_PKG_VERSION"),
        "file": report.file,
        "encoded_here": report.level.is_some(),
        "level": report.level,
        "bytes": report.bytes(),
        "raw_bytes": report.raw_bytes,
        "weights": report.weights,
        "bits_per_weight": bits_per_weight(report.bytes(), report.weights),
        "ledger": ledger::to_json(&report.bounds.ledger.totals()),
        "ledger_sum": report.bounds.ledger.bytes(),
        "totals": totals(&report.totals),
        "tensors": report.tensors.iter().map(|tensor| of_tensor(report, tensor)).collect::<Vec<_>>(),
        "generalisation": report.generalisation.as_ref().map(generalisation),
    })
}

fn totals(totals: &Totals) -> Value {
    let lengths = &totals.lengths;
    json!({
        "symbols": totals.symbols,
        "order0_bits": lengths.order0_bits,
        "conditional_bits": lengths.conditional_bits,
        "kt_order0_bits": lengths.kt_order0_bits,
        "kt_bits": lengths.kt_bits,
        "two_part_bits": lengths.two_part_bits,
        "model_bits": lengths.model_bits,
        "stream_bits": totals.stream_bits,
        "raw_bits": totals.raw_bits,
        "modelling_gain_bits": totals.modelling_gain_bits(),
        "learning_bits": totals.learning_bits(),
        "model_excess_bits": totals.model_excess_bits(),
        "coder_overhead_bits": totals.coder_overhead_bits(),
        "side_information_bits": totals.side_information_bits,
        "framing_bits": totals.framing_bits,
        "efficiency": totals.efficiency(),
        "overhead": totals.overhead(),
    })
}

fn segment(report: &FileReport, segment: &SegmentLedger, bounds: &SegmentBounds) -> Value {
    json!({
        "members": segment.members.iter().map(|&member| report.bounds.ledger.name(member)).collect::<Vec<_>>(),
        "dtype": segment.dtype.name(),
        "weights": segment.elements,
        "bytes": segment.bytes(),
        "chunks": segment.chunks,
        "representation": segment.representation,
        "ledger": ledger::to_json(&segment.lines),
        "streams": bounds.streams.iter().map(stream).collect::<Vec<_>>(),
    })
}

fn stream(stream: &StreamBounds) -> Value {
    let lengths = stream.lengths.as_ref();
    json!({
        "name": stream.name,
        "kind": kind(stream),
        "width": stream.width,
        "coding": stream.coding,
        "contexts": stream.contexts,
        "context_source": stream.context_source,
        "symbols": stream.symbols,
        "distinct": stream.distinct,
        "order0_bits": lengths.map(|lengths| lengths.order0_bits),
        "conditional_bits": lengths.map(|lengths| lengths.conditional_bits),
        "kt_order0_bits": lengths.map(|lengths| lengths.kt_order0_bits),
        "kt_bits": lengths.map(|lengths| lengths.kt_bits),
        "two_part_bits": lengths.map(|lengths| lengths.two_part_bits),
        "model_bits": lengths.map(|lengths| lengths.model_bits),
        "actual_bits": stream.actual_bits,
        "efficiency": stream.efficiency(),
        "overhead": stream.overhead(),
    })
}

/// Returns the kind of data that the symbols of a stream describe.
pub fn kind(stream: &StreamBounds) -> &'static str {
    if stream.is_mask { "mask" } else { "values" }
}

fn of_tensor(report: &FileReport, tensor: &TensorReport) -> Value {
    let statistics = report.bounds.statistics.get(tensor.ordinal).and_then(Option::as_ref);
    let number = |number: fn(&TensorStatistics) -> Option<f64>| statistics.and_then(number);
    let lengths = tensor.lengths.as_ref();
    json!({
        "name": tensor.name,
        "dtype": tensor.dtype.name(),
        "shape": tensor.shape,
        "weights": tensor.elements,
        "bytes": tensor.bytes,
        "shares_segment": tensor.shares_segment,
        "bits_per_weight": bits_per_weight(tensor.bytes, tensor.elements),
        "zero_share": number(|statistics| statistics.zero_share),
        "mean": number(|statistics| statistics.mean),
        "deviation": number(|statistics| statistics.deviation),
        "kurtosis": number(|statistics| statistics.kurtosis),
        "order0_bits": lengths.map(|lengths| lengths.order0_bits),
        "conditional_bits": lengths.map(|lengths| lengths.conditional_bits),
        "kt_bits": lengths.map(|lengths| lengths.kt_bits),
        "model_bits": lengths.map(|lengths| lengths.model_bits),
        "priors": statistics.map(|statistics| priors(&statistics.priors)),
        "bits_back": tensor.bits_back.as_ref().map(bits_back),
    })
}

fn priors(priors: &Priors) -> Value {
    let models = priors.models.iter().map(|prior| {
        let parameters = prior.parameters.iter().map(|&(name, value)| (name.to_owned(), json!(value)));
        json!({
            "name": prior.kind.name(),
            "bits": prior.bits,
            "bits_per_weight": (priors.weights > 0).then(|| prior.bits / priors.weights as f64),
            "parameter_bits": prior.parameter_bits,
            "parameters": parameters.collect::<Map<_, _>>(),
        })
    });
    json!({
        "step": priors.step,
        "skipped": priors.skipped,
        "best": priors.best().map(|prior| prior.kind.name()),
        "models": models.collect::<Vec<_>>(),
    })
}

fn bits_back(bits_back: &BitsBack) -> Value {
    json!({
        "bits": bits_back.bits(),
        "bits_per_weight": (bits_back.weights() > 0).then(|| bits_back.bits() / bits_back.weights() as f64),
        "kl_bits": bits_back.kl_bits(),
        "parameter_bits": bits_back.parameter_bits(),
        "prior_mean": bits_back.prior_mean(),
        "prior_deviation": bits_back.prior_deviation(),
        "weights": bits_back.weights(),
        "skipped": bits_back.skipped(),
    })
}

fn generalisation(bounds: &Generalisation) -> Value {
    json!({
        "samples": bounds.samples,
        "delta": bounds.delta,
        "code_bits": bounds.code_bits,
        "occam_gap": bounds.occam_gap,
        "vacuous": bounds.is_vacuous(),
        "training_error": bounds.training_error,
        "pac_bayes_error": bounds.pac_bayes_error,
    })
}
