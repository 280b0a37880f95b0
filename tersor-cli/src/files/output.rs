//! Outputs. A file appears under its name only when it is complete, and replaces another only with `--force`.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::cleanup;
use crate::screen::failure::{Failure, Outcome};

/// The prefix of temporary names.
pub const TEMPORARY_PREFIX: &str = ".tersor-";
const BUFFER_BYTES: usize = 1 << 20;

/// The kind of output that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Standard output, `-`.
    Stdout,
    /// A device or a named pipe, which is written directly.
    Stream,
    /// A file or folder, which appears when it is complete.
    Path,
}

impl Destination {
    /// Returns the kind of output that `path` names.
    pub fn of(path: &Path) -> Self {
        if path == Path::new("-") {
            return Self::Stdout;
        }
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Stream,
            _ => Self::Path,
        }
    }
}

/// Refuses a path that is an input, and without `force` a path that exists.
pub fn check_free(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if is_one_of(path, inputs) {
        return Err(Failure::wrong_use(path, "the input and the output are the same", "choose another name with -o"));
    }
    if !force {
        let (problem, advice) = match metadata.is_dir() {
            true => ("this folder exists", "add --force to replace files in it, or choose another name with -o"),
            false => ("this file exists", "add --force to replace it, or choose another name with -o"),
        };
        return Err(Failure::wrong_use(path, problem, advice));
    }
    Ok(())
}

/// Returns whether `path` leads to one of the inputs.
pub fn is_one_of(path: &Path, inputs: &[PathBuf]) -> bool {
    path.canonicalize()
        .is_ok_and(|whole| inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == whole)))
}

/// A file that is written under a temporary name in the folder of its final path.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    force: bool,
    /// `None` after the file got its final name.
    file: Option<NamedTempFile>,
}

impl Target {
    /// Creates the temporary file for `path`.
    pub fn create(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        // --force replaces no folder by a file, so it must not be advised
        if path.is_dir() && !is_one_of(path, inputs) {
            return Err(Failure::wrong_use(path, "this is a folder, not a file", "give the name of a file with -o"));
        }
        check_free(path, force, inputs)?;
        if path.file_name().is_none() {
            return Err(Failure::wrong_use(path, "this is not the name of a file", "give one with -o"));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).suffix(".tmp");
        if let Some(permissions) = default_permissions(0o666) {
            builder.permissions(permissions);
        }
        let mut record = cleanup::record();
        let file = builder.tempfile_in(folder_of(path)).map_err(|error| Failure::creating(path, &plain(&error)))?;
        record.add(file.path());
        Ok(Self { path: path.to_owned(), force, file: Some(file) })
    }

    /// Returns the final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        self.file.as_ref().unwrap_or_else(|| unreachable!("the file is open until it is committed")).as_file()
    }

    /// Syncs the file and gives it its final name.
    pub fn commit(mut self) -> Outcome {
        let Some(file) = self.file.take() else { return Ok(()) };
        let synced = file.as_file().sync_all();
        let mut record = cleanup::record();
        let temporary = file.path().to_owned();
        let done = match synced {
            Ok(()) => persist(file, &self.path, self.force),
            Err(error) => Err(Failure::writing(&self.path, &error)),
        };
        record.forget(&temporary);
        done
    }
}

/// Renames the temporary file. Without `force` the rename must not replace a file that appeared meanwhile; on a file
/// system that cannot guarantee this, the existence is checked first.
fn persist(file: NamedTempFile, path: &Path, force: bool) -> Outcome {
    let failed = |error: tempfile::PersistError| Failure::creating(path, &error.error);
    if force {
        return file.persist(path).map(drop).map_err(failed);
    }
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists && fs::symlink_metadata(path).is_err() => {
            error.file.persist(path).map(drop).map_err(failed)
        }
        other => other.map(drop).map_err(failed),
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let mut record = cleanup::record();
            record.forget(file.path());
            drop(file);
        }
    }
}

/// Returns the folder of a path: the parent, or the current folder.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns the default permissions of a new file or folder; the system applies the user's umask.
pub fn default_permissions(mode: u32) -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    {
        let _ = mode;
        None
    }
}

/// Returns an error without the temporary path that the crate tempfile adds.
pub fn plain(error: &io::Error) -> io::Error {
    let source = error.get_ref().and_then(|inner| inner.source()).and_then(|source| source.downcast_ref::<io::Error>());
    match source.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// An output that is written from front to back.
pub struct Sink {
    path: PathBuf,
    writer: BufWriter<Box<dyn Write>>,
    target: Option<Target>,
}

impl Sink {
    /// Opens the output `path`.
    pub fn open(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        let (raw, target): (Box<dyn Write>, _) = match Destination::of(path) {
            Destination::Path => {
                let target = Target::create(path, force, inputs)?;
                let file = target.file().try_clone().map_err(|error| Failure::creating(path, &error))?;
                (Box::new(file), Some(target))
            }
            _ => (open_stream(path)?, None),
        };
        Ok(Self { path: path.to_owned(), writer: BufWriter::with_capacity(BUFFER_BYTES, raw), target })
    }

    /// Flushes the buffer and gives a file its final name.
    pub fn finish(mut self) -> Outcome {
        self.writer.flush().map_err(|error| Failure::writing(&self.path, &error))?;
        self.target.map_or(Ok(()), Target::commit)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Opens stdout, unless it is a terminal, or a device or named pipe.
pub fn open_stream(path: &Path) -> Outcome<Box<dyn Write>> {
    if Destination::of(path) == Destination::Stdout {
        if io::stdout().is_terminal() {
            let advice = "send it to a pipe, or name a file with -o";
            return Err(Failure::wrong_use(path, "refusing to write binary data to a terminal", advice));
        }
        return unbuffered_stdout().map_err(|error| Failure::creating(path, &error));
    }
    match File::options().write(true).open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(Failure::creating(path, &error)),
    }
}

/// Opens stdout without the line buffer of Rust's own handle.
fn unbuffered_stdout() -> io::Result<Box<dyn Write>> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
    #[cfg(not(unix))]
    Ok(Box::new(io::stdout()))
}
