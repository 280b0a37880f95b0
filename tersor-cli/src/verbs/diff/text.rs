//! The result of comparing two models as text.

use std::io::{self, Write};

use tersor::Escaped;

use super::comparison::{Comparison, Names, position};
use super::pairs::{Pair, Status};
use crate::screen::failure::shown;
use crate::screen::lines::{abridged, folded, listed};
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{exact, percent, shortened};

/// The largest number of characters shown of a name, a shape, or a list of names.
const NAMES_CHARACTERS: usize = 200;
/// The largest number of characters shown of the name of a tensor in a sentence.
const NAME_CHARACTERS: usize = 50;

/// Writes a table of the tensors that differ, or with `--all` of all tensors, and the totals.
pub fn write(found: &Comparison<'_>, out: &mut dyn Write) -> io::Result<()> {
    let args = found.args;
    for (name, path, tensors) in [("A", &args.a, found.tensors[0]), ("B", &args.b, found.tensors[1])] {
        let items = [format!("{name}: {}", shown(path)), format!("({} tensors)", exact(tensors as u64))];
        writeln!(out, "{}", folded(items, [0, 2]))?;
    }
    let is_shown = |pair: &&Pair<'_>| args.all || !pair.is_same(args.tolerance);
    let shown = found.pairs.iter().filter(is_shown);
    if shown.clone().next().is_some() {
        writeln!(out)?;
        let columns = [
            ("name", Left),
            ("differs in", Left),
            ("changed %", Right),
            ("largest error", Right),
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
    let within = args.tolerance.map_or_else(String::new, |tolerance| format!(" within {tolerance}"));
    let tensors = [
        format!("{} the same{within}", exact(totals.same as u64)),
        format!("{} different", exact(totals.different as u64)),
        format!("{} only in A", exact(totals.only_a as u64)),
        format!("{} only in B", exact(totals.only_b as u64)),
    ];
    writeln!(out, "{}", listed("Tensors", &tensors))?;
    let difference = &totals.difference;
    let share = percent(difference.changed, difference.values.max(1));
    let mut values = vec![
        format!("{} compared", exact(difference.values)),
        format!("{} changed ({share:.3} %)", exact(difference.changed)),
    ];
    values.extend(totals.largest_in.map(|name| {
        let name = abridged(Escaped(name), NAME_CHARACTERS);
        format!("largest error {:.3e} in {name}", difference.largest_error())
    }));
    writeln!(out, "{}", listed("Values", &values))
}

fn row(pair: &Pair<'_>) -> Row<7> {
    let found = pair.difference();
    let dash = || cell("-");
    let number = |value: Option<f64>| value.map_or_else(dash, |value| cell(format_args!("{value:.3e}")));
    let share = |part: u64, whole: u64| cell(format_args!("{:.3}", percent(part, whole.max(1))));
    let bits = pair.comparable().filter(|(a, b)| a.dtype() == b.dtype()).map(|(a, _)| a.len().saturating_mul(8));
    let ratio = found.and_then(|found| found.signal_to_noise());
    let cells = [
        name(full_name(pair)),
        cell(match pair.status() {
            Status::Same => "-",
            status => status.name(),
        }),
        found.map_or_else(dash, |found| share(found.changed, found.values)),
        number(found.map(|found| found.largest_error())),
        number(found.and_then(|found| found.rms_error())),
        ratio.map_or_else(dash, |ratio| cell(format_args!("{ratio:.2}"))),
        found.zip(bits).map_or_else(dash, |(found, bits)| share(found.differing.bits, bits)),
    ];
    let dtypes = both(pair.a.map(|tensor| tensor.dtype().to_string()), pair.b.map(|tensor| tensor.dtype().to_string()));
    let shapes = both(pair.a.map(|tensor| shape(tensor.shape())), pair.b.map(|tensor| shape(tensor.shape())));
    let row = Row::new(cells).with_note(format_args!("{dtypes} {shapes}"));
    let Some(found) = found else { return row };
    let at = found.largest_at().map(|index| shape(&position(pair, index)));
    let mean = found.mean_error().filter(|&error| error > 0.0);
    // NaN and infinities are part of no error
    let non_finite = match found.non_finite.total() {
        0 => String::new(),
        count => format!("{} NaN or infinite", exact(count)),
    };
    row.with_note(at.map_or_else(String::new, |at| format!("largest error at {at}")))
        .with_note(mean.map_or_else(String::new, |error| format!("mean error {error:.3e}")))
        .with_note(non_finite)
}

/// Returns the text of A and of B, once if they are equal.
fn both(a: Option<String>, b: Option<String>) -> String {
    match (a, b) {
        (Some(a), Some(b)) if a == b => a,
        (a, b) => [a, b].into_iter().flatten().collect::<Vec<_>>().join(" / "),
    }
}

fn shape(shape: &[u64]) -> String {
    shortened(format_args!("{shape:?}"), NAMES_CHARACTERS)
}

/// Returns the name of a tensor, with the file if the name alone is ambiguous.
fn full_name(pair: &Pair<'_>) -> String {
    let Some(tensor) = pair.either() else { return String::new() };
    let name = Escaped(tensor.name());
    match &tensor.file {
        Some(file) if pair.is_ambiguous => format!("{}: {name}", Escaped(file)),
        _ => name.to_string(),
    }
}

fn write_names(out: &mut dyn Write, title: &str, names: &Names<'_>) -> io::Result<()> {
    for (relation, names) in names.lists() {
        if let Some((first, rest)) = names.split_first() {
            let list = rest.iter().take(NAMES_CHARACTERS).fold(Escaped(first).to_string(), |list, name| {
                if list.len() > NAMES_CHARACTERS { list } else { format!("{list}, {}", Escaped(name)) }
            });
            let list = shortened(list, NAMES_CHARACTERS);
            let line = format!("{title}: {} {relation}: {list}", exact(names.len() as u64));
            writeln!(out, "{}", folded(line.split(' '), [0, 2]))?;
        }
    }
    Ok(())
}
