//! A model to read: one Tersor file, or several that an index lists.

use std::path::{Path, PathBuf};

use tersor::{DecodeOptions, Reader, Shards, Tensor};

use super::container_index::ContainerIndex;
use super::source::Source;
use crate::screen::failure::{Failure, Outcome};

/// An open model.
pub enum Model {
    Container(Box<Reader<'static>>),
    Shards(Box<ContainerIndex>, Box<Shards>),
}

impl Model {
    /// Opens the Tersor file or the index at `path`.
    pub fn open(path: &Path, options: DecodeOptions) -> Outcome<Self> {
        if let Some(index) = ContainerIndex::recognise(path)? {
            let shards = index.open(options)?;
            return Ok(Self::Shards(Box::new(index), Box::new(shards)));
        }
        let reader = Reader::with_options(Source::open_container(path)?, options);
        reader.map(|reader| Self::Container(Box::new(reader))).map_err(|error| Failure::container(path, &error))
    }

    /// Returns the readers of all containers, each with its path; `path` is the path of the model. This opens all shards.
    pub fn readers(&self, path: &Path) -> Outcome<Vec<(PathBuf, &Reader<'static>)>> {
        let (index, shards) = match self {
            Self::Container(reader) => return Ok(vec![(path.to_owned(), &**reader)]),
            Self::Shards(index, shards) => (index, shards),
        };
        let readers = shards.shard_names().map(|name| Ok((index.shard_path(name), shards.reader(name)?)));
        readers.collect::<tersor::Result<_>>().map_err(|error| index.failure(&error))
    }

    /// Returns all tensors, in the order of the file or of the index. This opens all shards.
    pub fn tensors(&self) -> Outcome<Vec<Tensor<'_>>> {
        let (index, shards) = match self {
            Self::Container(reader) => return Ok(reader.tensors().collect()),
            Self::Shards(index, shards) => (index, shards),
        };
        let tensors = shards.names().filter_map(|name| shards.tensor(name).transpose());
        tensors.collect::<tersor::Result<_>>().map_err(|error| index.failure(&error))
    }
}
