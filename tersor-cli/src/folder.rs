//! A folder of decoded files: made beside its place, given its name when all files are complete.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tersor::Escaped;

use crate::Outcome;
use crate::cleanup;
use crate::failure::Failure;
use crate::output::{TEMPORARY_PREFIX, check_free, default_permissions, folder_of, is_one_of, plain};

/// Files open at a time: systems allow few.
const OPEN_FILES: usize = 64;

/// The folder to be.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// It is there already, and `--force` given: files go into it one by one.
    exists: bool,
    /// `None` once it has its name.
    temporary: Option<TempDir>,
    names: Vec<String>,
    /// The most recently used last.
    open: VecDeque<(usize, File)>,
}

impl Folder {
    /// Begins the folder `path` with files of these names and lengths.
    pub fn create<'a>(
        path: &Path,
        force: bool,
        inputs: &[PathBuf],
        files: impl Iterator<Item = (&'a str, u64)>,
    ) -> Outcome<Self> {
        check_free(path, force, inputs)?;
        let exists = path.is_dir();
        if !exists && fs::symlink_metadata(path).is_ok() {
            let what = "a file, and several files go into a folder";
            return Err(Failure::wrong_use(path, what, "give the name of a folder with -o"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).suffix(".tmp");
        if let Some(permissions) = default_permissions(0o777) {
            builder.permissions(permissions);
        }
        // where it can be renamed: an existing folder may be another file system's
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
        // `this` will want the record to clean up
        drop(record);
        for (name, len) in files {
            this.add(name, len, inputs)?;
        }
        Ok(this)
    }

    fn add(&mut self, name: &str, len: u64, inputs: &[PathBuf]) -> Outcome {
        let final_path = self.path.join(name);
        if self.exists && is_one_of(&final_path, inputs) {
            let what = "a file inside has the input's own name and place";
            return Err(Failure::wrong_use(&final_path, what, "choose another folder with -o"));
        }
        if self.exists && final_path.is_dir() {
            return Err(Failure::wrong_use(&final_path, "a folder is where this file should be", "move it away"));
        }
        // so that a stop finds all there is
        let record = cleanup::record();
        let made = File::options().write(true).create_new(true).open(self.temporary_path(name));
        drop(record);
        let file = made.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                let what = format!("this file system takes {} for the name of another file inside", Escaped(name));
                Failure::bad_data(&final_path, what, "decode to a file system that tells upper and lower case apart")
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

    /// The folder to be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of file number `file` at `offset`.
    pub fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Outcome {
        let written = self.opened(file).and_then(|file| write_all_at(file, offset, bytes));
        written.map_err(|error| Failure::writing(&self.path.join(&self.names[file]), &error))
    }

    fn opened(&mut self, file: usize) -> io::Result<&File> {
        let known = self.open.iter().position(|(number, _)| *number == file);
        let entry = match known.and_then(|index| self.open.remove(index)) {
            Some(entry) => entry,
            None => (file, File::options().write(true).open(self.temporary_path(&self.names[file]))?),
        };
        if self.open.len() >= OPEN_FILES {
            self.open.pop_front();
        }
        self.open.push_back(entry);
        Ok(&self.open[self.open.len() - 1].1)
    }

    /// Gives it its name, or moves its files into the folder that is there.
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

/// Writes at a position.
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
