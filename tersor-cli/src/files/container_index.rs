//! The index of a model in several Tersor files.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};

use tersor::{DecodeOptions, Error, ReadAt, ShardIndex, Shards};

use super::index_json::{MAX_INDEX_BYTES, may_be_index, missing, parse};
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
        if index.shards().any(|shard| shard.ends_with(".safetensors")) {
            let problem = "this index names safetensors files, not Tersor files";
            return Err(Failure::bad_data(path, problem, "encode it first, with `tersor encode`"));
        }
        Ok(Some(Self { path: path.to_owned(), json, index }))
    }

    /// Returns the path of the shard with this name.
    pub fn shard_path(&self, shard: &str) -> PathBuf {
        self.path.with_file_name(shard)
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

    /// Returns the failure for a shard that is missing.
    pub fn missing(&self, shard: &str) -> Failure {
        missing(&self.path.file_name().unwrap_or_default().to_string_lossy(), &self.shard_path(shard))
    }
}
