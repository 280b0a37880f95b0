//! Bars for the largest tensors.

use serde_json::Value;

use super::figures::{human, length, percent, plural};
use super::markup::{bar, label, section};
use super::tensors::{about, by_size};
use super::value::{count, list, number, ratio};

/// The number of tensors with a bar.
const BARS: usize = 30;

/// The powers of ten between the sizes from which a logarithmic axis is shown.
const MAGNITUDES: f64 = 2.0;

/// Returns bars for the largest tensors and for the sum of the rest.
pub fn render(report: &Value) -> String {
    let by_size = by_size(list(report, "tensors"));
    let file = number(report, "bytes");
    let (own, rest) = by_size.split_at(by_size.len().min(BARS));
    let rest_bytes = rest.iter().filter_map(|tensor| count(tensor, "bytes")).fold(0, u64::saturating_add);
    let most = own.first().and_then(|tensor| count(tensor, "bytes")).unwrap_or(0).max(rest_bytes);
    let line = |label: &str, share: &str, bytes: Option<u64>, class: &str| {
        let of = |whole: Option<f64>| ratio(bytes.map(|bytes| bytes as f64), whole);
        format!(
            "<li><span class=\"name\">{label}</span><span class=\"amount\">{share}{} <span class=\"says\">{}</span></span>{}</li>\n",
            human(bytes),
            percent(of(file)),
            bar(length(of(Some(most as f64))), class)
        )
    };
    let mut lines: Vec<String> =
        own.iter().map(|tensor| line(&label(tensor, "name"), about(tensor), count(tensor, "bytes"), "c1")).collect();
    if !rest.is_empty() {
        let share = if rest.iter().any(|tensor| !about(tensor).is_empty()) { "~" } else { "" };
        lines.push(line(&plural(Some(rest.len() as u64), "smaller tensor"), share, Some(rest_bytes), "c0"));
    }
    let body = match lines.is_empty() {
        true => "<p>There are no tensors.</p>\n".to_owned(),
        false => format!("<ul class=\"bars\">\n{}</ul>\n{}", lines.concat(), logarithmic(own)),
    };
    section(
        "largest",
        "Largest tensors",
        "The bytes of each tensor, and their share in the file. A tilde (~) marks a proportional share in a segment.",
        &body,
    )
}

/// Returns the bars of tensors with a logarithmic axis; nothing if the sizes are of about the same magnitude.
fn logarithmic(tensors: &[&Value]) -> String {
    let power = |tensor: &Value| count(tensor, "bytes").filter(|&bytes| bytes > 0).map(|bytes| (bytes as f64).log10());
    let powers = tensors.iter().filter_map(|tensor| power(tensor));
    let (least, most) = powers.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), power| (a.min(power), b.max(power)));
    if least + MAGNITUDES > most || !most.is_finite() {
        return String::new();
    }
    // the axis ends at powers of ten
    let (from, to) = (least.floor(), most.ceil());
    let end = |power: f64| human(Some(10f64.powf(power) as u64));
    let bars: String = tensors
        .iter()
        .map(|tensor| {
            let share = power(tensor).map(|power| (power - from) / (to - from));
            format!(
                "<li><span class=\"name\">{}</span><span class=\"amount\">{}{}</span>{}</li>\n",
                label(tensor, "name"),
                about(tensor),
                human(count(tensor, "bytes")),
                bar(length(share), "c1")
            )
        })
        .collect();
    let axis = format!("from {} to {}; each factor of ten has the same length", end(from), end(to));
    format!(
        "<details>\n<summary>The same with a logarithmic axis</summary>\n<p class=\"says\">The bars reach {axis}.</p>\n\
         <ul class=\"bars\">\n{bars}</ul>\n</details>\n"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_of_many_magnitudes_have_a_logarithmic_axis() {
        let of = |sizes: &[u64]| {
            let tensors: Vec<Value> = sizes.iter().map(|bytes| json!({ "name": "w", "bytes": bytes })).collect();
            let found = render(&json!({ "tensors": tensors }));
            found.split_once("<details>").map(|(_, bars)| bars.to_owned())
        };
        let bars = of(&[3_000_000, 100_000, 1000]).unwrap();
        assert!(bars.contains("from 1.00\u{a0}kB to 10.0\u{a0}MB"), "{bars}");
        assert!(bars.contains("width:50.00%") && bars.contains("width:86.93%"), "{bars}");
        assert_eq!(bars.matches("class=\"fill").count(), 2);
        for sizes in [&[3_000_000, 100_000][..], &[5], &[0], &[]] {
            assert!(of(sizes).is_none(), "{sizes:?}");
        }
    }
}
