//! Each segment with its ledger and its streams, in collapsed sections.

use serde_json::Value;

use super::figures::{NONE, decimal, exact, human, percent};
use super::ledger;
use super::markup::{Column, breakable, name, section, table};
use super::tensors::left_out;
use super::value::{count, list, number, ratio, text};

const LEAD: &str = "A segment holds one large tensor, or several small tensors of the same dtype. Its streams are coded separately. Open a segment to see them.";

/// The most names of tensors that are listed for a segment.
const SHOWN_MEMBERS: usize = 500;

/// Returns a collapsed section for each segment.
pub fn render(report: &Value) -> String {
    let segments = list(report, "segments");
    let body = match segments.is_empty() {
        true => "<p>There are no segments.</p>\n".to_owned(),
        false => segments.iter().map(segment).collect::<String>() + &left_out(report, "segments"),
    };
    section("segments", "Segments", LEAD, &body)
}

fn segment(segment: &Value) -> String {
    let names: Vec<&str> = list(segment, "members").iter().filter_map(Value::as_str).collect();
    let title = match names[..] {
        [] => "no tensor".to_owned(),
        [only] => breakable(only),
        [first, ref more @ ..] => format!("{} and {} more", breakable(first), more.len()),
    };
    let bits = ratio(number(segment, "bytes").map(|bytes| bytes * 8.0), number(segment, "weights"));
    let word = |key: &str| text(segment, key).map_or_else(|| NONE.to_owned(), name);
    let members: String = match names.len() {
        0 | 1 => String::new(),
        count => {
            let shown: Vec<String> = names.iter().take(SHOWN_MEMBERS).map(|text| breakable(text)).collect();
            let more = match count.saturating_sub(SHOWN_MEMBERS) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            format!("<p>{}{more}</p>\n", shown.join(", "))
        }
    };
    format!(
        "<details>\n<summary><span class=\"name\">{title}</span> <span class=\"says\">{}, {} bits per weight</span></summary>\n\
         <p class=\"says\">{}, {} weights, chunks: {}; {}</p>\n{members}{}{}</details>\n",
        human(count(segment, "bytes")),
        decimal(bits, 3),
        word("dtype"),
        exact(count(segment, "weights")),
        exact(count(segment, "chunks")),
        word("representation"),
        ledger::in_short(segment),
        streams(segment)
    )
}

fn streams(segment: &Value) -> String {
    let streams = list(segment, "streams");
    if streams.is_empty() {
        return String::new();
    }
    let columns = [
        Column::Text("stream"),
        Column::Number("width"),
        Column::Text("coding"),
        Column::Number("contexts"),
        Column::Text("context source"),
        Column::Number("symbols"),
        Column::Number("distinct"),
        Column::Number("order&#8209;0"),
        Column::Number("condi&shy;tional"),
        Column::Number("KT"),
        Column::Number("two&#8209;part"),
        Column::Number("model"),
        Column::Number("actual"),
        Column::Number("effi&shy;ciency"),
    ];
    let rows = streams.iter().map(|stream| {
        let word = |key: &str| text(stream, key).filter(|text| !text.is_empty()).map_or_else(|| NONE.to_owned(), name);
        let symbols = number(stream, "symbols");
        let each = |key: &str| decimal(ratio(number(stream, key), symbols), 4);
        let whole = |key: &str| exact(count(stream, key));
        vec![
            word("name"),
            whole("width"),
            word("coding"),
            whole("contexts"),
            word("context_source"),
            whole("symbols"),
            whole("distinct"),
            each("order0_bits"),
            each("conditional_bits"),
            each("kt_bits"),
            each("two_part_bits"),
            each("model_bits"),
            each("actual_bits"),
            percent(number(stream, "efficiency")),
        ]
    });
    format!("<p class=\"says\">Streams, in bits per symbol:</p>\n{}", table("Streams", &columns, rows))
}
