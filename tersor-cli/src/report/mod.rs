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
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use crate::Outcome;
use crate::args::{ReportArgs, Shared};
use crate::bar::Bar;
use crate::failure::{Failure, shown_output};
use crate::output::{Sink, print_by};
use crate::words::{exact, say};
use encoded::Source;
use found::{Asked, Found};
use posterior::Posterior;

/// Reports on one file, or on several as a series.
pub fn run(args: &ReportArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let to_stdout = args.html.as_deref() == Some(Path::new("-"));
    if to_stdout && (args.json || args.csv) {
        let what = "a page and another report cannot both go to standard output";
        return Err(Failure::wrong_use(Path::new("standard output"), what, "name a file for the page"));
    }
    // all that can be wrong with files, before the work begins
    let sources = args.files.iter().map(|file| Ok((file.as_path(), Source::open(file)?)));
    let sources = sources.collect::<Outcome<Vec<(&Path, Source)>>>()?;
    let posterior = args.posterior.as_deref().map(Posterior::open).transpose()?;
    let mut inputs: Vec<PathBuf> = sources.iter().flat_map(|(path, source)| source.paths(path)).collect();
    inputs.extend(args.posterior.clone());
    let page = args.html.as_deref().map(|path| Sink::open(path, args.force, &inputs)).transpose()?;
    let asked = Asked { args, shared, posterior: posterior.as_ref() };
    let reports = sources.into_iter().map(|(path, source)| examine(path, source, asked));
    let reports = reports.collect::<Outcome<Vec<Found>>>()?;
    let mut printed = Ok(());
    if let (Some(sink), Some(path)) = (page, &args.html) {
        let html = page::render(&to_json(&reports));
        printed = write_page(&html, sink, path);
        let took = start.elapsed().as_secs_f64();
        if printed.is_ok() {
            say(shared.quiet, &format!("{}: {} bytes, {took:.2} s", shown_output(path), exact(html.len() as u64)));
        }
    }
    if printed.is_ok() && !to_stdout {
        printed = print_by(|out| write(&reports, args, out));
    }
    match printed {
        // as by `| head`
        Err(failure) if failure.is_quiet() => Ok(()),
        printed => printed,
    }
}

fn write_page(html: &str, mut sink: Sink, path: &Path) -> Outcome {
    sink.write_all(html.as_bytes()).map_err(|error| Failure::writing(path, &error))?;
    sink.finish()
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

fn examine(path: &Path, source: Source, asked: Asked<'_>) -> Outcome<Found> {
    let bar = Bar::new(asked.shared.quiet);
    match source {
        Source::Container(map) => {
            let failed = |error: tersor::Error| Failure::container(path, &error);
            found::find(path, &map, None, asked, &bar, &failed)
        }
        Source::Originals(originals) => {
            let encoded = encoded::encode(path, &originals, asked.args, &bar)?;
            // what was just written is not at fault
            let failed = |error: tersor::Error| Failure::original(path, &error);
            found::find(path, &encoded, Some(asked.args.level), asked, &bar, &failed)
        }
    }
}
