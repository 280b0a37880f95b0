//! Every byte of the file by what it is for.

use serde_json::Value;

use super::figures::{exact, length, percent};
use super::markup::{COLOURS, Column, Part, name, section, stacked, swatch, table};
use super::value::{count, counts, ratio};

const LEAD: &str = "The ledger: every byte belongs to one line, and the lines add up to the file.";

/// The ledger of the file as a bar and a table.
pub fn render(report: &Value) -> String {
    let file = count(report, "bytes");
    let lines = sorted(report);
    let sum = count(report, "ledger_sum");
    let columns = [Column::Text("category"), Column::Number("bytes"), Column::Number("share")];
    let share = |bytes: Option<u64>| percent(ratio(bytes.map(|bytes| bytes as f64), file.map(|bytes| bytes as f64)));
    let rows = lines.iter().enumerate().map(|(rank, (category, bytes))| {
        let mark = swatch(colour(rank), &(rank + 1).to_string());
        let label =
            format!("{mark}<span><b>{}</b> <span class=\"says\">{}</span></span>", name(category), meaning(category));
        vec![format!("<span class=\"category\">{label}</span>"), exact(Some(*bytes)), share(Some(*bytes))]
    });
    let total = vec!["<b>sum</b>".to_owned(), exact(sum), share(sum)];
    let body =
        format!("{}<div class=\"ledger\">\n{}</div>\n", stack(&lines), table("Ledger", &columns, rows.chain([total])));
    section("ledger", "Where the bits are", LEAD, &body)
}

/// The ledger of `object` as a bar alone, and its lines as one paragraph.
pub fn in_short(object: &Value) -> String {
    let lines = sorted(object);
    if lines.is_empty() {
        return String::new();
    }
    let legend: String = lines
        .iter()
        .enumerate()
        .map(|(rank, (category, bytes))| {
            let mark = swatch(colour(rank), &(rank + 1).to_string());
            format!("<li>{mark}{} {}</li>", name(category), exact(Some(*bytes)))
        })
        .collect();
    format!("{}<ul class=\"legend\">{legend}</ul>\n", stack(&lines))
}

fn colour(rank: usize) -> usize {
    if rank < COLOURS { rank + 1 } else { 0 }
}

/// Largest first.
fn sorted(object: &Value) -> Vec<(&str, u64)> {
    let mut lines: Vec<_> = counts(object, "ledger").collect();
    lines.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
    lines
}

fn stack(lines: &[(&str, u64)]) -> String {
    let sum: f64 = lines.iter().map(|&(_, bytes)| bytes as f64).sum();
    let parts: Vec<Part> = lines
        .iter()
        .enumerate()
        .map(|(rank, &(_, bytes))| Part {
            percent: length(ratio(Some(bytes as f64), Some(sum))),
            colour: colour(rank),
            mark: (rank + 1).to_string(),
        })
        .collect();
    stacked("Bytes by category, largest first; figures below", &parts)
}

/// A category of the ledger in other words.
fn meaning(category: &str) -> &'static str {
    match category {
        "header" => "what kind of file it is",
        "manifest" => "names, dtypes, shapes, metadata",
        "frames" => "kinds, lengths and checksums of frames; members of segments",
        "tables" => "the model: codings, classes of columns, frequency tables",
        "lengths" => "lengths of chunks and of the streams in them",
        "checksums" => "checksums of chunks",
        "padding" => "zeros before raw tensors",
        "raw bytes" => "tensors and files stored as they are",
        "zstd" => "tensors and files that only zstd makes shorter",
        "raw bits" => "fields that no model makes shorter, as mantissas",
        "lane words" => "fields coded by the lane coder (rANS, a table for each context)",
        "lane states" => "where the lane coder starts, in each chunk",
        "escapes" => "rare values that the lane coder's tables leave out",
        "row classes" => "the model: classes of rows, which pick the context",
        "masks" => "where the weights are that are not zero",
        "codebooks" => "the model: the few values that weights take",
        "scales" => "the model: a scale for each row, column or block",
        "bits words" => "fields coded bit by bit, adaptively",
        "mixed words" => "fields coded bit by bit under mixed predictors",
        "index" => "where each segment lies",
        "digests" => "digests of tensors and files",
        "footer" => "where the index lies",
        _ => "frames that this version does not know",
    }
}
