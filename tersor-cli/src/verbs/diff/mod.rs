//! `tersor diff`

mod args;
mod comparison;
mod errors;
mod json;
mod model;
mod pairs;
mod parts;
mod text;

use std::num::NonZero;
use std::thread;
use std::time::Instant;

use super::common::CommonArgs;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::screen::json::SafeJson;
use crate::screen::print::{ignore_closed_pipe, print_with};
use crate::screen::words::{exact, human, say};
pub use args::DiffArgs;
use comparison::Comparison;
pub use errors::{TensorError, errors};
use model::{Model, OpenModel};
use pairs::pairs;

/// Compares two models and prints the differences.
pub fn run(args: &DiffArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let open = [OpenModel::open(&args.a, common.limits())?, OpenModel::open(&args.b, common.limits())?];
    let (a, b) = (Model::new(&open[0])?, Model::new(&open[1])?);
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let mut pairs = pairs(&a.tensors, &b.tensors);
    let bar = Bar::new(common.quiet);
    parts::compare(&mut pairs, [&args.a, &args.b], threads, &bar)?;
    drop(bar);
    let found = Comparison::new(args, [&a, &b], pairs)?;
    // a closed pipe must not hide the result
    ignore_closed_pipe(print_with(|out| match args.json {
        true => json::write(&found, &mut SafeJson::new(out)),
        false => text::write(&found, out),
    }))?;
    let (seconds, bytes) = (start.elapsed().as_secs_f64(), found.totals.bytes);
    let rate = bytes as f64 / 1e6 / seconds.max(1e-9);
    let (values, size) = (exact(found.totals.difference.values), human(bytes));
    say(common.quiet, &format!("{values} pairs of values ({size}) compared, {seconds:.2} s, {rate:.1} MB/s"));
    if found.is_same { Ok(()) } else { Err(Failure::differs()) }
}
