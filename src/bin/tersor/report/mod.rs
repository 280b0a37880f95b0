//! `tersor report`: how few bits a model could take, and where it takes more.

mod csv;
mod encoded;
mod found;
mod json;
mod page;
mod posterior;
mod series;
mod text;

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::Outcome;
use crate::args::{ReportArgs, Shared};
use crate::bar::Bar;
use crate::failure::{Failure, shown_output};
use crate::output::{Sink, print_by};
use crate::words::{exact, say};
use encoded::Source;
use found::Found;

/// Reports on one file, or on several as a series.
pub fn run(args: &ReportArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    // before the work begins
    let page = args.html.as_deref().map(|path| Sink::open(path, args.force, &args.files)).transpose()?;
    let reports = args.files.iter().map(|file| examine(file, args, shared)).collect::<Outcome<Vec<Found>>>()?;
    if let (Some(mut sink), Some(path)) = (page, &args.html) {
        let html = page::render(&to_json(&reports));
        sink.write_all(html.as_bytes()).map_err(|error| Failure::writing(path, &error))?;
        sink.finish()?;
        let took = start.elapsed().as_secs_f64();
        say(shared.quiet, &format!("{}: {} bytes, {took:.2} s", shown_output(path), exact(html.len() as u64)));
        if path == Path::new("-") {
            return Ok(());
        }
    }
    let printed = print_by(|out| write(&reports, args, out));
    match printed {
        // as by `| head`
        Err(failure) if failure.is_quiet() => Ok(()),
        printed => printed,
    }
}

fn write(reports: &[Found], args: &ReportArgs, out: &mut dyn Write) -> io::Result<()> {
    match reports {
        _ if args.json => writeln!(out, "{:#}", to_json(reports)),
        _ if args.csv => csv::write(reports, out),
        [only] => text::write(only, args.all, out),
        several => series::write(several, args.all, out),
    }
}

fn to_json(reports: &[Found]) -> Value {
    match reports {
        [only] => json::object(only),
        several => series::object(several),
    }
}

fn examine(path: &Path, args: &ReportArgs, shared: &Shared) -> Outcome<Found> {
    let bar = Bar::new(shared.quiet);
    match Source::open(path)? {
        Source::Container(map) => {
            let failed = |error: tersor::Error| Failure::container(path, &error);
            found::find(path, &map, None, args, shared, &bar, &failed)
        }
        Source::Originals(originals) => {
            let encoded = encoded::encode(path, &originals, args, &bar)?;
            // what was just written is not at fault
            let failed = |error: tersor::Error| Failure::original(path, &error);
            found::find(path, &encoded, Some(args.level), args, shared, &bar, &failed)
        }
    }
}
