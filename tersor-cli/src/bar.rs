//! The progress bar on a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tersor::Progress;

use crate::words::human;

const TEMPLATE: &str = "{bar:32} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}{pace}";

/// Shows bytes done, rate and time left; nothing unless stderr is a terminal. Vanishes when dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
    is_wanted: bool,
}

impl Bar {
    /// Shows nothing before the total is known.
    pub fn new(quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> ").with_key("pace", pace));
        }
        Self { bar, is_wanted: !quiet && io::stderr().is_terminal() }
    }

    /// There are `total` bytes to do.
    pub fn set_total(&self, total: u64) {
        self.bar.set_length(total);
        if self.is_wanted && total > 0 {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// `bytes` more are done.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// For the library.
    pub fn progress(&self) -> Progress {
        let bar = self.bar.clone();
        Progress::new(move |bytes| {
            bar.inc(bytes);
            ControlFlow::Continue(())
        })
    }
}

/// Rate and time left, from all that was done so far: it comes in bursts.
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
