//! What the length of the description says about errors on other data.

use serde_json::Value;

use super::figures::{decimal, exact, percent};
use super::markup::section;
use super::value::{count, is_true, number};

const LEAD: &str = "A short description bounds the error on data that were not trained on: the fewer bits a sample, the tighter. \
    The bounds assume independent samples and a code chosen before they were seen.";

/// Nothing, where nobody asked for it.
pub fn render(report: &Value) -> String {
    let Some(found) = report.get("generalisation").filter(|found| found.is_object()) else { return String::new() };
    let samples = count(found, "samples");
    let bits = number(found, "code_bits");
    let certain = percent(number(found, "delta").map(|delta| 1.0 - delta));
    let verdict = match is_true(found, "vacuous") {
        true => "<b>Vacuous</b>: a bound of 1 or more says nothing. Fewer bits or more samples would be needed.",
        false => "<b>Not vacuous</b>: the bound lies below 1.",
    };
    let lines = [
        ("Code length", format!("{} bits", exact(bits.map(|bits| bits.ceil() as u64)))),
        ("Samples", exact(samples)),
        (
            "Bits a sample",
            decimal(
                bits.zip(samples).filter(|&(_, samples)| samples > 0).map(|(bits, samples)| bits / samples as f64),
                3,
            ),
        ),
        ("Holds with probability", certain),
        ("Occam bound on the gap between training error and true error", decimal(number(found, "occam_gap"), 4)),
        ("Training error", decimal(number(found, "training_error"), 4)),
        ("PAC-Bayes bound on the true error", decimal(number(found, "pac_bayes_error"), 4)),
    ];
    let lines: String =
        lines.iter().map(|(term, value)| format!("<div><dt>{term}</dt><dd>{value}</dd></div>\n")).collect();
    section(
        "generalisation",
        "Generalisation",
        LEAD,
        &format!("<p>{verdict}</p>\n<dl class=\"facts\">\n{lines}</dl>\n"),
    )
}
