//! One of the two models: its tensors and their values, its metadata and its other files.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tersor::{DecodeOptions, Dtype, FileInfo, Limits, Map, Reader, SafetensorsHeader, Tensor};

use crate::files::input::{Originals, WEIGHTS_ENDING, map_container, map_file};
use crate::formats::foreign::{self, FileFormat};
use crate::screen::failure::{Failure, Outcome};

/// An open model.
pub enum OpenModel {
    /// A Tersor file.
    Container(Box<Reader<Map>>),
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

/// A tensor.
pub struct ModelTensor<'a> {
    /// The file that the tensor belongs to, if any.
    pub file: Option<Arc<str>>,
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    pub elements: u64,
    /// The size in bytes.
    pub len: u64,
    values: Values<'a>,
}

enum Values<'a> {
    Coded(Tensor<'a, Map>),
    Plain(&'a [u8]),
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
    Plain(&'a [u8]),
}

impl OpenModel {
    /// Opens the model at `path`.
    pub fn open(path: &Path, limits: Limits) -> Outcome<Self> {
        if path != Path::new("-") && !path.is_dir() {
            let map = map_file(path)?;
            if foreign::recognise(path, map.as_ref()) == FileFormat::Tersor {
                // parts are decoded in parallel, each on one thread
                let options = DecodeOptions::default().with_limits(limits).with_threads(1);
                let reader = Reader::with_options(map_container(path)?, options);
                return Ok(Self::Container(Box::new(reader.map_err(|error| Failure::container(path, &error))?)));
            }
        }
        Originals::open(path).map(Self::Files)
    }
}

impl<'a> Model<'a> {
    /// Lists the content of a model. The headers of safetensors files are checked.
    pub fn new(open: &'a OpenModel) -> Outcome<Self> {
        match open {
            OpenModel::Container(reader) => Ok(Self::of_container(reader)),
            OpenModel::Files(files) => Self::of_files(files),
        }
    }

    fn of_container(reader: &'a Reader<Map>) -> Self {
        let files: Vec<FileInfo> = reader.files().collect();
        let names: Vec<Arc<str>> = files.iter().map(|file| file.name.as_str().into()).collect();
        let file_of = |tensor: &Tensor<'_, Map>| {
            let number = files.partition_point(|file| file.ordinals.end <= tensor.ordinal());
            names.get(number).cloned()
        };
        let tensors = reader.tensors().map(|tensor| ModelTensor {
            file: file_of(&tensor),
            name: tensor.name().to_owned(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            elements: tensor.element_count(),
            len: tensor.byte_len(),
            values: Values::Coded(tensor),
        });
        let others = files.iter().filter(|file| !file.name.ends_with(WEIGHTS_ENDING)).map(|file| OtherFile {
            name: file.name.clone(),
            len: file.len,
            content: Content::Digest(file.digest.unwrap_or_default()),
        });
        let metadata = reader.metadata().map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { tensors: tensors.collect(), metadata: metadata.collect(), others: others.collect() }
    }

    fn of_files(originals: &'a Originals) -> Outcome<Self> {
        let mut this = Self { tensors: Vec::new(), metadata: BTreeMap::new(), others: Vec::new() };
        for file in &originals.files {
            let bytes = file.bytes();
            if !file.name.ends_with(WEIGHTS_ENDING) {
                let content = Content::Plain(bytes);
                this.others.push(OtherFile { name: file.name.clone(), len: bytes.len() as u64, content });
                continue;
            }
            let header = SafetensorsHeader::parse(bytes).map_err(|error| Failure::original(&file.path, &error))?;
            for (key, value) in header.metadata {
                this.metadata.entry(key).or_insert(value);
            }
            let name: Arc<str> = file.name.as_str().into();
            this.tensors.extend(header.tensors.into_iter().map(|tensor| ModelTensor {
                file: Some(Arc::clone(&name)),
                name: tensor.name,
                dtype: tensor.dtype,
                elements: tersor::element_count(&tensor.shape).unwrap_or(0),
                shape: tensor.shape,
                len: tensor.range.len() as u64,
                values: Values::Plain(&bytes[tensor.range]),
            }));
        }
        Ok(this)
    }
}

impl ModelTensor<'_> {
    /// Returns whether the values have to be decoded.
    pub fn is_coded(&self) -> bool {
        matches!(self.values, Values::Coded(_))
    }

    /// Splits the elements into ranges that are best read together, each of about `at_least` elements or more.
    pub fn parts(&self, at_least: u64) -> tersor::Result<Box<dyn Iterator<Item = Range<u64>> + Send>> {
        let count = self.elements;
        Ok(match &self.values {
            Values::Coded(tensor) => Box::new(tensor.chunked_ranges(at_least)?),
            Values::Plain(_) => {
                let starts = (0..count).step_by(at_least as usize);
                Box::new(starts.map(move |start| start..count.min(start + at_least)))
            }
        })
    }

    /// Returns the bytes of a range of elements. Coded values are decoded to `buffer`.
    pub fn read<'b>(&'b self, elements: Range<u64>, buffer: &'b mut Vec<u8>) -> tersor::Result<&'b [u8]> {
        let byte = |element: u64| (u128::from(element) * u128::from(self.dtype.bits()) / 8) as usize;
        let bytes = byte(elements.start)..byte(elements.end);
        match &self.values {
            Values::Plain(all) => Ok(&all[bytes]),
            Values::Coded(tensor) => {
                buffer.resize(bytes.len(), 0);
                tensor.elements(elements)?.decode_bytes_into(buffer)?;
                Ok(buffer)
            }
        }
    }
}

impl OtherFile<'_> {
    /// Returns whether the contents are the same. Contents in a container are compared by their digests.
    pub fn is_same(&self, other: &OtherFile<'_>) -> bool {
        self.len == other.len
            && match (&self.content, &other.content) {
                (Content::Plain(a), Content::Plain(b)) => a == b,
                (a, b) => a.digest() == b.digest(),
            }
    }
}

impl Content<'_> {
    fn digest(&self) -> [u8; 32] {
        match self {
            Self::Digest(digest) => *digest,
            Self::Plain(bytes) => blake3::hash(bytes).into(),
        }
    }
}
