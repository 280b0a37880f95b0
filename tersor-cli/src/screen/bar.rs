//! The progress bar on a terminal.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use tersor::Progress;

use super::words::human;

const TEMPLATE: &str = "{bar:24} {percent:>3} %  {figures}";
/// The seconds, and the share of the work, after which the time left is worth showing.
const FIRST_SECONDS: f64 = 2.0;
const FIRST_SHARE: f64 = 0.005;
/// The most hours left that are shown.
const MOST_HOURS: u64 = 99;

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
            bar.set_style(style.progress_chars("=> ").with_key("figures", write_figures));
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

fn write_figures(state: &ProgressState, out: &mut dyn Write) {
    let _ = out.write_str(&figures(state.pos(), state.len().unwrap_or(0), state.elapsed().as_secs_f64()));
}

/// Returns the bytes done, the rate, and the time left if it can be estimated. The rate is the mean over the whole run,
/// because progress comes in bursts.
fn figures(done: u64, total: u64, seconds: f64) -> String {
    let mut text = format!("{} of {}", human(done), human(total));
    let rate = done as f64 / seconds.max(1e-3);
    if seconds < FIRST_SECONDS || rate < 1.0 {
        return text;
    }
    text += &format!("  {}/s", human(rate as u64));
    let left = (total.saturating_sub(done) as f64 / rate) as u64;
    let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
    if done as f64 >= FIRST_SHARE * total as f64 && hours <= MOST_HOURS {
        let time = if hours > 0 { format!("{hours}:{minutes:02}") } else { minutes.to_string() };
        text += &format!("  {time}:{seconds:02} left");
    }
    text
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A wide terminal that keeps what it shows.
    #[derive(Debug, Clone, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            200
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.write_str("\n")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_bar_fits_80_columns() {
        let (bar, terminal) = (Bar::new(true), Terminal::default());
        bar.bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(terminal.clone())));
        bar.bar.set_length(999_400_000_000_000);
        bar.bar.set_position(99_900_000_000_000);
        bar.bar.tick();
        let shown = terminal.0.lock().unwrap().trim_end().to_owned();
        assert!(shown.contains("%  99.9 TB of 999 TB"), "{shown}");
        let bar_width = shown.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
        // the longest figures take the place of these
        let longest = "99.9 TB of 99.9 TB  99.9 MB/s  99:59:59 left".len();
        assert!(bar_width - "99.9 TB of 999 TB".len() + longest <= 80, "{shown}");
    }

    #[test]
    fn the_time_left_is_shown_when_it_can_be_estimated() {
        assert_eq!(figures(0, 1000, 10.0), "0 B of 1.00 kB");
        assert_eq!(figures(100, 1_000_000, 0.5), "100 B of 1.00 MB");
        assert_eq!(figures(4_000_000, 10_000_000_000, 3.0), "4.00 MB of 10.0 GB  1.33 MB/s");
        assert_eq!(figures(5_000_000, 50_000_000, 5.0), "5.00 MB of 50.0 MB  1.00 MB/s  0:45 left");
        assert_eq!(figures(1 << 30, 100 << 30, 100.0), "1.07 GB of 107 GB  10.7 MB/s  2:45:00 left");
        assert_eq!(figures(1 << 30, 100 << 30, 40_000.0), "1.07 GB of 107 GB  26.8 kB/s");
    }
}
