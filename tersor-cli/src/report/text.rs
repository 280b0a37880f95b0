//! A report for people.

use std::io::{self, Write};

use tersor::Escaped;

use super::found::{Found, FoundTensor, Generalisation};
use crate::table::Align::{Left, Right};
use crate::table::{cell, write_table};
use crate::words::{bits_per_weight, exact, human, percent};

/// Tensors that are shown.
pub const SHOWN: usize = 20;

/// How small, how far from the bound, where the bytes are, and which tensors have most of them.
pub fn write(found: &Found, all: bool, out: &mut dyn Write) -> io::Result<()> {
    write_size(found, out)?;
    writeln!(out, "\nFrom the entropy to the file")?;
    write_chain(found, out)?;
    writeln!(out, "\nWhere the bytes are")?;
    write_ledger(found, out)?;
    let tensors = found.by_bytes();
    let shown = if all { tensors.len() } else { tensors.len().min(SHOWN) };
    if shown > 0 {
        let which = if shown < tensors.len() { "those of the most bytes; all by --all; " } else { "" };
        writeln!(out, "\nTensors ({shown} of {}; {which}bits a weight)", tensors.len())?;
        write_tensors(found, &tensors[..shown], out)?;
    }
    if tensors[..shown].iter().any(|tensor| tensor.bits_back.is_some()) {
        writeln!(out, "\nBits back, of tensors that have variances")?;
        write_bits_back(&tensors[..shown], out)?;
    }
    if let Some(generalisation) = &found.generalisation {
        writeln!(out)?;
        write_generalisation(generalisation, out)?;
    }
    Ok(())
}

fn write_size(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let (len, raw) = (found.bytes(), found.raw_bytes);
    write!(out, "{}", Escaped(&found.file))?;
    if let Some(level) = found.level {
        write!(out, ", encoded at level {level}")?;
    }
    write!(out, ": {} bytes ({}) for {} ({})", exact(len), human(len), exact(raw), human(raw))?;
    write!(out, ", {:.2} %", percent(len, raw))?;
    if let Some(bits) = bits_per_weight(len, found.weights) {
        write!(out, ", {bits:.3} bits/weight of {} weights", exact(found.weights))?;
    }
    writeln!(out)?;
    if let (Some(efficiency), Some(overhead)) = (found.totals.efficiency(), found.totals.overhead()) {
        writeln!(
            out,
            "Efficiency {:.3} %: {:.3} % over what its own model says is needed",
            100.0 * efficiency,
            100.0 * overhead
        )?;
    }
    Ok(())
}

/// Step by step; sums are marked.
fn write_chain(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let totals = &found.totals;
    let raw = totals.raw_bits as f64;
    let lengths = &totals.lengths;
    let lines = [
        ("  without a model", raw, "raw bits, raw bytes, zstd"),
        ("+ order-0 entropy", lengths.order0_bits, "each symbol by how often it occurs"),
        ("- modelling gain", 0.0 - totals.modelling_gain_bits(), "contexts: rows, columns, other fields"),
        ("= conditional entropy", raw + lengths.conditional_bits, "the bound under these contexts"),
        ("+ model excess", totals.model_excess_bits(), "tables are rounded, or learnt on the way; mixing may gain"),
        ("= model", raw + lengths.model_bits, "what the file's own tables say"),
        ("+ coder overhead", totals.coder_overhead_bits(), "states, words not filled"),
        ("+ side information", totals.side_information_bits as f64, "tables, classes, codebooks, scales"),
        ("+ framing", totals.framing_bits as f64, "header, names, index, checksums, digests"),
        ("= file", totals.file_bits as f64, ""),
        ("  learning", totals.learning_bits(), "instead of excess and tables, for an ideal adaptive code (KT)"),
    ];
    let rows = lines.iter().map(|&(name, bits, says)| {
        let per_weight = if found.weights > 0 { format!("{:.4}", bits / found.weights as f64) } else { "-".to_owned() };
        let share = 100.0 * bits / (totals.file_bits.max(1)) as f64;
        [cell(name), cell(signed_bytes(bits)), cell(per_weight), cell(format_args!("{share:.3}")), cell(says)]
    });
    write_table(out, [("", Left), ("bytes", Right), ("bits/weight", Right), ("%", Right), ("", Left)], rows)
}

/// Whole bytes with their sign.
fn signed_bytes(bits: f64) -> String {
    let bytes = (bits / 8.0).round();
    let sign = if bytes < 0.0 { "-" } else { "" };
    format!("{sign}{}", exact(bytes.abs() as u64))
}

fn write_ledger(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = found.bounds.ledger.totals();
    lines.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    let rows = lines.iter().map(|&(category, bytes)| {
        let share = format!("{:.3}", percent(bytes, found.bytes()));
        [cell(category.name()), cell(exact(bytes)), cell(human(bytes)), cell(share)]
    });
    write_table(out, [("category", Left), ("bytes", Right), ("", Right), ("%", Right)], rows)
}

fn write_tensors(found: &Found, tensors: &[&FoundTensor], out: &mut dyn Write) -> io::Result<()> {
    let columns = [
        ("name", Left),
        ("dtype", Left),
        ("weights", Right),
        ("bytes", Right),
        ("order 0", Right),
        ("conditional", Right),
        ("KT", Right),
        ("model", Right),
        ("actual", Right),
        ("best prior", Left),
        ("bits", Right),
        ("step", Right),
    ];
    let rows = tensors.iter().map(|tensor| {
        let share = if tensor.shares_segment { "~" } else { "" };
        let bits = |bits: Option<f64>| match bits {
            Some(bits) if tensor.elements > 0 => cell(format_args!("{:.4}", bits / tensor.elements as f64)),
            _ => cell("-"),
        };
        let lengths = tensor.lengths.as_ref();
        let priors = found.bounds.statistics.get(tensor.ordinal).and_then(Option::as_ref).map(|found| &found.priors);
        let best = priors.and_then(|priors| priors.best());
        [
            cell(Escaped(&tensor.name)),
            cell(tensor.dtype),
            cell(exact(tensor.elements)),
            cell(format_args!("{share}{}", exact(tensor.bytes))),
            bits(lengths.map(|lengths| lengths.order0_bits)),
            bits(lengths.map(|lengths| lengths.conditional_bits)),
            bits(lengths.map(|lengths| lengths.kt_bits)),
            bits(lengths.map(|lengths| lengths.model_bits)),
            bits(lengths.map(|_| 8.0 * tensor.bytes as f64)),
            cell(best.map_or("-", |prior| prior.kind.name())),
            match (best, priors.map_or(0, |priors| priors.weights)) {
                (Some(prior), weights @ 1..) => cell(format_args!("{:.4}", prior.bits / weights as f64)),
                _ => cell("-"),
            },
            cell(priors.map_or_else(|| "-".to_owned(), |priors| step(priors.step))),
        ]
    });
    write_table(out, columns, rows)
}

/// A power of two as such.
fn step(step: f64) -> String {
    let power = step.log2();
    if step > 0.0 && power.fract() == 0.0 { format!("2^{power}") } else { step.to_string() }
}

fn write_generalisation(found: &Generalisation, out: &mut dyn Write) -> io::Result<()> {
    let confidence = 100.0 * (1.0 - found.delta);
    write!(out, "Trained on {} samples, its error on others is, {confidence} % of the time, ", exact(found.samples))?;
    let gap = format!("at most {:.3} above that in training (Occam)", found.occam_gap);
    match found.pac_bayes_error.filter(|&error| error < 1.0) {
        Some(error) if found.occam_gap < 1.0 => writeln!(out, "at most {error:.4} (PAC-Bayes); by itself, {gap}"),
        Some(error) => writeln!(out, "at most {error:.4} (PAC-Bayes)"),
        None if found.occam_gap < 1.0 => writeln!(out, "{gap}"),
        None => writeln!(out, "not bounded by its length, as {gap} says nothing"),
    }
}

/// Of tensors that have variances.
fn write_bits_back(tensors: &[&FoundTensor], out: &mut dyn Write) -> io::Result<()> {
    let weighed = tensors.iter().filter_map(|tensor| Some((tensor, tensor.bits_back.as_ref()?)));
    let rows = weighed.map(|(tensor, found)| {
        let per_weight = if found.weights() > 0 { found.bits() / found.weights() as f64 } else { 0.0 };
        [
            cell(Escaped(&tensor.name)),
            cell(exact(found.weights())),
            cell(exact(found.skipped())),
            cell(format_args!("{:.0}", found.bits())),
            cell(format_args!("{per_weight:.4}")),
            cell(format_args!("{:.3e}", found.prior_mean())),
            cell(format_args!("{:.3e}", found.prior_deviation())),
        ]
    });
    let columns = [
        ("name", Left),
        ("weights", Right),
        ("skipped", Right),
        ("bits", Right),
        ("bits/weight", Right),
        ("prior's mean", Right),
        ("deviation", Right),
    ];
    write_table(out, columns, rows)
}
