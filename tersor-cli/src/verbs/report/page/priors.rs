//! The code length of the weights under each prior: bars for the largest tensors, and a table of all.

use serde_json::Value;

use super::figures::{NONE, decimal, exact, length, plural, signed};
use super::markup::{Column, bar, escaped, label, name, section, table};
use super::tensors::by_size;
use super::value::{count, list, number, ratio, text};

/// The number of tensors with bars.
const CARDS: usize = 12;

const LEAD: &str = "Bits per weight if each weight, rounded to a multiple of the step, is an independent draw from the prior. \
    The parameters of the prior are fitted to the tensor, and their cost is included. The best prior has the shortest code length.";

/// Returns the section: how often each prior is best, bars for the largest tensors, and a table of all.
pub fn render(report: &Value) -> String {
    let tensors = list(report, "tensors");
    let with_priors: Vec<&Value> = by_size(tensors).into_iter().filter(|tensor| !models(tensor).is_empty()).collect();
    if with_priors.is_empty() {
        return section("priors", "Priors", LEAD, "<p>No tensor has priors.</p>\n");
    }
    let cards: String = with_priors.iter().take(CARDS).map(|tensor| card(tensor)).collect();
    let body = format!("{}<div class=\"cards\">\n{cards}</div>\n{}", winners(&with_priors), all(&with_priors));
    section("priors", "Priors", LEAD, &body)
}

fn models(tensor: &Value) -> &[Value] {
    tensor.get("priors").map_or(&[], |priors| list(priors, "models"))
}

fn best(tensor: &Value) -> Option<&str> {
    text(tensor.get("priors")?, "best")
}

fn card(tensor: &Value) -> String {
    let models = models(tensor);
    let widest = models.iter().filter_map(|model| number(model, "bits_per_weight")).fold(0.0, f64::max);
    let least = models.iter().filter_map(|model| number(model, "bits_per_weight")).reduce(f64::min);
    let lines: String = models
        .iter()
        .map(|model| {
            let is_best = best(tensor).is_some() && best(tensor) == text(model, "name");
            let bits = number(model, "bits_per_weight");
            let (class, mark) = if is_best { ("c1", " <b class=\"best\">best</b>") } else { ("data", "") };
            format!(
                "<li><span class=\"name\">{}{mark}</span><span class=\"amount\"><span class=\"says\">{}</span> {}</span>{}</li>\n",
                prior(model),
                if is_best { String::new() } else { signed(bits.zip(least).map(|(bits, least)| bits - least), 3) },
                decimal(bits, 3),
                bar(length(ratio(bits, Some(widest))), class)
            )
        })
        .collect();
    let fitted = models.iter().find(|model| best(tensor).is_some() && best(tensor) == text(model, "name"));
    format!(
        "<div class=\"card\">\n<h3>{}</h3>\n<p class=\"says\">{}</p>\n<ul class=\"bars\">\n{lines}</ul>\n<p class=\"says\">{}</p>\n</div>\n",
        label(tensor, "name"),
        moments(tensor),
        fitted.map_or_else(String::new, parameters)
    )
}

fn prior(model: &Value) -> String {
    text(model, "name").map_or_else(|| NONE.to_owned(), name)
}

fn moments(tensor: &Value) -> String {
    let step = tensor.get("priors").and_then(|priors| number(priors, "step"));
    let skipped = tensor.get("priors").and_then(|priors| count(priors, "skipped")).filter(|&skipped| skipped > 0);
    let skipped = skipped.map_or_else(String::new, |skipped| format!("; {} skipped", exact(Some(skipped))));
    format!(
        "{}, step {}, deviation {}, kurtosis {}{skipped}",
        plural(count(tensor, "weights"), "weight"),
        decimal(step, 6),
        decimal(number(tensor, "deviation"), 5),
        decimal(number(tensor, "kurtosis"), 2)
    )
}

/// Returns the parameters of the best prior and their cost.
fn parameters(model: &Value) -> String {
    let values = model.get("parameters").and_then(Value::as_object).into_iter().flatten();
    let values: Vec<String> = values
        .map(|(key, value)| format!("{} {}", escaped(&key.replace('_', " ")), decimal(value.as_f64(), 5)))
        .collect();
    let list = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
    format!("{}{list}; parameters {} bits", prior(model), decimal(number(model, "parameter_bits"), 0))
}

/// Returns, for each prior, how many tensors it describes best, and how many weights these tensors have.
fn winners(tensors: &[&Value]) -> String {
    let mut wins: Vec<(&str, u64, u64)> = Vec::new();
    for tensor in tensors {
        let Some(best) = best(tensor) else { continue };
        let weights = count(tensor, "weights").unwrap_or(0);
        match wins.iter_mut().find(|(name, ..)| *name == best) {
            Some((_, tensors, all)) => (*tensors, *all) = (*tensors + 1, all.saturating_add(weights)),
            None => wins.push((best, 1, weights)),
        }
    }
    wins.sort_by_key(|&(_, _, weights)| std::cmp::Reverse(weights));
    let words = wins.iter().map(|&(best, tensors, weights)| {
        format!(
            "<li><b>{}</b>: {} of {}</li>",
            name(best),
            plural(Some(tensors), "tensor"),
            plural(Some(weights), "weight")
        )
    });
    format!("<ul class=\"legend\">{}</ul>\n", words.collect::<String>())
}

fn all(tensors: &[&Value]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for kind in tensors.iter().flat_map(|tensor| models(tensor)).filter_map(|model| text(model, "name")) {
        if !names.contains(&kind) {
            names.push(kind);
        }
    }
    let headings: Vec<String> = names.iter().map(|kind| name(kind)).collect();
    let mut columns = vec![Column::Text("tensor"), Column::Text("best")];
    columns.extend(headings.iter().map(|heading| Column::Number(heading)));
    columns.push(Column::Number("bits back"));
    let rows = tensors.iter().map(|tensor| {
        let mut row = vec![label(tensor, "name"), best(tensor).map_or_else(|| NONE.to_owned(), name)];
        row.extend(names.iter().map(|&kind| {
            let model = models(tensor).iter().find(|model| text(model, "name") == Some(kind));
            let bits = decimal(model.and_then(|model| number(model, "bits_per_weight")), 3);
            if best(tensor) == Some(kind) { format!("<b>{bits}</b>") } else { bits }
        }));
        let back = tensor.get("bits_back").and_then(|back| number(back, "bits").or_else(|| number(back, "kl_bits")));
        row.push(decimal(ratio(back, number(tensor, "weights")), 3));
        row
    });
    format!(
        "<details>\n<summary>Priors of {}</summary>\n{}</details>\n",
        plural(Some(tensors.len() as u64), "tensor"),
        table("Bits per weight under each prior", &columns, rows)
    )
}
