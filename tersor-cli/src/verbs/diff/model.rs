//! One of the two models: its tensors and their values, its metadata and its other files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tersor::{DecodeOptions, Dtype, FileInfo, Limits, ReadAt, Reader, SafetensorsTensor, Shards, StoredPlace, Tensor};

use crate::files::container_index::ContainerIndex;
use crate::files::input::{Original, Originals};
use crate::files::source::{Source, start_of};
use crate::formats::foreign::{self, FileFormat};
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::encode::warn_of_left_out;

/// An open model.
pub enum OpenModel {
    /// A Tersor file.
    Container(Box<Reader<'static>>),
    /// Several Tersor files, and their index.
    Shards(Box<ContainerIndex>, Box<Shards>),
    /// A safetensors file, or the files of a folder or an index.
    Files(Originals),
}

/// The content of a model.
pub struct Model<'a> {
    /// The tensors, in the order of the files.
    pub tensors: Vec<ModelTensor<'a>>,
    /// The metadata. If several files have the same key, the first one counts.
    pub metadata: BTreeMap<String, String>,
    /// The files without tensors.
    pub others: Vec<OtherFile<'a>>,
}

/// A tensor. It is small, because a file of a few bytes can have millions.
pub struct ModelTensor<'a> {
    /// The file that the tensor belongs to, if any.
    pub file: Option<Arc<str>>,
    values: Values<'a>,
}

enum Values<'a> {
    Coded(Tensor<'a>),
    /// The file, and the declaration of the tensor in it.
    Plain(&'a Original, Box<SafetensorsTensor>),
}

/// A file without tensors.
pub struct OtherFile<'a> {
    pub name: String,
    len: u64,
    content: Content<'a>,
}

enum Content<'a> {
    /// The BLAKE3 digest in the container.
    Digest([u8; 32]),
    Plain(&'a Original),
}

impl OpenModel {
    /// Opens the model at `path`.
    pub fn open(path: &Path, limits: Limits) -> Outcome<Self> {
        if path != Path::new("-") && !path.is_dir() {
            // parts are decoded in parallel, each on one thread
            let options = DecodeOptions::default().with_limits(limits).with_threads(1);
            if let Some(index) = ContainerIndex::recognise(path)? {
                let shards = index.open(options)?;
                return Ok(Self::Shards(Box::new(index), Box::new(shards)));
            }
            let source = Source::open(path)?;
            let start = start_of(&source).map_err(|error| Failure::reading(path, &error))?;
            if foreign::recognise(path, &start) == FileFormat::Tersor {
                let reader = Reader::with_options(source, options);
                return Ok(Self::Container(Box::new(reader.map_err(|error| Failure::container(path, &error))?)));
            }
        }
        let originals = Originals::open(path)?;
        warn_of_left_out(&originals.left_out);
        Ok(Self::Files(originals))
    }
}

impl<'a> Model<'a> {
    /// Lists the content of a model. The headers of safetensors files are checked.
    pub fn new(open: &'a OpenModel) -> Outcome<Self> {
        match open {
            OpenModel::Container(reader) => Ok(Self::of_container(reader)),
            OpenModel::Shards(index, shards) => Self::of_shards(index, shards),
            OpenModel::Files(files) => Self::of_files(files),
        }
    }

    fn of_container(reader: &'a Reader<'a>) -> Self {
        let files: Vec<FileInfo> = reader.files().collect();
        let names: Vec<Arc<str>> = files.iter().map(|file| file.path.as_str().into()).collect();
        let file_of = |tensor: &Tensor<'_>| {
            let number = files.partition_point(|file| file.ordinals.end <= tensor.ordinal());
            names.get(number).cloned()
        };
        let tensors =
            reader.tensors().map(|tensor| ModelTensor { file: file_of(&tensor), values: Values::Coded(tensor) });
        // a safetensors file without tensors has no entries
        let is_content = |ordinal: usize| reader.tensor_at(ordinal).is_none();
        let is_other = |file: &&FileInfo| file.ordinals.clone().next().is_some_and(is_content);
        let others = files.iter().filter(is_other).map(|file| OtherFile {
            name: file.path.clone(),
            len: file.len,
            content: Content::Digest(file.digest.unwrap_or_default()),
        });
        let metadata = reader.metadata().map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { tensors: tensors.collect(), metadata: metadata.collect(), others: others.collect() }
    }

    /// Lists the content of all shards, and the copy of the original index as a further file.
    fn of_shards(index: &ContainerIndex, shards: &'a Shards) -> Outcome<Self> {
        let mut this = Self { tensors: Vec::new(), metadata: BTreeMap::new(), others: Vec::new() };
        for shard in shards.shard_names() {
            let own = Self::of_container(shards.reader(shard).map_err(|error| index.failure(&error))?);
            this.tensors.extend(own.tensors);
            own.metadata.into_iter().for_each(|(key, value)| {
                this.metadata.entry(key).or_insert(value);
            });
            this.others.extend(own.others);
        }
        if let Some((path, Some(json))) = index.original()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let content = Content::Digest(blake3::hash(&json).into());
            this.others.push(OtherFile { name, len: json.len() as u64, content });
        }
        Ok(this)
    }

    fn of_files(originals: &'a Originals) -> Outcome<Self> {
        let mut this = Self { tensors: Vec::new(), metadata: BTreeMap::new(), others: Vec::new() };
        for file in &originals.files {
            let Some(header) = file.header()? else {
                let content = Content::Plain(file);
                this.others.push(OtherFile { name: file.name.clone(), len: file.size(), content });
                continue;
            };
            for (key, value) in header.metadata {
                this.metadata.entry(key).or_insert(value);
            }
            let name: Arc<str> = file.name.as_str().into();
            this.tensors.extend(header.tensors.into_iter().map(|tensor| ModelTensor {
                file: Some(Arc::clone(&name)),
                values: Values::Plain(file, Box::new(tensor)),
            }));
        }
        Ok(this)
    }
}

impl ModelTensor<'_> {
    pub fn name(&self) -> &str {
        match &self.values {
            Values::Coded(tensor) => tensor.name(),
            Values::Plain(_, tensor) => &tensor.name,
        }
    }

    pub fn dtype(&self) -> Dtype {
        match &self.values {
            Values::Coded(tensor) => tensor.dtype(),
            Values::Plain(_, tensor) => tensor.dtype,
        }
    }

    pub fn shape(&self) -> &[u64] {
        match &self.values {
            Values::Coded(tensor) => tensor.shape(),
            Values::Plain(_, tensor) => &tensor.shape,
        }
    }

    /// Returns the number of elements.
    pub fn elements(&self) -> u64 {
        match &self.values {
            Values::Coded(tensor) => tensor.element_count(),
            Values::Plain(_, tensor) => tersor::element_count(&tensor.shape).unwrap_or(0),
        }
    }

    /// Returns the size in bytes.
    pub fn len(&self) -> u64 {
        match &self.values {
            Values::Coded(tensor) => tensor.byte_len(),
            Values::Plain(_, tensor) => tensor.range.len() as u64,
        }
    }

    /// Returns whether the values have to be decoded.
    pub fn is_coded(&self) -> bool {
        matches!(self.values, Values::Coded(_))
    }

    /// Returns the place of the values in a container; `None` if they are not coded or there are none.
    pub fn stored_place(&self) -> tersor::Result<Option<StoredPlace>> {
        match &self.values {
            Values::Coded(tensor) => tensor.stored_place(),
            Values::Plain(..) => Ok(None),
        }
    }

    /// Splits the elements into ranges that are best read together, each of about `at_least` elements or more.
    pub fn parts(&self, at_least: u64) -> tersor::Result<Box<dyn Iterator<Item = Range<u64>> + Send>> {
        let count = self.elements();
        Ok(match &self.values {
            Values::Coded(tensor) => Box::new(tensor.chunked_ranges(at_least)?),
            Values::Plain(..) => {
                let starts = (0..count).step_by(at_least as usize);
                Box::new(starts.map(move |start| start..count.min(start + at_least)))
            }
        })
    }

    /// Returns the bytes of a range of elements. They lie in `buffer`.
    pub fn read<'b>(&'b self, elements: Range<u64>, buffer: &'b mut Vec<u8>) -> tersor::Result<&'b [u8]> {
        let byte = |element: u64| (u128::from(element) * u128::from(self.dtype().bits()) / 8) as usize;
        let bytes = byte(elements.start)..byte(elements.end);
        buffer.resize(bytes.len(), 0);
        match &self.values {
            Values::Plain(file, tensor) => {
                file.read_exact_at((tensor.range.start + bytes.start) as u64, buffer)?;
                Ok(buffer)
            }
            Values::Coded(tensor) => {
                tensor.elements(elements)?.decode_bytes_into(buffer)?;
                Ok(buffer)
            }
        }
    }
}

impl OtherFile<'_> {
    /// Returns whether the contents are the same. They are compared by their digests.
    pub fn is_same(&self, other: &OtherFile<'_>) -> Outcome<bool> {
        Ok(self.len == other.len && self.content.digest()? == other.content.digest()?)
    }
}

impl Content<'_> {
    fn digest(&self) -> Outcome<[u8; 32]> {
        match self {
            Self::Digest(digest) => Ok(*digest),
            Self::Plain(file) => file.digest(),
        }
    }
}
