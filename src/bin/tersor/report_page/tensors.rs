//! Tensors: the largest as bars, and all of them in a table.

use std::collections::HashMap;

use serde_json::Value;

use super::figures::{NONE, decimal, exact, human, length, percent};
use super::markup::{Column, bar, name, section, table};
use super::value::{count, is_true, list, number, ratio, text};

/// Tensors that have a bar of their own.
const BARS: usize = 30;

pub fn largest(report: &Value) -> String {
    let by_size = by_size(list(report, "tensors"));
    let file = number(report, "bytes");
    let most = by_size.first().and_then(|tensor| number(tensor, "bytes"));
    let (own, rest) = by_size.split_at(by_size.len().min(BARS));
    let mut lines: Vec<String> = own
        .iter()
        .map(|tensor| {
            let bytes = number(tensor, "bytes");
            line(&label(tensor), count(tensor, "bytes"), ratio(bytes, file), ratio(bytes, most), "c1")
        })
        .collect();
    if !rest.is_empty() {
        let bytes = rest.iter().filter_map(|tensor| count(tensor, "bytes")).fold(0, u64::saturating_add);
        let words = format!("{} more tensors", rest.len());
        let share = ratio(Some(bytes as f64), most);
        lines.push(line(&words, Some(bytes), ratio(Some(bytes as f64), file), share, "c0"));
    }
    let body = match lines.is_empty() {
        true => "<p>There are no tensors.</p>\n".to_owned(),
        false => format!("<ul class=\"bars\">\n{}</ul>\n", lines.concat()),
    };
    section("largest", "Largest tensors", "Bytes in the file, and percent of it.", &body)
}

fn line(label: &str, bytes: Option<u64>, share: Option<f64>, of_most: Option<f64>, class: &str) -> String {
    format!(
        "<li><span class=\"name\">{label}</span><span class=\"amount\">{} <span class=\"says\">{}</span></span>{}</li>\n",
        human(bytes),
        percent(share),
        bar(length(of_most), class)
    )
}

pub fn by_size(tensors: &[Value]) -> Vec<&Value> {
    let mut tensors: Vec<&Value> = tensors.iter().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(count(tensor, "bytes")));
    tensors
}

/// A tensor's name, apart from the direction of the text around it.
pub fn label(tensor: &Value) -> String {
    text(tensor, "name").map_or_else(|| NONE.to_owned(), |text| format!("<bdi>{}</bdi>", name(text)))
}

const LEAD: &str = "Bits a weight, in the order of the file. What is stored without a model counts as itself in every column. \
    The bar is what the tensor takes; the notch is its conditional entropy. \
    A share (~) is a tensor's part of a segment that it shares with others.";

pub fn table_of_all(report: &Value) -> String {
    let tensors = list(report, "tensors");
    let raw_bits = raw_bits(report);
    let of = |tensor: &Value| Figures::new(tensor, &raw_bits);
    let widest = tensors.iter().filter_map(|tensor| of(tensor).actual).fold(0.0, f64::max);
    let columns = [
        Column::Text("tensor"),
        Column::Text("dtype"),
        Column::Text("shape"),
        Column::Number("bytes"),
        Column::Number("order-0"),
        Column::Number("condi&shy;tional"),
        Column::Number("model"),
        Column::Number("actual"),
        Column::Text("actual, conditional"),
        Column::Number("effi&shy;ciency"),
        Column::Number("zeros"),
        Column::Number("mean"),
        Column::Number("devi&shy;ation"),
        Column::Number("kurtosis"),
    ];
    let rows = tensors.iter().map(|tensor| {
        let figures = of(tensor);
        let share = if is_true(tensor, "shares_segment") { "~" } else { "" };
        vec![
            label(tensor),
            text(tensor, "dtype").map_or_else(|| NONE.to_owned(), name),
            shape(tensor),
            format!("{share}{}", exact(count(tensor, "bytes"))),
            decimal(figures.order0, 3),
            decimal(figures.conditional, 3),
            decimal(figures.model, 3),
            decimal(figures.actual, 3),
            notched(ratio(figures.actual, Some(widest)), ratio(figures.conditional, Some(widest))),
            percent(ratio(figures.model, figures.actual)),
            percent(number(tensor, "distinct_share_zero")),
            decimal(number(tensor, "mean"), 5),
            decimal(number(tensor, "deviation"), 5),
            decimal(number(tensor, "kurtosis"), 2),
        ]
    });
    section("tensors", "All tensors", LEAD, &table("All tensors", &columns, rows))
}

fn shape(tensor: &Value) -> String {
    match tensor.get("shape").and_then(Value::as_array) {
        Some(sizes) if sizes.is_empty() => "scalar".to_owned(),
        Some(sizes) => {
            sizes.iter().map(|size| name(&size.to_string())).collect::<Vec<_>>().join("\u{2009}\u{d7}\u{2009}")
        }
        None => NONE.to_owned(),
    }
}

/// Bits a weight.
struct Figures {
    order0: Option<f64>,
    conditional: Option<f64>,
    model: Option<f64>,
    actual: Option<f64>,
}

impl Figures {
    fn new(tensor: &Value, raw_bits: &HashMap<&str, Option<f64>>) -> Self {
        let elements = number(tensor, "elements");
        let raw = text(tensor, "name").and_then(|name| *raw_bits.get(name)?);
        let of = |key: &str| Some(ratio(number(tensor, key), elements)? + raw?);
        Self {
            order0: of("order0_bits"),
            conditional: of("conditional_bits"),
            model: of("model_bits"),
            actual: number(tensor, "bits_per_weight").or_else(|| Some(ratio(number(tensor, "bytes"), elements)? * 8.0)),
        }
    }
}

/// Of each tensor, the bits a weight that are stored without a model; `None` where several have its name.
fn raw_bits(report: &Value) -> HashMap<&str, Option<f64>> {
    let mut by_name = HashMap::new();
    for segment in list(report, "segments") {
        let streams = list(segment, "streams").iter();
        let raw = streams.filter(|stream| number(stream, "model_bits").is_none());
        let bits: f64 = raw.filter_map(|stream| number(stream, "actual_bits")).sum();
        let bits = ratio(Some(bits), number(segment, "elements"));
        for name in list(segment, "tensors").iter().filter_map(Value::as_str) {
            by_name.entry(name).and_modify(|bits| *bits = None).or_insert(bits);
        }
    }
    by_name
}

fn notched(actual: Option<f64>, conditional: Option<f64>) -> String {
    let notch = match conditional {
        Some(_) => format!("<span class=\"notch\" style=\"left:{:.2}%\"></span>", length(conditional)),
        None => String::new(),
    };
    format!(
        "<span class=\"track\" aria-hidden=\"true\"><span class=\"fill c1\" style=\"width:{:.2}%\"></span>{notch}</span>",
        length(actual)
    )
}
