//! The contents of a container as text.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tersor::{Escaped, LossyRecord, Tensor};

use super::legend::Legend;
use super::listing::{IdealSizes, Listing};
use crate::screen::failure::shown;
use crate::screen::lines::{folded, listed};
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{bits_per_weight, counted, exact, hex, human, percent, shortened};
use crate::verbs::{ledger, lossy};

/// The largest number of characters shown of a metadata key, and of its value.
const METADATA_CHARACTERS: usize = 160;

/// Writes the sizes of a model in several containers, and then each of them.
pub fn write_all(listings: &[(&PathBuf, Listing<'_>)], index: &Path, out: &mut dyn Write) -> io::Result<()> {
    let sum = |of: &dyn Fn(&Listing<'_>) -> u64| listings.iter().map(|(_, one)| of(one)).fold(0, u64::saturating_add);
    let (len, raw) = (sum(&|one| one.reader.file_len()), sum(&|one| one.raw_bytes()));
    let shards = counted(listings.len() as u64, "shard");
    let items = [
        format!("{shards}, {} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw)),
        format!("{:.2} %", percent(len, raw)),
    ];
    writeln!(out, "{}", listed(shown(index), &items))?;
    listings.iter().try_for_each(|(path, listing)| {
        writeln!(out)?;
        write(listing, &shown(path), out)
    })
}

/// Writes the size, the metadata, and a table each of the files, the tensors, the ledger and the ideal sizes.
pub fn write(listing: &Listing<'_>, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let (len, raw) = (listing.reader.file_len(), listing.raw_bytes());
    let sizes = format!("{} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw));
    let mut items = vec![sizes, format!("{:.2} %", percent(len, raw))];
    let bits = bits_per_weight(len, listing.weights());
    items.extend(bits.map(|bits| format!("{bits:.3} bits/weight of {}", counted(listing.weights(), "weight"))));
    writeln!(out, "{}", listed(path, &items))?;
    if let Some(record) = lossy::record(listing.reader) {
        writeln!(out, "{}", lossy::line(&record))?;
    }
    write!(out, "decoder level {}", listing.reader.decoder_level())?;
    for feature in listing.reader.features() {
        write!(out, ", feature {feature}")?;
    }
    writeln!(out)?;
    let mut metadata = listing.reader.metadata().filter(|(key, _)| *key != LossyRecord::KEY).peekable();
    if metadata.peek().is_some() {
        writeln!(out, "\nMetadata")?;
        for (key, value) in metadata {
            let [key, value] = [key, value].map(|text| shortened(Escaped(text), METADATA_CHARACTERS));
            writeln!(out, "{}", folded(format!("{key}: {value}").split(' '), [2, 4]))?;
        }
    }
    if !listing.files.is_empty() {
        writeln!(out, "\nFiles ({})", listing.files.len())?;
        write_files(listing, out)?;
    }
    if !listing.tensors.is_empty() {
        writeln!(out, "\nTensors ({})", listing.tensors.len())?;
        write_tensors(listing, out)?;
        writeln!(out, "\nStorage of the tensors, in the words below their names")?;
        legend(listing).write(out)?;
    }
    writeln!(out, "\nLedger")?;
    ledger::write(&listing.ledger.totals(), len, out)?;
    if let Some(ideal) = &listing.ideal {
        writeln!(out, "\nIdeal code lengths, in bytes")?;
        write_ideal(listing, ideal, out)?;
    }
    Ok(())
}

fn write_files(listing: &Listing<'_>, out: &mut dyn Write) -> io::Result<()> {
    let columns = [("name", Left), ("raw bytes", Right), ("", Right), ("bytes", Right), ("", Right)];
    let rows = listing.files.iter().map(|file| {
        let (stored, is_shared) = listing.stored_bytes(file);
        let share = if is_shared { "~" } else { "" };
        let cells = [
            name(Escaped(&file.path)),
            cell(exact(file.len)),
            cell(human(file.len)),
            cell(format_args!("{share}{}", exact(stored))),
            cell(human(stored)),
        ];
        Row::new(cells).with_note(file.digest.map_or_else(String::new, |digest| format!("BLAKE3 {}", hex(&digest))))
    });
    write_table(out, columns, rows)
}

fn write_tensors<'r>(listing: &Listing<'r>, out: &mut dyn Write) -> io::Result<()> {
    let columns =
        [("name", Left), ("dtype", Left), ("shape", Left), ("bytes", Right), ("", Right), ("bits/weight", Right)];
    let rows = listing.tensors.iter().map(|tensor| {
        let footprint = listing.footprint(tensor);
        let share = if listing.is_shared(footprint) { "~" } else { "" };
        let bits = bits_per_weight(footprint.bytes, tensor.element_count());
        let cells = [
            name(Escaped(tensor.name())),
            cell(tensor.dtype()),
            cell(format_args!("{:?}", tensor.shape())),
            cell(format_args!("{share}{}", exact(footprint.bytes))),
            cell(human(footprint.bytes)),
            cell(bits.map_or_else(|| "-".to_owned(), |bits| format!("{bits:.3}"))),
        ];
        Row::new(cells).with_note(Escaped(&representation(listing, tensor)))
    });
    write_table(out, columns, rows)
}

/// Returns the explanation of the words that the table of tensors has.
fn legend(listing: &Listing<'_>) -> Legend {
    let mut legend = Legend::default();
    for tensor in &listing.tensors {
        let footprint = listing.footprint(tensor);
        match (tensor.alias_of(), footprint.segment) {
            (Some(_), _) => legend.add("alias"),
            (None, Some(segment)) => legend.add_segment(&listing.ledger.segments[segment].representation),
            (None, None) => legend.add("empty"),
        }
        if listing.is_shared(footprint) {
            legend.add("~");
        }
    }
    legend
}

fn representation<'r>(listing: &Listing<'r>, tensor: &Tensor<'r>) -> String {
    match (tensor.alias_of(), listing.footprint(tensor).segment) {
        (Some(other), _) if listing.footprint(&other).is_tensor => format!("alias of {}", other.name()),
        (Some(_), _) => "alias of a file".to_owned(),
        (None, Some(segment)) => listing.ledger.segments[segment].representation.clone(),
        (None, None) => "empty".to_owned(),
    }
}

/// Writes the size of each segment next to its ideal sizes with and without contexts.
fn write_ideal(listing: &Listing<'_>, ideal: &[IdealSizes], out: &mut dyn Write) -> io::Result<()> {
    let columns =
        [("segment of", Left), ("bytes", Right), ("ideal", Right), ("excess %", Right), ("without contexts", Right)];
    let segments = listing.ledger.segments.iter().zip(ideal).map(|(segment, ideal)| {
        let first = segment.members.first().and_then(|&member| listing.ledger.name(member)).unwrap_or("a file");
        let label = match segment.members.len() {
            1 => first.to_owned(),
            count => format!("{first} and {} more", count - 1),
        };
        (label, segment.bytes(), *ideal)
    });
    let sum = segments.clone().fold((0, IdealSizes::default()), |(bytes, sum), (_, own, ideal)| {
        let IdealSizes { with_contexts, order0 } = ideal;
        let sum = IdealSizes { with_contexts: sum.with_contexts + with_contexts, order0: sum.order0 + order0 };
        (bytes + own, sum)
    });
    let rows = segments.chain([("sum".to_owned(), sum.0, sum.1)]).map(|(label, bytes, ideal)| {
        let best = IdealSizes::bytes_of(ideal.with_contexts);
        Row::new([
            name(Escaped(&label)),
            cell(exact(bytes)),
            cell(exact(best)),
            cell(format_args!("{:.3}", percent(bytes, best.max(1)) - 100.0)),
            cell(exact(IdealSizes::bytes_of(ideal.order0))),
        ])
    });
    write_table(out, columns, rows)
}
