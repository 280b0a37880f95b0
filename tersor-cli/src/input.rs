//! What the user names as input: a file, a folder of a model, or an index of shards.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tersor::{FileInput, Map};

use crate::Outcome;
use crate::failure::Failure;
use crate::foreign::{self, Kind};
use tersor::command_map;

const INDEX_ENDING: &str = ".index.json";
/// How names of files with weights end.
pub const WEIGHTS_ENDING: &str = ".safetensors";

/// A file, mapped.
#[derive(Debug)]
pub struct Original {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name in a container.
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

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.map.as_ref()
    }

    /// For the library.
    pub fn as_input(&self) -> FileInput<'_> {
        FileInput::new(&self.name, self.bytes())
    }
}

/// What to encode or to compare with.
#[derive(Debug)]
pub struct Originals {
    /// Sorted by name.
    pub files: Vec<Original>,
    /// Folders inside a folder, which are left out.
    pub left_out: Vec<PathBuf>,
    /// Where the encoded file goes unless told otherwise.
    pub default_output: PathBuf,
}

impl Originals {
    /// Finds and maps what `path` names.
    pub fn open(path: &Path) -> Outcome<Self> {
        if path == Path::new("-") {
            let what = "a model cannot come by standard input";
            return Err(Failure::wrong_use(path, what, "give a .safetensors file or a folder"));
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
            return Err(match foreign::kind(path, file.bytes()) {
                Kind::Safetensors => {
                    let what = "its name does not end in .safetensors, though it looks like such a file";
                    Failure::wrong_use(path, what, "rename it")
                }
                _ => Failure::bad_data(
                    path,
                    "not a safetensors file",
                    "give one, or a folder, or a .safetensors.index.json",
                ),
            });
        };
        let default_output = path.with_file_name(format!("{stem}.tersor"));
        Ok(Self { files: vec![file], left_out: Vec::new(), default_output })
    }

    fn folder(path: &Path) -> Outcome<Self> {
        let failed = |error: io::Error| Failure::reading(path, &error);
        let mut paths = Vec::new();
        let mut left_out = Vec::new();
        for item in fs::read_dir(path).map_err(failed)? {
            let item = item.map_err(failed)?;
            if item.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // through symbolic links, of which caches of models are made
            let metadata = fs::metadata(item.path()).map_err(|error| Failure::reading(&item.path(), &error))?;
            if metadata.is_dir() {
                left_out.push(item.path());
            } else if metadata.is_file() {
                paths.push(item.path());
            }
        }
        if paths.is_empty() {
            return Err(Failure::wrong_use(path, "there are no files in this folder", "give a folder of a model"));
        }
        paths.sort();
        left_out.sort();
        // so that `.` and `..` have names, too
        let whole = path.canonicalize().map_err(failed)?;
        let Some(name) = path.file_name().or(whole.file_name()) else {
            return Err(Failure::wrong_use(path, "this folder has no name", "give a folder of a model"));
        };
        let mut output = name.to_owned();
        output.push(".tersor");
        let beside = if path.file_name().is_some() { path } else { &whole };
        let default_output = beside.with_file_name(output);
        let files: Vec<Original> = paths.into_iter().map(Original::open).collect::<Outcome<_>>()?;
        check_weights(&files)?;
        Ok(Self { files, left_out, default_output })
    }

    fn index(path: &Path, name: &str) -> Outcome<Self> {
        let index = Original::open(path.to_owned())?;
        let mut files = Vec::new();
        for shard in shards(path, index.bytes())? {
            let shard = path.with_file_name(shard);
            if !shard.exists() {
                let what = format!("this shard, named by {name}, is missing");
                return Err(Failure::wrong_use(&shard, what, "download it into the same folder"));
            }
            files.push(Original::open(shard)?);
        }
        check_weights(&files)?;
        files.push(index);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let stem = name.strip_suffix(INDEX_ENDING).unwrap_or(name);
        let stem = stem.strip_suffix(WEIGHTS_ENDING).unwrap_or(stem);
        let default_output = path.with_file_name(format!("{stem}.tersor"));
        Ok(Self { files, left_out: Vec::new(), default_output })
    }

    /// All bytes.
    pub fn len(&self) -> u64 {
        self.files.iter().map(|file| file.bytes().len() as u64).sum()
    }

    /// Paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.files.iter().map(|file| file.path.clone()).collect()
    }
}

fn check_weights(files: &[Original]) -> Outcome {
    let weights = || files.iter().filter(|file| file.name.ends_with(WEIGHTS_ENDING));
    weights().try_for_each(|file| foreign::expect_safetensors(&file.path, file.bytes()))
}

/// The files that the `weight_map` of an index names.
fn shards(path: &Path, json: &[u8]) -> Outcome<BTreeSet<String>> {
    let not_an_index = |what: String| Failure::bad_data(path, what, "give the folder or the single files instead");
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

/// Maps a regular file.
pub fn map_file(path: &Path) -> Outcome<Map> {
    let metadata = fs::metadata(path).map_err(|error| Failure::reading(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::wrong_use(path, "a folder, not a file", "give a file"));
    }
    if !metadata.is_file() {
        return Err(Failure::wrong_use(path, "not a regular file", "save it to a file first"));
    }
    command_map::map(path).map_err(|error| Failure::reading(path, &error))
}

/// Maps a Tersor file for random access.
pub fn map_container(path: &Path) -> Outcome<Map> {
    if path == Path::new("-") {
        let what = "a pipe can only be decoded, not read at any place";
        return Err(Failure::wrong_use(path, what, "save it to a file first"));
    }
    let map = map_file(path)?;
    foreign::expect_tersor(path, map.as_ref())?;
    Ok(map)
}
