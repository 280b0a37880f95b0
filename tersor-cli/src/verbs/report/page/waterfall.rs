//! The terms between the order-0 entropy and the size of the file, and a comparison of bounds.

use serde_json::Value;

use super::figures::{decimal, length, percent, signed};
use super::markup::{Column, Part, bar, fill, section, stacked, swatch, table, track};
use super::value::{number, ratio};

const LEAD: &str =
    "Each step adds to the sum of the steps above it, or subtracts from it. The last sum is the size of the file.";

const BOUNDS_LEAD: &str = "Code lengths of all streams that have a model. The bars show the excess over the conditional \
    entropy.";

/// A step from the entropy to the size of the file.
struct Step {
    key: &'static str,
    term: &'static str,
    says: &'static str,
    kind: StepKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum StepKind {
    /// Adds data.
    Data,
    /// Subtracts from the sum.
    Gain,
    /// Shows the sum so far, except for the streams without a model.
    Reached,
    /// Adds overhead, in this colour.
    Overhead(usize),
}

const STEPS: [Step; 8] = [
    Step {
        key: "raw_bits",
        term: "Raw bits",
        says: "streams without a model: stored as they are, or compressed with zstd",
        kind: StepKind::Data,
    },
    Step {
        key: "order0_bits",
        term: "Order-0 entropy",
        says: "all other streams, as independent symbols with known frequencies",
        kind: StepKind::Data,
    },
    Step {
        key: "modelling_gain_bits",
        term: "Modelling gain",
        says: "the information in contexts: the row, the column, other fields of the weight",
        kind: StepKind::Gain,
    },
    Step {
        key: "conditional_bits",
        term: "Conditional entropy",
        says: "the lower bound of fixed tables: the frequencies in each context are known",
        kind: StepKind::Reached,
    },
    Step {
        key: "model_excess_bits",
        term: "Model excess",
        says: "inexact or adaptive tables; adaptive coders may have a negative excess",
        kind: StepKind::Overhead(2),
    },
    Step {
        key: "coder_overhead_bits",
        term: "Coder overhead",
        says: "the output beyond the model: states, partly used words",
        kind: StepKind::Overhead(3),
    },
    Step {
        key: "side_information_bits",
        term: "Side information",
        says: "the model: frequency tables, classes, codebooks, scales",
        kind: StepKind::Overhead(4),
    },
    Step {
        key: "framing_bits",
        term: "Framing",
        says: "header, manifest, index, lengths, checksums, digests, padding",
        kind: StepKind::Overhead(5),
    },
];

/// Returns the steps, with an enlarged bar of the last ones.
pub fn render(report: &Value) -> String {
    let totals = report.get("totals").unwrap_or(&Value::Null);
    let weights = number(report, "weights");
    let file = number(report, "bytes").map(|bytes| bytes * 8.0);
    let of = |key: &str| number(totals, key);
    let widest = [file, of("order0_bits").map(|bits| bits + of("raw_bits").unwrap_or(0.0))]
        .into_iter()
        .flatten()
        .fold(0.0, f64::max);
    let mut reached = 0.0;
    let rows = STEPS.iter().map(|step| {
        let bits = of(step.key);
        let change = match step.kind {
            StepKind::Gain => bits.map(|bits| -bits),
            _ => bits,
        };
        let from = if step.kind == StepKind::Reached { reached - bits.unwrap_or(0.0) } else { reached };
        let to = from + change.unwrap_or(0.0);
        reached = to;
        let span = [from.min(to), from.max(to)].map(|end| length(ratio(Some(end), Some(widest))));
        let per_weight = ratio(change, weights);
        let figure = if step.kind == StepKind::Reached { decimal(per_weight, 4) } else { signed(per_weight, 4) };
        vec![term(step.term, step.says, &track(&fill(span, class(step.kind)))), figure, percent(ratio(change, file))]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let whole = vec![
        term("The file", "all of its bytes", &bar(length(ratio(file, Some(widest))), "c1")),
        decimal(ratio(file, weights), 4),
        percent(ratio(file, file)),
    ];
    let columns = [Column::Text("step"), Column::Number("bits per weight"), Column::Number("share")];
    let steps = table("Steps from the entropy to the file", &columns, rows.into_iter().chain([whole]));
    let body = format!("<div class=\"waterfall\">\n{steps}</div>\n{}", enlarged(totals, file));
    section("bound", "Distance to the bound", LEAD, &body)
}

fn class(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Data => "data",
        StepKind::Gain => "gain",
        StepKind::Reached => "c1",
        StepKind::Overhead(2) => "c2",
        StepKind::Overhead(3) => "c3",
        StepKind::Overhead(4) => "c4",
        StepKind::Overhead(_) => "c5",
    }
}

fn term(term: &str, says: &str, bar: &str) -> String {
    format!("<span class=\"term\"><span><b>{term}</b> <span class=\"says\">{says}</span></span>{bar}</span>")
}

/// Returns an enlarged bar of the overheads, which are too small to see beside the others.
fn enlarged(totals: &Value, file: Option<f64>) -> String {
    let overheads = STEPS.iter().filter_map(|step| match step.kind {
        StepKind::Overhead(colour) => Some((step.term, colour, number(totals, step.key)?)),
        _ => None,
    });
    let overheads: Vec<_> = overheads.collect();
    let sum: f64 = overheads.iter().map(|(_, _, bits)| bits.max(0.0)).sum();
    if sum <= 0.0 {
        return String::new();
    }
    let mark = |colour: usize| (colour - 1).to_string();
    let parts: Vec<Part> = overheads
        .iter()
        .map(|&(_, colour, bits)| Part { percent: length(Some(bits / sum)), colour, mark: mark(colour) })
        .collect();
    let legend: String = overheads
        .iter()
        .map(|&(term, colour, bits)| {
            format!("<li>{}{term} {}</li>", swatch(colour, &mark(colour)), percent(ratio(Some(bits), file)))
        })
        .collect();
    format!(
        "<h3>Overheads, enlarged: {} of the file</h3>\n{}<ul class=\"legend\">{legend}</ul>\n",
        percent(ratio(Some(sum), file)),
        stacked("What the file needs beyond the conditional entropy; figures below", &parts)
    )
}

/// Returns a comparison of theoretical code lengths with the actual size of the streams.
pub fn bounds(report: &Value) -> String {
    let totals = report.get("totals").unwrap_or(&Value::Null);
    let weights = number(report, "weights");
    let of = |key: &str| number(totals, key);
    let written = of("stream_bits").zip(of("side_information_bits")).map(|(streams, side)| streams + side);
    let bounds = [
        (of("order0_bits"), "Order-0 entropy", "one context, known frequencies", "data"),
        (of("kt_order0_bits"), "Order-0, adaptive", "one context, adaptive frequencies (Krichevsky-Trofimov)", "data"),
        (of("conditional_bits"), "Conditional entropy", "contexts, known frequencies", "data"),
        (of("kt_bits"), "Conditional, adaptive", "contexts, adaptive frequencies (Krichevsky-Trofimov)", "data"),
        (of("two_part_bits"), "Two-part code", "contexts, frequencies sent first with the best precision", "data"),
        (
            of("model_bits"),
            "The file's model",
            "the tables or adaptive coders of the file, with an ideal coder",
            "data",
        ),
        (of("stream_bits"), "Streams in the file", "without the tables of the model", "c1"),
        (written, "Streams and side information", "all data that a decoder needs for these symbols", "c1"),
    ];
    let over = |bits: Option<f64>| ratio(bits, of("conditional_bits")).map(|ratio| ratio - 1.0);
    let widest = bounds.iter().filter_map(|&(bits, ..)| over(bits)).fold(0.0, f64::max);
    let rows = bounds.iter().map(|&(bits, name, says, class)| {
        vec![
            term(name, says, &bar(length(ratio(over(bits), Some(widest))), class)),
            decimal(ratio(bits, weights), 4),
            signed(over(bits).map(|over| over * 100.0), 3),
        ]
    });
    let columns = [Column::Text("code length"), Column::Number("bits per weight"), Column::Number("% over the bound")];
    let body = format!("<div class=\"waterfall\">\n{}</div>\n", table("Bounds", &columns, rows));
    section("bounds", "Bounds side by side", BOUNDS_LEAD, &body)
}
