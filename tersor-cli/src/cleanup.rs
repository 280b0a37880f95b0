//! What has to vanish if the command is stopped: temporary files and folders.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

static TEMPORARY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Status after Ctrl-C, as shells have it: 128 + SIGINT.
const STOPPED: i32 = 130;

/// Temporary paths. As long as this lives no stop by a signal comes between: so a path is made, or gets its final name, and is
/// recorded, in one step.
pub struct Record(MutexGuard<'static, Vec<PathBuf>>);

/// Waits for the record.
pub fn record() -> Record {
    Record(TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Record {
    /// Will be removed on a stop.
    pub fn add(&mut self, path: &Path) {
        self.0.push(path.to_owned());
    }

    /// Will not.
    pub fn forget(&mut self, path: &Path) {
        self.0.retain(|other| other != path);
    }
}

/// From now on Ctrl-C, SIGTERM and SIGHUP remove what is recorded and end the command. Where the caller has these signals
/// ignored, as nohup does, nothing changes.
pub fn install() {
    let _ = ctrlc::try_set_handler(|| {
        // never given back: nothing new can be made
        let record = record();
        for path in record.0.iter() {
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
        let _ = writeln!(io::stderr(), "\ntersor: stopped");
        std::process::exit(STOPPED);
    });
}
