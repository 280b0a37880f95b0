//! Inputs: a file, a folder with a model, or an index of shards.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tersor::{
    EncodeOptions, Error, ErrorKind, FileInput, Quantized, ReadAt, SafetensorsHeader, Summary, encode_files,
    encode_folder,
};

use super::attributes::Attributes;
use super::index_json::{self, MAX_INDEX_BYTES, may_be_index, missing};
use super::pipe::receive;
use super::source::{check_regular, start_of};
use super::tree::{LeftOut, Tree, unreadable};
use crate::formats::foreign;
use crate::screen::failure::{Failure, Outcome};

/// The ending of the names of safetensors files.
const WEIGHTS_ENDING: &str = ".safetensors";
/// The ending of the names of Tersor files.
const CONTAINER_ENDING: &str = ".tersor";
const BUFFER_BYTES: u64 = 1 << 20;
/// The largest number of files that stay open; operating systems limit it.
const OPEN_FILES: usize = 64;

/// A file to encode or to compare with. It is read at an offset: if another program changes it meanwhile, an error
/// follows and no crash.
#[derive(Debug)]
pub struct Original {
    /// The path of the file.
    pub path: PathBuf,
    /// The path of the file in a container.
    pub name: String,
    /// The size in bytes.
    len: u64,
    modified: Option<SystemTime>,
    /// The permissions and the time of the file; `None` if it came from a pipe.
    attributes: Option<Attributes>,
    /// The open file; `None` if there are many, and each is opened when it is read.
    file: Option<File>,
}

impl Original {
    fn open(path: PathBuf, name: String, keep_open: bool) -> Outcome<Self> {
        let failed = |error: io::Error| unreadable(&path, &error);
        let file = File::open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        Ok(Self {
            len: metadata.len(),
            modified: metadata.modified().ok(),
            attributes: Some(Attributes::of(&metadata)),
            file: keep_open.then_some(file),
            name,
            path,
        })
    }

    /// Returns the content of the pipe `path`, which `file` has received, as a file of this name.
    fn of_pipe(path: &Path, name: &str, file: File) -> Outcome<Self> {
        let len = file.metadata().map_err(|error| Failure::reading(path, &error))?.len();
        let (path, name) = (path.to_owned(), name.to_owned());
        Ok(Self { path, name, len, modified: None, attributes: None, file: Some(file) })
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.len
    }

    /// Returns the file as an input of the encoder.
    pub fn as_input(&self) -> FileInput<'_> {
        FileInput::of_source(&self.name, self)
    }

    /// Returns the BLAKE3 digest of the content.
    pub fn digest(&self) -> Outcome<[u8; 32]> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; self.len.min(BUFFER_BYTES) as usize];
        let mut offset = 0;
        while offset < self.len {
            let block = &mut buffer[..(self.len - offset).min(BUFFER_BYTES) as usize];
            self.read_exact_at(offset, block).map_err(|error| Failure::reading(&self.path, &error))?;
            hasher.update(block);
            offset += block.len() as u64;
        }
        Ok(hasher.finalize().into())
    }

    /// Reads the whole file, which must be small.
    pub fn read(&self) -> Outcome<Vec<u8>> {
        let mut bytes = vec![0; self.len as usize];
        self.read_exact_at(0, &mut bytes).map_err(|error| Failure::reading(&self.path, &error))?;
        Ok(bytes)
    }

    /// Returns the header if this is a safetensors file.
    pub fn header(&self) -> Outcome<Option<SafetensorsHeader>> {
        let header = match self.name.ends_with(WEIGHTS_ENDING) {
            true => SafetensorsHeader::read(self).map(Some),
            false => SafetensorsHeader::recognise(self),
        };
        header.map_err(|error| Failure::original(&self.path, &error))
    }

    /// Returns whether the file is as it was when it was opened.
    fn is_unchanged(&self) -> bool {
        if self.attributes.is_none() {
            return true;
        }
        let same = |metadata: Metadata| metadata.len() == self.len && metadata.modified().ok() == self.modified;
        fs::metadata(&self.path).is_ok_and(same)
    }
}

impl ReadAt for Original {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        match &self.file {
            Some(file) => file.read_exact_at(offset, buffer),
            None => File::open(&self.path)?.read_exact_at(offset, buffer),
        }
    }
}

/// The files of a model, to encode or to compare with.
#[derive(Debug)]
pub struct Originals {
    /// The files, sorted by name.
    pub files: Vec<Original>,
    /// Whether the input is a folder, or an index with its shards.
    pub is_folder: bool,
    /// The files and folders that are not encoded.
    pub left_out: Vec<LeftOut>,
    /// The default path of the encoded file.
    pub default_output: PathBuf,
}

impl Originals {
    /// Finds and opens the file, or the files of the folder or index, at `path`.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path == Path::new("-") {
            let problem = "a model cannot be read from standard input here";
            return Err(Failure::wrong_use(path, problem, "give a safetensors file or a folder"));
        }
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
        if metadata.is_dir() {
            return Self::folder(path);
        }
        check_regular(path)?;
        let name = path.file_name().and_then(OsStr::to_str);
        let name = name.ok_or_else(|| Failure::wrong_use(path, "the name is not valid Unicode", "rename the file"))?;
        let file = Original::open(path.to_owned(), name.to_owned(), true)?;
        match name.to_ascii_lowercase().ends_with(".json") {
            true => Self::index(path, name, file),
            false => Self::single(path, name, file),
        }
    }

    /// Receives a safetensors file from the pipe `path`; `name` is its name in a container.
    pub fn of_pipe(path: &Path, name: &str) -> Outcome<Self> {
        let file = receive(path)?;
        Self::single(Path::new(name), name, Original::of_pipe(path, name, file)?)
    }

    fn single(path: &Path, name: &str, file: Original) -> Outcome<Self> {
        let start = start_of(&file).map_err(|error| Failure::reading(&file.path, &error))?;
        foreign::expect_safetensors(&file.path, &start)?;
        // a single file holds tensors, whatever its name is
        SafetensorsHeader::read(&file).map_err(|error| Failure::original(&file.path, &error))?;
        let stem = name.strip_suffix(WEIGHTS_ENDING).filter(|stem| !stem.is_empty()).unwrap_or(name);
        let default_output = default_output(path, &format!("{stem}{CONTAINER_ENDING}"));
        Ok(Self { files: vec![file], is_folder: false, left_out: Vec::new(), default_output })
    }

    fn folder(path: &Path) -> Outcome<Self> {
        let Tree { files, left_out } = Tree::list(path)?;
        if files.is_empty() {
            return Err(Failure::wrong_use(path, "there are no files in this folder", "give a folder with a model"));
        }
        // the canonical path gives `.` and `..` a name
        let whole = path.canonicalize().map_err(|error| Failure::reading(path, &error))?;
        let Some(name) = path.file_name().or(whole.file_name()) else {
            return Err(Failure::wrong_use(path, "this folder has no name", "give a folder with a model"));
        };
        let beside = if path.file_name().is_some() { path } else { &whole };
        let default_output = default_output(beside, &format!("{}{CONTAINER_ENDING}", name.to_string_lossy()));
        let files = open_all(files)?;
        for file in files.iter().filter(|file| may_be_index(&file.name)) {
            let name = file.path.file_name().unwrap_or_default().to_string_lossy();
            for shard in shards_of(file)?.into_iter().flatten() {
                let shard = file.path.with_file_name(shard);
                if !shard.exists() {
                    return Err(missing(&name, &shard));
                }
            }
        }
        Ok(Self { files, is_folder: true, left_out, default_output })
    }

    fn index(path: &Path, name: &str, index: Original) -> Outcome<Self> {
        let Some(shards) = shards_of(&index)? else {
            let problem = "this JSON file has no `weight_map`, so it is not the index of a sharded model";
            return Err(Failure::bad_data(path, problem, "give the folder or the single files instead"));
        };
        if shards.iter().any(|shard| shard.ends_with(CONTAINER_ENDING)) {
            let problem = "this index names Tersor files, which are encoded already";
            return Err(Failure::bad_data(path, problem, "read it with `tersor decode` or `tersor inspect`"));
        }
        let mut found = Vec::new();
        for shard in shards {
            let shard_path = path.with_file_name(&shard);
            if !shard_path.exists() {
                return Err(missing(name, &shard_path));
            }
            check_regular(&shard_path)?;
            found.push((shard, shard_path));
        }
        let mut files = open_all(found)?;
        files.push(index);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        // model.safetensors.index.json becomes model.tersor
        let stem = name.split(".index.").next().unwrap_or(name);
        let stem = stem.strip_suffix(WEIGHTS_ENDING).unwrap_or(stem);
        let default_output = default_output(path, &format!("{stem}{CONTAINER_ENDING}"));
        Ok(Self { files, is_folder: true, left_out: Vec::new(), default_output })
    }

    /// Returns the total size in bytes.
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }

    /// Returns the attributes of the input if it is a single file.
    pub fn attributes(&self) -> Option<Attributes> {
        match &self.files[..] {
            [only] if !self.is_folder => only.attributes,
            _ => None,
        }
    }

    /// Returns the paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// Encodes the files to `out`.
    pub fn encode<W: Write>(&self, out: W, options: EncodeOptions) -> tersor::Result<(W, Summary)> {
        let inputs: Vec<FileInput<'_>> = self.files.iter().map(Original::as_input).collect();
        match self.is_folder {
            true => encode_folder(&inputs, out, options),
            false => encode_files(&inputs, out, options),
        }
    }

    /// Quantises and encodes the files.
    pub fn quantize(&self, options: EncodeOptions) -> tersor::Result<Quantized> {
        let inputs: Vec<FileInput<'_>> = self.files.iter().map(Original::as_input).collect();
        match self.is_folder {
            true => Quantized::of_folder(&inputs, options),
            false => Quantized::of_files(&inputs, options),
        }
    }

    /// Returns whether a file holds a tensor. Checks the headers of all safetensors files.
    pub fn have_tensors(&self) -> Outcome<bool> {
        let mut found = false;
        for file in &self.files {
            found |= file.header()?.is_some_and(|header| !header.tensors.is_empty());
        }
        Ok(found)
    }

    /// Returns the failure for files without tensors.
    pub fn without_tensors(&self, input: &Path) -> Failure {
        let starts = self.files.iter().map(|file| start_of(file).unwrap_or_default());
        let problem = match starts.zip(&self.files).find_map(|(start, file)| foreign::describe(&file.path, &start)) {
            Some(format) => format!("no tensor was found here, but {format}, which is not read"),
            None => "no tensor was found here".to_owned(),
        };
        Failure::bad_data(input, problem, "convert the weights to safetensors, or add --force")
    }

    /// Refuses files that changed since they were opened.
    pub fn check_unchanged(&self) -> Outcome {
        match self.files.iter().find(|file| !file.is_unchanged()) {
            Some(file) => Err(changed(&file.path)),
            None => Ok(()),
        }
    }

    /// Returns the failure for an error in encoding these files, named by `input`, to `output`.
    ///
    /// The library reports the path of the file at fault as the name of a tensor; here the path on disk names it
    /// instead.
    pub fn encode_failure(&self, input: &Path, output: &Path, error: &Error) -> Failure {
        let at_fault = self.files.iter().find(|file| Some(file.name.as_str()) == error.tensor());
        if error.kind() == ErrorKind::Io {
            return match at_fault {
                Some(file) => Failure::original(&file.path, error),
                None => Failure::writing_by_library(output, error),
            };
        }
        let path = match (&self.files[..], at_fault) {
            ([only], _) | (_, Some(only)) => only.path.as_path(),
            _ => input,
        };
        if at_fault.is_none() {
            return Failure::original(path, error);
        }
        if at_fault.is_some_and(|file| !file.is_unchanged()) {
            return changed(path);
        }
        let mut plain = Error::new(error.kind(), error.what());
        if let Some(section) = error.section() {
            plain = plain.in_section(section);
        }
        if let Some(offset) = error.offset() {
            plain = plain.at(offset);
        }
        Failure::original(path, &plain)
    }
}

fn changed(path: &Path) -> Failure {
    Failure::bad_data(path, "the file changed while it was read", "wait until it is complete, and try again")
}

/// Opens files with their names in a container. They stay open if they are few.
fn open_all(files: Vec<(String, PathBuf)>) -> Outcome<Vec<Original>> {
    let keep_open = files.len() <= OPEN_FILES;
    files.into_iter().map(|(name, path)| Original::open(path, name, keep_open)).collect()
}

/// Returns the names of the shards of an index; `None` if the file is none.
fn shards_of(index: &Original) -> Outcome<Option<Vec<String>>> {
    if index.len > MAX_INDEX_BYTES {
        return Ok(None);
    }
    let index = index_json::parse(&index.path, &index.read()?)?;
    Ok(index.map(|index| index.shards().map(str::to_owned).collect()))
}

/// Returns the path of an output named `name` beside `path`. In the cache of a model hub (`snapshots/REVISION`) a
/// further file would make the cache invalid, so there the output lies in the working folder.
pub fn default_output(path: &Path, name: &str) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders: Vec<&OsStr> = whole.iter().collect();
    let is_cache = |pair: &[&OsStr]| pair[0].to_string_lossy().starts_with("models--") && pair[1] == "snapshots";
    let Some(place) = folders.windows(2).position(is_cache) else { return path.with_file_name(name) };
    // the name of a revision says nothing: models--owner--name gives name
    let model = folders[place].to_string_lossy().rsplit("--").next().unwrap_or_default().to_owned();
    match folders.len() == place + 3 {
        true => PathBuf::from(format!("{model}{CONTAINER_ENDING}")),
        false => PathBuf::from(name),
    }
}
