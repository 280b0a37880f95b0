//! A report on several files of one model, for example checkpoints of a training run.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use tersor::Escaped;

use super::file_report::{FileReport, TensorReport};
use super::json::{self, Parts};
use super::text::SHOWN;
use crate::screen::json_list::write_list;
use crate::screen::lines::{WIDTH, abridged};
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{bits_per_weight, exact, percent};

/// The most characters of the name of a file in a line, after `  first: `.
const NAME: usize = WIDTH - 9;

/// A tensor in each of the files; `None` if a file does not have it.
struct TensorSeries<'a> {
    name: &'a str,
    tensors: Vec<Option<&'a TensorReport>>,
}

impl<'a> TensorSeries<'a> {
    /// Returns all tensors by name, in the order of their first occurrence.
    fn all(reports: &'a [FileReport]) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (file, report) in reports.iter().enumerate() {
            for tensor in &report.tensors {
                let row = *known.entry(&tensor.name).or_insert_with(|| {
                    rows.push(Self { name: &tensor.name, tensors: vec![None; reports.len()] });
                    rows.len() - 1
                });
                // if a file has several tensors of one name, the first one counts
                rows[row].tensors[file].get_or_insert(tensor);
            }
        }
        rows
    }

    fn to_json(&self) -> Value {
        let of = |value: fn(&TensorReport) -> Value| -> Vec<Value> {
            self.tensors.iter().map(|tensor| tensor.map_or(Value::Null, value)).collect()
        };
        json!({
            "name": self.name,
            "bytes": of(|tensor| tensor.bytes.into()),
            "bits_per_weight": of(|tensor| bits_per_weight(tensor.bytes, tensor.elements).into()),
            "conditional_bits_per_weight": of(|tensor| conditional(tensor).into()),
            "raw_bits_per_weight": of(|tensor| raw(tensor).into()),
            "shares_segment": of(|tensor| tensor.shares_segment.into()),
        })
    }

    fn max_bytes(&self) -> u64 {
        self.tensors.iter().flatten().map(|tensor| tensor.bytes).max().unwrap_or(0)
    }
}

fn conditional(tensor: &TensorReport) -> Option<f64> {
    let lengths = tensor.lengths.filter(|_| tensor.elements > 0)?;
    Some(lengths.conditional_bits / tensor.elements as f64)
}

fn raw(tensor: &TensorReport) -> Option<f64> {
    let lengths = tensor.lengths.filter(|_| tensor.elements > 0)?;
    Some(lengths.raw_bits / tensor.elements as f64)
}

/// Writes an object with the reports on all files, without their segments, and each tensor over all files. Long lists
/// are written item by item.
pub fn write_json(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n  \"series\": [")?;
    for (number, report) in reports.iter().enumerate() {
        writeln!(out, "{}", if number > 0 { "," } else { "" })?;
        json::write(report, Parts::WithoutSegments, out)?;
    }
    write!(out, "\n  ]")?;
    write_list(out, "tensors", TensorSeries::all(reports).iter().map(TensorSeries::to_json))?;
    write!(out, "\n}}")
}

/// Returns the same object with at most `most` tensors: the largest ones.
pub fn object(reports: &[FileReport], most: usize) -> Value {
    let mut rows = TensorSeries::all(reports);
    let left_out = rows.len().saturating_sub(most);
    if left_out > 0 {
        rows.sort_by_key(|row| std::cmp::Reverse(row.max_bytes()));
        rows.truncate(most);
    }
    json!({
        "series": reports.iter().map(|report| json::object(report, Parts::WithoutSegments, most)).collect::<Vec<_>>(),
        "tensors": rows.iter().map(TensorSeries::to_json).collect::<Vec<_>>(),
        "tensors_left_out": left_out,
    })
}

/// Writes a table of the files and a table of the tensors.
pub fn write(reports: &[FileReport], all: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Series of {} files", reports.len())?;
    write_files(reports, out)?;
    let mut rows = TensorSeries::all(reports);
    rows.sort_by_key(|row| std::cmp::Reverse(row.max_bytes()));
    let count = rows.len();
    rows.truncate(if all { count } else { SHOWN });
    let first = reports.first().map_or("", |report| &report.file);
    let last = reports.last().map_or("", |report| &report.file);
    writeln!(out, "\nTensors ({} of {count}), bits/weight in the first and the last file:", rows.len())?;
    writeln!(out, "  first: {}", abridged(Escaped(first), NAME))?;
    writeln!(out, "  last:  {}", abridged(Escaped(last), NAME))?;
    write_tensors(&rows, out)
}

fn write_files(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("file", Left),
        ("bytes", Right),
        ("%", Right),
        ("bits/weight", Right),
        ("conditional", Right),
        ("efficiency %", Right),
    ];
    let rows = reports.iter().map(|report| {
        let totals = &report.totals;
        let conditional = match report.weights {
            0 => "-".to_owned(),
            weights => {
                format!("{:.4}", totals.lengths.conditional_bits / weights as f64)
            }
        };
        let bits = bits_per_weight(report.bytes(), report.weights);
        let efficiency = totals.efficiency();
        Row::new([
            name(Escaped(&report.file)),
            cell(exact(report.bytes())),
            cell(format_args!("{:.2}", percent(report.bytes(), report.raw_bytes))),
            cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.4}"))),
            cell(conditional),
            cell(efficiency.map_or_else(|| "-".to_owned(), |share| format!("{:.3}", 100.0 * share))),
        ])
    });
    write_table(out, columns, rows)
}

fn write_tensors(rows: &[TensorSeries<'_>], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("name", Left),
        ("first", Right),
        ("last", Right),
        ("change", Right),
        ("conditional", Right),
        ("change", Right),
    ];
    let lines = rows.iter().map(|row| {
        let ends = |value: fn(&TensorReport) -> Option<f64>| {
            let of = |tensor: Option<&Option<&TensorReport>>| tensor.copied().flatten().and_then(value);
            let (first, last) = (of(row.tensors.first()), of(row.tensors.last()));
            (first, last, first.zip(last).map(|(first, last)| last - first))
        };
        let is_shared = row.tensors.iter().flatten().any(|tensor| tensor.shares_segment);
        let about = if is_shared { "~" } else { "" };
        let shown = |bits: Option<f64>| cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{about}{bits:.4}")));
        let change = |bits: Option<f64>| cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{about}{bits:+.4}")));
        let (first, last, by) = ends(|tensor| bits_per_weight(tensor.bytes, tensor.elements));
        let (_, conditional, conditional_by) = ends(conditional);
        Row::new([
            name(Escaped(row.name)),
            shown(first),
            shown(last),
            change(by),
            shown(conditional),
            change(conditional_by),
        ])
    });
    write_table(out, columns, lines)
}
