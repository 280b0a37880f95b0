//! Bounds on the error on other data.

use serde_json::Value;

use super::figures::{decimal, exact, percent};
use super::markup::section;
use super::value::{count, is_true, number};

const LEAD: &str = "A short description of a network bounds its error on data that were not in the training set. The fewer bits per \
    training sample, the tighter the bound. The bounds assume independent samples, and a code that was chosen before they were seen.";

/// Returns the section, or nothing if bounds were not requested.
pub fn render(report: &Value) -> String {
    let Some(found) = report.get("generalisation").filter(|found| found.is_object()) else { return String::new() };
    let samples = count(found, "samples");
    let bits = number(found, "code_bits");
    let certain = percent(number(found, "delta").map(|delta| 1.0 - delta));
    let verdict = match is_true(found, "vacuous") {
        true => {
            "<b>Vacuous</b>: a bound of 1 or more gives no information. A useful bound needs fewer bits or more samples."
        }
        false => "<b>Not vacuous</b>: the bound is below 1.",
    };
    let lines = [
        ("Code length", format!("{} bits", exact(bits.map(|bits| bits.ceil() as u64)))),
        ("Samples", exact(samples)),
        (
            "Bits per sample",
            decimal(
                bits.zip(samples).filter(|&(_, samples)| samples > 0).map(|(bits, samples)| bits / samples as f64),
                3,
            ),
        ),
        ("Holds with probability", certain),
        ("Occam bound on the true error minus the training error", decimal(number(found, "occam_gap"), 4)),
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
