//! The command line.

use std::ops::Range;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tersor::Limits;

/// An entropy-coded container for neural-network weights: small on disk, the very same bytes back.
#[derive(Debug, Parser)]
#[command(name = "tersor", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  tersor encode model.safetensors           writes model.tersor
  tersor decode model.tersor                writes model.safetensors again
  tersor inspect model.tersor               tensors, files, and where the bytes went
  tersor report model.tersor                how far it is from what is possible
  tersor verify model.tersor --against model.safetensors
  tersor diff model.safetensors quantised.tersor
  tersor extract model.tersor lm_head.weight --rows 0..10 --dtype f32 -o head.npy

Input files are mapped into memory: do not change or shorten one while tersor works on it.
Exit status: 0 fine; 1 bad data, a mismatch or difference, or reading or writing failed; 2 wrong use.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// For every verb.
    #[command(flatten)]
    pub shared: Shared,
}

/// Options of every verb.
#[derive(Debug, Args)]
pub struct Shared {
    /// No progress bar and no closing line; errors are still shown
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// The most bytes that a container may decode to, in all and for one tensor: a number with K, M, G or T (powers of 1024), or `unlimited` to trust the file
    #[arg(long, value_name = "SIZE", global = true, default_value = "1T", value_parser = parse_limits)]
    pub max_decoded: Limits,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Encode a safetensors file, or a folder with a model, to a Tersor file
    Encode(EncodeArgs),
    /// Recreate the files that went in, bit for bit
    Decode(DecodeArgs),
    /// Show what a Tersor file holds, and what each of its bytes is for; decodes nothing
    Inspect(InspectArgs),
    /// Say how few bits a model could take, where it takes more, and what that tells of it
    Report(ReportArgs),
    /// Decode everything in memory and check every checksum and digest
    Verify(VerifyArgs),
    /// Say which tensors of two models differ, and by how much
    Diff(DiffArgs),
    /// Write one tensor, or some of its rows, as .npy or .safetensors
    Extract(ExtractArgs),
}

/// `tersor encode`
#[derive(Debug, Args)]
#[command(after_help = "\
Of a folder, every file at its top level that is not hidden is taken: weights as tensors, anything else as it is. Of an index, \
the index itself and the shards that it names.

Examples:
  tersor encode model.safetensors
  tersor encode model.safetensors --level 9 -o small.tersor
  tersor encode Qwen3-8B/                               writes Qwen3-8B.tersor beside the folder
  tersor encode Qwen3-8B/model.safetensors.index.json   the shards and the index only
  tersor encode model.safetensors -o - | ssh host 'cat > model.tersor'")]
pub struct EncodeArgs {
    /// A .safetensors file, a folder of a sharded model, or its .safetensors.index.json
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// Where to write; `-` for stdout [default: IN with .tersor in place of .safetensors]
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// 1, the fastest, to 9, the smallest; what 8 and 9 gain by mixing decodes slowly
    #[arg(long, short, value_name = "1..9", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Threads to use [default: one a core]; the bytes written do not depend on it
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Replace the output if it exists
    #[arg(long, short)]
    pub force: bool,
}

/// `tersor decode`
#[derive(Debug, Args)]
#[command(after_help = "\
A container of one file gives that file, under the name it had, beside FILE. One of several files gives a folder, named as FILE \
without its ending; if that folder exists, --force replaces files in it one by one and leaves others alone. One of tensors alone, \
made with the library, gives a new .safetensors file.

Examples:
  tersor decode model.tersor
  tersor decode model.tersor -o copy.safetensors
  curl -s https://example.org/model.tersor | tersor decode - > model.safetensors")]
pub struct DecodeArgs {
    /// A Tersor file; `-` for stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to write: a file, or a folder if there are several files inside; `-` for stdout
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// Threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Replace the output if it exists; of a folder, the files that are also inside FILE, one by one
    #[arg(long, short)]
    pub force: bool,
}

/// `tersor inspect`
#[derive(Debug, Args)]
#[command(after_help = "\
Small tensors share segments; of such a segment's bytes each is shown its share (~). The lines of the ledger add up to the length \
of the file.

Examples:
  tersor inspect model.tersor
  tersor inspect model.tersor --json | jq '.tensors[] | {name, bits_per_weight}'")]
pub struct InspectArgs {
    /// A Tersor file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Decode everything, and compare with the ideal code length of each segment's models
    #[arg(long)]
    pub ideal: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `tersor report`
#[derive(Debug, Args)]
#[command(after_help = "\
Code lengths are in bits. Order 0: each symbol under the distribution of all symbols of its stream; conditional: under that of its context; KT: the \
same, learnt on the way (Krichevsky and Trofimov); model: under the tables of the file; actual: what it takes. Priors weigh each tensor's values, \
rounded to multiples of a step, under densities that training may assume.

A file that is not encoded yet is encoded to a temporary file first. Several files make a series, as of checkpoints.

Examples:
  tersor report model.tersor
  tersor report model.safetensors --level 9 --json
  tersor report model.tersor --html model.html
  tersor report step-1000.tersor step-2000.tersor --csv > streams.csv
  tersor report lenet5.tersor --samples 60000 --training-error 0.01")]
pub struct ReportArgs {
    /// Tersor files, or what `encode` takes
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print one line of comma-separated values a stream
    #[arg(long)]
    pub csv: bool,
    /// Also write one page to look at
    #[arg(long, value_name = "OUT")]
    pub html: Option<PathBuf>,
    /// Show every tensor, not only those of the most bytes
    #[arg(long)]
    pub all: bool,
    /// The level at which a file that is not encoded yet is encoded
    #[arg(long, short, value_name = "1..9", default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub level: u8,
    /// Threads to use [default: one a core]; the numbers do not depend on it
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// The step that values are rounded to for priors [default: 1 for integers, else of each tensor the power of two nearest to a 256th of the root mean square]
    #[arg(long, value_name = "STEP", value_parser = parse_positive)]
    pub precision: Option<f64>,
    /// A .safetensors file with tensors of the same names and shapes, the variances of the weights' posterior: their bits-back length is shown
    #[arg(long, value_name = "FILE")]
    pub posterior: Option<PathBuf>,
    /// The number of samples that the network was trained on: shows what its length says of others
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub samples: Option<u64>,
    /// The share of training sets for which that may be wrong
    #[arg(long, value_name = "D", default_value_t = 0.05, value_parser = parse_share, requires = "samples")]
    pub delta: f64,
    /// The share of these samples that the network gets wrong, 0 to 1
    #[arg(long, value_name = "E", value_parser = parse_error_share, requires = "samples")]
    pub training_error: Option<f64>,
    /// Replace OUT if it exists
    #[arg(long, short)]
    pub force: bool,
}

/// `tersor verify`
#[derive(Debug, Args)]
#[command(after_help = "\
Checks everything that can be checked: each checksum, each tensor's and file's digest, that the index says what the frames say, and \
that every tensor can be reached by it. Digests show that what was decoded is what was encoded, not who encoded it.

Examples:
  tersor verify model.tersor
  tersor verify model.tersor --against model.safetensors
  tersor verify Qwen3-8B.tersor --against Qwen3-8B/ --json")]
pub struct VerifyArgs {
    /// A Tersor file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The original: a file, folder or index as for encode; every byte is compared
    #[arg(long, value_name = "IN")]
    pub against: Option<PathBuf>,
    /// Threads to use [default: one a core]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `tersor diff`
#[derive(Debug, Args)]
#[command(after_help = "\
Tensors are compared by name, or by file and name where a model has several of one name; as values where the shapes are the same, whatever the dtypes. \
A value has moved if it is not equal: 0 and -0 are, and NaN and NaN. Errors are absolute differences from A's values, where both are finite; SNR is the size of A's values \
to that of the errors. Bits are compared where the dtypes are the same. Metadata and files without tensors are compared as a whole; of a file in a container by the \
digest in it, which `tersor verify` checks.

Exit status: 0 the same; 1 something differs, or an input is bad or cannot be read, with a line on stderr; 2 wrong use.

Examples:
  tersor diff model.safetensors model.tersor
  tersor diff model-f32.safetensors model-bf16.tersor --tolerance 0.01 --quiet
  tersor diff Qwen3-8B/ Qwen3-8B-tuned/model.safetensors.index.json --all
  tersor diff before.tersor after.tersor --json | jq -r '.tensors[] | select(.same | not) | .name'")]
pub struct DiffArgs {
    /// A .tersor or .safetensors file, a folder of a sharded model, or its .safetensors.index.json
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// What to compare it with: another of these
    #[arg(value_name = "B")]
    pub b: PathBuf,
    /// Show every tensor, not only those that differ
    #[arg(long)]
    pub all: bool,
    /// Count tensors of the same shape as the same if no values are further than X apart; dtypes, bits, metadata and other files then do not matter
    #[arg(long, value_name = "X", value_parser = parse_tolerance)]
    pub tolerance: Option<f64>,
    /// Threads to use [default: one a core]; what is found does not depend on it
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Print one JSON object, of every tensor
    #[arg(long)]
    pub json: bool,
}

/// `tersor extract`
#[derive(Debug, Args)]
#[command(after_help = "\
Only the chunks that hold the rows are read. Where several files inside have a tensor of that name, add --file. The ending of OUT says the format, .npy for NumPy or .safetensors. NumPy's format knows \
no BF16 and no floats of 8 bits and fewer: for these add --dtype f32, or write .safetensors.

Examples:
  tersor extract model.tersor model.norm.weight -o norm.npy
  tersor extract model.tersor lm_head.weight --rows 100..110 --dtype f32 -o rows.npy
  tersor extract model.tersor lm_head.weight -o head.safetensors")]
pub struct ExtractArgs {
    /// A Tersor file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The tensor's name, as `tersor inspect` shows it
    #[arg(value_name = "TENSOR", allow_hyphen_values = true)]
    pub tensor: String,
    /// The file inside that has the tensor, where several have one of that name
    #[arg(long = "file", value_name = "NAME")]
    pub of_file: Option<String>,
    /// Rows A up to, not including, B: `A..B`, `A..` or `..B`; a row is one index of the first dimension
    #[arg(long, value_name = "A..B", value_parser = parse_rows)]
    pub rows: Option<Rows>,
    /// Convert the values, rounding to nearest
    #[arg(long, value_name = "DTYPE")]
    pub dtype: Option<FloatName>,
    /// Where to write: a .npy or .safetensors file; `-` for .npy on stdout
    #[arg(long, short, value_name = "OUT")]
    pub output: PathBuf,
    /// Replace the output if it exists
    #[arg(long, short)]
    pub force: bool,
}

/// A dtype that values can be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FloatName {
    /// IEEE 754 binary32
    F32,
    /// IEEE 754 binary16
    F16,
    /// The upper half of binary32
    Bf16,
}

/// Rows as the user gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    start: u64,
    end: Option<u64>,
}

impl Rows {
    /// With the end that a tensor of `count` rows gives.
    pub fn of(&self, count: u64) -> Range<u64> {
        self.start..self.end.unwrap_or(count)
    }
}

fn parse_rows(text: &str) -> Result<Rows, String> {
    let wrong = || "give rows as A..B, A.. or ..B".to_owned();
    let number = |text: &str| text.parse::<u64>().map_err(|_| wrong());
    let (start, end) = text.split_once("..").ok_or_else(wrong)?;
    let start = if start.is_empty() { 0 } else { number(start)? };
    let end = if end.is_empty() { None } else { Some(number(end)?) };
    if end.is_some_and(|end| end < start) {
        return Err(format!("there is nothing from {start} up to {}", end.unwrap_or(0)));
    }
    Ok(Rows { start, end })
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(tolerance) if (0.0..=f64::MAX).contains(&tolerance) => Ok(tolerance),
        _ => Err("give a number that is not negative, such as 0.001".to_owned()),
    }
}

fn parse_threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1024) => Ok(count),
        _ => Err("give a number from 1 to 1024".to_owned()),
    }
}

fn parse_positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("give a number above 0".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if 0.0 < share && share < 1.0 => Ok(share),
        _ => Err("give a number between 0 and 1".to_owned()),
    }
}

fn parse_error_share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}

/// Bounds for the file; heads, which are names and tables, may take 1 GiB.
fn parse_limits(text: &str) -> Result<Limits, String> {
    if text.eq_ignore_ascii_case("unlimited") {
        return Ok(Limits::unlimited());
    }
    let bytes = parse_size(text).ok_or("give a number of bytes with K, M, G or T, as in 100G, or `unlimited`")?;
    Ok(Limits::default().with_total_bytes(bytes).with_tensor_bytes(bytes).with_head_bytes(1 << 30))
}

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
    fn the_definition_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_rows() {
        assert_eq!(parse_size("100G"), Some(100 << 30));
        assert_eq!(parse_size("12"), Some(12));
        assert_eq!(parse_size("3kib"), Some(3072));
        assert!(["", "G", "-1", "1.5G", "1X", "99999999T"].iter().all(|text| parse_size(text).is_none()));
        assert_eq!(parse_rows("2..5").unwrap().of(9), 2..5);
        assert_eq!(parse_rows("..5").unwrap().of(9), 0..5);
        assert_eq!(parse_rows("7..").unwrap().of(9), 7..9);
        assert!(["", "3", "5..2", "a..b", "1..=2", "-1..2"].iter().all(|text| parse_rows(text).is_err()));
    }
}
