//! `tersor inspect`

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use tersor::analysis::{Bounds, BoundsOptions, SegmentBounds};
use tersor::{Category, DecodeOptions, Escaped, FileInfo, Ledger, ReadAt, Reader, Tensor};

use crate::Outcome;
use crate::args::{InspectArgs, Shared};
use crate::entries::Entry;
use crate::failure::{Failure, shown};
use crate::input::map_container;
use crate::json_list::write_list;
use crate::output::print_by;
use crate::table::Align::{Left, Right};
use crate::table::{cell, write_table};
use crate::words::{bits_per_weight, exact, hex, human, percent, shortened};

/// Characters of a metadata key and of its value that people are shown.
const METADATA_CHARACTERS: usize = 160;

/// Shows what a container holds.
pub fn run(args: &InspectArgs, shared: &Shared) -> Outcome {
    let map = map_container(&args.file)?;
    let failed = |error| Failure::container(&args.file, &error);
    let options = DecodeOptions::default().with_limits(shared.max_decoded);
    let reader = Reader::with_options(&map, options).map_err(failed)?;
    let ledger = reader.ledger().map_err(failed)?;
    let ideal = match args.ideal {
        true => Some(Ideal::all(&reader.bounds(&BoundsOptions::default()).map_err(failed)?)),
        false => None,
    };
    let found = Found::new(&reader, &ledger, ideal);
    let printed = if args.json {
        let path = args.file.to_string_lossy();
        print_by(|out| found.write_json(&path, out))
    } else {
        let path = shown(&args.file);
        print_by(|out| found.write_text(&path, out))
    };
    match printed {
        // as by `| head`
        Err(failure) if failure.is_quiet() => Ok(()),
        printed => printed,
    }
}

/// What a container holds.
struct Found<'r, S> {
    reader: &'r Reader<S>,
    ledger: &'r Ledger,
    files: Vec<FileInfo>,
    tensors: Vec<Tensor<'r, S>>,
    /// By ordinal, contents of files too.
    entries: Vec<Entry>,
    /// Of each segment, if asked for.
    ideal: Option<Vec<Ideal>>,
}

/// What a segment takes at best, in bits: under its contexts, and without any.
#[derive(Debug, Clone, Copy, Default)]
struct Ideal {
    in_contexts: f64,
    order0: f64,
}

impl Ideal {
    /// Of each segment.
    fn all(bounds: &Bounds) -> Vec<Self> {
        let of_segment =
            |segment: &SegmentBounds| Self { in_contexts: segment.ideal_bits(), order0: segment.order0_bits() };
        bounds.segments.iter().map(of_segment).collect()
    }
}

/// Whole bytes.
fn bytes_of(bits: f64) -> u64 {
    (bits / 8.0).ceil() as u64
}

impl<'r, S: ReadAt> Found<'r, S> {
    fn new(reader: &'r Reader<S>, ledger: &'r Ledger, ideal: Option<Vec<Ideal>>) -> Self {
        let files: Vec<FileInfo> = reader.files().collect();
        let tensors: Vec<Tensor<'r, S>> = reader.tensors().collect();
        let entries = Entry::all(ledger, &files, &tensors);
        Self { reader, ledger, files, tensors, entries, ideal }
    }

    fn entry(&self, tensor: &Tensor<'r, S>) -> Entry {
        self.entries[tensor.ordinal()]
    }

    fn is_shared(&self, entry: Entry) -> bool {
        entry.segment.is_some_and(|segment| self.ledger.segments[segment].members.len() > 1)
    }

    fn representation(&self, tensor: &Tensor<'r, S>) -> String {
        match (tensor.alias_of(), self.entry(tensor).segment) {
            (Some(other), _) if self.entry(&other).is_tensor => format!("same as {}", other.name()),
            (Some(_), _) => "same as a file".to_owned(),
            (None, Some(segment)) => self.ledger.segments[segment].representation.clone(),
            (None, None) => "empty".to_owned(),
        }
    }

    fn weights(&self) -> u64 {
        self.tensors.iter().map(|tensor| tensor.element_count()).fold(0, u64::saturating_add)
    }

    /// Bytes of the files, or of the tensors if there are none.
    fn raw_bytes(&self) -> u64 {
        match &self.files[..] {
            [] => self.tensors.iter().map(|tensor| tensor.byte_len()).sum(),
            files => files.iter().map(|file| file.len).sum(),
        }
    }

    /// Bytes that hold a file's tensors or content; its name and header are in the manifest.
    fn stored_bytes(&self, file: &FileInfo) -> u64 {
        self.entries[file.ordinals.clone()].iter().map(|entry| entry.bytes).sum()
    }

    fn write_json(&self, path: &str, out: &mut dyn Write) -> io::Result<()> {
        let object = |lines: &[(Category, u64)]| -> Value {
            lines
                .iter()
                .map(|(category, bytes)| (category.name().to_owned(), json!(bytes)))
                .collect::<Map<_, _>>()
                .into()
        };
        let metadata: Map<String, Value> =
            self.reader.metadata().map(|(key, value)| (key.to_owned(), value.into())).collect();
        let files = self.files.iter().map(|file| {
            let digest = file.digest.map(|digest| hex(&digest));
            json!({ "name": file.name, "bytes": file.len, "stored_bytes": self.stored_bytes(file), "blake3": digest })
        });
        let tensors = self.tensors.iter().map(|tensor| {
            let entry = self.entry(tensor);
            json!({
                "name": tensor.name(),
                "dtype": tensor.dtype().name(),
                "shape": tensor.shape(),
                "weights": tensor.element_count(),
                "raw_bytes": tensor.byte_len(),
                "bytes": entry.bytes,
                "bits_per_weight": bits_per_weight(entry.bytes, tensor.element_count()),
                "representation": entry.segment.map_or("none", |segment| &self.ledger.segments[segment].representation),
                "same_as": tensor.alias_of().map(|other| other.name()),
                "segment": entry.segment,
                "shares_segment": self.is_shared(entry),
                "digest": tensor.digest().map(|digest| hex(&digest)),
            })
        });
        let segments = self.ledger.segments.iter().enumerate().map(|(number, segment)| {
            let ideal = self.ideal.as_ref().map(|ideal| ideal[number]);
            json!({
                "members": segment.members.iter().map(|&member| self.ledger.name(member)).collect::<Vec<_>>(),
                "dtype": segment.dtype.name(),
                "weights": segment.elements,
                "raw_bytes": segment.raw_bytes,
                "bytes": segment.bytes(),
                "bits_per_weight": segment.bits_per_weight(),
                "chunks": segment.chunks,
                "representation": segment.representation,
                "ledger": object(&segment.lines),
                "ideal_bytes": ideal.map(|ideal| bytes_of(ideal.in_contexts)),
                "order0_bytes": ideal.map(|ideal| bytes_of(ideal.order0)),
            })
        });
        let len = self.reader.file_len();
        write!(out, "{{\n  \"file\": {}", json!(path))?;
        write!(out, ",\n  \"bytes\": {len}")?;
        write!(out, ",\n  \"raw_bytes\": {}", self.raw_bytes())?;
        write!(out, ",\n  \"weights\": {}", self.weights())?;
        write!(out, ",\n  \"bits_per_weight\": {}", json!(bits_per_weight(len, self.weights())))?;
        write!(out, ",\n  \"metadata\": {}", Value::from(metadata))?;
        write_list(out, "files", files)?;
        write_list(out, "tensors", tensors)?;
        write_list(out, "segments", segments)?;
        write!(out, ",\n  \"ledger\": {}", object(&self.ledger.totals()))?;
        writeln!(out, ",\n  \"ledger_sum\": {}\n}}", self.ledger.bytes())
    }

    fn write_text(&self, path: &str, out: &mut dyn Write) -> io::Result<()> {
        let (len, raw) = (self.reader.file_len(), self.raw_bytes());
        write!(out, "{path}: {} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw))?;
        write!(out, ", {:.2} %", percent(len, raw))?;
        if let Some(bits) = bits_per_weight(len, self.weights()) {
            write!(out, ", {bits:.3} bits/weight of {} weights", exact(self.weights()))?;
        }
        writeln!(out)?;
        let mut metadata = self.reader.metadata().peekable();
        if metadata.peek().is_some() {
            writeln!(out, "\nMetadata")?;
            for (key, value) in metadata {
                let [key, value] = [key, value].map(|text| shortened(Escaped(text), METADATA_CHARACTERS));
                writeln!(out, "  {key}: {value}")?;
            }
        }
        if !self.files.is_empty() {
            writeln!(out, "\nFiles ({})", self.files.len())?;
            self.write_files(out)?;
        }
        if !self.tensors.is_empty() {
            writeln!(out, "\nTensors ({})", self.tensors.len())?;
            self.write_tensors(out)?;
        }
        writeln!(out, "\nLedger")?;
        self.write_ledger(out)?;
        if let Some(ideal) = &self.ideal {
            writeln!(out, "\nIdeal code lengths")?;
            self.write_ideal(ideal, out)?;
        }
        Ok(())
    }

    fn write_files(&self, out: &mut dyn Write) -> io::Result<()> {
        let columns =
            [("name", Left), ("raw bytes", Right), ("", Right), ("bytes", Right), ("", Right), ("BLAKE3", Left)];
        let rows = self.files.iter().map(|file| {
            let stored = self.stored_bytes(file);
            let is_shared = |entry: &Entry| self.is_shared(*entry);
            let share = if self.entries[file.ordinals.clone()].iter().any(is_shared) { "~" } else { "" };
            [
                cell(Escaped(&file.name)),
                cell(exact(file.len)),
                cell(human(file.len)),
                cell(format_args!("{share}{}", exact(stored))),
                cell(human(stored)),
                cell(file.digest.map_or_else(String::new, |digest| hex(&digest))),
            ]
        });
        write_table(out, columns, rows)
    }

    fn write_tensors(&self, out: &mut dyn Write) -> io::Result<()> {
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
        let rows = self.tensors.iter().map(|tensor| {
            let entry = self.entry(tensor);
            let share = if self.is_shared(entry) { "~" } else { "" };
            let bits = bits_per_weight(entry.bytes, tensor.element_count());
            [
                cell(Escaped(tensor.name())),
                cell(tensor.dtype()),
                cell(format_args!("{:?}", tensor.shape())),
                cell(exact(tensor.byte_len())),
                cell(format_args!("{share}{}", exact(entry.bytes))),
                cell(human(entry.bytes)),
                cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.3}"))),
                cell(Escaped(&self.representation(tensor))),
            ]
        });
        write_table(out, columns, rows)
    }

    /// Segments by what they take, with the ideal under their contexts and without any.
    fn write_ideal(&self, ideal: &[Ideal], out: &mut dyn Write) -> io::Result<()> {
        let columns = [
            ("segment of", Left),
            ("bytes", Right),
            ("ideal", Right),
            ("over it %", Right),
            ("without contexts", Right),
        ];
        let segments = self.ledger.segments.iter().zip(ideal).map(|(segment, ideal)| {
            let first = segment.members.first().and_then(|&member| self.ledger.name(member)).unwrap_or("a file");
            let name = match segment.members.len() {
                1 => first.to_owned(),
                count => format!("{first} and {} more", count - 1),
            };
            (name, segment.bytes(), *ideal)
        });
        let sum = segments.clone().fold((0, Ideal::default()), |(bytes, sum), (_, own, ideal)| {
            let Ideal { in_contexts, order0 } = ideal;
            (bytes + own, Ideal { in_contexts: sum.in_contexts + in_contexts, order0: sum.order0 + order0 })
        });
        let lines = segments.chain([("sum".to_owned(), sum.0, sum.1)]);
        let rows = lines.map(|(name, bytes, ideal)| {
            let best = bytes_of(ideal.in_contexts);
            let over = percent(bytes, best.max(1)) - 100.0;
            [
                cell(Escaped(&name)),
                cell(exact(bytes)),
                cell(exact(best)),
                cell(format_args!("{over:.3}")),
                cell(exact(bytes_of(ideal.order0))),
            ]
        });
        write_table(out, columns, rows)
    }

    fn write_ledger(&self, out: &mut dyn Write) -> io::Result<()> {
        let totals = self.ledger.totals();
        let lines = totals.iter().map(|(category, bytes)| (category.name(), *bytes));
        let rows = lines.chain(std::iter::once(("sum", self.ledger.bytes()))).map(|(name, bytes)| {
            let share = format!("{:.3}", percent(bytes, self.reader.file_len()));
            [cell(name), cell(exact(bytes)), cell(human(bytes)), cell(share)]
        });
        write_table(out, [("category", Left), ("bytes", Right), ("", Right), ("%", Right)], rows)
    }
}
