//! The progress bar on a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tersor::Progress;

use super::words::human;

const TEMPLATE: &str = "{bar:32} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}{pace}";

/// Shows the number of bytes done, the rate and the time left, if stderr is a terminal. The bar disappears when it is
/// dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    is_wanted: bool,
}

impl Bar {
    /// Creates a bar that is shown as soon as the total is known.
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> ").with_key("pace", pace));
        }
        Self { bar, is_wanted: !quiet && io::stderr().is_terminal() }
    }

    /// Sets the total number of bytes.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
        if self.is_wanted && total > 0 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Adds `bytes` to the bytes done.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Returns a callback for the library.
    pub fn progress(&self) -> Progress {
        let bar = self.bar.clone();
        Progress::new(move |bytes| {
            bar.inc(bytes);
            ControlFlow::Continue(())
        })
    }
}

/// Writes the rate and the time left. The rate is the mean over the whole run, because progress comes in bursts.
fn pace(state: &ProgressState, out: &mut dyn Write) {
    let seconds = state.elapsed().as_secs_f64();
    let rate = state.pos() as f64 / seconds.max(1e-3);
    if rate >= 1.0 {
        let left = state.len().unwrap_or(0).saturating_sub(state.pos()) as f64 / rate;
        let left = Duration::from_secs_f64(left.min(1e9)).as_secs();
        let _ = write!(out, "  {}/s  {}:{:02} left", human(rate as u64), left / 60, left % 60);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
