//! Numbers, sizes and names as the user sees them, and lines on stderr.

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::lines::listed;

/// Formats a number with groups of three digits: 1,234,567.
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

/// Formats a number of things: 1 byte, 1,234 bytes.
pub fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", exact(number), if number == 1 { "" } else { "s" })
}

/// Formats a size with three digits and a decimal unit: 1.23 MB.
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

/// Returns `part` as a percentage of `whole`; 100 if `whole` is 0.
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 100.0 } else { part as f64 * 100.0 / whole as f64 }
}

/// Returns the bits per weight; `None` if there are no weights.
pub fn bits_per_weight(bytes: u64, weights: u64) -> Option<f64> {
    (weights > 0).then(|| bytes as f64 * 8.0 / weights as f64)
}

/// The figures of the closing line of a verb.
#[derive(Debug, Clone, Copy)]
pub struct Summary {
    /// The bytes of the files or tensors.
    pub raw_bytes: u64,
    /// The bytes of the container.
    pub coded_bytes: u64,
    /// The elements of all tensors, if known.
    pub weights: Option<u64>,
    /// The elapsed time.
    pub time: Duration,
}

impl Summary {
    /// Returns the closing lines of encoding: `subject: 12,345 bytes (12.3 kB) for 18,426 (18.4 kB), 67.00 %, ...`.
    pub fn of_encoding(&self, subject: &str) -> String {
        let (raw, coded) = (self.raw_bytes, self.coded_bytes);
        self.lines(subject, format!("{} bytes ({}) for {} ({})", exact(coded), human(coded), exact(raw), human(raw)))
    }

    /// Returns the closing lines of decoding: `subject: 18,426 bytes (18.4 kB) from 12,345 (12.3 kB), 67.00 %, ...`.
    pub fn of_decoding(&self, subject: &str) -> String {
        let (raw, coded) = (self.raw_bytes, self.coded_bytes);
        self.lines(subject, format!("{} bytes ({}) from {} ({})", exact(raw), human(raw), exact(coded), human(coded)))
    }

    /// Returns the figures as an object.
    pub fn to_json(self, input: &Path, output: &Path) -> Value {
        let (raw, coded) = (self.raw_bytes, self.coded_bytes);
        json!({
            "input": input.to_string_lossy(),
            "output": output.to_string_lossy(),
            "bytes": coded,
            "raw_bytes": raw,
            "ratio": percent(coded, raw) / 100.0,
            "weights": self.weights,
            "bits_per_weight": self.weights.and_then(|weights| bits_per_weight(coded, weights)),
            "seconds": self.time.as_secs_f64(),
        })
    }

    fn lines(&self, subject: &str, sizes: String) -> String {
        let (raw, coded) = (self.raw_bytes, self.coded_bytes);
        let mut items = vec![sizes, format!("{:.2} %", percent(coded, raw))];
        let bits = self.weights.and_then(|weights| bits_per_weight(coded, weights));
        items.extend(bits.map(|bits| format!("{bits:.3} bits/weight")));
        let seconds = self.time.as_secs_f64();
        items.push(format!("{seconds:.2} s"));
        items.push(format!("{:.1} MB/s", raw as f64 / 1e6 / seconds.max(1e-9)));
        listed(subject, &items)
    }
}

/// Writes a line to stderr unless `quiet` is set.
pub fn say(quiet: bool, line: &str) {
    if !quiet {
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Returns the first `limit` characters of `text`, and dots if there are more. The rest is never formatted.
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

/// Formats bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text() {
        assert_eq!([0, 12, 123, 1234, 1_234_567].map(exact), ["0", "12", "123", "1,234", "1,234,567"]);
        assert_eq!([0, 1, 1000].map(|count| counted(count, "byte")), ["0 bytes", "1 byte", "1,000 bytes"]);
        let texts = [0, 999, 1000, 9_994, 9_996, 99_949, 999_499, 999_501, 1_500_000_000].map(human);
        assert_eq!(texts, ["0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "99.9 kB", "999 kB", "1.00 MB", "1.50 GB"]);
        assert_eq!(human(u64::MAX), "18.4 EB");
        assert_eq!(hex(&[0, 0xfe]), "00fe");
        assert_eq!(shortened("\u{e4}bc", 3), "\u{e4}bc");
        assert_eq!(shortened(format_args!("{:?}", [1; 70_000]), 7), "[1, 1, ...");
    }
}
