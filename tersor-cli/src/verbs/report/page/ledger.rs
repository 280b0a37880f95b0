//! The ledger: the bytes of the file by category.

use serde_json::Value;

use super::figures::{exact, length, percent};
use super::markup::{COLOURS, Column, Part, name, section, stacked, swatch, table};
use super::value::{count, counts, ratio};

const LEAD: &str = "Every byte belongs to exactly one category, and the categories add up to the size of the file.";

/// Returns the ledger of the file as a bar and a table.
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
    section("ledger", "Ledger", LEAD, &body)
}

/// Returns the ledger of `object` as a bar and a legend.
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

/// Returns the lines of the ledger, the largest first.
fn sorted(object: &Value) -> Vec<(String, u64)> {
    let lines = counts(object, "ledger").map(|(category, bytes)| (category.replace('_', " "), bytes));
    let mut lines: Vec<_> = lines.collect();
    lines.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    lines
}

fn stack(lines: &[(String, u64)]) -> String {
    let sum: f64 = lines.iter().map(|(_, bytes)| *bytes as f64).sum();
    let parts: Vec<Part> = lines
        .iter()
        .enumerate()
        .map(|(rank, (_, bytes))| Part {
            percent: length(ratio(Some(*bytes as f64), Some(sum))),
            colour: colour(rank),
            mark: (rank + 1).to_string(),
        })
        .collect();
    stacked("Bytes by category, largest first; figures below", &parts)
}

/// Explains a category of the ledger.
fn meaning(category: &str) -> &'static str {
    match category {
        "header" => "the signature and the version of the format",
        "manifest" => "names, dtypes, shapes, metadata",
        "frames" => "types, lengths and checksums of frames; members of segments",
        "tables" => "part of the model: codings, classes of columns, frequency tables",
        "lengths" => "lengths of chunks and of their streams",
        "checksums" => "checksums of chunks",
        "padding" => "zeros before raw tensors, for alignment",
        "raw bytes" => "tensors and files that are stored without coding",
        "zstd" => "tensors and files that are compressed with zstd",
        "raw bits" => "fields that are stored without a model, such as mantissas",
        "lane words" => "fields coded with the lane coder (rANS, one table per context)",
        "lane states" => "initial states of the lane coder, in each chunk",
        "escapes" => "rare values that are not in the tables of the lane coder",
        "row classes" => "part of the model: classes of rows, which select the context",
        "masks" => "masks: which values are kept, and which are the omitted value",
        "codebooks" => "part of the model: the distinct values of the weights",
        "scales" => "part of the model: a scale for each row, column or block",
        "bits words" => "fields coded with the adaptive bits coder",
        "mixed words" => "fields coded by logistic mixing of predictors",
        "index" => "the offset of each segment",
        "digests" => "digests of tensors and files",
        "footer" => "the offset of the index",
        _ => "frames of types that this version does not know",
    }
}
