//! A report as text.

use std::io::{self, Write};

use tersor::{Escaped, LossyRecord};

use super::file_report::{FileReport, TensorReport};
use super::generalisation::Generalisation;
use super::lossy_rate::lossy_rates;
use crate::screen::lines::{folded, listed};
use crate::screen::table::Align::{Left, Right};
use crate::screen::table::{Row, cell, name, write_table};
use crate::screen::words::{bits_per_weight, counted, exact, human, percent};
use crate::verbs::{ledger, lossy};

/// The number of tensors that are shown without `--all`.
pub const SHOWN: usize = 20;

/// Writes the size, the steps from the entropy to the file, the ledger, the largest tensors, and further results if
/// they were requested.
pub fn write(report: &FileReport, all: bool, out: &mut dyn Write) -> io::Result<()> {
    write_size(report, out)?;
    writeln!(out, "\nFrom the entropy to the size of the file")?;
    write_steps(report, out)?;
    writeln!(out, "\nLedger")?;
    let mut lines = report.bounds.ledger.totals();
    lines.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    ledger::write(&lines, report.bytes(), out)?;
    let tensors = report.by_bytes();
    let shown = if all { tensors.len() } else { tensors.len().min(SHOWN) };
    if shown > 0 {
        let which = if shown < tensors.len() { "the largest, --all shows all; " } else { "" };
        writeln!(out, "\nTensors ({shown} of {}; {which}bits/weight)", tensors.len())?;
        write_tensors(report, &tensors[..shown], out)?;
        if tensors[..shown].iter().any(|tensor| tensor.shares_segment) {
            writeln!(out, "  ~ a share of a segment with several tensors, by size; \"values\" is exact")?;
        }
    }
    if tensors[..shown].iter().any(|tensor| tensor.bits_back.is_some()) {
        writeln!(out, "\nBits-back lengths of the tensors that have variances")?;
        write_bits_back(&tensors[..shown], out)?;
    }
    if let Some(record) = &report.lossy {
        writeln!(out, "\nLossy tensors, and the fewest bits of normal values with their error")?;
        write_lossy(report, record, if all { usize::MAX } else { SHOWN }, out)?;
    }
    if let Some(generalisation) = &report.generalisation {
        writeln!(out)?;
        write_generalisation(generalisation, out)?;
    }
    Ok(())
}

/// Writes the rates of the first `most` lossy tensors.
fn write_lossy(report: &FileReport, record: &LossyRecord, most: usize, out: &mut dyn Write) -> io::Result<()> {
    let rates: Vec<_> = lossy_rates(report, record).take(most).collect();
    let number = |value: Option<f64>| cell(value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}")));
    let rows = rates.iter().map(|rate| {
        let gap = rate.bits.zip(rate.bound).map(|(bits, bound)| bits - bound);
        let cells = [
            name(Escaped(&rate.stated.name)),
            cell(format_args!("{:.3e}", rate.stated.nmse)),
            number(rate.bits),
            number(rate.bound),
            number(gap),
        ];
        Row::new(cells).with_note(Escaped(&rate.stated.action))
    });
    let columns = [("name", Left), ("NMSE", Right), ("bits/weight", Right), ("bound", Right), ("gap", Right)];
    write_table(out, columns, rows)?;
    match record.tensors.len().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(out, "  ... and {} more, --all shows all", exact(more as u64)),
    }
}

fn write_size(report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
    let (len, raw) = (report.bytes(), report.raw_bytes);
    let mut items: Vec<String> = report.level.map(|level| format!("encoded at level {level}")).into_iter().collect();
    items.push(format!("{} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw)));
    items.push(format!("{:.2} %", percent(len, raw)));
    let bits = bits_per_weight(len, report.weights);
    items.extend(bits.map(|bits| format!("{bits:.3} bits/weight of {}", counted(report.weights, "weight"))));
    writeln!(out, "{}", listed(Escaped(&report.file), &items))?;
    if let Some(record) = &report.lossy {
        writeln!(out, "{}", lossy::line(record))?;
    }
    if let (Some(efficiency), Some(overhead)) = (report.totals.efficiency(), report.totals.overhead()) {
        let (efficiency, overhead) = (100.0 * efficiency, 100.0 * overhead);
        writeln!(out, "Efficiency {efficiency:.3} %: {overhead:.3} % above the code length of its own model")?;
    }
    if let Some(efficiency) = report.totals.efficiency_without_raw().filter(|_| report.totals.raw_bits > 0) {
        let share = percent(report.totals.raw_bits, report.totals.file_bits);
        writeln!(
            out,
            "Efficiency {:.3} % without the raw bits, which are {share:.3} % of the file",
            100.0 * efficiency
        )?;
    }
    Ok(())
}

/// Writes the terms that add up to the size of the file. Lines that start with `=` are sums.
fn write_steps(report: &FileReport, out: &mut dyn Write) -> io::Result<()> {
    let totals = &report.totals;
    let raw = totals.raw_bits as f64;
    let lengths = &totals.lengths;
    // models that adapt or mix can need less than the entropy, which is that of fixed tables
    let (bound, excess) = match totals.model_excess_bits() < 0.0 {
        true => ("of fixed tables", "adapting, mixing"),
        false => ("the lower bound", "inexact tables"),
    };
    let lines = [
        ("  order-0 entropy", lengths.order0_bits, "symbol counts"),
        ("- modelling gain", 0.0 - totals.modelling_gain_bits(), "from contexts"),
        ("= conditional entropy", lengths.conditional_bits, bound),
        ("+ model excess", totals.model_excess_bits(), excess),
        ("= model", lengths.model_bits, "an ideal coder"),
        ("+ coder overhead", totals.coder_overhead_bits(), "states, padding"),
        ("+ raw bits", raw, "without a model"),
        ("+ side information", totals.side_information_bits as f64, "tables, codebooks"),
        ("+ framing", totals.framing_bits as f64, "names, index"),
        ("= file", totals.file_bits as f64, ""),
        ("  learning", totals.learning_bits(), "adaptive code (KT)"),
    ];
    let rows = lines.iter().map(|&(term, bits, origin)| {
        let per_weight = match report.weights {
            0 => "-".to_owned(),
            weights => format!("{:.4}", bits / weights as f64),
        };
        let share = 100.0 * bits / (totals.file_bits.max(1)) as f64;
        Row::new([
            name(term),
            cell(signed_bytes(bits)),
            cell(per_weight),
            cell(format_args!("{share:.3}")),
            cell(origin),
        ])
    });
    write_table(out, [("", Left), ("bytes", Right), ("bits/weight", Right), ("%", Right), ("", Left)], rows)
}

/// Formats a number of bits as whole bytes with their sign.
fn signed_bytes(bits: f64) -> String {
    let bytes = (bits / 8.0).round();
    let sign = if bytes < 0.0 { "-" } else { "" };
    format!("{sign}{}", exact(bytes.abs() as u64))
}

fn write_tensors(report: &FileReport, tensors: &[&TensorReport], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("name", Left),
        ("bytes", Right),
        ("values", Right),
        ("order 0", Right),
        ("conditional", Right),
        ("model", Right),
        ("raw", Right),
        ("actual", Right),
    ];
    let rows = tensors.iter().map(|tensor| {
        let share = if tensor.shares_segment { "~" } else { "" };
        let shown = |share: &str, bits: Option<f64>| match bits {
            Some(bits) if tensor.elements > 0 => cell(format_args!("{share}{:.3}", bits / tensor.elements as f64)),
            _ => cell("-"),
        };
        let bits = |bits: Option<f64>| shown(share, bits);
        let lengths = tensor.lengths.as_ref();
        let statistics = report.bounds.statistics.get(tensor.ordinal).and_then(Option::as_ref);
        let cells = [
            name(Escaped(&tensor.name)),
            cell(format_args!("{share}{}", exact(tensor.bytes))),
            shown("", statistics.and_then(|statistics| statistics.value_entropy_bits)),
            bits(lengths.map(|lengths| lengths.order0_bits)),
            bits(lengths.map(|lengths| lengths.conditional_bits)),
            bits(lengths.map(|lengths| lengths.model_bits)),
            bits(lengths.map(|lengths| lengths.raw_bits)),
            bits(lengths.map(|_| 8.0 * tensor.bytes as f64)),
        ];
        Row::new(cells)
            .with_note(format_args!("{}, {}", tensor.dtype, counted(tensor.elements, "weight")))
            .with_note(best_prior(report, tensor))
    });
    write_table(out, columns, rows)
}

/// Describes the prior with the shortest code length; empty if there is none.
fn best_prior(report: &FileReport, tensor: &TensorReport) -> String {
    let statistics = report.bounds.statistics.get(tensor.ordinal).and_then(Option::as_ref);
    let Some(priors) = statistics.map(|statistics| &statistics.priors).filter(|priors| priors.weights > 0) else {
        return String::new();
    };
    let Some(best) = priors.best() else { return String::new() };
    let bits = best.bits / priors.weights as f64;
    format!("best prior {}, {bits:.4} at step {}", best.kind.name(), step(priors.step))
}

/// Formats a step, as a power of two if it is one.
fn step(step: f64) -> String {
    let power = step.log2();
    if step > 0.0 && power.fract() == 0.0 { format!("2^{power}") } else { step.to_string() }
}

fn write_generalisation(bounds: &Generalisation, out: &mut dyn Write) -> io::Result<()> {
    let confidence = 100.0 * (1.0 - bounds.delta);
    writeln!(out, "Generalisation from {} samples, with {confidence} % confidence", exact(bounds.samples))?;
    let (tighter, is_bits_back) = bounds.tighter();
    if let Some(bits_back) = &bounds.of_bits_back {
        let which = if is_bits_back { "bits-back length" } else { "file" };
        let (file, back) = (exact(bounds.of_file.code_bits as u64), exact(bits_back.code_bits.ceil() as u64));
        write_line(out, &format!("code lengths: the file {file} bits, bits-back {back} bits"))?;
        write_line(out, &format!("the {which} gives the tighter bound; each has half of delta"))?;
    }
    if is_bits_back {
        write_line(out, "the bound is on the mean error of networks drawn from the posterior")?;
    }
    let (gap, by) = (tighter.gap, if is_bits_back { "PAC-Bayes, bits-back" } else { "Occam, file" });
    match tighter.error.filter(|&error| error < 1.0) {
        Some(error) => write_line(out, &format!("error on other samples at most {error:.4} (PAC-Bayes)"))?,
        None if gap >= 1.0 => write_line(out, "vacuous: the code is too long for a bound below 1")?,
        None => {}
    }
    write_line(out, &format!("error on other samples at most {gap:.3} above the training error ({by})"))?;
    match is_bits_back {
        true => write_line(
            out,
            &format!("from the file: at most {:.3} above the training error (Occam)", bounds.of_file.gap),
        ),
        false => Ok(()),
    }
}

/// Writes an indented line, broken where it is too long.
fn write_line(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{}", folded(text.split(' '), [2, 4]))
}

/// Writes the bits-back lengths of the tensors that have variances.
fn write_bits_back(tensors: &[&TensorReport], out: &mut dyn Write) -> io::Result<()> {
    let with_variances = tensors.iter().filter_map(|tensor| Some((tensor, tensor.bits_back.as_ref()?)));
    let rows = with_variances.map(|(tensor, found)| {
        let per_weight = if found.weights() > 0 { found.bits() / found.weights() as f64 } else { 0.0 };
        let cells = [
            name(Escaped(&tensor.name)),
            cell(exact(found.weights())),
            cell(exact(found.skipped())),
            cell(format_args!("{:.0}", found.bits())),
            cell(format_args!("{per_weight:.4}")),
        ];
        let (mean, deviation) = (found.prior_mean(), found.prior_deviation());
        Row::new(cells).with_note(format_args!("prior: mean {mean:.3e}, standard deviation {deviation:.3e}"))
    });
    let columns = [("name", Left), ("weights", Right), ("skipped", Right), ("bits", Right), ("bits/weight", Right)];
    write_table(out, columns, rows)
}
