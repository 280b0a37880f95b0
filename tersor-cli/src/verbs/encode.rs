//! `tersor encode`

use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use tersor::{EncodeOptions, Profile};

use super::common::{CommonArgs, parse_threads, refuse_mixed};
use super::level::Level;
use crate::files::input::Originals;
use crate::files::output::{Destination, Sink};
use crate::files::tree::LeftOut;
use crate::screen::bar::Bar;
use crate::screen::failure::{Outcome, shown, shown_output};
use crate::screen::json::print_object;
use crate::screen::words::{Summary, counted, say};

/// `tersor encode`
#[derive(Debug, Args)]
#[command(after_help = "\
A folder is encoded with all files in it and in its subfolders that are not \
hidden: safetensors files as tensors, other files as they are. Links are \
followed. The index of a sharded model is encoded together with the shards that it lists. Safetensors files \
are recognised by their content.

Examples:
  tersor encode model.safetensors
  tersor encode model.safetensors --level 9 -o small.tersor
  tersor encode Qwen3-8B/     write Qwen3-8B.tersor beside the folder
  tersor encode Qwen3-8B/model.safetensors.index.json
  tersor encode model.safetensors -o - | ssh host 'cat > model.tersor'")]
pub struct EncodeArgs {
    /// A safetensors file, a folder with a model, or the index of a sharded
    /// model (.safetensors.index.json)
    #[arg(value_name = "IN")]
    pub input: PathBuf,
    /// The output file, or a folder for it; `-` for stdout [default: IN with
    /// .tersor in place of .safetensors]
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// The decoders that the file is for; with `gpu` a GPU or a small device can
    /// decode it too
    #[arg(long, value_enum, default_value_t = ProfileName::Default)]
    pub profile: ProfileName,
    /// The number of threads [default: one per core]; the output does not
    /// depend on it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Replace the output if it exists, and accept an input without tensors
    #[arg(long, short)]
    pub force: bool,
    /// Print one JSON object with the sizes
    #[arg(long)]
    pub json: bool,
    // the level comes last, because its hidden options count in the order of the help.
    #[command(flatten)]
    pub level: Level,
}

/// The values of `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProfileName {
    /// Needs a decoder of level 2, such as this program
    Default,
    /// Needs only a decoder of level 1, such as one on a GPU or a small device
    Gpu,
}

impl From<ProfileName> for Profile {
    fn from(name: ProfileName) -> Self {
        match name {
            ProfileName::Default => Self::Default,
            ProfileName::Gpu => Self::Gpu,
        }
    }
}

/// Encodes a file or the files of a model.
pub fn run(args: &EncodeArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let originals = Originals::open(&args.input)?;
    if !originals.have_tensors()? && !args.force {
        return Err(originals.without_tensors(&args.input));
    }
    warn_of_left_out(&originals);
    let path = &match &args.output {
        Some(folder) if folder.is_dir() => folder.join(originals.default_output.file_name().unwrap_or_default()),
        Some(path) => path.clone(),
        None => originals.default_output.clone(),
    };
    refuse_mixed(args.json, Destination::of(path))?;
    let mut sink = Sink::open(path, args.force, &originals.paths())?;
    sink.keep(originals.attributes());
    let bar = Bar::new(common.quiet);
    bar.set_total(originals.len());
    let options = encode_options(args.level.0, args.threads, &bar).with_profile(args.profile.into());
    let encoded = originals.encode(sink, options);
    let encoded = encoded.map_err(|error| originals.encode_failure(&args.input, path, &error));
    drop(bar);
    let (sink, encoded) = encoded?;
    originals.check_unchanged()?;
    sink.finish()?;
    let summary = Summary {
        raw_bytes: encoded.raw_bytes,
        coded_bytes: encoded.coded_bytes,
        weights: Some(encoded.weights),
        time: start.elapsed(),
    };
    if args.json {
        let mut object = summary.to_json(&args.input, path);
        object["tensors"] = encoded.tensors.into();
        object["aliases"] = encoded.aliases.into();
        object["left_out"] = originals.left_out.len().into();
        print_object(&object)?;
    }
    say(common.quiet, &summary.of_encoding(&shown_output(path)));
    if !originals.left_out.is_empty() {
        // shown with --quiet too, because the output is incomplete
        let count = counted(originals.left_out.len() as u64, "item");
        say(false, &format!("tersor: {}: {count} left out, see above", shown(&args.input)));
    }
    Ok(())
}

/// Returns options for encoding.
pub fn encode_options(level: u8, threads: Option<usize>, bar: &Bar) -> EncodeOptions {
    let options = EncodeOptions::default().with_level(level).with_progress(bar.progress());
    match threads {
        Some(threads) => options.with_threads(threads),
        None => options,
    }
}

/// Names the files and folders that are not encoded. The warning is shown with `--quiet` too, because the output is
/// incomplete.
pub fn warn_of_left_out(originals: &Originals) {
    const NAMED: usize = 20;
    for LeftOut { path, reason } in originals.left_out.iter().take(NAMED) {
        say(false, &format!("tersor: {}: {reason}, left out", shown(path)));
    }
    if let Some(more) = originals.left_out.len().checked_sub(NAMED).filter(|&more| more > 0) {
        say(false, &format!("tersor: ... and {} more", counted(more as u64, "item")));
    }
}
