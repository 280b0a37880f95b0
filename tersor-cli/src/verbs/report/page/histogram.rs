//! A small histogram of the values of a tensor. The SVG is stretched to the size of its cell.

use serde_json::Value;

use super::figures::{NONE, decimal};
use super::value::{is_true, list, number};

/// The height of the highest bin.
const HEIGHT: u64 = 99;

/// The most bins that are drawn.
const MOST_BINS: usize = 100;

/// Returns the histogram of a tensor, and the ends of its axis.
pub fn render(tensor: &Value) -> String {
    let Some(histogram) = tensor.get("histogram").filter(|found| found.is_object()) else { return NONE.to_owned() };
    let counts: Vec<u64> = list(histogram, "counts").iter().take(MOST_BINS).filter_map(Value::as_u64).collect();
    let most = counts.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return NONE.to_owned();
    }
    let [from, to] = ["from", "to"].map(|end| decimal(number(histogram, end), 3));
    let says = if is_true(histogram, "without_zeros") { ", without zeros" } else { "" };
    format!(
        "<svg class=\"histogram\" role=\"img\" aria-label=\"Histogram from {from} to {to}{says}\" \
         viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\"><path d=\"{}\"/></svg>\
         <span class=\"says\">{from} to {to}{says}</span>",
        counts.len(),
        path(&counts, most),
    )
}

/// Returns the outline of the bins, from the left to the right. A bin with few values is visible.
fn path(counts: &[u64], most: u64) -> String {
    let height = |count: u64| match count {
        0 => 0,
        // without overflow for any count
        count => ((count as f64 / most as f64 * HEIGHT as f64).round() as u64).clamp(1, HEIGHT),
    };
    let mut way = format!("M0 {HEIGHT}");
    for bins in counts.chunk_by(|&a, &b| height(a) == height(b)) {
        way += &format!("V{}h{}", HEIGHT - height(bins[0]), bins.len());
    }
    way + &format!("V{HEIGHT}z")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bins_have_heights_in_proportion() {
        assert_eq!(path(&[0, 1, 1, 500, 1000, 250], 1000), "M0 99V99h1V98h2V49h1V0h1V74h1V99z");
        assert_eq!(path(&[u64::MAX, 1], u64::MAX), "M0 99V0h1V98h1V99z");
    }

    #[test]
    fn a_histogram_tells_its_ends() {
        let of = |counts: Value| render(&json!({ "histogram": { "from": -0.5, "to": 0.5, "counts": counts } }));
        assert!(of(json!([1, 2])).contains("<span class=\"says\">\u{2212}0.500 to 0.500</span>"));
        for counts in [json!([]), json!([0, 0]), json!(null)] {
            assert_eq!(of(counts), NONE);
        }
        // the size of a page stays bounded
        let many: Vec<usize> = (0..100_000).map(|bin| 7 + bin % 2).collect();
        assert!(of(json!(many)).len() < 2000);
    }
}
