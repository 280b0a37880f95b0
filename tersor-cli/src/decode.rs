//! `tersor decode`

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use tersor::{
    DecodeOptions, Error, ErrorKind, Escaped, FileInfo, FileOutput, Map, Reader, StreamDecoder, decode_files,
};

use crate::Outcome;
use crate::args::{DecodeArgs, Shared};
use crate::bar::Bar;
use crate::failure::{Failure, shown, shown_output};
use crate::folder::{Folder, write_all_at};
use crate::foreign;
use crate::input::map_file;
use crate::ordered::Ordered;
use crate::output::{Destination, Target, open_stream};
use crate::safetensors_file::{Declared, write_header};
use crate::words::{Done, exact, say};

const BUFFER_BYTES: usize = 1 << 20;

/// Recreates the files of a container.
pub fn run(args: &DecodeArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let bar = Bar::new(shared.quiet);
    let mut options = DecodeOptions::default().with_limits(shared.max_decoded).with_progress(bar.progress());
    if let Some(threads) = args.threads {
        options = options.with_threads(threads);
    }
    let map = open_map(&args.file)?;
    let (mut in_files, mut left_out) = (None, 0);
    let (raw_bytes, coded_bytes, weights, path) = if let Some(map) = &map {
        let bytes = map.as_ref();
        foreign::expect_tersor(&args.file, bytes)?;
        let mut files = Files::new(args, &bar, true);
        let path = match decode_files(bytes, &mut files, options.clone()) {
            Ok(found) => {
                in_files = found.last().map(|file| file.ordinals.end);
                files.commit()?
            }
            Err(error) if files.is_waiting() && error.kind() == ErrorKind::InvalidArgument => {
                write_tensors(&mut files, map, &options)?
            }
            Err(error) => return Err(files.failed(&error)),
        };
        // all is checked, so that this succeeds
        let reader = Reader::with_options(map, DecodeOptions::default().with_limits(shared.max_decoded)).ok();
        let weights = reader.as_ref().map(|reader| reader.tensors().map(|tensor| tensor.element_count()).sum());
        if let (Some(reader), Some(end)) = (&reader, in_files) {
            left_out = reader.tensors().filter(|tensor| tensor.ordinal() >= end).count();
        }
        (files.raw_bytes, bytes.len() as u64, weights, path)
    } else {
        let mut input = Counted { input: open_pipe(&args.file)?, bytes: 0 };
        let first = input.input.fill_buf().map_err(|error| Failure::reading(&args.file, &error))?;
        foreign::expect_tersor(&args.file, first)?;
        let mut files = Files::new(args, &bar, false);
        let path = match decode_files(&mut input, &mut files, options) {
            Ok(_) => files.commit()?,
            Err(error) if files.is_waiting() && error.kind() == ErrorKind::InvalidArgument => {
                let what = "this container holds tensors and no files, and comes by a pipe";
                return Err(Failure::wrong_use(&args.file, what, "save it to a file first, then decode that"));
            }
            Err(error) => return Err(files.failed(&error)),
        };
        (files.raw_bytes, input.bytes, None, path)
    };
    drop(bar);
    if left_out > 0 {
        // also if quiet: something is missing from the output
        let count = exact(left_out as u64);
        let what = format!("tensors that belong to no file inside, left out: {count}: `tersor extract` writes them");
        say(false, &format!("tersor: {}: {what}", shown(&args.file)));
    }
    let done = Done { raw_bytes, coded_bytes, weights, time: start.elapsed() };
    say(shared.quiet, &done.line(&shown_output(&path), true));
    Ok(())
}

/// A regular file, mapped; `None` for a pipe.
fn open_map(path: &Path) -> Outcome<Option<Map>> {
    if path == Path::new("-") || fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
        return Ok(None);
    }
    map_file(path).map(Some)
}

fn open_pipe(path: &Path) -> Outcome<BufReader<Box<dyn Read>>> {
    let raw: Box<dyn Read> = if path != Path::new("-") {
        Box::new(File::open(path).map_err(|error| Failure::reading(path, &error))?)
    } else if io::stdin().is_terminal() {
        let what = "a terminal";
        return Err(Failure::wrong_use(path, what, "send a Tersor file by a pipe, or name one"));
    } else {
        Box::new(io::stdin().lock())
    };
    Ok(BufReader::with_capacity(BUFFER_BYTES, raw))
}

struct Counted<R> {
    input: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.bytes += count as u64;
        Ok(count)
    }
}

/// Decoded files on their way to where they belong.
struct Files<'a> {
    args: &'a DecodeArgs,
    bar: &'a Bar,
    /// Whether the container is a file, beside which another can lie.
    has_place: bool,
    state: State,
    raw_bytes: u64,
    /// Why the output ended the decoding.
    failure: Option<Failure>,
}

enum State {
    /// The files are not known yet.
    Waiting,
    File(Target),
    Folder(Folder),
    Stream(PathBuf, Box<Ordered<BufWriter<Box<dyn Write>>>>),
}

impl<'a> Files<'a> {
    fn new(args: &'a DecodeArgs, bar: &'a Bar, has_place: bool) -> Self {
        Self { args, bar, has_place, state: State::Waiting, raw_bytes: 0, failure: None }
    }

    fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting) && self.failure.is_none()
    }

    /// What ended the decoding: the output, or what the library says.
    fn failed(&mut self, error: &Error) -> Failure {
        self.failure.take().unwrap_or_else(|| Failure::container(&self.args.file, error))
    }

    fn start(&mut self, files: &[FileInfo]) -> Outcome {
        self.raw_bytes = files.iter().map(|file| file.len).sum();
        self.bar.set_total(self.raw_bytes);
        let file = &self.args.file;
        let path = match &self.args.output {
            Some(path) => path.clone(),
            None if !self.has_place => PathBuf::from("-"),
            None => match files {
                [only] if only.name.starts_with('.') => {
                    let what = format!("the file inside is hidden, named {}", Escaped(&only.name));
                    return Err(Failure::wrong_use(file, what, "say with -o where it shall go"));
                }
                [only] => file.with_file_name(&only.name),
                _ => file.with_extension(""),
            },
        };
        let inputs = std::slice::from_ref(file);
        self.state = match (Destination::of(&path), files) {
            (_, [only]) => self.open_one(path, only.len)?,
            (Destination::Path, _) => {
                let files = files.iter().map(|file| (file.name.as_str(), file.len));
                State::Folder(Folder::create(&path, self.args.force, inputs, files)?)
            }
            _ => {
                let what = format!("{} files inside cannot go to a pipe", files.len());
                return Err(Failure::wrong_use(file, what, "give the name of a folder with -o"));
            }
        };
        Ok(())
    }

    /// One file, or a pipe, for `len` bytes.
    fn open_one(&self, path: PathBuf, len: u64) -> Outcome<State> {
        if Destination::of(&path) != Destination::Path {
            let sink = BufWriter::with_capacity(BUFFER_BYTES, open_stream(&path)?);
            return Ok(State::Stream(path, Box::new(Ordered::new([sink]))));
        }
        let target = Target::create(&path, self.args.force, std::slice::from_ref(&self.args.file))?;
        target.file().set_len(len).map_err(|error| Failure::writing(&path, &error))?;
        Ok(State::File(target))
    }

    fn put(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Outcome {
        match &mut self.state {
            State::Waiting => unreachable!("the library begins first"),
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

    /// All has come and is checked; where it is.
    fn commit(&mut self) -> Outcome<PathBuf> {
        match std::mem::replace(&mut self.state, State::Waiting) {
            State::Waiting => unreachable!("the library begins first"),
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

    fn keep(&mut self, done: Outcome) -> tersor::Result<()> {
        done.map_err(|failure| {
            self.failure = Some(failure);
            Error::cancelled()
        })
    }
}

impl FileOutput for Files<'_> {
    fn begin(&mut self, files: &[FileInfo]) -> tersor::Result<()> {
        let started = self.start(files);
        self.keep(started)
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> tersor::Result<()> {
        let put = self.put(file, offset, bytes);
        self.keep(put)
    }
}

/// A container of tensors alone, as one safetensors file; large elements first, so that all are aligned. Each tensor comes once,
/// when its turn is in the container, and goes to its own place and those of its repetitions.
fn write_tensors(files: &mut Files<'_>, map: &Map, options: &DecodeOptions) -> Outcome<PathBuf> {
    let container = &files.args.file;
    let of_container = |error: Error| Failure::container(container, &error);
    let corrupt = |what: &str| of_container(Error::corrupt(what).in_section("manifest"));
    let path = files.args.output.clone().unwrap_or_else(|| container.with_extension("safetensors"));
    let reader = Reader::with_options(map, options.clone()).map_err(of_container)?;
    let mut tensors: Vec<_> = reader.tensors().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype().bits()));
    let declared = tensors.iter().map(|tensor| Declared {
        name: tensor.name(),
        dtype: tensor.dtype(),
        shape: tensor.shape(),
        len: tensor.byte_len(),
    });
    let mut header = Vec::new();
    write_header(&mut header, reader.metadata(), declared).map_err(|error| Failure::writing(&path, &error))?;
    let mut end = header.len() as u64;
    let mut stored_bytes = 0;
    // by ordinal: the length, and where the bytes go
    let mut places: Vec<(u64, Vec<u64>)> = vec![(0, Vec::new()); tensors.len()];
    for tensor in &tensors {
        let holder = tensor.alias_of().unwrap_or(*tensor);
        let known = places.get_mut(holder.ordinal()).ok_or_else(|| corrupt("a tensor's number is too high"))?;
        known.0 = holder.byte_len();
        known.1.push(end);
        stored_bytes += if tensor.alias_of().is_none() { tensor.byte_len() } else { 0 };
        end = end.checked_add(tensor.byte_len()).ok_or_else(|| corrupt("more than 2^64 bytes in all"))?;
    }
    files.raw_bytes = end;
    files.bar.set_total(stored_bytes);
    files.state = files.open_one(path, end)?;
    files.put(0, 0, &header)?;
    let mut stream = StreamDecoder::new(map.as_ref(), options.clone()).map_err(of_container)?;
    while let Some(part) = stream.next_part().map_err(of_container)? {
        // the index may tell of other tensors than the frames, which comes out only at the end
        let known = places.get(part.ordinal).filter(|(len, _)| part.offset + part.bytes.len() as u64 <= *len);
        let (_, places) = known.ok_or_else(|| corrupt("the index has other tensors than the frames"))?;
        for place in places {
            files.put(0, place + part.offset, part.bytes)?;
        }
    }
    files.commit()
}
