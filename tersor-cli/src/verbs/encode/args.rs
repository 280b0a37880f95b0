//! The arguments of `tersor encode`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tersor::Profile;

use super::lossy_args::LossyArgs;
use crate::verbs::common::parse_threads;
use crate::verbs::level::Level;

/// `tersor encode`
#[derive(Debug, Args)]
#[command(after_help = "\
A folder is encoded with all files in it and in its subfolders that are not \
hidden: safetensors files as tensors, other files as they are. Links are \
followed. The index of a sharded model is encoded together with the shards that it lists. Safetensors files \
are recognised by their content.
With --keep-shards, OUT is a folder, which is created if it does not exist. \
`tersor decode` of the new index restores the shards and the original index. Of \
a folder, only the index and its shards are encoded. Each shard becomes the same \
file as if it were encoded alone.
With lossy coding large float tensors change; dtypes, shapes, names and all other \
tensors stay as they are. Tensors of one dimension or of fewer than 4096 values, \
and tensors with NaN or infinite values, stay lossless. The file says what is \
lossy; `tersor verify` measures the errors.
With several inputs each one gets its own output. One that fails does not stop \
the others; the exit status is that of the first failure.

Examples:
  tersor encode model.safetensors
  tersor encode model.safetensors --level 9 -o small.tersor
  tersor encode Qwen3-8B/     write Qwen3-8B.tersor beside the folder
  tersor encode Qwen3-8B/model.safetensors.index.json
  tersor encode Qwen3-8B/model.safetensors.index.json --keep-shards -o coded/
  tersor encode *.safetensors --output-dir coded/
  curl -s https://example.org/m.safetensors | tersor encode - -o m.tersor
  tersor encode model.safetensors --bpw 4 --dry-run
  tersor encode model.safetensors --snr 30 --rule '*embed*=bpw:3'
  tersor encode model.safetensors -o - | ssh host 'cat > model.tersor'")]
pub struct EncodeArgs {
    /// Safetensors files, folders with a model, or indexes of sharded models
    /// (.safetensors.index.json); `-` for a safetensors file from stdin
    #[arg(value_name = "IN", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The output file of a single input, or a folder for it; `-` for stdout
    /// [default: IN with .tersor in place of .safetensors]
    #[arg(long, short, value_name = "OUT")]
    pub output: Option<PathBuf>,
    /// The folder for all outputs, which get their default names
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub output_dir: Option<PathBuf>,
    /// Encode each shard of a sharded model to its own Tersor file, and write an
    /// index of them (.tersor.index.json) and a copy of the original index
    #[arg(long)]
    pub keep_shards: bool,
    /// The name in the Tersor file of what comes from stdin or another pipe
    /// [default: stdin.safetensors]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
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
    /// Encode, but write nothing, to see the size
    #[arg(long)]
    pub dry_run: bool,
    /// Print a JSON object with the sizes; with several inputs or shards one for
    /// each, on a line of its own
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub lossy: LossyArgs,
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
