//! A table of all tensors.

use serde_json::Value;

use super::figures::{NONE, decimal, exact, length, percent};
use super::histogram;
use super::markup::{Column, fill, label, name, section, table, track};
use super::value::{count, is_true, list, number, ratio, text};

/// Returns the mark of figures that are shares of a segment.
pub fn about(tensor: &Value) -> &'static str {
    if is_true(tensor, "shares_segment") { "~" } else { "" }
}

/// Returns the tensors, the largest first.
pub fn by_size(tensors: &[Value]) -> Vec<&Value> {
    let mut tensors: Vec<&Value> = tensors.iter().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(count(tensor, "bytes")));
    tensors
}

const LEAD: &str = "Bits per weight, in the order of the file. Entropy: of the values of the tensor, however they are encoded. Order-0, conditional and model: of the streams that have a model; raw: the other streams. \
    The bar shows the actual size as a share of the bits of the dtype; the notch marks conditional entropy and raw bits. \
    A tilde (~) marks a proportional share in a segment that several tensors share. \
    The histogram reaches four standard deviations to both sides of the mean; rarer values count at its ends.";

/// Returns a table with a row for each tensor.
pub fn table_of_all(report: &Value) -> String {
    let columns = [
        Column::Text("tensor"),
        Column::Number("bytes"),
        Column::Number("entropy"),
        Column::Number("order&#8209;0"),
        Column::Number("condi&shy;tional"),
        Column::Number("model"),
        Column::Number("raw"),
        Column::Number("actual"),
        Column::Text("of the dtype"),
        Column::Number("effi&shy;ciency"),
        Column::Number("zeros"),
        Column::Number("mean"),
        Column::Number("devi&shy;ation"),
        Column::Number("kurtosis"),
        Column::Text("values"),
    ];
    let rows = list(report, "tensors").iter().map(|tensor| {
        let figures = Figures::new(tensor);
        let share = about(tensor);
        let shown =
            |bits: Option<f64>| if bits.is_some() { format!("{share}{}", decimal(bits, 3)) } else { decimal(bits, 3) };
        let dtype = text(tensor, "dtype").map_or_else(|| NONE.to_owned(), name);
        vec![
            format!("{}<br><span class=\"says\">{dtype} {}</span>", label(tensor, "name"), shape(tensor)),
            format!("{share}{}", exact(count(tensor, "bytes"))),
            decimal(ratio(number(tensor, "value_entropy_bits"), number(tensor, "weights")), 3),
            shown(figures.order0),
            shown(figures.conditional),
            shown(figures.model),
            shown(figures.raw),
            shown(figures.actual),
            notched(&figures, dtype_bits(tensor)),
            percent(ratio(figures.with_raw(figures.model), figures.actual)),
            percent(number(tensor, "zero_share")),
            decimal(number(tensor, "mean"), 4),
            decimal(number(tensor, "deviation"), 4),
            decimal(number(tensor, "kurtosis"), 2),
            histogram::render(tensor),
        ]
    });
    let title = if count(report, "tensors_left_out").is_some_and(|count| count > 0) {
        "Largest tensors"
    } else {
        "All tensors"
    };
    section("tensors", title, LEAD, &(table(title, &columns, rows) + &left_out(report, "tensors")))
}

/// Returns a paragraph on the items of a list that are not on the page.
pub fn left_out(report: &Value, list: &str) -> String {
    let left_out = count(report, &format!("{list}_left_out")).filter(|&count| count > 0);
    let says =
        |count| format!("<p class=\"says\">{} more {list} are not on this page; use --json.</p>\n", exact(Some(count)));
    left_out.map_or_else(String::new, says)
}

fn shape(tensor: &Value) -> String {
    match tensor.get("shape") {
        Some(Value::Array(sizes)) if sizes.is_empty() => "scalar".to_owned(),
        Some(Value::Array(sizes)) => sizes
            .iter()
            .map(|size| size.as_u64().map_or_else(|| NONE.to_owned(), |size| size.to_string()))
            .collect::<Vec<_>>()
            .join("\u{2009}\u{d7}\u{2009}"),
        // of many axes only the number is known
        Some(Value::Number(axes)) => format!("{axes} dimensions"),
        _ => NONE.to_owned(),
    }
}

/// The code lengths of a tensor in bits per weight.
struct Figures {
    order0: Option<f64>,
    conditional: Option<f64>,
    model: Option<f64>,
    raw: Option<f64>,
    actual: Option<f64>,
}

impl Figures {
    fn new(tensor: &Value) -> Self {
        let elements = number(tensor, "weights");
        let of = |key: &str| ratio(number(tensor, key), elements);
        Self {
            order0: of("order0_bits"),
            conditional: of("conditional_bits"),
            model: of("model_bits"),
            raw: of("raw_bits"),
            actual: number(tensor, "bits_per_weight").or_else(|| Some(ratio(number(tensor, "bytes"), elements)? * 8.0)),
        }
    }
}

impl Figures {
    /// Returns a code length and the raw bits.
    fn with_raw(&self, bits: Option<f64>) -> Option<f64> {
        bits.map(|bits| bits + self.raw.unwrap_or(0.0))
    }
}

/// Returns a bar for the actual size as a share of the bits of the dtype, with a notch at the conditional entropy and
/// the raw bits.
fn notched(figures: &Figures, dtype_bits: Option<f64>) -> String {
    let left = length(ratio(figures.with_raw(figures.conditional), dtype_bits));
    let notch =
        if left > 0.0 { format!("<span class=\"notch\" style=\"left:{left:.2}%\"></span>") } else { String::new() };
    track(&(fill([0.0, length(ratio(figures.actual, dtype_bits))], "c1") + &notch))
}

/// Returns the bits of an element: the first number in the name of a dtype, such as 8 in `F8_E4M3`.
fn dtype_bits(tensor: &Value) -> Option<f64> {
    let dtype = text(tensor, "dtype")?;
    let digits = dtype.trim_start_matches(|character: char| !character.is_ascii_digit());
    let digits = digits.split(|character: char| !character.is_ascii_digit()).next()?;
    if dtype == "BOOL" { Some(8.0) } else { digits.parse().ok() }
}
