//! Removes temporary files and folders if a signal stops the command.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The exit status after a signal, as in shells: 128 + SIGINT.
const STOPPED: i32 = 130;

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

/// Installs a handler for Ctrl-C, SIGTERM and SIGHUP that removes the recorded paths and ends the command. Signals that
/// the caller ignores, as nohup does, stay ignored.
pub fn install() {
    let _ = ctrlc::try_set_handler(|| {
        // the lock is never released, so that no temporary file is created from here on
        let record = record();
        for path in record.0.iter() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        let _ = writeln!(io::stderr(), "\ntersor: stopped");
        std::process::exit(STOPPED);
    });
}
