//! The size of the file and its distance from the code length of its model, in four figures.

use serde_json::Value;

use super::figures::{NONE, decimal, exact, human, length, percent, plural};
use super::markup::{bar, label, name};
use super::value::{count, is_true, number, ratio, text};

/// Returns the header of the page of one file.
pub fn render(report: &Value) -> String {
    let totals = report.get("totals").unwrap_or(&Value::Null);
    let (bytes, decoded) = (count(report, "bytes"), count(report, "decoded_bytes"));
    let weights = count(report, "weights");
    let share = ratio(number(report, "bytes"), number(report, "decoded_bytes"));
    let decoded_bits = ratio(number(report, "decoded_bytes").map(|bytes| bytes * 8.0), number(report, "weights"));
    let efficiency = number(totals, "efficiency");
    let figures = [
        figure("Size", &human(bytes), &plural(bytes, "byte"), ""),
        figure(
            "Of the decoded bytes",
            &percent(share),
            &format!("of {} ({} bytes)", human(decoded), exact(decoded)),
            &bar(length(share), "c1"),
        ),
        figure(
            "Bits per weight",
            &decimal(number(report, "bits_per_weight"), 3),
            &format!("{} decoded; {}", decimal(decoded_bits, 2), plural(weights, "weight")),
            "",
        ),
        figure("Efficiency", &percent(efficiency), &distance(totals), &bar(length(efficiency), "c3")),
    ];
    let version = text(report, "tersor").map_or_else(|| NONE.to_owned(), name);
    format!(
        "<header>\n<p class=\"kind\">Tersor report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n</header>\n\
         <div class=\"figures\">\n{}</div>\n{CONTENTS}",
        label(report, "file"),
        origin(report, &version),
        figures.concat(),
    )
}

const CONTENTS: &str = "<nav aria-label=\"Sections\"><a href=\"#bound\">Distance to the bound</a> <a href=\"#ledger\">Ledger</a> \
    <a href=\"#bounds\">Bounds</a> <a href=\"#largest\">Largest tensors</a> <a href=\"#tensors\">All tensors</a> <a href=\"#priors\">Priors</a> \
    <a href=\"#segments\">Segments</a> <a href=\"#terms\">Terms</a></nav>\n";

fn figure(label: &str, value: &str, note: &str, bar: &str) -> String {
    format!(
        "<div class=\"figure\"><span class=\"label\">{label}</span><span class=\"value\">{value}</span>{bar}\
         <span class=\"note\">{note}</span></div>\n"
    )
}

/// Compares the file with the code length of its model, and with the conditional entropy and the raw bits.
fn distance(totals: &Value) -> String {
    let over_model = number(totals, "overhead");
    let raw = number(totals, "raw_bits").unwrap_or(0.0);
    let bound = number(totals, "conditional_bits").map(|bits| bits + raw);
    let parts = ["model_bits", "coder_overhead_bits", "raw_bits", "side_information_bits", "framing_bits"];
    let file: Option<f64> = parts.iter().map(|key| number(totals, key)).sum();
    let over_bound = ratio(file, bound).map(|ratio| ratio - 1.0);
    let side = if over_bound.is_some_and(|over| over < 0.0) { "below" } else { "above" };
    let distance = percent(over_bound.map(f64::abs));
    let coded = number(totals, "efficiency_without_raw");
    format!(
        "{} without raw bits; {} above its model, {distance} {side} conditional entropy and raw bits",
        percent(coded),
        percent(over_model)
    )
}

fn origin(report: &Value, version: &str) -> String {
    let level = count(report, "level").map_or_else(String::new, |level| format!(" at level {level}"));
    let how = match is_true(report, "encoded_here") {
        true => format!("Encoded{level} for this report"),
        false => "Read without encoding".to_owned(),
    };
    format!("The use of every byte, and theoretical bounds on the size. {how}; Tersor {version}.")
}
