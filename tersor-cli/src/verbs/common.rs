//! Options of every verb, and parsers of option values that several verbs share.

use clap::Args;
use tersor::{DecodeOptions, Limits};

/// Options of every verb.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Show no progress bar and no summary; errors are still shown
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// The largest decoded size to accept, both in total and for one tensor: a
    /// number with K, M, G or T (powers of 1024), or `unlimited` if you trust
    /// the file
    #[arg(long, value_name = "SIZE", global = true, default_value = "1T", value_parser = parse_limits)]
    pub max_decoded: Limits,
}

impl CommonArgs {
    /// Returns options for decoding with the limits of the command line; `threads` is the value of `--threads`.
    pub fn decode_options(&self, threads: Option<usize>) -> DecodeOptions {
        let options = DecodeOptions::default().with_limits(self.max_decoded);
        match threads {
            Some(threads) => options.with_threads(threads),
            None => options,
        }
    }
}

/// Parses the number of threads.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err("give a number from 1 to 1024".to_owned()),
    }
}

/// Parses `--max-decoded`. The heads of segments, which hold names and tables, may always take 1 GiB.
fn parse_limits(text: &str) -> Result<Limits, String> {
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(Limits::unlimited());
    }
    let bytes = parse_size(text).ok_or("give a number of bytes with K, M, G or T, such as 100G, or `unlimited`")?;
    Ok(Limits::default().with_total_bytes(bytes).with_tensor_bytes(bytes).with_head_bytes(1 << 30))
}

/// Parses a number of bytes with a binary unit, such as `100G`.
fn parse_size(text: &str) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KIB" => 10,
        "M" | "MIB" => 20,
        "G" | "GIB" => 30,
        "T" | "TIB" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("100G"), Some(100 << 30));
        assert_eq!(parse_size("12"), Some(12));
        assert_eq!(parse_size("3kib"), Some(3072));
        assert!(["", "G", "-1", "1.5G", "1X", "99999999T"].iter().all(|text| parse_size(text).is_none()));
    }
}
