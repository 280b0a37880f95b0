//! `tersor inspect`

use serde_json::{Map, Value, json};
use tersor::{Category, DecodeOptions, Escaped, FileInfo, Ledger, ReadAt, Reader, Tensor};

use crate::Outcome;
use crate::args::{InspectArgs, Shared};
use crate::failure::{Failure, shown};
use crate::input::map_container;
use crate::output::print;
use crate::report::{bits_per_weight, exact, hex, human, percent};
use crate::table::Align::{Left, Right};
use crate::table::Table;

/// Characters of a metadata value that people are shown.
const VALUE_CHARACTERS: usize = 160;

/// Shows what a container holds.
pub fn run(args: &InspectArgs, shared: &Shared) -> Outcome {
    let map = map_container(&args.file)?;
    let failed = |error| Failure::container(&args.file, &error);
    let options = DecodeOptions::default().with_limits(shared.max_decoded);
    let reader = Reader::with_options(&map, options).map_err(failed)?;
    let ledger = reader.ledger().map_err(failed)?;
    let rows = rows(&reader, &ledger);
    let name = shown(&args.file);
    let text = if args.json {
        format!("{:#}\n", to_json(&args.file.to_string_lossy(), &reader, &ledger, &rows))
    } else {
        to_text(&name, &reader, &ledger, &rows)
    };
    match print(&text) {
        // as by `| head`
        Err(failure) if failure.is_quiet() => Ok(()),
        printed => printed,
    }
}

/// A tensor with its part of the container.
struct Row<'r, S> {
    tensor: Tensor<'r, S>,
    /// Number of the segment that holds it.
    segment: Option<usize>,
    /// Its bytes of that segment.
    bytes: u64,
}

impl<S: ReadAt> Row<'_, S> {
    fn is_shared(&self, ledger: &Ledger) -> bool {
        self.segment.is_some_and(|segment| ledger.segments[segment].members.len() > 1)
    }

    fn representation(&self, ledger: &Ledger) -> String {
        match (self.tensor.same_as(), self.segment) {
            (Some(other), _) => format!("same as {}", other.name()),
            (None, Some(segment)) => ledger.segments[segment].representation.clone(),
            (None, None) => "empty".to_owned(),
        }
    }

    fn bits_per_weight(&self) -> Option<f64> {
        bits_per_weight(self.bytes, self.tensor.element_count())
    }
}

/// Every tensor; the bytes of a segment divided among its members by their length.
fn rows<'r, S: ReadAt>(reader: &'r Reader<S>, ledger: &Ledger) -> Vec<Row<'r, S>> {
    let tensors: Vec<Tensor<'r, S>> = reader.tensors().collect();
    // ordinals count the contents of files, too, which have no name
    let ordinals: Vec<usize> = (0..).filter(|&ordinal| ledger.name(ordinal).is_some()).take(tensors.len()).collect();
    let mut rows: Vec<Row<'r, S>> = tensors.into_iter().map(|tensor| Row { tensor, segment: None, bytes: 0 }).collect();
    for (number, segment) in ledger.segments.iter().enumerate() {
        let (whole, raw) = (u128::from(segment.bytes()), u128::from(segment.raw_bytes.max(1)));
        let mut before = 0u128;
        for member in &segment.members {
            let Ok(index) = ordinals.binary_search(member) else { continue };
            let row = &mut rows[index];
            let after = before + u128::from(row.tensor.byte_len());
            row.segment = Some(number);
            row.bytes = (whole * after / raw - whole * before / raw) as u64;
            before = after;
        }
    }
    rows
}

fn weights<S: ReadAt>(reader: &Reader<S>) -> u64 {
    reader.tensors().map(|tensor| tensor.element_count()).sum()
}

/// Bytes of the files, or of the tensors if there are none.
fn raw_bytes<S: ReadAt>(reader: &Reader<S>, files: &[FileInfo]) -> u64 {
    match files {
        [] => reader.tensors().map(|tensor| tensor.byte_len()).sum(),
        files => files.iter().map(|file| file.len).sum(),
    }
}

fn to_json<S: ReadAt>(path: &str, reader: &Reader<S>, ledger: &Ledger, rows: &[Row<'_, S>]) -> Value {
    let object = |lines: &[(Category, u64)]| -> Value {
        lines.iter().map(|(category, bytes)| (category.name().to_owned(), json!(bytes))).collect::<Map<_, _>>().into()
    };
    let metadata: Map<String, Value> = reader.metadata().map(|(key, value)| (key.to_owned(), value.into())).collect();
    let files: Vec<FileInfo> = reader.files().collect();
    let tensors = rows.iter().map(|row| {
        json!({
            "name": row.tensor.name(),
            "dtype": row.tensor.dtype().name(),
            "shape": row.tensor.shape(),
            "weights": row.tensor.element_count(),
            "raw_bytes": row.tensor.byte_len(),
            "bytes": row.bytes,
            "bits_per_weight": row.bits_per_weight(),
            "representation": row.segment.map_or("none", |segment| &ledger.segments[segment].representation),
            "same_as": row.tensor.same_as().map(|other| other.name()),
            "segment": row.segment,
            "shares_segment": row.is_shared(ledger),
            "digest": row.tensor.digest().map(|digest| hex(&digest)),
        })
    });
    let segments = ledger.segments.iter().map(|segment| {
        json!({
            "members": segment.members.iter().map(|&member| ledger.name(member)).collect::<Vec<_>>(),
            "dtype": segment.dtype.name(),
            "weights": segment.elements,
            "raw_bytes": segment.raw_bytes,
            "bytes": segment.bytes(),
            "bits_per_weight": segment.bits_per_weight(),
            "chunks": segment.chunks,
            "representation": segment.representation,
            "ledger": object(&segment.lines),
        })
    });
    json!({
        "file": path,
        "bytes": reader.file_len(),
        "raw_bytes": raw_bytes(reader, &files),
        "weights": weights(reader),
        "bits_per_weight": bits_per_weight(reader.file_len(), weights(reader)),
        "metadata": metadata,
        "files": files.iter().map(file_to_json).collect::<Vec<_>>(),
        "tensors": tensors.collect::<Vec<_>>(),
        "segments": segments.collect::<Vec<_>>(),
        "ledger": object(&ledger.totals()),
        "ledger_sum": ledger.bytes(),
    })
}

fn file_to_json(file: &FileInfo) -> Value {
    json!({ "name": file.name, "bytes": file.len, "blake3": file.digest.map(|digest| hex(&digest)) })
}

fn to_text<S: ReadAt>(path: &str, reader: &Reader<S>, ledger: &Ledger, rows: &[Row<'_, S>]) -> String {
    let files: Vec<FileInfo> = reader.files().collect();
    let (len, raw) = (reader.file_len(), raw_bytes(reader, &files));
    let mut text = format!("{path}: {} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw));
    text += &format!(", {:.2} %", percent(len, raw));
    if let Some(bits) = bits_per_weight(len, weights(reader)) {
        text += &format!(", {bits:.3} bits/weight of {} weights", exact(weights(reader)));
    }
    text.push('\n');
    let mut metadata = reader.metadata().peekable();
    if metadata.peek().is_some() {
        text.push_str("\nMetadata\n");
        for (key, value) in metadata {
            let short: String = value.chars().take(VALUE_CHARACTERS).collect();
            let more = if short.len() < value.len() { "..." } else { "" };
            text += &format!("  {}: {}{more}\n", Escaped(key), Escaped(&short));
        }
    }
    if !files.is_empty() {
        let mut table = Table::new(&[("name", Left), ("bytes", Right), ("", Right), ("BLAKE3", Left)]);
        for file in &files {
            let digest = file.digest.map_or_else(String::new, |digest| hex(&digest));
            table.row([Escaped(&file.name).to_string(), exact(file.len), human(file.len), digest]);
        }
        text += &format!("\nFiles ({})\n{}", files.len(), table.render());
    }
    if !rows.is_empty() {
        text += &format!("\nTensors ({})\n{}", rows.len(), tensors_table(ledger, rows).render());
    }
    text + "\nLedger\n" + &ledger_table(ledger, len).render()
}

fn tensors_table<S: ReadAt>(ledger: &Ledger, rows: &[Row<'_, S>]) -> Table {
    let columns = [
        ("name", Left),
        ("dtype", Left),
        ("shape", Left),
        ("raw bytes", Right),
        ("bytes", Right),
        ("", Right),
        ("bits/weight", Right),
        ("representation", Left),
    ];
    let mut table = Table::new(&columns);
    for row in rows {
        let share = if row.is_shared(ledger) { "~" } else { "" };
        table.row([
            Escaped(row.tensor.name()).to_string(),
            row.tensor.dtype().to_string(),
            format!("{:?}", row.tensor.shape()),
            exact(row.tensor.byte_len()),
            format!("{share}{}", exact(row.bytes)),
            human(row.bytes),
            row.bits_per_weight().map_or_else(|| "-".to_owned(), |bits| format!("{bits:.3}")),
            Escaped(&row.representation(ledger)).to_string(),
        ]);
    }
    table
}

fn ledger_table(ledger: &Ledger, len: u64) -> Table {
    let mut table = Table::new(&[("category", Left), ("bytes", Right), ("", Right), ("%", Right)]);
    let mut line = |name: &str, bytes: u64| {
        table.row([name.to_owned(), exact(bytes), human(bytes), format!("{:.3}", percent(bytes, len))]);
    };
    for (category, bytes) in ledger.totals() {
        line(category.name(), bytes);
    }
    line("sum", ledger.bytes());
    table
}
