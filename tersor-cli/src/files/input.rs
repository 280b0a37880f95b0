//! Inputs: a file, a folder with a model, or an index of shards.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tersor::{Error, ErrorKind, FileInput, Map, command_map};

use crate::formats::foreign::{self, FileFormat};
use crate::screen::failure::{Failure, Outcome};

const INDEX_ENDING: &str = ".index.json";
/// The ending of the names of safetensors files.
pub const WEIGHTS_ENDING: &str = ".safetensors";

/// A file to encode or to compare with, mapped into memory.
#[derive(Debug)]
pub struct Original {
    /// The path of the file.
    pub path: PathBuf,
    /// The name of the file in a container.
    pub name: String,
    map: Map,
}

impl Original {
    fn open(path: PathBuf) -> Outcome<Self> {
        let Some(name) = path.file_name().and_then(OsStr::to_str).map(str::to_owned) else {
            return Err(Failure::wrong_use(&path, "the name is not valid Unicode", "rename the file"));
        };
        let map = map_file(&path)?;
        Ok(Self { path, name, map })
    }

    /// Returns the content.
    pub fn bytes(&self) -> &[u8] {
        self.map.as_ref()
    }

    /// Returns the file as an input of the encoder.
    pub fn as_input(&self) -> FileInput<'_> {
        FileInput::new(&self.name, self.bytes())
    }
}

/// The files of a model, to encode or to compare with.
#[derive(Debug)]
pub struct Originals {
    /// The files, sorted by name.
    pub files: Vec<Original>,
    /// Subfolders of a folder, which are not encoded.
    pub skipped: Vec<PathBuf>,
    /// The default path of the encoded file.
    pub default_output: PathBuf,
}

impl Originals {
    /// Finds and maps the file, or the files of the folder or index, at `path`.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path == Path::new("-") {
            let problem = "a model cannot be read from standard input";
            return Err(Failure::wrong_use(path, problem, "give a .safetensors file or a folder"));
        }
        let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if metadata.is_dir() {
            Self::folder(path)
        } else if name.ends_with(INDEX_ENDING) {
            Self::index(path, &name)
        } else {
            Self::single(path, &name)
        }
    }

    fn single(path: &Path, name: &str) -> Outcome<Self> {
        let file = Original::open(path.to_owned())?;
        foreign::expect_safetensors(path, file.bytes())?;
        let Some(stem) = name.strip_suffix(WEIGHTS_ENDING) else {
            return Err(match foreign::recognise(path, file.bytes()) {
                FileFormat::Safetensors => {
                    let problem = "this looks like a safetensors file, but the name does not end in .safetensors";
                    Failure::wrong_use(path, problem, "rename it")
                }
                _ => Failure::bad_data(
                    path,
                    "not a safetensors file",
                    "give a safetensors file, a folder, or a .safetensors.index.json",
                ),
            });
        };
        let default_output = path.with_file_name(format!("{stem}.tersor"));
        Ok(Self { files: vec![file], skipped: Vec::new(), default_output })
    }

    fn folder(path: &Path) -> Outcome<Self> {
        let failed = |error: io::Error| Failure::reading(path, &error);
        let mut paths = Vec::new();
        let mut skipped = Vec::new();
        for item in fs::read_dir(path).map_err(failed)? {
            let item = item.map_err(failed)?;
            if item.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // follow symbolic links: the caches of model hubs consist of them
            let metadata = fs::metadata(item.path()).map_err(|error| Failure::reading(&item.path(), &error))?;
            if metadata.is_dir() {
                skipped.push(item.path());
            } else if metadata.is_file() {
                paths.push(item.path());
            }
        }
        if paths.is_empty() {
            return Err(Failure::wrong_use(path, "there are no files in this folder", "give a folder with a model"));
        }
        paths.sort();
        skipped.sort();
        // the canonical path gives `.` and `..` a name
        let whole = path.canonicalize().map_err(failed)?;
        let Some(name) = path.file_name().or(whole.file_name()) else {
            return Err(Failure::wrong_use(path, "this folder has no name", "give a folder with a model"));
        };
        let mut output = name.to_owned();
        output.push(".tersor");
        let beside = if path.file_name().is_some() { path } else { &whole };
        let default_output = beside.with_file_name(output);
        let files: Vec<Original> = paths.into_iter().map(Original::open).collect::<Outcome<_>>()?;
        check_weights(&files)?;
        Ok(Self { files, skipped, default_output })
    }

    fn index(path: &Path, name: &str) -> Outcome<Self> {
        let index = Original::open(path.to_owned())?;
        let mut files = Vec::new();
        for shard in shards(path, index.bytes())? {
            let shard = path.with_file_name(shard);
            if !shard.exists() {
                let problem = format!("{name} names this shard, which is missing");
                return Err(Failure::wrong_use(&shard, problem, "download it into the same folder"));
            }
            files.push(Original::open(shard)?);
        }
        check_weights(&files)?;
        files.push(index);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let stem = name.strip_suffix(INDEX_ENDING).unwrap_or(name);
        let stem = stem.strip_suffix(WEIGHTS_ENDING).unwrap_or(stem);
        let default_output = path.with_file_name(format!("{stem}.tersor"));
        Ok(Self { files, skipped: Vec::new(), default_output })
    }

    /// Returns the total size in bytes.
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.bytes().len() as u64).sum()
    }

    /// Returns the paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }

    /// Returns the failure for an error in encoding these files, named by `input`, to `output`.
    ///
    /// The inputs are mapped, so an I/O error comes from writing. The library reports the name of the file at fault as
    /// the name of a tensor; here the path names it instead.
    pub fn encode_failure(&self, input: &Path, output: &Path, error: &Error) -> Failure {
        if error.kind() == ErrorKind::Io {
            return Failure::writing_by_library(output, error);
        }
        let at_fault = self.files.iter().find(|file| Some(file.name.as_str()) == error.tensor());
        let path = match (&self.files[..], at_fault) {
            ([only], _) | (_, Some(only)) => only.path.as_path(),
            _ => input,
        };
        if at_fault.is_none() {
            return Failure::original(path, error);
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

fn check_weights(files: &[Original]) -> Outcome {
    let weights = || files.iter().filter(|file| file.name.ends_with(WEIGHTS_ENDING));
    weights().try_for_each(|file| foreign::expect_safetensors(&file.path, file.bytes()))
}

/// Returns the names of the files in the `weight_map` of an index.
fn shards(path: &Path, json: &[u8]) -> Outcome<BTreeSet<String>> {
    let not_an_index =
        |problem: String| Failure::bad_data(path, problem, "give the folder or the single files instead");
    let parsed: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| not_an_index(format!("not valid JSON: {error}")))?;
    let Some(map) = parsed.get("weight_map").and_then(|map| map.as_object()) else {
        return Err(not_an_index("this index has no `weight_map`".to_owned()));
    };
    let mut names = BTreeSet::new();
    for shard in map.values() {
        let name = shard.as_str().unwrap_or_default();
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', ':']) {
            return Err(not_an_index(format!("{shard} in `weight_map` is not the name of a file in the same folder")));
        }
        names.insert(name.to_owned());
    }
    Ok(names)
}

/// Maps a regular file into memory.
pub fn map_file(path: &Path) -> Outcome<Map> {
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::wrong_use(path, "this is a folder, not a file", "give a file"));
    }
    if !metadata.is_file() {
        return Err(Failure::wrong_use(path, "this is not a regular file", "save it to a file first"));
    }
    command_map::map(path).map_err(|error| Failure::reading(path, &error))
}

/// Maps a Tersor file into memory, for random access.
pub fn map_container(path: &Path) -> Outcome<Map> {
    if path == Path::new("-") {
        let problem = "this command needs random access, and a pipe has none";
        return Err(Failure::wrong_use(path, problem, "save it to a file first"));
    }
    let map = map_file(path)?;
    foreign::expect_tersor(path, map.as_ref())?;
    Ok(map)
}
