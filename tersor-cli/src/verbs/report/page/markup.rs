//! Building blocks of HTML. Text from a file always passes through [`name`] or [`escaped`].

use serde_json::Value;
use tersor::Escaped;

use super::figures::NONE;
use super::value::text;
use crate::screen::words::shortened;

/// The largest number of characters shown of a name.
const NAME_CHARACTERS: usize = 300;

/// Escapes text from a file. HTML syntax is shown literally; control and directional characters are shown as their code
/// points.
pub fn name(text: &str) -> String {
    escaped(&shortened(Escaped(text), NAME_CHARACTERS))
}

/// Escapes the syntax characters of HTML.
pub fn escaped(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            '\'' => markup.push_str("&#39;"),
            other => markup.push(other),
        }
    }
    markup
}

/// Returns the text of a member as [`breakable`] markup, or a dash if it is missing.
pub fn label(object: &Value, key: &str) -> String {
    text(object, key).map_or_else(|| NONE.to_owned(), breakable)
}

/// Returns a name with isolated text direction that can be broken after each of its parts.
pub fn breakable(text: &str) -> String {
    let parts: String = name(text).split_inclusive(['.', '/', '_']).flat_map(|part| [part, "<wbr>"]).collect();
    format!("<bdi>{}</bdi>", parts.trim_end_matches("<wbr>"))
}

/// Returns a section with a heading and an introduction. All arguments are markup.
pub fn section(id: &str, heading: &str, lead: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{heading}</h2>\n<p class=\"lead\">{lead}</p>\n{body}</section>\n")
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub enum Column<'c> {
    Text(&'c str),
    Number(&'c str),
}

/// Returns a table that scrolls horizontally if the page is too narrow. Headings and cells are markup; the first cell
/// of a row is its heading.
pub fn table(label: &str, columns: &[Column], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let class = |index: usize| match columns.get(index) {
        Some(Column::Number(_)) => " class=\"number\"",
        _ => "",
    };
    let mut markup =
        format!("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\n<table>\n<thead><tr>");
    for (index, column) in columns.iter().enumerate() {
        let (Column::Text(heading) | Column::Number(heading)) = column;
        markup += &format!("<th scope=\"col\"{}>{heading}</th>", class(index));
    }
    markup += "</tr></thead>\n<tbody>\n";
    for row in rows {
        markup += "<tr>";
        for (index, cell) in row.iter().enumerate() {
            markup += &match index {
                0 => format!("<th scope=\"row\"{}>{cell}</th>", class(0)),
                _ => format!("<td{}>{cell}</td>", class(index)),
            };
        }
        markup += "</tr>\n";
    }
    markup + "</tbody>\n</table>\n</div>\n"
}

/// Returns a bar of `percent` percent of its track. Screen readers skip it, because the figures stand next to it.
pub fn bar(percent: f64, class: &str) -> String {
    track(&fill([0.0, percent], class))
}

/// Returns a track with the given fills.
pub fn track(fills: &str) -> String {
    format!("<span class=\"track\" aria-hidden=\"true\">{fills}</span>")
}

/// Returns a bar from one percentage to another.
pub fn fill([from, to]: [f64; 2], class: &str) -> String {
    if to <= from {
        return String::new();
    }
    format!("<span class=\"fill {class}\" style=\"margin-left:{from:.2}%;width:{:.2}%\"></span>", to - from)
}

/// A part of a stacked bar.
#[derive(Debug, Clone)]
pub struct Part {
    /// The share in percent.
    pub percent: f64,
    /// The colour: 1 to [`COLOURS`], or 0 for the rest.
    pub colour: usize,
    /// One or two characters, as in the legend.
    pub mark: String,
}

/// The number of colours of a page.
pub const COLOURS: usize = 6;

/// The least percentage at which a part has room for its mark.
const MARKED_FROM: f64 = 3.5;

/// The percentage below which a part is drawn without a gap before it.
const THIN_BELOW: f64 = 0.6;

/// Returns a stacked bar. `label` describes it for screen readers.
pub fn stacked(label: &str, parts: &[Part]) -> String {
    let mut markup = format!("<div class=\"stacked\" role=\"img\" aria-label=\"{label}\">");
    for part in parts.iter().filter(|part| part.percent > 0.0) {
        let mark = if part.percent >= MARKED_FROM { part.mark.as_str() } else { "" };
        let thin = if part.percent < THIN_BELOW { " thin" } else { "" };
        markup += &format!("<span class=\"c{}{thin}\" style=\"width:{:.3}%\">{mark}</span>", part.colour, part.percent);
    }
    markup + "</div>\n"
}

/// Returns the sample of a part for a legend.
pub fn swatch(colour: usize, mark: &str) -> String {
    format!("<span class=\"swatch c{colour}\" aria-hidden=\"true\">{mark}</span>")
}
