//! Bounds on the error on other data.

use serde_json::Value;

use super::figures::{decimal, exact, percent};
use super::markup::section;
use super::value::{count, is_true, number, text};

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
    let back = found.get("bits_back").filter(|back| back.is_object());
    let tighter = match (back, text(found, "tighter")) {
        (Some(_), Some("bits_back")) => {
            "<p>The bits-back length gives the tighter bound. It is on the mean error of networks drawn from the posterior. \
             As either bound may be used, each has half of the probability of failure.</p>\n"
        }
        (Some(_), _) => {
            "<p>The file gives the tighter bound. As either bound may be used, each has half of the probability of failure.</p>\n"
        }
        (None, _) => "",
    };
    let lines = [
        ("Code length of the file", format!("{} bits", exact(bits.map(|bits| bits.ceil() as u64)))),
        ("Samples", exact(samples)),
        (
            "Bits per sample",
            decimal(
                bits.zip(samples).filter(|&(_, samples)| samples > 0).map(|(bits, samples)| bits / samples as f64),
                3,
            ),
        ),
        ("Holds with probability", certain),
        ("Occam bound on the true error minus the training error, file", decimal(number(found, "occam_gap"), 4)),
        ("Training error", decimal(number(found, "training_error"), 4)),
        ("PAC-Bayes bound on the true error, file", decimal(number(found, "pac_bayes_error"), 4)),
    ];
    let of_back = |key: &str| back.and_then(|back| number(back, key));
    let bits_back = [
        ("Bits-back length", format!("{} bits", exact(of_back("code_bits").map(|bits| bits.ceil() as u64)))),
        ("PAC-Bayes bound on the true error minus the training error, bits-back", decimal(of_back("pac_bayes_gap"), 4)),
        ("PAC-Bayes bound on the true error, bits-back", decimal(of_back("pac_bayes_error"), 4)),
    ];
    let bits_back = bits_back.into_iter().filter(|_| back.is_some());
    let lines: String = lines
        .into_iter()
        .chain(bits_back)
        .map(|(term, value)| format!("<div><dt>{term}</dt><dd>{value}</dd></div>\n"))
        .collect();
    section(
        "generalisation",
        "Generalisation",
        LEAD,
        &format!("<p>{verdict}</p>\n{tighter}<dl class=\"facts\">\n{lines}</dl>\n"),
    )
}
