//! What differs, for people.

use std::io::{self, Write};

use tersor::Escaped;

use super::pairs::{Pair, Status};
use super::{Comparison, Names, place};
use crate::failure::shown;
use crate::table::Align::{Left, Right};
use crate::table::{Cell, cell, write_table};
use crate::words::{exact, percent, shortened};

/// Characters of a list of names that are shown.
const NAMES_CHARACTERS: usize = 200;

/// Writes a table of the tensors that differ, or of all, and what they come to.
pub fn write(found: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let args = found.args;
    for (name, path, tensors) in [("A", &args.a, found.tensors[0]), ("B", &args.b, found.tensors[1])] {
        writeln!(out, "{name}: {} ({} tensors)", shown(path), exact(tensors as u64))?;
    }
    let is_shown = |pair: &&Pair<'_>| args.all || !pair.is_same(args.tolerance);
    let shown = found.pairs.iter().filter(is_shown);
    if shown.clone().next().is_some() {
        writeln!(out)?;
        let columns = [
            ("name", Left),
            ("differs in", Left),
            ("dtype", Left),
            ("shape", Left),
            ("moved %", Right),
            ("largest error", Right),
            ("at", Left),
            ("mean error", Right),
            ("RMS error", Right),
            ("SNR dB", Right),
            ("bits %", Right),
        ];
        write_table(out, columns, shown.map(row))?;
        writeln!(out)?;
    }
    write_names(out, "Metadata", &found.metadata)?;
    write_names(out, "Other files", &found.others)?;
    let totals = &found.totals;
    write!(out, "Tensors: {} the same", exact(totals.same as u64))?;
    if let Some(tolerance) = args.tolerance {
        write!(out, " within {tolerance}")?;
    }
    write!(out, ", {} different", exact(totals.different as u64))?;
    let (only_a, only_b) = (exact(totals.only_a as u64), exact(totals.only_b as u64));
    writeln!(out, ", {only_a} only in A, {only_b} only in B")?;
    let difference = &totals.difference;
    let share = percent(difference.moved, difference.values.max(1));
    write!(out, "Values: {} compared, {} moved ({share:.3} %)", exact(difference.values), exact(difference.moved))?;
    if let Some(name) = totals.largest_in {
        let name = shortened(Escaped(name), NAMES_CHARACTERS);
        write!(out, ", largest error {:.3e} in {name}", difference.largest_error())?;
    }
    writeln!(out)
}

fn row(pair: &Pair<'_>) -> [Cell; 11] {
    let both = |a: Option<String>, b: Option<String>| match (a, b) {
        (Some(a), Some(b)) if a == b => a,
        (a, b) => [a, b].into_iter().flatten().collect::<Vec<_>>().join(" / "),
    };
    let found = pair.difference;
    let number = |value: Option<f64>| cell(value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3e}")));
    let share = |part: u64, whole: u64| cell(format_args!("{:.3}", percent(part, whole.max(1))));
    let bits = pair.comparable().filter(|(a, b)| a.dtype == b.dtype).map(|(a, _)| a.len.saturating_mul(8));
    let at = found.and_then(|found| found.largest_at()).map(|index| place(pair, index));
    let ratio = found.and_then(|found| found.signal_to_noise());
    [
        cell(name(pair)),
        cell(what(pair)),
        cell(both(pair.a.map(|entry| entry.dtype.to_string()), pair.b.map(|entry| entry.dtype.to_string()))),
        cell(both(pair.a.map(|entry| shape(&entry.shape)), pair.b.map(|entry| shape(&entry.shape)))),
        found.map_or_else(|| cell("-"), |found| share(found.moved, found.values)),
        number(found.map(|found| found.largest_error())),
        cell(at.map_or_else(|| "-".to_owned(), |at| shape(&at))),
        number(found.and_then(|found| found.mean_error())),
        number(found.and_then(|found| found.rms_error())),
        cell(ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"))),
        found.zip(bits).map_or_else(|| cell("-"), |(found, bits)| share(found.differing.bits, bits)),
    ]
}

/// A list may be long.
fn shape(shape: &[u64]) -> String {
    shortened(format_args!("{shape:?}"), NAMES_CHARACTERS)
}

/// With the file, where the name alone says too little.
fn name(pair: &Pair<'_>) -> String {
    let Some(entry) = pair.entry() else { return String::new() };
    let name = shortened(Escaped(&entry.name), NAMES_CHARACTERS);
    match &entry.file {
        Some(file) if pair.is_ambiguous => format!("{}: {name}", Escaped(file)),
        _ => name,
    }
}

/// In what a pair differs; what is not finite is said here, as it is in no error.
fn what(pair: &Pair<'_>) -> String {
    let status = match pair.status() {
        Status::Same => "-",
        status => status.name(),
    };
    match pair.difference.map_or(0, |difference| difference.non_finite.total()) {
        0 => status.to_owned(),
        count => format!("{status}, {} NaN or infinite", exact(count)),
    }
}

fn write_names(out: &mut dyn Write, of_what: &str, names: &Names<'_>) -> io::Result<()> {
    for (what, names) in names.lists() {
        if let Some((first, rest)) = names.split_first() {
            let list = rest.iter().take(NAMES_CHARACTERS).fold(Escaped(first).to_string(), |list, name| {
                if list.len() > NAMES_CHARACTERS { list } else { format!("{list}, {}", Escaped(name)) }
            });
            writeln!(out, "{of_what}: {} {what}: {}", exact(names.len() as u64), shortened(list, NAMES_CHARACTERS))?;
        }
    }
    Ok(())
}
