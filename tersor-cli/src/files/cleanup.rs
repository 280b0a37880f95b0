//! Removes temporary files and folders if a signal stops the command.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The list of temporary paths, locked. The signal handler waits for the lock, so a path can be created and recorded,
/// or renamed and forgotten, in one step.
pub struct Record(MutexGuard<'static, Vec<PathBuf>>);

/// Locks the list of temporary paths.
pub fn record() -> Record {
    Record(TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Record {
    /// Adds a path to remove after a signal.
    pub fn add(&mut self, path: &Path) {
        self.0.push(path.to_owned());
    }

    /// Removes a path from the list, because it has its final name or is gone.
    pub fn forget(&mut self, path: &Path) {
        self.0.retain(|other| other != path);
    }
}

/// Removes the recorded paths and ends the command with the exit status that shells give to a signal: 128 + `signal`.
fn stop(signal: i32) -> ! {
    use std::io::Write;
    // the lock is never released, so that no temporary file is created from here on
    let record = record();
    for path in record.0.iter() {
        let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    }
    let _ = writeln!(std::io::stderr(), "\ntersor: stopped");
    std::process::exit(128 + signal);
}

/// Prepares the command for signals. SIGINT, SIGTERM and SIGHUP remove the recorded paths and end the command; the ones
/// that the caller ignores, as nohup ignores SIGHUP, stay ignored. A file that grows beyond the limit of the system
/// (`ulimit -f`) is an error of the write, and no signal.
#[cfg(unix)]
pub fn install() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    let ignored = ignored_signals();
    // Where the system does not tell, a caught SIGHUP would stop a command that nohup started.
    let is_free = |signal: i32| match ignored {
        Some(mask) => mask >> (signal - 1) & 1 == 0,
        None => signal != SIGHUP,
    };
    if is_free(SIGXFSZ) {
        let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    }
    let signals = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| is_free(signal));
    if let Ok(mut signals) = signal_hook::iterator::Signals::new(signals) {
        std::thread::spawn(move || signals.forever().next().map(|signal| stop(signal)));
    }
}

/// Returns the signals that the caller ignores, signal 1 as bit 0; `None` if the system does not tell.
#[cfg(unix)]
fn ignored_signals() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Prepares the command for Ctrl-C, which removes the recorded paths and ends the command.
#[cfg(not(unix))]
pub fn install() {
    const INTERRUPTED: i32 = 2;
    let _ = ctrlc::try_set_handler(|| stop(INTERRUPTED));
}
