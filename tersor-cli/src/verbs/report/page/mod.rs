//! A report as one HTML page that needs nothing but itself: no script, no font, no image, no address.
//!
//! Whatever a container or a JSON file says is shown as text. What is missing, or of another kind than expected, is a dash.

mod chart;
mod figures;
mod generalisation;
mod glossary;
mod ledger;
mod markup;
mod priors;
mod segments;
mod series;
mod summary;
mod tensors;
mod value;
mod waterfall;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;

use serde_json::Value;

use markup::name;
use value::{list, text};

/// The look of all pages.
const STYLE: &str = include_str!("style.css");

/// Nothing is loaded, run or sent, whatever slipped through; only the style inside the page holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page of `report`: the JSON object of one file, or of a series of them if it has the member `series`.
pub fn render(report: &Value) -> String {
    match report.get("series") {
        Some(_) => {
            let count = list(report, "series").len();
            let title = format!("Series of {count} {}", if count == 1 { "file" } else { "files" });
            document(&title, &series::render(report))
        }
        None => {
            let title = text(report, "file").map_or_else(|| "Report".to_owned(), name);
            document(&title, &single(report))
        }
    }
}

fn single(report: &Value) -> String {
    [
        summary::render(report),
        "<div class=\"pair\">\n".to_owned(),
        waterfall::render(report),
        ledger::render(report),
        "</div>\n".to_owned(),
        waterfall::bounds(report),
        tensors::largest(report),
        tensors::table_of_all(report),
        priors::render(report),
        generalisation::render(report),
        segments::render(report),
        glossary::render(),
    ]
    .concat()
}

/// `title` and `body` are markup.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} - Tersor report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
