//! Outputs. A file appears under its name only when it is complete, and replaces another only with `--force`.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::attributes::Attributes;
use super::temporary::{Temporary, folder_of};
use crate::screen::failure::{Failure, Outcome};

const BUFFER_BYTES: usize = 1 << 20;

/// The kind of output that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// Standard output: `-`, or a path such as `/dev/stdout`.
    Stdout,
    /// A device, a named pipe or another open file (`/dev/fd/3`), which is written directly.
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
        match descriptor_of(path) {
            Some(1) => return Self::Stdout,
            Some(_) => return Self::Stream,
            None => {}
        }
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Stream,
            _ => Self::Path,
        }
    }
}

/// Returns the number of the open file that `path` names, as `/dev/stdout` and `/proc/self/fd/1` name number 1.
fn descriptor_of(path: &Path) -> Option<u32> {
    /// Systems allow about as many links in a path.
    const LINKS: usize = 40;
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..LINKS {
        let folder = path.parent()?;
        let is_list = folder == Path::new("/dev/fd")
            || (folder.starts_with("/proc") && folder.file_name().is_some_and(|name| name == "fd"));
        if is_list {
            return path.file_name()?.to_str()?.parse().ok();
        }
        path = folder.join(fs::read_link(&path).ok()?);
    }
    None
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

/// A file that gets its name when it is complete.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    force: bool,
    file: Temporary,
    attributes: Option<Attributes>,
}

impl Target {
    /// Creates a file for `path`, which has no name yet.
    pub fn create(path: &Path, force: bool, inputs: &[PathBuf]) -> Outcome<Self> {
        // --force replaces no folder by a file, so it must not be advised
        if path.is_dir() && !is_one_of(path, inputs) {
            return Err(Failure::wrong_use(path, "this is a folder, not a file", "give the name of a file with -o"));
        }
        check_free(path, force, inputs)?;
        if path.file_name().is_none() {
            return Err(Failure::wrong_use(path, "this is not the name of a file", "give one with -o"));
        }
        let path = without_links(path)?;
        let file = Temporary::create(folder_of(&path)).map_err(|error| Failure::creating(&path, &error))?;
        Ok(Self { path, force, file, attributes: None })
    }

    /// Sets the attributes that the file gets.
    pub fn keep(&mut self, attributes: Option<Attributes>) {
        self.attributes = attributes;
        attributes.inspect(|attributes| attributes.protect(self.file()));
    }

    /// Returns the final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Syncs the file and gives it its final name.
    pub fn commit(self) -> Outcome {
        self.attributes.inspect(|attributes| attributes.apply(self.file()));
        self.file().sync_all().map_err(|error| Failure::writing(&self.path, &error))?;
        self.file.persist(&self.path, self.force).map_err(|error| Failure::creating(&self.path, &error))
    }
}

/// Follows links at the end of `path`, so that the file at their end is replaced and not the link.
fn without_links(path: &Path) -> Outcome<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => path.canonicalize().map_err(|_| {
            Failure::wrong_use(
                path,
                "this is a link whose target is missing",
                "remove it, or choose another name with -o",
            )
        }),
        _ => Ok(path.to_owned()),
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

    /// Sets the attributes that a file gets.
    pub fn keep(&mut self, attributes: Option<Attributes>) {
        if let Some(target) = &mut self.target {
            target.keep(attributes);
        }
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
