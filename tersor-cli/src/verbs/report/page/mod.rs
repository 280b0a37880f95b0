//! A report as one self-contained HTML page, without scripts, fonts, images or links to other pages.
//!
//! All text from a container or a JSON file is escaped. A missing value, or a value of another type than expected, is
//! shown as a dash.

mod chart;
mod figures;
mod generalisation;
mod glossary;
mod histogram;
mod largest;
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

/// The style sheet of all pages.
const STYLE: &str = include_str!("style.css");

/// The content security policy: the browser loads, runs and sends nothing, and applies only the style sheet inside the
/// page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// Returns the page of `report`: the JSON object of one file, or of a series of files if it has the member `series`.
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
        largest::render(report),
        tensors::table_of_all(report),
        priors::render(report),
        generalisation::render(report),
        segments::render(report),
        glossary::render(),
    ]
    .concat()
}

/// Returns a whole document; `title` and `body` are markup.
fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title} - Tersor report</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
