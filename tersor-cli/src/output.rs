//! Where output goes. A file appears under its name only when it is complete; nothing is overwritten unasked.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::Outcome;
use crate::cleanup;
use crate::failure::Failure;

/// How temporary names begin.
pub const TEMPORARY_PREFIX: &str = ".tersor-";
const BUFFER_BYTES: usize = 1 << 20;

/// What a path stands for as an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// `-`
    Stdout,
    /// A device or a named pipe: written to as it is.
    Stream,
    /// A file or folder, made when it is complete.
    Path,
}

impl Destination {
    /// What `path` stands for.
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

/// Refuses a path that is an input, and one that exists unless `force` is given.
pub fn check_free(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if is_one_of(path, inputs) {
        return Err(Failure::wrong_use(path, "the input and the output are the same", "choose another name with -o"));
    }
    if !force {
        let what = if metadata.is_dir() { "this folder exists" } else { "this file exists" };
        return Err(Failure::wrong_use(path, what, "add --force to replace it, or choose another name with -o"));
    }
    Ok(())
}

/// Whether `path` leads to one of these files.
pub fn is_one_of(path: &Path, inputs: &[PathBuf]) -> bool {
    path.canonicalize()
        .is_ok_and(|whole| inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == whole)))
}

/// A temporary file in the folder of the file it will become.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    force: bool,
    /// `None` once it has its name.
    file: Option<NamedTempFile>,
}

impl Target {
    /// Begins the file `path`.
    pub fn create(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        check_free(path, force, inputs)?;
        if path.is_dir() {
            return Err(Failure::wrong_use(path, "a folder, not a file", "give the name of a file with -o"));
        }
        if path.file_name().is_none() {
            return Err(Failure::wrong_use(path, "not the name of a file", "give one with -o"));
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

    /// The file it will become.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file.
    pub fn file(&self) -> &File {
        self.file.as_ref().unwrap_or_else(|| unreachable!("open until it is committed")).as_file()
    }

    /// Gives it its name.
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

/// The rename. Without `force` it must not replace what has come meanwhile; a file system that cannot promise that is asked before.
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

/// A folder to be named or searched: the parent, or the current one.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What a program that cares for nothing gives its files; the user's mask is taken off by the system.
pub fn default_permissions(mode: u32) -> Option<Permissions> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    {
        let _ = mode;
        None
    }
}

/// Without the temporary path that tempfile adds.
pub fn plain(error: &io::Error) -> io::Error {
    let source = error.get_ref().and_then(|inner| inner.source()).and_then(|source| source.downcast_ref::<io::Error>());
    match source.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    }
}

/// Output from front to back.
pub struct Sink {
    path: PathBuf,
    writer: BufWriter<Box<dyn Write>>,
    target: Option<Target>,
}

impl Sink {
    /// Begins output to `path`.
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

    /// Writes out what is buffered and gives a file its name.
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

/// Stdout, unless it is a terminal; a device; a named pipe.
pub fn open_stream(path: &Path) -> Outcome<Box<dyn Write>> {
    if Destination::of(path) == Destination::Stdout {
        if io::stdout().is_terminal() {
            let what = "a terminal, and this is no text";
            return Err(Failure::wrong_use(
                Path::new("standard output"),
                what,
                "send it to a pipe, or name a file with -o",
            ));
        }
        return unbuffered_stdout().map_err(|error| Failure::creating(path, &error));
    }
    match File::options().write(true).open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(error) => Err(Failure::creating(path, &error)),
    }
}

/// Rust's own stdout looks for line ends.
fn unbuffered_stdout() -> io::Result<Box<dyn Write>> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        Ok(Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
    #[cfg(not(unix))]
    Ok(Box::new(io::stdout()))
}

/// Prints text for people or programs.
pub fn print(text: &str) -> Outcome {
    print_by(|out| out.write_all(text.as_bytes()))
}

/// Prints what `write` writes, as it comes.
pub fn print_by(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::writing(Path::new("-"), &error))
}
