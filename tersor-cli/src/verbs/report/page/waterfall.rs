//! From the entropy of single symbols to the whole file, step by step.

use serde_json::Value;

use super::figures::{decimal, length, percent, signed};
use super::markup::{Column, Part, bar, fill, section, stacked, swatch, table, track};
use super::value::{number, ratio};

const LEAD: &str = "Each step adds to the length reached above it, or takes from it. The last is the file.";

const BOUNDS_LEAD: &str = "Code lengths of what has a model, that is of the symbols of all streams but raw ones. The bars are what \
    lies over the conditional entropy.";

/// A step of the way.
struct Step {
    key: &'static str,
    term: &'static str,
    says: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Adds what the model must code.
    Data,
    /// Takes from it.
    Gain,
    /// What is reached so far, without what is stored without a model.
    Reached,
    /// Adds what could be spared.
    Overhead(usize),
}

const STEPS: [Step; 8] = [
    Step {
        key: "raw_bits",
        term: "Without a model",
        says: "stored as they are, or by zstd: no model makes them fewer",
        kind: Kind::Data,
    },
    Step {
        key: "order0_bits",
        term: "Order-0 entropy",
        says: "all else, as independent draws from how often each symbol occurs",
        kind: Kind::Data,
    },
    Step {
        key: "modelling_gain_bits",
        term: "Modelling gain",
        says: "what contexts tell: the row, the column, other fields of the weight",
        kind: Kind::Gain,
    },
    Step {
        key: "conditional_bits",
        term: "Conditional entropy",
        says: "the bound: what is left, were each context's distribution known",
        kind: Kind::Reached,
    },
    Step {
        key: "model_excess_bits",
        term: "Model excess",
        says: "tables are rounded, or learnt on the way; adaptive coders may gain",
        kind: Kind::Overhead(2),
    },
    Step {
        key: "coder_overhead_bits",
        term: "Coder overhead",
        says: "what the coder writes beyond its model: states, words not filled",
        kind: Kind::Overhead(3),
    },
    Step {
        key: "side_information_bits",
        term: "Side information",
        says: "the model itself: frequency tables, classes, codebooks, scales",
        kind: Kind::Overhead(4),
    },
    Step {
        key: "framing_bits",
        term: "Framing",
        says: "header, manifest, index, lengths, checksums, digests, padding",
        kind: Kind::Overhead(5),
    },
];

/// The steps, and the last of them enlarged.
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
            Kind::Gain => bits.map(|bits| -bits),
            _ => bits,
        };
        let from = if step.kind == Kind::Reached { reached - bits.unwrap_or(0.0) } else { reached };
        let to = from + change.unwrap_or(0.0);
        reached = to;
        let span = [from.min(to), from.max(to)].map(|end| length(ratio(Some(end), Some(widest))));
        let per_weight = ratio(change, weights);
        let figure = if step.kind == Kind::Reached { decimal(per_weight, 4) } else { signed(per_weight, 4) };
        vec![term(step.term, step.says, &track(&fill(span, class(step.kind)))), figure, percent(ratio(change, file))]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let whole = vec![
        term("The file", "all of its bytes", &bar(length(ratio(file, Some(widest))), "c1")),
        decimal(ratio(file, weights), 4),
        percent(ratio(file, file)),
    ];
    let columns = [Column::Text("step"), Column::Number("bits a weight"), Column::Number("share")];
    let steps = table("Steps from the entropy to the file", &columns, rows.into_iter().chain([whole]));
    let body = format!("<div class=\"waterfall\">\n{steps}</div>\n{}", enlarged(totals, file));
    section("bound", "How far from the bound", LEAD, &body)
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Data => "data",
        Kind::Gain => "gain",
        Kind::Reached => "c1",
        Kind::Overhead(2) => "c2",
        Kind::Overhead(3) => "c3",
        Kind::Overhead(4) => "c4",
        Kind::Overhead(_) => "c5",
    }
}

fn term(term: &str, says: &str, bar: &str) -> String {
    format!("<span class=\"term\"><span><b>{term}</b> <span class=\"says\">{says}</span></span>{bar}</span>")
}

/// The steps above the bound, which are too small to be seen beside the rest.
fn enlarged(totals: &Value, file: Option<f64>) -> String {
    let overheads = STEPS.iter().filter_map(|step| match step.kind {
        Kind::Overhead(colour) => Some((step.term, colour, number(totals, step.key)?)),
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
        "<h3>Above the bound, enlarged: {} of the file</h3>\n{}<ul class=\"legend\">{legend}</ul>\n",
        percent(ratio(Some(sum), file)),
        stacked("What lies between the conditional entropy and the file; figures below", &parts)
    )
}

/// Bounds on what is coded under a model, beside what was written.
pub fn bounds(report: &Value) -> String {
    let totals = report.get("totals").unwrap_or(&Value::Null);
    let weights = number(report, "weights");
    let of = |key: &str| number(totals, key);
    let written = of("stream_bits").zip(of("side_information_bits")).map(|(streams, side)| streams + side);
    let bounds = [
        (of("order0_bits"), "Order-0 entropy", "no context, distribution known", "data"),
        (
            of("kt_order0_bits"),
            "Order-0, learnt",
            "no context, distribution learnt on the way (Krichevsky-Trofimov)",
            "data",
        ),
        (of("conditional_bits"), "Conditional entropy", "contexts, distributions known", "data"),
        (
            of("kt_bits"),
            "Conditional, learnt",
            "contexts, distributions learnt on the way (Krichevsky-Trofimov)",
            "data",
        ),
        (of("two_part_bits"), "Two-part code", "contexts, distributions sent first, at the best precision", "data"),
        (of("model_bits"), "The file's model", "its own tables or adaptive coders, and a perfect coder", "data"),
        (of("stream_bits"), "Streams as written", "without the model's tables", "c1"),
        (written, "Streams and side information", "all that a decoder needs for these symbols", "c1"),
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
    let columns = [Column::Text("code length"), Column::Number("bits a weight"), Column::Number("% over the bound")];
    let body = format!("<div class=\"waterfall\">\n{}</div>\n", table("Bounds", &columns, rows));
    section("bounds", "Bounds side by side", BOUNDS_LEAD, &body)
}
