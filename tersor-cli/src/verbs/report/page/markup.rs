//! Pieces of HTML. What comes from a file passes through [`name`] or [`escaped`].

use serde_json::Value;
use tersor::Escaped;

use super::figures::NONE;
use super::value::text;
use crate::screen::words::shortened;

/// Characters of a name that are shown.
const NAME_CHARACTERS: usize = 300;

/// Text from a file: what could steer the page is shown as itself, and what could reorder its text as the number of the character.
pub fn name(text: &str) -> String {
    escaped(&shortened(Escaped(text), NAME_CHARACTERS))
}

/// Text of ours, or that needs no more than HTML's own rules.
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

/// A name in a text: it keeps its direction to itself, and is broken where its parts end. A dash if there is none.
pub fn label(object: &Value, key: &str) -> String {
    text(object, key).map_or_else(|| NONE.to_owned(), breakable)
}

/// As [`label`], of `text`.
pub fn breakable(text: &str) -> String {
    let parts: String = name(text).split_inclusive(['.', '/', '_']).flat_map(|part| [part, "<wbr>"]).collect();
    format!("<bdi>{}</bdi>", parts.trim_end_matches("<wbr>"))
}

/// A section with a heading, and a sentence that says what it shows. All of them are markup.
pub fn section(id: &str, heading: &str, lead: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{heading}</h2>\n<p class=\"lead\">{lead}</p>\n{body}</section>\n")
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub enum Column<'c> {
    Text(&'c str),
    Number(&'c str),
}

/// A table that scrolls by itself where the page is too narrow. Headings and cells are markup; the first cell of a row names it.
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

/// A bar of so many percent of its track. The figures stand beside it, so that it is not read out.
pub fn bar(percent: f64, class: &str) -> String {
    track(&fill([0.0, percent], class))
}

/// What bars lie in.
pub fn track(fills: &str) -> String {
    format!("<span class=\"track\" aria-hidden=\"true\">{fills}</span>")
}

/// A bar from one percentage to another.
pub fn fill([from, to]: [f64; 2], class: &str) -> String {
    if to <= from {
        return String::new();
    }
    format!("<span class=\"fill {class}\" style=\"margin-left:{from:.2}%;width:{:.2}%\"></span>", to - from)
}

/// A part of a stacked bar.
#[derive(Debug, Clone)]
pub struct Part {
    /// Percent of the whole bar.
    pub percent: f64,
    /// Which colour: 1 to [`COLOURS`], 0 for the rest.
    pub colour: usize,
    /// One or two characters that its legend has too.
    pub mark: String,
}

/// Colours that a page tells apart.
pub const COLOURS: usize = 6;

/// Percent of a bar from which on a part has room for its mark.
const MARKED_FROM: f64 = 3.5;

/// Percent of a bar below which a part would be lost in the gap before it.
const THIN_BELOW: f64 = 0.6;

/// Parts side by side. `label` says in words what they show.
pub fn stacked(label: &str, parts: &[Part]) -> String {
    let mut markup = format!("<div class=\"stacked\" role=\"img\" aria-label=\"{label}\">");
    for part in parts.iter().filter(|part| part.percent > 0.0) {
        let mark = if part.percent >= MARKED_FROM { part.mark.as_str() } else { "" };
        let thin = if part.percent < THIN_BELOW { " thin" } else { "" };
        markup += &format!("<span class=\"c{}{thin}\" style=\"width:{:.3}%\">{mark}</span>", part.colour, part.percent);
    }
    markup + "</div>\n"
}

/// What a part looks like, for its legend.
pub fn swatch(colour: usize, mark: &str) -> String {
    format!("<span class=\"swatch c{colour}\" aria-hidden=\"true\">{mark}</span>")
}
