//! The progress bar on a terminal.

use std::io::{self, IsTerminal};
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tersor::Progress;

const TEMPLATE: &str =
    "{bar:32} {percent:>3} %  {decimal_bytes} of {decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left";

/// Shows bytes done, rate and time left; nothing unless stderr is a terminal. Vanishes when dropped.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// With `total` bytes to do.
    pub fn new(quiet: bool, total: u64) -> Self {
        if quiet || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self(bar)
    }

    /// The total, once it is known.
    pub fn set_total(&self, total: u64) {
        self.0.set_length(total);
    }

    /// For the library.
    pub fn progress(&self) -> Progress {
        let bar = self.0.clone();
        Progress::new(move |bytes| {
            bar.inc(bytes);
            ControlFlow::Continue(())
        })
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
