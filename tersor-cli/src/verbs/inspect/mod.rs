//! `tersor inspect`

mod json;
mod legend;
mod listing;
mod text;

use std::path::PathBuf;

use clap::Args;
use tersor::Reader;
use tersor::analysis::BoundsOptions;

use super::common::CommonArgs;
use crate::files::source::Source;
use crate::screen::failure::{Failure, Outcome, shown};
use crate::screen::json::SafeJson;
use crate::screen::print::{ignore_closed_pipe, print_with};
use listing::{IdealSizes, Listing};

/// `tersor inspect`
#[derive(Debug, Args)]
#[command(after_help = "\
Small tensors share segments. The bytes of a shared segment (~) are divided \
among its tensors in proportion to their sizes. The table Ledger lists the \
bytes of the file by their use; its lines add up to the size of the file.

Of a file at a URL (https, s3, gs) only the heads are read, so the ledger does
not divide the bytes of the chunks.

Examples:
  tersor inspect model.tersor
  tersor inspect model.tersor --json | jq '.tensors[] | {name, bits_per_weight}'")]
pub struct InspectArgs {
    /// A Tersor file
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

/// Lists the contents of a container.
pub fn run(args: &InspectArgs, common: &CommonArgs) -> Outcome {
    let source = Source::open_container(&args.file)?;
    let failed = |error| Failure::container(&args.file, &error);
    let reader = Reader::with_options(&source, common.decode_options(None)).map_err(failed)?;
    let ledger = if source.is_slow() && !args.ideal { reader.outline() } else { reader.ledger() };
    let ledger = ledger.map_err(failed)?;
    let ideal = match args.ideal {
        true => Some(IdealSizes::all(&reader.bounds(&BoundsOptions::default()).map_err(failed)?)),
        false => None,
    };
    let listing = Listing::new(&reader, &ledger, ideal);
    ignore_closed_pipe(print_with(|out| match args.json {
        true => json::write(&listing, &args.file.to_string_lossy(), &mut SafeJson::new(out)),
        false => text::write(&listing, &shown(&args.file), out),
    }))
}
