//! Sizes and times in words.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::time::Duration;

/// With groups of three digits: 1,234,567.
pub fn exact(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With three digits and a decimal unit: 1.23 MB.
pub fn human(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    for larger in units {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    let decimals = if unit == "B" || value >= 99.95 { 0 } else { usize::from(value < 9.995) + 1 };
    format!("{value:.decimals$} {unit}")
}

/// `part` of `whole` in percent.
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Bits for each of `weights`; `None` if there are none.
pub fn bits_per_weight(bytes: u64, weights: u64) -> Option<f64> {
    (weights > 0).then(|| bytes as f64 * 8.0 / weights as f64)
}

/// What a verb has done.
#[derive(Debug, Clone, Copy)]
pub struct Done {
    /// Bytes of the files or tensors.
    pub raw_bytes: u64,
    /// Bytes of the container.
    pub coded_bytes: u64,
    /// Elements of all tensors, if known.
    pub weights: Option<u64>,
    /// From start to end.
    pub time: Duration,
}

impl Done {
    /// The closing line: `subject: 12,345 bytes (12.3 kB, 67.00 % of 18,426), ...`; `reading` if the container is the input.
    pub fn line(&self, subject: &str, reading: bool) -> String {
        let (raw, coded) = (self.raw_bytes, self.coded_bytes);
        let seconds = self.time.as_secs_f64();
        let mut line = if reading {
            format!("{subject}: {} bytes ({}) from {}", exact(raw), human(raw), exact(coded))
        } else {
            format!("{subject}: {} bytes ({}) for {}", exact(coded), human(coded), exact(raw))
        };
        line += &format!(" ({}), {:.2} %", human(if reading { coded } else { raw }), percent(coded, raw));
        if let Some(bits) = self.weights.and_then(|weights| bits_per_weight(coded, weights)) {
            line += &format!(", {bits:.3} bits/weight");
        }
        line + &format!(", {seconds:.2} s, {:.1} MB/s", raw as f64 / 1e6 / seconds.max(1e-9))
    }
}

/// A line on stderr, unless the user wants quiet.
pub fn say(quiet: bool, line: &str) {
    if !quiet {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// The first `limit` characters, with dots if there are more; no more than these is ever made.
pub fn shortened(text: impl Display, limit: usize) -> String {
    struct Short {
        text: String,
        left: usize,
    }
    impl fmt::Write for Short {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for character in text.chars() {
                self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
                self.text.push(character);
            }
            Ok(())
        }
    }
    let mut short = Short { text: String::new(), left: limit };
    match write!(short, "{text}") {
        Ok(()) => short.text,
        Err(fmt::Error) => short.text + "...",
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(exact), ["0", "12", "123", "1,234", "1,234,567"]);
        let texts = [0, 999, 1000, 9_994, 9_996, 99_949, 999_499, 999_501, 1_500_000_000].map(human);
        assert_eq!(texts, ["0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "99.9 kB", "999 kB", "1.00 MB", "1.50 GB"]);
        assert_eq!(human(u64::MAX), "18.4 EB");
        assert_eq!(hex(&[0, 0xfe]), "00fe");
        assert_eq!(shortened("\u{e4}bc", 3), "\u{e4}bc");
        assert_eq!(shortened(format_args!("{:?}", [1; 70_000]), 7), "[1, 1, ...");
    }
}
