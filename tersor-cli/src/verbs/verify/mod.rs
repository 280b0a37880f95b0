//! `tersor verify`

mod check;
mod compare;
mod print;
mod shards;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use tersor::ReadAt;

use super::common::{CommonArgs, parse_threads};
use super::encode::warn_of_left_out;
use crate::files::container_index::ContainerIndex;
use crate::files::input::Originals;
use crate::files::source::Source;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown};
use crate::screen::json::SafeJson;
use crate::screen::print::{ignore_closed_pipe, print, print_with};
use crate::screen::words::{Summary, say};
use check::check;
use shards::check_shards;

/// `tersor verify`
#[derive(Debug, Args)]
#[command(after_help = "\
The checks include each checksum, the digest of each tensor and file, the \
consistency of the index with the frames, and access to each tensor through the \
index. Digests show that the decoded bytes are the same as the original ones. They do not \
show who encoded them.
Of an index, all shards are checked, and each tensor is looked up in the shard \
that the index names.

Examples:
  tersor verify model.tersor
  tersor verify model.tersor --against model.safetensors
  tersor verify Qwen3-8B.tersor --against Qwen3-8B/ --json")]
pub struct VerifyArgs {
    /// A Tersor file, or the index of a model in several (.tersor.index.json)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The original, a file, folder or index as for `encode`; every byte is
    /// compared
    #[arg(long, value_name = "IN")]
    pub against: Option<PathBuf>,
    /// The number of threads [default: one per core]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parse_threads)]
    pub threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The model to check.
enum Target {
    /// A container and its size in bytes.
    Container(Source, u64),
    Shards(ContainerIndex),
}

impl Target {
    fn open(path: &Path) -> Outcome<Self> {
        if let Some(index) = ContainerIndex::recognise(path)? {
            return Ok(Self::Shards(index));
        }
        let source = Source::open_container(path)?;
        let len = source.len().map_err(|error| Failure::reading(path, &error))?;
        Ok(Self::Container(source, len))
    }
}

/// Checks a container, or all containers of an index, and prints the result.
pub fn run(args: &VerifyArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let target = Target::open(&args.file)?;
    let originals = args.against.as_deref().map(Originals::open).transpose()?;
    originals.iter().for_each(|originals| warn_of_left_out(&originals.left_out));
    let options = common.decode_options(args.threads);
    let (len, checked) = match &target {
        Target::Container(source, len) => {
            let bar = Bar::new(common.quiet);
            (*len, check(&args.file, source, &options, &bar, originals.as_ref()))
        }
        Target::Shards(index) => (index.stored_len(), check_shards(index, &options, common.quiet, originals.as_ref())),
    };
    // a closed pipe must not hide the result
    let (file, against) = (args.file.as_path(), args.against.as_deref());
    if args.json {
        let object = print::to_json(file, against, len, checked.as_ref());
        ignore_closed_pipe(print_with(|out| writeln!(SafeJson::new(out), "{object:#}")))?;
    } else if let Ok(found) = &checked {
        ignore_closed_pipe(print(&print::to_text(file, against, len, found)))?;
    }
    let found = checked?;
    if let (Some(difference), Some(against)) = (found.differences.first(), &args.against) {
        let more = match found.differences.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let problem = format!("differs from {}: {difference}{more}", shown(against));
        return Err(Failure::bad_data(&args.file, problem, "if the original is right, encode it again"));
    }
    let summary =
        Summary { raw_bytes: found.raw_bytes, coded_bytes: len, weights: Some(found.weights), time: start.elapsed() };
    say(common.quiet, &summary.of_decoding(&shown(&args.file)));
    Ok(())
}
