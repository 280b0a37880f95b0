//! The index of a model in several Tersor files.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use tersor::{DecodeOptions, Error, ReadAt, ShardIndex, Shards};

use super::index_json::{MAX_INDEX_BYTES, may_be_index, missing, name_for_originals, parse};
use super::remote::url_of;
use super::source::Source;
use crate::screen::failure::{Failure, Outcome};

/// An index whose shards are Tersor files in its folder.
#[derive(Debug)]
pub struct ContainerIndex {
    /// The path or URL of the index.
    pub path: PathBuf,
    /// The bytes of the index.
    pub json: Vec<u8>,
    pub index: ShardIndex,
}

impl ContainerIndex {
    /// Reads the index at `path`, which can be a URL; returns `None` if this is another file.
    pub fn recognise(path: &Path) -> Outcome<Option<Self>> {
        if !path.file_name().is_some_and(|name| may_be_index(&name.to_string_lossy())) {
            return Ok(None);
        }
        let source = Source::open_any(path)?;
        let failed = |error: io::Error| Failure::reading(path, &error);
        let len = source.len().map_err(failed)?;
        if len > MAX_INDEX_BYTES {
            return Ok(None);
        }
        let mut json = vec![0; len as usize];
        source.read_exact_at(0, &mut json).map_err(failed)?;
        if json.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Ok(None);
        }
        let Some(index) = parse(path, &json)? else { return Ok(None) };
        let is_of_originals = index.shards().any(|shard| shard.ends_with(".safetensors"));
        Ok((!is_of_originals).then(|| Self { path: path.to_owned(), json, index }))
    }

    /// Returns the path of the shard with this name.
    pub fn shard_path(&self, shard: &str) -> PathBuf {
        self.path.with_file_name(shard)
    }

    /// Returns the size of all shards that can be read, in bytes.
    pub fn stored_len(&self) -> u64 {
        let sizes = self.index.shards().filter_map(|shard| Source::try_open(&self.shard_path(shard)).ok()?.len().ok());
        sizes.fold(0, u64::saturating_add)
    }

    /// Reads the copy of the original index; returns its path too, and `None` for the bytes if it is missing.
    pub fn original(&self) -> Outcome<Option<(PathBuf, Option<Vec<u8>>)>> {
        let own_name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let Some(name) = name_for_originals(&own_name) else { return Ok(None) };
        let path = self.path.with_file_name(name);
        match read_small(&path) {
            Ok(bytes) => Ok(Some((path, Some(bytes)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some((path, None))),
            Err(error) => Err(Failure::reading(&path, &error)),
        }
    }

    /// Returns the model, whose shards are opened when they are needed.
    pub fn open(&self, options: DecodeOptions) -> Outcome<Shards> {
        let index = self.path.clone();
        let opener = move |shard: &str| -> tersor::Result<Box<dyn ReadAt>> {
            Ok(Box::new(Source::try_open(&index.with_file_name(shard))?))
        };
        Shards::with_opener(&self.json, options, opener).map_err(|error| self.failure(&error))
    }

    /// Returns the failure for an error of the model.
    pub fn failure(&self, error: &Error) -> Failure {
        let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
        match (error.path().and_then(Path::to_str), cause) {
            (Some(shard), Some(io::ErrorKind::NotFound)) => self.missing(shard),
            _ => Failure::container(&self.path, error),
        }
    }

    /// Returns the path of a shard that must exist. Whether a URL exists is found out when it is read.
    pub fn existing_shard(&self, shard: &str) -> Outcome<PathBuf> {
        let path = self.shard_path(shard);
        if path.exists() || url_of(&path).is_some() { Ok(path) } else { Err(self.missing(shard)) }
    }

    fn missing(&self, shard: &str) -> Failure {
        missing(&self.path.file_name().unwrap_or_default().to_string_lossy(), &self.shard_path(shard))
    }
}

/// Reads a file that is no larger than an index can be.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let source = Source::try_open(path)?;
    let len = source.len()?;
    if len > MAX_INDEX_BYTES {
        return Err(io::Error::other(format!("an index has at most {MAX_INDEX_BYTES} bytes, this file has {len}")));
    }
    let mut bytes = vec![0; len as usize];
    source.read_exact_at(0, &mut bytes)?;
    Ok(bytes)
}
