//! A series of files: checkpoints of a training run, or levels of the encoder.

use serde_json::Value;

use super::chart::{Line, Look, chart};
use super::figures::{NONE, decimal, exact, human, percent, signed};
use super::glossary;
use super::markup::{COLOURS, Column, label, section, table};
use super::value::{count, list, number, numbers, ratio};

const LEAD: &str = "The thick line \u{3a3} is the whole file, the dotted line H the conditional entropy and the raw bits of all its weights. The largest tensors \
    are coloured; the others are grey, and cut at the frame.";

/// Returns the body of the page of a series.
pub fn render(report: &Value) -> String {
    let files = list(report, "series");
    let tensors = list(report, "tensors");
    let looks = looks(tensors);
    [
        header(files),
        over_files(files, tensors, &looks),
        of_files(files),
        of_tensors(files, tensors, &looks),
        glossary::render(),
    ]
    .concat()
}

fn header(files: &[Value]) -> String {
    let ends = [files.first(), files.last()].map(|file| file.and_then(|file| number(file, "bits_per_weight")));
    let change = ends[0].zip(ends[1]).map(|(first, last)| last - first);
    let end = |file: Option<&Value>| file.map_or_else(|| NONE.to_owned(), |file| label(file, "file"));
    format!(
        "<header>\n<p class=\"kind\">Tersor report</p>\n<h1>A series of {}</h1>\n<p class=\"lead\">From {} to {}.</p>\n</header>\n\
         <div class=\"figures\">\n{}{}{}</div>\n\
         <nav aria-label=\"Sections\"><a href=\"#files\">Files</a> <a href=\"#tensors\">Tensors</a> <a href=\"#terms\">Terms</a></nav>\n",
        files.len(),
        end(files.first()),
        end(files.last()),
        figure("Bits per weight, first", &decimal(ends[0], 3)),
        figure("Bits per weight, last", &decimal(ends[1], 3)),
        figure("Change", &signed(change, 3)),
    )
}

fn figure(label: &str, value: &str) -> String {
    format!("<div class=\"figure\"><span class=\"label\">{label}</span><span class=\"value\">{value}</span></div>\n")
}

/// Returns the style and the mark of each tensor. The largest tensors of the last file have colours.
fn looks(tensors: &[Value]) -> Vec<(Look, String)> {
    let size = |tensor: &Value| numbers(tensor, "bytes").into_iter().rev().flatten().next().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by(|&a, &b| size(&tensors[b]).total_cmp(&size(&tensors[a])));
    let mut looks = vec![(Look::Background, String::new()); tensors.len()];
    for (rank, &index) in order.iter().take(COLOURS).enumerate() {
        looks[index] = (Look::Colour(rank + 1), char::from(b'A' + rank as u8).to_string());
    }
    looks
}

/// Returns the conditional entropy and the raw bits of a file, in bits per weight.
fn bound(file: &Value) -> Option<f64> {
    let totals = file.get("totals")?;
    ratio(
        Some(number(totals, "conditional_bits")? + number(totals, "raw_bits").unwrap_or(0.0)),
        number(file, "weights"),
    )
}

fn over_files(files: &[Value], tensors: &[Value], looks: &[(Look, String)]) -> String {
    let of_tensors = tensors.iter().zip(looks).map(|(tensor, (look, mark))| Line {
        values: numbers(tensor, "bits_per_weight"),
        look: *look,
        mark: mark.clone(),
    });
    // later lines are drawn above earlier ones: grey, coloured, whole file
    let mut lines: Vec<Line> = of_tensors.collect();
    lines.sort_by_key(|line| line.look != Look::Background);
    lines.push(Line { values: files.iter().map(bound).collect(), look: Look::Bound, mark: "H".to_owned() });
    let whole = files.iter().map(|file| number(file, "bits_per_weight")).collect();
    lines.push(Line { values: whole, look: Look::Whole, mark: "\u{3a3}".to_owned() });
    let mut legend = format!(
        "<li>{}whole file</li><li>{}its conditional entropy and raw bits</li>",
        Look::Whole.swatch("\u{3a3}"),
        Look::Bound.swatch("H")
    );
    let mut coloured: Vec<_> = tensors.iter().zip(looks).filter(|(_, (look, _))| *look != Look::Background).collect();
    coloured.sort_by_key(|(_, (_, mark))| mark.as_str());
    legend.extend(
        coloured
            .iter()
            .map(|(tensor, (look, mark))| format!("<li>{}{}</li>", look.swatch(mark), label(tensor, "name"))),
    );
    let drawn = chart(
        "Bits per weight over the series; figures in the tables below",
        "Bits per weight, by number of the file",
        files.len(),
        &lines,
    );
    section("over", "Bits per weight", LEAD, &format!("{drawn}<ul class=\"legend\">{legend}</ul>\n"))
}

fn of_files(files: &[Value]) -> String {
    let columns = [
        Column::Text("file"),
        Column::Number("bytes"),
        Column::Number(""),
        Column::Number("% of decoded"),
        Column::Number("bits per weight"),
        Column::Number("change"),
        Column::Number("order&#8209;0"),
        Column::Number("condi&shy;tional"),
        Column::Number("raw"),
        Column::Number("efficiency"),
        Column::Number("Occam gap"),
    ];
    let bits = |index: usize| number(files.get(index)?, "bits_per_weight");
    let rows = files.iter().enumerate().map(|(index, file)| {
        let totals = file.get("totals").unwrap_or(&Value::Null);
        let of = |key: &str| ratio(number(totals, key), number(file, "weights"));
        let before = index.checked_sub(1).and_then(bits);
        let gap = file.get("generalisation").and_then(|found| number(found, "occam_gap"));
        vec![
            format!("{}. {}", index + 1, label(file, "file")),
            exact(count(file, "bytes")),
            human(count(file, "bytes")),
            percent(ratio(number(file, "bytes"), number(file, "decoded_bytes"))),
            decimal(bits(index), 3),
            signed(before.zip(bits(index)).map(|(before, now)| now - before), 3),
            decimal(of("order0_bits"), 3),
            decimal(of("conditional_bits"), 3),
            decimal(of("raw_bits"), 3),
            percent(number(totals, "efficiency")),
            decimal(gap, 4),
        ]
    });
    section("files", "Files", "In the order of the series.", &table("Files", &columns, rows))
}

fn of_tensors(files: &[Value], tensors: &[Value], looks: &[(Look, String)]) -> String {
    let heading = |(index, file): (usize, &Value)| format!("{}. {}", index + 1, label(file, "file"));
    let headings: Vec<String> = files.iter().enumerate().map(heading).collect();
    let mut columns = vec![Column::Text("tensor")];
    columns.extend(headings.iter().map(|heading| Column::Number(heading)));
    columns.push(Column::Number("change"));
    columns.push(Column::Number("last, bytes"));
    let rows =
        tensors.iter().zip(looks).map(|(tensor, (look, mark))| {
            let (bits, bounds) = (numbers(tensor, "bits_per_weight"), numbers(tensor, "conditional_bits_per_weight"));
            let at = |values: &[Option<f64>], index: usize| values.get(index).copied().flatten();
            let mut row = vec![format!("{}{}", look.swatch(mark), label(tensor, "name"))];
            let shares = list(tensor, "shares_segment");
            let shown = |values: &[Option<f64>], index: usize| {
                let value = at(values, index);
                let is_share = value.is_some() && shares.get(index).and_then(Value::as_bool).unwrap_or(false);
                format!("{}{}", if is_share { "~" } else { "" }, decimal(value, 3))
            };
            row.extend((0..files.len()).map(|index| {
                format!("{}<br><span class=\"says\">{}</span>", shown(&bits, index), shown(&bounds, index))
            }));
            let known: Vec<f64> = bits.iter().copied().flatten().collect();
            row.push(signed(known.first().zip(known.last()).map(|(first, last)| last - first), 3));
            row.push(exact(list(tensor, "bytes").iter().rev().find_map(Value::as_u64)));
            row
        });
    let lead = "Bits per weight in each file, and below the conditional entropy of the streams that have a model. A tilde (~) marks a proportional share in a segment.";
    section("tensors", "Tensors", lead, &table("Tensors over the series", &columns, rows))
}
