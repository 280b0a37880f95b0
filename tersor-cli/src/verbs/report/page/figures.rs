//! Formats the numbers of the page. A missing number is a dash.

use crate::screen::words;

/// The dash for a missing value.
pub const NONE: &str = "\u{2013}";

/// Formats a number with groups of three digits.
pub fn exact(number: Option<u64>) -> String {
    number.map_or_else(|| NONE.to_owned(), words::exact)
}

/// Formats a size with a decimal unit.
pub fn human(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| NONE.to_owned(), |bytes| words::human(bytes).replace(' ', "\u{a0}"))
}

/// Formats a number with at most `decimals` decimals, in scientific notation if it is very large or would be rounded to
/// 0.
pub fn decimal(number: Option<f64>, decimals: usize) -> String {
    let Some(number) = number.filter(|number| number.is_finite()) else { return NONE.to_owned() };
    let size = number.abs();
    // large numbers need fewer decimals
    let decimals = decimals.min(if size >= 10_000.0 {
        0
    } else if size >= 100.0 {
        1
    } else {
        decimals
    });
    let is_plain = size == 0.0 || (size < 1e9 && size >= 0.5 * 0.1f64.powi(decimals as i32));
    let text = if is_plain { format!("{number:.decimals$}") } else { format!("{number:.1e}") };
    if size == 0.0 { text.replace('-', "") } else { text.replace('-', "\u{2212}") }
}

/// Formats a difference with its sign.
pub fn signed(number: Option<f64>, decimals: usize) -> String {
    let text = decimal(number, decimals);
    if number.is_some_and(|number| number > 0.0) { format!("+{text}") } else { text }
}

/// Formats a share in percent.
pub fn percent(share: Option<f64>) -> String {
    match share.map(|share| share * 100.0) {
        Some(share) if share > 0.0 && share < 0.005 => "&lt;\u{a0}0.01\u{a0}%".to_owned(),
        Some(share) if (99.995..100.0).contains(&share) => "&gt;\u{a0}99.99\u{a0}%".to_owned(),
        share => share.map_or_else(|| NONE.to_owned(), |share| format!("{}\u{a0}%", decimal(Some(share), 2))),
    }
}

/// Formats a number with its unit in the singular or plural: 1 weight, 2 weights.
pub fn plural(number: Option<u64>, one: &str) -> String {
    format!("{}\u{a0}{one}{}", exact(number), if number == Some(1) { "" } else { "s" })
}

/// Returns a share as the length of a bar, in percent from 0 to 100.
pub fn length(share: Option<f64>) -> f64 {
    share.filter(|share| share.is_finite()).map_or(0.0, |share| (share * 100.0).clamp(0.0, 100.0))
}
