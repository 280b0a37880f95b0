//! Encodes tensors one by one to any writer.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;

use super::EncodeOptions;
use super::writer::{Summary, Writer};
use crate::container::{Entry, entry_digest};
use crate::error::{Error, Result};
use crate::tensor::{Dtype, TensorView};

/// Writes a container of tensors that are added one by one. It never seeks. Besides the tensor that is being added, it
/// keeps at most about 30 MB of tensors in memory.
///
/// ```
/// use tersor::{EncodeOptions, Encoder, Reader, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.add_metadata("task", "example")?;
/// let values: Vec<f32> = (0..1000).map(|i| (i as f32).sqrt()).collect();
/// encoder.add("layer.weight", TensorView::from_slice(&values, &[10, 100])?)?;
/// let (file, summary) = encoder.finish()?;
/// assert_eq!(summary.weights, 1000);
///
/// let reader = Reader::new(file)?;
/// let tensor = reader.tensor("layer.weight").unwrap();
/// assert_eq!(tensor.decode_as::<f32>()?, values);
/// assert_eq!(tensor.rows(3..4)?.decode_as::<f32>()?, values[300..400]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "the file is incomplete without a call of `finish`"]
pub struct Encoder<W> {
    writer: Writer<W>,
    names: HashSet<Arc<str>>,
    /// The entry that holds the bytes, by dtype and digest.
    holders: HashMap<(Dtype, blake3::Hash), u32>,
}

impl<W: Write> Encoder<W> {
    /// Begins a container: writes its header to `out`.
    ///
    /// # Errors
    /// `Io` if writing fails or if threads cannot be started; `InvalidArgument` if the environment variable
    /// `TERSOR_KERNEL` names an unknown kernel, or if the options have a quantization.
    pub fn new(out: W, options: EncodeOptions) -> Result<Self> {
        if options.quantization.is_some() {
            return Err(Error::invalid("tensors that are added one by one are not quantised: use `encode_files`"));
        }
        Ok(Self { writer: Writer::new(out, options)?, names: HashSet::new(), holders: HashMap::new() })
    }

    /// Adds a pair of key and value to the metadata of the model. All metadata comes before the first tensor.
    ///
    /// # Errors
    /// `InvalidArgument` if the key was added before, or if a tensor was.
    pub fn add_metadata(&mut self, key: &str, value: &str) -> Result<()> {
        if !self.writer.manifest.entries.is_empty() {
            return Err(Error::invalid("metadata must be added before the first tensor"));
        }
        match self.writer.add_metadata(key, value) {
            true => Ok(()),
            false => Err(Error::invalid(format!("the metadata key {key:?} was added before"))),
        }
    }

    /// Adds a tensor. If an earlier tensor has the same dtype and the same bytes, this one is stored as an alias of it.
    ///
    /// # Errors
    /// `InvalidArgument` if a tensor with this name was added before; `Io` if writing fails; `Cancelled`. After an
    /// error of a kind other than `InvalidArgument` the container cannot be finished.
    pub fn add(&mut self, name: &str, tensor: TensorView<'_>) -> Result<()> {
        let name: Arc<str> = name.into();
        if !self.names.insert(Arc::clone(&name)) {
            return Err(Error::invalid("a tensor with this name was added before").in_tensor(&name));
        }
        let mut hasher = blake3::Hasher::new();
        self.writer.workers.hash(&mut hasher, tensor.bytes());
        let mut entry = Entry { name: Some(name), dtype: tensor.dtype(), shape: tensor.shape().into(), alias_of: None };
        if entry.elements() > 0 {
            entry.alias_of = self.holders.get(&(entry.dtype, hasher.finalize())).copied();
        }
        let stored = entry.is_stored();
        let dtype = entry.dtype;
        let ordinal = self.writer.declare(entry, entry_digest(&hasher.finalize()))?;
        if stored {
            self.holders.insert((dtype, hasher.finalize()), ordinal);
            self.writer.store(ordinal, tensor.bytes())?;
        }
        Ok(())
    }

    /// Writes the remaining tensors, the index and the footer. Returns the writer and a summary.
    ///
    /// # Errors
    /// `Io` if writing fails; `Cancelled`; `InvalidArgument` if an earlier error makes the container incomplete.
    pub fn finish(self) -> Result<(W, Summary)> {
        let (out, summary, _) = self.writer.finish(Vec::new())?;
        Ok((out, summary))
    }
}
