//! Writes decoded files to a file, a folder or a pipe.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tersor::{Error, Escaped, FileInfo, FileOutput};

use super::args::DecodeArgs;
use crate::files::attributes::Attributes;
use crate::files::folder::{Folder, write_all_at};
use crate::files::ordered::Ordered;
use crate::files::output::{Destination, Target, open_stream};
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::batch::Batch;
use crate::verbs::common::refuse_mixed;

/// The size of input and output buffers in bytes.
pub const BUFFER_BYTES: usize = 1 << 20;

/// A container and the command line.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub file: &'a Path,
    pub args: &'a DecodeArgs,
    pub batch: &'a Batch<'a>,
}

/// The decoded files of a container.
pub struct DecodedFiles<'a> {
    job: Job<'a>,
    bar: &'a Bar,
    /// Whether the container is a file, so that the default output is a path in the same folder.
    has_place: bool,
    state: State,
    raw_bytes: u64,
    /// The failure in writing that ended the decoding.
    failure: Option<Failure>,
    /// The attributes of the container, which the files get.
    attributes: Option<Attributes>,
}

enum State {
    /// The library has not announced the files yet.
    Waiting,
    File(Target),
    Folder(Folder),
    Stream(PathBuf, Box<Ordered<BufWriter<Box<dyn Write>>>>),
}

impl<'a> DecodedFiles<'a> {
    pub fn new(job: Job<'a>, bar: &'a Bar, has_place: bool) -> Self {
        let attributes = has_place.then(|| Attributes::of_file(job.file)).flatten();
        Self { job, bar, has_place, state: State::Waiting, raw_bytes: 0, failure: None, attributes }
    }

    /// Returns the container and the command line.
    pub fn job(&self) -> Job<'a> {
        self.job
    }

    /// Returns the total size of the output in bytes.
    pub fn raw_bytes(&self) -> u64 {
        self.raw_bytes
    }

    /// Sets the total of the progress bar in bytes.
    pub fn set_total(&self, bytes: u64) {
        self.bar.set_total(bytes);
    }

    /// Returns whether no output has been opened yet, and none has failed.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting) && self.failure.is_none()
    }

    /// Returns the failure that ended the decoding: a failure of the output, or else the error of the library.
    pub fn failed(&mut self, error: &Error) -> Failure {
        self.failure.take().unwrap_or_else(|| Failure::container(self.job.file, error))
    }

    fn start(&mut self, files: &[FileInfo]) -> Outcome {
        self.raw_bytes = files.iter().map(|file| file.len).sum();
        self.bar.set_total(self.raw_bytes);
        let file = self.job.file;
        // what gets another name lies beside it
        let place = self.job.batch.placed(file);
        let single = files.first().filter(|file| !file.in_folder);
        let path = match (self.job.batch.output(), single) {
            (Some(folder), Some(only)) if folder.is_dir() => without_link(folder.join(&only.path))?,
            (Some(path), _) => path.to_owned(),
            (None, _) if !self.has_place && !self.job.batch.has_folder() => PathBuf::from("-"),
            (None, Some(only)) if only.path.starts_with('.') => {
                let problem = format!("the name of the file inside, {}, is hidden", Escaped(&only.path));
                return Err(Failure::wrong_use(file, problem, "name the output with -o"));
            }
            (None, Some(only)) => without_link(place.with_file_name(&only.path))?,
            (None, None) => match without_ending(&place) {
                path if path == place => {
                    let problem = "its name does not end in .tersor, so the folder inside has no default name";
                    return Err(Failure::wrong_use(file, problem, "name the output with -o"));
                }
                path => path,
            },
        };
        self.state = match (Destination::of(&path), single, files) {
            (_, Some(only), _) => self.open_one(path, only.len)?,
            (Destination::Path, None, _) => {
                self.job.batch.check_unused(&path)?;
                let files: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.len)).collect();
                let mut folder =
                    Folder::create(&path, self.job.args.force, &self.job.batch.inputs(Vec::new()), &files)?;
                folder.keep(self.attributes);
                State::Folder(folder)
            }
            (_, None, [only]) => self.open_one(path, only.len)?,
            _ => {
                let problem = format!("{} files inside cannot go to a pipe", files.len());
                return Err(Failure::wrong_use(file, problem, "give the name of a folder with -o"));
            }
        };
        Ok(())
    }

    /// Opens a single file of `len` bytes at `path`, for the caller to write with [`put`](Self::put).
    pub fn start_one(&mut self, path: PathBuf, len: u64) -> Outcome {
        self.raw_bytes = len;
        self.state = self.open_one(path, len)?;
        Ok(())
    }

    fn open_one(&self, path: PathBuf, len: u64) -> Outcome<State> {
        let destination = Destination::of(&path);
        refuse_mixed(self.job.args.json, destination)?;
        if destination != Destination::Path {
            let sink = BufWriter::with_capacity(BUFFER_BYTES, open_stream(&path)?);
            return Ok(State::Stream(path, Box::new(Ordered::new([sink]))));
        }
        self.job.batch.check_unused(&path)?;
        let mut target = Target::create(&path, self.job.args.force, &self.job.batch.inputs(Vec::new()))?;
        target.keep(self.attributes);
        target.file().set_len(len).map_err(|error| Failure::writing(&path, &error))?;
        Ok(State::File(target))
    }

    /// Writes `bytes` at `offset` of file number `file`.
    pub fn put(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Outcome {
        match &mut self.state {
            State::Waiting => unreachable!("the files are announced first"),
            State::File(target) => {
                let written = write_all_at(target.file(), offset, bytes);
                written.map_err(|error| Failure::writing(target.path(), &error))
            }
            State::Folder(folder) => folder.write_at(file, offset, bytes),
            State::Stream(path, ordered) => {
                ordered.write_at(file, offset, bytes).map_err(|error| Failure::writing(path, &error))
            }
        }
    }

    /// Completes the output, which has been written and checked, and returns its path.
    pub fn commit(&mut self) -> Outcome<PathBuf> {
        match std::mem::replace(&mut self.state, State::Waiting) {
            State::Waiting => unreachable!("the files are announced first"),
            State::File(target) => {
                let path = target.path().to_owned();
                target.commit().map(|()| path)
            }
            State::Folder(folder) => {
                let path = folder.path().to_owned();
                folder.commit().map(|()| path)
            }
            State::Stream(path, ordered) => match ordered.finish() {
                Ok(_) => Ok(path),
                Err(error) => Err(Failure::writing(&path, &error)),
            },
        }
    }

    /// Keeps a failure and cancels the decoding.
    fn keep(&mut self, done: Outcome) -> tersor::Result<()> {
        done.map_err(|failure| {
            self.failure = Some(failure);
            Error::cancelled()
        })
    }
}

/// Refuses a link at a path that the container has chosen: it can lead anywhere.
fn without_link(path: PathBuf) -> Outcome<PathBuf> {
    if path.is_symlink() {
        let problem = "this is a link, which can lead out of the folder";
        return Err(Failure::wrong_use(&path, problem, "remove the link, or name the file with -o"));
    }
    Ok(path)
}

/// Returns a path without the ending `.tersor`, or the path itself if it has another ending.
pub fn without_ending(path: &Path) -> PathBuf {
    match path.extension() {
        Some(ending) if ending == "tersor" => path.with_extension(""),
        _ => path.to_owned(),
    }
}

impl FileOutput for DecodedFiles<'_> {
    fn begin(&mut self, files: &[FileInfo]) -> tersor::Result<()> {
        let started = self.start(files);
        self.keep(started)
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> tersor::Result<()> {
        let put = self.put(file, offset, bytes);
        self.keep(put)
    }
}
