//! Options of every verb, and parsers of option values that several verbs share.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use tersor::{DecodeOptions, Limits};

use crate::files::output::Destination;
use crate::screen::failure::{Failure, Outcome};

/// Options of every verb.
#[derive(Debug, Args)]
pub struct CommonArgs {
    /// Show no progress bar and no summary; errors are still shown
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// The largest decoded size to accept, both in total and for one tensor: a
    /// number with K, M, G or T (powers of 1024), or `unlimited` if you trust
    /// the file
    #[arg(long, value_name = "SIZE", global = true, default_value = "1T", value_parser = parse_size)]
    pub max_decoded: u64,
    /// The largest number of tensors to accept, or `unlimited`
    #[arg(long, value_name = "N", global = true, default_value = "64M", value_parser = parse_size, hide_short_help = true)]
    pub max_tensors: u64,
    /// The largest size of a name to accept, or `unlimited`
    #[arg(long, value_name = "SIZE", global = true, default_value = "100M", value_parser = parse_size, hide_short_help = true)]
    pub max_name: u64,
    /// The most memory for names, shapes and tables to accept, and the most
    /// working memory of a thread, or `unlimited`
    #[arg(long, value_name = "SIZE", global = true, default_value = "768M", value_parser = parse_size, hide_short_help = true)]
    pub max_head: u64,
    /// The longest time to decode to accept: seconds of one core, as the file's
    /// tables let expect, or `unlimited`
    #[arg(long, value_name = "SECONDS", global = true, default_value = "unlimited", value_parser = parse_seconds, hide_short_help = true)]
    pub max_work: Duration,
}

impl CommonArgs {
    /// Returns the limits of the command line. The defaults allow everything that `encode` writes of a safetensors file.
    pub fn limits(&self) -> Limits {
        Limits::default()
            .with_total_bytes(self.max_decoded)
            .with_tensor_bytes(self.max_decoded)
            .with_tensors(self.max_tensors)
            .with_name_bytes(self.max_name)
            .with_head_bytes(self.max_head)
            .with_scratch_bytes(self.max_head)
            .with_work(self.max_work)
    }

    /// Returns options for decoding with the limits of the command line; `threads` is the value of `--threads`.
    pub fn decode_options(&self, threads: Option<usize>) -> DecodeOptions {
        let options = DecodeOptions::default().with_limits(self.limits());
        match threads {
            Some(threads) => options.with_threads(threads),
            None => options,
        }
    }
}

/// Refuses `--json` if the output also goes to standard output.
pub fn refuse_mixed(json: bool, output: Destination) -> Outcome {
    if json && output == Destination::Stdout {
        let problem = "the output and the object of --json cannot both go to standard output";
        return Err(Failure::wrong_use(Path::new("standard output"), problem, "name a file with -o"));
    }
    Ok(())
}

/// Parses the number of threads.
pub fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err("give a number from 1 to 1024".to_owned()),
    }
}

/// Parses a number of seconds, or `unlimited`.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(Duration::MAX);
    }
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "give a number of seconds, such as 60 or 0.5, or `unlimited`".to_owned())
}

/// Parses a number with a binary unit, such as `100G`, or `unlimited`.
fn parse_size(text: &str) -> Result<u64, String> {
    let advice = "give a number with K, M, G or T, such as 100G, or `unlimited`";
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(u64::MAX);
    }
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KIB" => 10,
        "M" | "MIB" => 20,
        "G" | "GIB" => 30,
        "T" | "TIB" => 40,
        _ => return Err(advice.to_owned()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift)).ok_or_else(|| advice.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("100G"), Ok(100 << 30));
        assert_eq!(parse_size("Unlimited"), Ok(u64::MAX));
        assert_eq!(parse_size("12"), Ok(12));
        assert_eq!(parse_size("3kib"), Ok(3072));
        assert!(["", "G", "-1", "1.5G", "1X", "99999999T"].iter().all(|text| parse_size(text).is_err()));
    }

    #[test]
    fn seconds() {
        assert_eq!(parse_seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_seconds("unlimited"), Ok(Duration::MAX));
        assert!(["", "-1", "NaN", "inf", "1m"].iter().all(|text| parse_seconds(text).is_err()));
    }
}
