//! What lossy coding did: a table and an object of the tensors, and a closing line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use tersor::{Escaped, Quantized, QuantizedTensor};

use crate::screen::lines::listed;
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{counted, exact, percent};

/// Errors of all lossy tensors together.
struct Total {
    lossy: u64,
    tensors: u64,
    weights: u64,
    energy: f64,
    squared_error: f64,
    /// The mean over the weights of the NMSE of their tensors.
    mean_nmse: f64,
    largest_error: f64,
}

impl Total {
    fn of(quantized: &Quantized) -> Self {
        let mut this = Self {
            lossy: 0,
            tensors: 0,
            weights: quantized.summary().weights,
            energy: 0.0,
            squared_error: 0.0,
            mean_nmse: 0.0,
            largest_error: 0.0,
        };
        for tensor in quantized.tensors().iter().filter(|tensor| tensor.is_lossy()) {
            this.tensors += 1;
            this.lossy += tensor.weights();
            this.energy += tensor.energy;
            this.squared_error += tensor.squared_error;
            this.mean_nmse += tensor.nmse() * tensor.weights() as f64;
            this.largest_error = this.largest_error.max(tensor.largest_error);
        }
        this.mean_nmse /= this.lossy.max(1) as f64;
        this
    }

    fn pooled_nmse(&self) -> f64 {
        if self.energy > 0.0 { self.squared_error / self.energy } else { 0.0 }
    }
}

/// Returns the ratio of signal to noise in dB; `None` without an error.
fn decibels(nmse: f64) -> Option<f64> {
    (nmse > 0.0).then(|| -10.0 * nmse.log10())
}

/// Returns the closing line: how much is lossy, and how large the errors are.
pub fn summary(quantized: &Quantized) -> String {
    let total = Total::of(quantized);
    if total.tensors == 0 {
        return "LOSSY: no tensor".to_owned();
    }
    let ratio = |nmse: f64| decibels(nmse).map_or_else(|| "no error".to_owned(), |ratio| format!("{ratio:.2} dB"));
    let items = [
        format!(
            "{} with {:.2} % of the weights",
            counted(total.tensors, "tensor"),
            percent(total.lossy, total.weights)
        ),
        format!("mean NMSE {:.3e} ({})", total.mean_nmse, ratio(total.mean_nmse)),
        format!("pooled {:.3e} ({})", total.pooled_nmse(), ratio(total.pooled_nmse())),
        format!("largest error {:.3e}", total.largest_error),
    ];
    listed("LOSSY", &items)
}

/// Writes a table of all tensors that are lossy, and why the other ones are not.
pub fn write(quantized: &Quantized, out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("name", Left),
        ("dtype", Left),
        ("weights", Right),
        ("bits", Right),
        ("step", Right),
        ("NMSE", Right),
        ("SNR dB", Right),
        ("largest error", Right),
    ];
    write_table(out, columns, quantized.tensors().iter().filter(|tensor| tensor.is_lossy()).map(row))?;
    let mut reasons: BTreeMap<&str, Vec<&QuantizedTensor>> = BTreeMap::new();
    for tensor in quantized.tensors().iter().filter(|tensor| !tensor.is_lossy()) {
        reasons.entry(tensor.reason.as_deref().unwrap_or("no option for it")).or_default().push(tensor);
    }
    if !reasons.is_empty() {
        writeln!(out, "\nLossless tensors, by the reason")?;
        let columns = [("reason", Left), ("tensors", Right), ("weights", Right), ("bits", Right), ("first", Left)];
        write_table(out, columns, reasons.iter().map(|(reason, tensors)| reason_row(reason, tensors)))?;
    }
    writeln!(out)
}

fn row(tensor: &QuantizedTensor) -> Row<8> {
    let dash = || cell("-");
    let cells = [
        name(Escaped(&tensor.name)),
        cell(tensor.dtype),
        cell(exact(tensor.weights())),
        cell(format_args!("{:.3}", tensor.bits_per_weight())),
        tensor.step.map_or_else(dash, |step| cell(format_args!("{step:.3e}"))),
        cell(format_args!("{:.3e}", tensor.nmse())),
        tensor.snr().map_or_else(dash, |ratio| cell(format_args!("{ratio:.2}"))),
        cell(format_args!("{:.3e}", tensor.largest_error)),
    ];
    let zeros = if tensor.zeros > 0.0 { format!("{:.1} % zeros", 100.0 * tensor.zeros) } else { String::new() };
    Row::new(cells).with_note(&tensor.action).with_note(zeros)
}

fn reason_row(reason: &str, tensors: &[&QuantizedTensor]) -> Row<5> {
    let weights: u64 = tensors.iter().map(|tensor| tensor.weights()).sum();
    let bits: f64 = tensors.iter().map(|tensor| tensor.bits_per_weight() * tensor.weights() as f64).sum();
    let first = tensors.first().map_or("", |tensor| tensor.name.as_str());
    Row::new([
        name(reason),
        cell(exact(tensors.len() as u64)),
        cell(exact(weights)),
        cell(format_args!("{:.3}", bits / weights.max(1) as f64)),
        cell(Escaped(first)),
    ])
}

/// Returns the tensors and the errors of all lossy ones as an object.
pub fn to_json(quantized: &Quantized) -> Value {
    let total = Total::of(quantized);
    let tensor = |tensor: &QuantizedTensor| {
        json!({
            "name": tensor.name,
            "dtype": tensor.dtype.name(),
            "shape": tensor.shape,
            "weights": tensor.weights(),
            "action": tensor.action,
            "reason": tensor.reason,
            "step": tensor.step,
            "nmse": tensor.nmse(),
            "weighted_nmse": tensor.weighted_nmse,
            "snr": tensor.snr(),
            "largest_error": tensor.largest_error,
            "zeros": tensor.zeros,
            "bits_per_weight": tensor.bits_per_weight(),
        })
    };
    json!({
        "lossy_tensors": total.tensors,
        "lossy_weights": total.lossy,
        "mean_nmse": total.mean_nmse,
        "pooled_nmse": total.pooled_nmse(),
        "pooled_snr": decibels(total.pooled_nmse()),
        "largest_error": total.largest_error,
        "tensors": quantized.tensors().iter().map(tensor).collect::<Vec<_>>(),
    })
}
