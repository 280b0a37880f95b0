//! `tersor report`

mod args;
mod csv;
mod file_report;
mod generalisation;
mod histogram;
mod json;
mod lossy_rate;
mod page;
mod posterior;
mod series;
mod source;
mod text;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;

use super::common::CommonArgs;
use crate::files::output::Sink;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome, shown_output};
use crate::screen::json::SafeJson;
use crate::screen::lines::listed;
use crate::screen::print::{ignore_closed_pipe, print_with};
use crate::screen::words::{counted, say};
pub use args::ReportArgs;
use file_report::{FileReport, ReportOptions};
use json::Parts;
use posterior::Posterior;
use source::Source;

/// The most tensors and segments on a page; more would make a browser slow.
const PAGE_ITEMS: usize = 2000;

/// Reports on one file, or on several files as a series.
pub fn run(args: &ReportArgs, common: &CommonArgs) -> Outcome {
    let start = Instant::now();
    let to_stdout = args.html.as_deref() == Some(Path::new("-"));
    if to_stdout && (args.json || args.csv || args.csv_tensors) {
        let problem = "a page and another report cannot both go to standard output";
        return Err(Failure::wrong_use(Path::new("standard output"), problem, "name a file for the page"));
    }
    // open all files first, so that errors show before the work begins
    let sources = args.files.iter().map(|file| Ok((file.as_path(), Source::open(file)?)));
    let sources = sources.collect::<Outcome<Vec<(&Path, Source)>>>()?;
    let posterior = args.posterior.as_deref().map(Posterior::open).transpose()?;
    let mut inputs: Vec<PathBuf> = sources.iter().flat_map(|(path, source)| source.paths(path)).collect();
    inputs.extend(args.posterior.clone());
    let page = args.html.as_deref().map(|path| Sink::open(path, args.force, &inputs)).transpose();
    let page = page.map_err(of_page_option)?;
    // the page of a series shows no single tensors
    let histograms = if page.is_some() && sources.len() == 1 { PAGE_ITEMS } else { 0 };
    let options = ReportOptions { args, common, posterior: posterior.as_ref(), histograms };
    let reports = sources.into_iter().map(|(path, source)| report_on(path, source, options));
    let reports = reports.collect::<Outcome<Vec<FileReport>>>()?;
    if let (Some(sink), Some(path)) = (page, &args.html) {
        let html = page::render(&of_page(&reports));
        let written = write_page(&html, sink, path);
        if written.as_ref().is_err_and(Failure::is_quiet) {
            return Ok(());
        }
        written?;
        let figures = [counted(html.len() as u64, "byte"), format!("{:.2} s", start.elapsed().as_secs_f64())];
        say(common.quiet, &listed(shown_output(path), &figures));
    }
    if to_stdout { Ok(()) } else { ignore_closed_pipe(print_with(|out| write(&reports, args, out))) }
}

fn write_page(html: &str, mut sink: Sink, path: &Path) -> Outcome {
    let written = sink.write_all(html.as_bytes()).map_err(|error| Failure::writing(path, &error));
    written.and_then(|()| sink.finish()).map_err(of_page_option)
}

/// Names the option for the page in the advice of a failure.
fn of_page_option(failure: Failure) -> Failure {
    failure.advising("choose another name with --html")
}

fn write(reports: &[FileReport], args: &ReportArgs, out: &mut dyn Write) -> io::Result<()> {
    match reports {
        _ if args.json => write_json(reports, &mut SafeJson::new(out)),
        _ if args.csv => csv::write(reports, out),
        _ if args.csv_tensors => csv::write_tensors(reports, out),
        [only] => text::write(only, args.all, out),
        several => series::write(several, args.all, out),
    }
}

fn write_json(reports: &[FileReport], out: &mut dyn Write) -> io::Result<()> {
    match reports {
        [only] => json::write(only, Parts::All, out)?,
        several => series::write_json(several, out)?,
    }
    writeln!(out)
}

/// Returns the content of the page.
fn of_page(reports: &[FileReport]) -> Value {
    match reports {
        [only] => json::object(only, Parts::All, PAGE_ITEMS),
        several => series::object(several, PAGE_ITEMS),
    }
}

fn report_on(path: &Path, source: Source, options: ReportOptions<'_>) -> Outcome<FileReport> {
    let bar = Bar::new(options.common.quiet);
    match source {
        Source::Container(map) => {
            let failed = |error: tersor::Error| Failure::container(path, &error);
            FileReport::new(path, &map, None, options, &bar, &failed)
        }
        Source::Originals(originals) => {
            let encoded = source::encode(path, &originals, options.args, &bar)?;
            // the container has just been written, so an error comes from the original
            let failed = |error: tersor::Error| Failure::original(path, &error);
            FileReport::new(path, &encoded, Some(options.args.level.0), options, &bar, &failed)
        }
    }
}
