//! `tersor verify`

mod check;
mod compare;
mod lossy;
mod print;
mod shards;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use tersor::{Escaped, ReadAt};

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
use lossy::Measured;
use shards::check_shards;

/// `tersor verify`
#[derive(Debug, Args)]
#[command(after_help = "\
The checks include each checksum, the digest of each tensor and file, the \
consistency of the index with the frames, and access to each tensor through the \
index. Digests show that the decoded bytes are the same as the original ones. They do not \
show who encoded them.
If the file says that tensors are lossy, their errors are measured, and must not \
be larger than it says; everything else must be the same.
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
    let measured = match (&checked, &args.against) {
        (Ok(found), Some(against)) => {
            let paths = [against.as_path(), args.file.as_path()];
            Measured::new(paths, found, common.limits(), args.threads, &Bar::new(common.quiet))?
        }
        _ => None,
    };
    let is_as_stated = measured.as_ref().is_some_and(Measured::is_as_stated);
    // a closed pipe must not hide the result
    let (file, against) = (args.file.as_path(), args.against.as_deref());
    if args.json {
        let object = print::to_json(file, against, len, checked.as_ref(), measured.as_ref());
        ignore_closed_pipe(print_with(|out| writeln!(SafeJson::new(out), "{object:#}")))?;
    } else if let Ok(found) = &checked {
        ignore_closed_pipe(print(&print::to_text(file, against, len, found, is_as_stated)))?;
        if let Some(measured) = &measured {
            ignore_closed_pipe(print_with(|out| measured.write(out)))?;
        }
    }
    let found = checked?;
    if let Some(name) = measured.as_ref().and_then(Measured::first_wrong) {
        let problem = format!("tensor {} differs from the original by more than the file says", Escaped(name));
        return Err(Failure::bad_data(&args.file, problem, "if the original is right, encode it again"));
    }
    if let (Some(difference), Some(against)) = (found.differences.first(), &args.against)
        && measured.is_none()
    {
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
