//! A report as JSON. The keys of sizes end in their units. Unknown values are null.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tersor::LossyRecord;
use tersor::analysis::{SegmentBounds, SegmentLedger, StreamBounds, TensorStatistics, Totals};
use tersor::priors::{BitsBack, Priors};

use super::file_report::{FileReport, TensorReport};
use super::generalisation::{ErrorBound, Generalisation};
use super::lossy_rate::lossy_rates;
use crate::screen::json_list::write_list;
use crate::screen::words::bits_per_weight;
use crate::verbs::ledger;

/// The most axes of a tensor whose shape a page shows.
const PAGE_AXES: usize = 16;

/// The parts of a report that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// All of it.
    All,
    /// All but the list of segments.
    WithoutSegments,
}

/// Writes the object of one file, without a line end. Long lists are written item by item.
pub fn write(report: &FileReport, parts: Parts, out: &mut dyn Write) -> io::Result<()> {
    let head = format!("{:#}", head(report));
    out.write_all(head.strip_suffix("\n}").unwrap_or(&head).as_bytes())?;
    if parts == Parts::All {
        write_list(out, "segments", segments(report))?;
    }
    write_list(out, "tensors", report.tensors.iter().map(|tensor| of_tensor(report, tensor)))?;
    write!(out, ",\n  \"generalisation\": {}\n}}", generalisation(report))
}

/// Returns the object of one file with at most `most` of its tensors and segments: the largest ones. The numbers of the
/// others are in `tensors_left_out` and `segments_left_out`.
pub fn object(report: &FileReport, parts: Parts, most: usize) -> Value {
    let mut object = head(report);
    let all = report.bounds.ledger.segments.len();
    if parts == Parts::All {
        object["segments"] = segments(report).take(most).collect();
        object["segments_left_out"] = all.saturating_sub(most).into();
    }
    let largest: Vec<&TensorReport> = match report.tensors.len() <= most {
        true => report.tensors.iter().collect(),
        false => report.by_bytes().into_iter().take(most).collect(),
    };
    object["tensors"] = largest.iter().map(|tensor| of_tensor_on_page(report, tensor)).collect();
    object["tensors_left_out"] = (report.tensors.len() - largest.len()).into();
    object["generalisation"] = generalisation(report);
    object
}

/// Returns the members of the object that come before the lists.
fn head(report: &FileReport) -> Value {
    json!({
        "tersor": env!("CARGO_PKG_VERSION"),
        "file": report.file,
        "encoded_here": report.level.is_some(),
        "level": report.level,
        "bytes": report.bytes(),
        "decoded_bytes": report.raw_bytes,
        "weights": report.weights,
        "bits_per_weight": bits_per_weight(report.bytes(), report.weights),
        "ledger": ledger::to_json(&report.bounds.ledger.totals()),
        "ledger_sum": report.bounds.ledger.bytes(),
        "totals": totals(&report.totals),
        "lossy": report.lossy.as_ref().map(|record| lossy(report, record)),
    })
}

/// Returns the lossy tensors with their rates, and the Gaussian rate-distortion bound at their errors.
fn lossy(report: &FileReport, record: &LossyRecord) -> Value {
    let tensors = lossy_rates(report, record).map(|rate| {
        json!({
            "name": rate.stated.name,
            "action": rate.stated.action,
            "nmse": rate.stated.nmse,
            "largest_error": rate.stated.largest_error,
            "bits_per_weight": rate.bits,
            "bound_bits_per_weight": rate.bound,
        })
    });
    json!({ "quantizer": record.quantizer, "tensors": tensors.collect::<Vec<_>>() })
}

fn segments(report: &FileReport) -> impl Iterator<Item = Value> {
    let segments = report.bounds.ledger.segments.iter().zip(&report.bounds.segments);
    segments.map(|(ledger, bounds)| segment(report, ledger, bounds))
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
        "efficiency_without_raw": totals.efficiency_without_raw(),
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
        "distinct_values": statistics.and_then(|statistics| statistics.distinct_values),
        "value_entropy_bits": number(|statistics| statistics.value_entropy_bits),
        "order0_bits": lengths.map(|lengths| lengths.order0_bits),
        "conditional_bits": lengths.map(|lengths| lengths.conditional_bits),
        "kt_bits": lengths.map(|lengths| lengths.kt_bits),
        "model_bits": lengths.map(|lengths| lengths.model_bits),
        "raw_bits": lengths.map(|lengths| lengths.raw_bits.round() as u64),
        "priors": statistics.map(|statistics| priors(&statistics.priors)),
        "bits_back": tensor.bits_back.as_ref().map(bits_back),
    })
}

/// Returns the object of a tensor for a page, which shows no more than the number of axes if there are many.
fn of_tensor_on_page(report: &FileReport, tensor: &TensorReport) -> Value {
    let mut object = of_tensor(report, tensor);
    if tensor.shape.len() > PAGE_AXES {
        object["shape"] = tensor.shape.len().into();
    }
    let histogram = tensor.histogram.as_ref().map(|found| {
        json!({
            "from": found.from,
            "to": found.to,
            "counts": found.counts.as_slice(),
            "without_zeros": found.without_zeros,
        })
    });
    object["histogram"] = histogram.into();
    object
}

fn priors(priors: &Priors) -> Value {
    let models = priors.models.iter().map(|prior| {
        let parameters = prior.parameters.iter().map(|&(name, value)| {
            // these parameters are counts
            let is_count = ["values", "components"].contains(&name);
            (name.to_owned(), if is_count { json!(value as u64) } else { json!(value) })
        });
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

fn generalisation(report: &FileReport) -> Value {
    let bits_back = |bound: ErrorBound| {
        json!({
            "code_bits": bound.code_bits,
            "pac_bayes_gap": bound.gap,
            "pac_bayes_error": bound.error,
            "vacuous": bound.is_vacuous(),
        })
    };
    let object = |bounds: &Generalisation| {
        let (tighter, is_bits_back) = bounds.tighter();
        json!({
            "samples": bounds.samples,
            "delta": bounds.delta,
            "training_error": bounds.training_error,
            "tighter": if is_bits_back { "bits_back" } else { "file" },
            "vacuous": tighter.is_vacuous(),
            "code_bits": bounds.of_file.code_bits as u64,
            "occam_gap": bounds.of_file.gap,
            "pac_bayes_error": bounds.of_file.error,
            "bits_back": bounds.of_bits_back.map(bits_back),
        })
    };
    report.generalisation.as_ref().map(object).into()
}
