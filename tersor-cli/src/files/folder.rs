//! A folder of decoded files, which is written under a temporary name and renamed when all files are complete.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tersor::Escaped;

use super::cleanup;
use super::output::{TEMPORARY_PREFIX, check_free, default_permissions, folder_of, is_one_of, plain};
use crate::screen::failure::{Failure, Outcome};

/// The largest number of open files; operating systems limit it.
const OPEN_FILES: usize = 64;

/// A folder that is being written.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether the folder exists, with `--force`: its files are then replaced one by one.
    exists: bool,
    /// `None` after the folder got its final name.
    temporary: Option<TempDir>,
    names: Vec<String>,
    /// Open files by number, the most recently used last.
    open: VecDeque<(usize, File)>,
}

impl Folder {
    /// Creates the folder `path` with files of the given names and sizes.
    pub fn create<'a>(
        path: &Path,
        force: bool,
        inputs: &[PathBuf],
        files: impl Iterator<Item = (&'a str, u64)>,
    ) -> Outcome<Self> {
        check_free(path, force, inputs)?;
        let exists = path.is_dir();
        if !exists && fs::symlink_metadata(path).is_ok() {
            let problem = "this is a file, and several files need a folder";
            return Err(Failure::wrong_use(path, problem, "give the name of a folder with -o"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).suffix(".tmp");
        if let Some(permissions) = default_permissions(0o777) {
            builder.permissions(permissions);
        }
        // the temporary folder must be on the file system of the final one, so that it can be renamed
        let place = if exists { path } else { folder_of(path) };
        let mut record = cleanup::record();
        let temporary = builder.tempdir_in(place).map_err(|error| Failure::creating(path, &plain(&error)))?;
        record.add(temporary.path());
        let mut this = Self {
            path: path.to_owned(),
            exists,
            temporary: Some(temporary),
            names: Vec::new(),
            open: VecDeque::new(),
        };
        // `this` locks the record when it is dropped
        drop(record);
        for (name, len) in files {
            this.add(name, len, inputs)?;
        }
        Ok(this)
    }

    fn add(&mut self, name: &str, len: u64, inputs: &[PathBuf]) -> Outcome {
        let final_path = self.path.join(name);
        if self.exists && is_one_of(&final_path, inputs) {
            let problem = "a decoded file would replace the input";
            return Err(Failure::wrong_use(&final_path, problem, "choose another folder with -o"));
        }
        if self.exists && final_path.is_dir() {
            return Err(Failure::wrong_use(&final_path, "a folder has the name of this file", "move the folder away"));
        }
        // the signal handler waits until the file exists, and so removes it
        let record = cleanup::record();
        let made = File::options().write(true).create_new(true).open(self.temporary_path(name));
        drop(record);
        let file = made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                let problem =
                    format!("the file system does not distinguish {} from another decoded file", Escaped(name));
                Failure::bad_data(
                    &final_path,
                    problem,
                    "decode to a file system that distinguishes upper and lower case",
                )
            }
            _ => Failure::creating(&final_path, &error),
        })?;
        file.set_len(len).map_err(|error| Failure::writing(&final_path, &error))?;
        self.names.push(name.to_owned());
        Ok(())
    }

    fn temporary_path(&self, name: &str) -> PathBuf {
        self.temporary.as_ref().map_or_else(|| self.path.join(name), |folder| folder.path().join(name))
    }

    /// Returns the final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` at `offset` of file number `file`.
    pub fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Outcome {
        let written = self.opened(file).and_then(|file| write_all_at(file, offset, bytes));
        written.map_err(|error| Failure::writing(&self.path.join(&self.names[file]), &error))
    }

    fn opened(&mut self, file: usize) -> io::Result<&File> {
        let found = self.open.iter().position(|(number, _)| *number == file);
        let entry = match found.and_then(|index| self.open.remove(index)) {
            Some(entry) => entry,
            None => (file, File::options().write(true).open(self.temporary_path(&self.names[file]))?),
        };
        if self.open.len() >= OPEN_FILES {
            self.open.pop_front();
        }
        self.open.push_back(entry);
        Ok(&self.open[self.open.len() - 1].1)
    }

    /// Syncs all files and gives the folder its final name, or moves the files into the existing folder.
    pub fn commit(mut self) -> Outcome {
        self.open.clear();
        for name in &self.names {
            let synced = File::options().write(true).open(self.temporary_path(name)).and_then(|file| file.sync_all());
            synced.map_err(|error| Failure::writing(&self.path.join(name), &error))?;
        }
        let mut record = cleanup::record();
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        record.forget(temporary.path());
        if self.exists {
            for name in &self.names {
                let final_path = self.path.join(name);
                let moved = fs::rename(temporary.path().join(name), &final_path);
                moved.map_err(|error| Failure::creating(&final_path, &error))?;
            }
            return Ok(());
        }
        fs::rename(temporary.path(), &self.path).map_err(|error| Failure::creating(&self.path, &error))?;
        let _ = temporary.keep();
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let mut record = cleanup::record();
            record.forget(temporary.path());
            self.open.clear();
            drop(temporary);
        }
    }
}

/// Writes `bytes` at `offset` of a file.
pub fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}
