//! Several files of one model, as checkpoints of a training are.

use std::collections::HashMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use tersor::Escaped;

use super::found::{Found, FoundTensor};
use super::json::without_segments;
use super::text::SHOWN;
use crate::table::Align::{Left, Right};
use crate::table::{cell, write_table};
use crate::words::{bits_per_weight, exact, percent};

/// A tensor in each of the files; `None` where it is missing.
struct Row<'a> {
    name: &'a str,
    tensors: Vec<Option<&'a FoundTensor>>,
}

impl<'a> Row<'a> {
    /// By name, in the order in which they come first.
    fn all(reports: &'a [Found]) -> Vec<Self> {
        let mut rows: Vec<Self> = Vec::new();
        let mut known: HashMap<&str, usize> = HashMap::new();
        for (file, found) in reports.iter().enumerate() {
            for tensor in &found.tensors {
                let row = *known.entry(&tensor.name).or_insert_with(|| {
                    rows.push(Self { name: &tensor.name, tensors: vec![None; reports.len()] });
                    rows.len() - 1
                });
                // of several in one file the first
                rows[row].tensors[file].get_or_insert(tensor);
            }
        }
        rows
    }

    fn most_bytes(&self) -> u64 {
        self.tensors.iter().flatten().map(|tensor| tensor.bytes).max().unwrap_or(0)
    }
}

fn conditional(tensor: &FoundTensor) -> Option<f64> {
    let lengths = tensor.lengths.filter(|_| tensor.elements > 0)?;
    Some(lengths.conditional_bits / tensor.elements as f64)
}

/// Every file without its segments, and every tensor through all files.
pub fn object(reports: &[Found]) -> Value {
    let tensors = Row::all(reports).into_iter().map(|row| {
        let of = |value: fn(&FoundTensor) -> Value| -> Vec<Value> {
            row.tensors.iter().map(|tensor| tensor.map_or(Value::Null, value)).collect()
        };
        json!({
            "name": row.name,
            "bytes": of(|tensor| tensor.bytes.into()),
            "bits_per_weight": of(|tensor| bits_per_weight(tensor.bytes, tensor.elements).into()),
            "conditional_bits_per_weight": of(|tensor| conditional(tensor).into()),
        })
    });
    json!({
        "series": reports.iter().map(without_segments).collect::<Vec<_>>(),
        "tensors": tensors.collect::<Vec<_>>(),
    })
}

/// For people: files as lines, then tensors from first to last.
pub fn write(reports: &[Found], all: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Series of {} files", reports.len())?;
    write_files(reports, out)?;
    let mut rows = Row::all(reports);
    rows.sort_by_key(|row| std::cmp::Reverse(row.most_bytes()));
    let count = rows.len();
    rows.truncate(if all { count } else { SHOWN });
    writeln!(out, "\nTensors ({} of {count}), bits a weight from the first file to the last", rows.len())?;
    write_tensors(&rows, out)
}

fn write_files(reports: &[Found], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("file", Left),
        ("bytes", Right),
        ("%", Right),
        ("bits/weight", Right),
        ("conditional", Right),
        ("model", Right),
        ("efficiency %", Right),
    ];
    let rows = reports.iter().map(|found| {
        let totals = &found.totals;
        let per_weight = |bits: f64| match found.weights {
            0 => "-".to_owned(),
            weights => format!("{:.4}", (bits + totals.raw_bits as f64) / weights as f64),
        };
        let bits = bits_per_weight(found.bytes(), found.weights);
        let efficiency = totals.efficiency();
        [
            cell(Escaped(&found.file)),
            cell(exact(found.bytes())),
            cell(format_args!("{:.2}", percent(found.bytes(), found.raw_bytes))),
            cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.4}"))),
            cell(per_weight(totals.lengths.conditional_bits)),
            cell(per_weight(totals.lengths.model_bits)),
            cell(efficiency.map_or_else(|| "-".to_owned(), |share| format!("{:.3}", 100.0 * share))),
        ]
    });
    write_table(out, columns, rows)
}

fn write_tensors(rows: &[Row<'_>], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("name", Left),
        ("first", Right),
        ("last", Right),
        ("change", Right),
        ("conditional", Right),
        ("change", Right),
    ];
    let lines = rows.iter().map(|row| {
        let ends = |value: fn(&FoundTensor) -> Option<f64>| {
            let of = |tensor: Option<&Option<&FoundTensor>>| tensor.copied().flatten().and_then(value);
            let (first, last) = (of(row.tensors.first()), of(row.tensors.last()));
            (first, last, first.zip(last).map(|(first, last)| last - first))
        };
        let shown = |bits: Option<f64>| cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.4}")));
        let change = |bits: Option<f64>| cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:+.4}")));
        let (first, last, by) = ends(|tensor| bits_per_weight(tensor.bytes, tensor.elements));
        let (_, conditional, conditional_by) = ends(conditional);
        [cell(Escaped(row.name)), shown(first), shown(last), change(by), shown(conditional), change(conditional_by)]
    });
    write_table(out, columns, lines)
}
