//! `tersor inspect`

mod json;
mod legend;
mod listing;
mod text;

use std::path::PathBuf;

use clap::Args;
use tersor::analysis::BoundsOptions;

use super::common::CommonArgs;
use crate::files::model::Model;
use crate::files::remote::url_of;
use crate::screen::failure::{Failure, Outcome, shown};
use crate::screen::json::SafeJson;
use crate::screen::print::{ignore_closed_pipe, print_with};
use listing::{IdealSizes, Listing};

/// `tersor inspect`
#[derive(Debug, Args)]
#[command(after_help = "\
Small tensors share segments. The bytes of a shared segment (~) are divided \
among its tensors in proportion to their sizes. The table Ledger lists the \
bytes of the file by their use; its lines add up to the size of the file. Of an \
index, the shards are listed one after another; with --json, the object has a \
list `shards` with an object for each.

Of a file at a URL (https, s3, gs) only the heads are read, so the ledger does
not divide the bytes of the chunks.

Examples:
  tersor inspect model.tersor
  tersor inspect model.tersor --json | jq '.tensors[] | {name, bits_per_weight}'")]
pub struct InspectArgs {
    /// A Tersor file, or the index of a model in several (.tersor.index.json)
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Decode the file, and compare the size of each segment with the size under
    /// an ideal adaptive code
    #[arg(long)]
    pub ideal: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Lists the contents of a container, or of all containers of an index, one after another.
pub fn run(args: &InspectArgs, common: &CommonArgs) -> Outcome {
    let model = Model::open(&args.file, common.decode_options(None))?;
    let readers = model.readers(&args.file)?;
    let is_slow = url_of(&args.file).is_some();
    let mut found = Vec::new();
    for (path, reader) in &readers {
        let failed = |error| Failure::container(path, &error);
        let ledger = if is_slow && !args.ideal { reader.outline() } else { reader.ledger() };
        let ledger = ledger.map_err(failed)?;
        let ideal = match args.ideal {
            true => Some(IdealSizes::all(&reader.bounds(&BoundsOptions::default()).map_err(failed)?)),
            false => None,
        };
        found.push((path, *reader, ledger, ideal));
    }
    let listings =
        found.iter().map(|(path, reader, ledger, ideal)| (*path, Listing::new(reader, ledger, ideal.clone())));
    let listings: Vec<(&PathBuf, Listing<'_>)> = listings.collect();
    ignore_closed_pipe(print_with(|out| match (&model, &listings[..]) {
        (Model::Container(_), [(path, only)]) if args.json => {
            json::write(only, &path.to_string_lossy(), &mut SafeJson::new(out))
        }
        (Model::Container(_), _) => listings.iter().try_for_each(|(path, one)| text::write(one, &shown(path), out)),
        (Model::Shards(..), _) if args.json => json::write_all(&listings, &args.file, &mut SafeJson::new(out)),
        (Model::Shards(..), _) => text::write_all(&listings, &args.file, out),
    }))
}
