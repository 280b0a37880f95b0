//! Tensors one by one, to any writer.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;

use super::EncodeOptions;
use super::writer::{Summary, Writer};
use crate::container::{Entry, entry_digest};
use crate::error::{Error, Result};
use crate::tensor::{Dtype, TensorView};

/// Writes a container of tensors that are given one by one. It never seeks, and holds some 30 MB of tensors at most beside the one given.
///
/// ```
/// use tersor::{Dtype, Encoder, EncodeOptions, Reader, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.metadata("task", "example")?;
/// let values: Vec<u8> = (0..1000u32).flat_map(|i| (i as f32).sqrt().to_le_bytes()).collect();
/// encoder.add("layer.weight", TensorView::new(Dtype::F32, &[10, 100], &values)?)?;
/// let (file, summary) = encoder.finish()?;
/// assert_eq!(summary.weights, 1000);
///
/// let reader = Reader::new(file)?;
/// let tensor = reader.tensor("layer.weight").unwrap();
/// assert_eq!(tensor.decode()?, values);
/// assert_eq!(tensor.rows_as::<f32>(3..4)?[0], 300f32.sqrt());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Encoder<W> {
    writer: Writer<W>,
    names: HashSet<Arc<str>>,
    /// By dtype and digest: the entry that holds these bytes.
    holders: HashMap<(Dtype, blake3::Hash), u32>,
}

impl<W: Write> Encoder<W> {
    /// Begins a container.
    ///
    /// # Errors
    /// `Io` if the header cannot be written.
    pub fn new(out: W, options: EncodeOptions) -> Result<Self> {
        Ok(Self { writer: Writer::new(out, options)?, names: HashSet::new(), holders: HashMap::new() })
    }

    /// Adds a pair to the model's metadata; before the first tensor.
    ///
    /// # Errors
    /// `InvalidArgument` if the key is there already, or a tensor is.
    pub fn metadata(&mut self, key: &str, value: &str) -> Result<()> {
        let manifest = &mut self.writer.manifest;
        if !manifest.entries.is_empty() {
            return Err(Error::invalid("metadata comes before the first tensor"));
        }
        if manifest.metadata.iter().any(|(known, _)| known == key) {
            return Err(Error::invalid(format!("metadata key {key:?} twice")));
        }
        manifest.metadata.push((key.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Adds a tensor. One that repeats the bytes of an earlier one of the same dtype is stored once.
    ///
    /// # Errors
    /// `InvalidArgument` if there is a tensor of this name already, `Io` where writing fails, `Cancelled`.
    pub fn add(&mut self, name: &str, tensor: TensorView<'_>) -> Result<()> {
        let name: Arc<str> = name.into();
        if !self.names.insert(Arc::clone(&name)) {
            return Err(Error::invalid("a tensor's name twice").in_tensor(&name));
        }
        let mut hasher = blake3::Hasher::new();
        self.writer.workers.hash(&mut hasher, tensor.bytes());
        let mut entry = Entry { name: Some(name), dtype: tensor.dtype(), shape: tensor.shape().into(), alias_of: None };
        if entry.elements() > 0 {
            entry.alias_of = self.holders.get(&(entry.dtype, hasher.finalize())).copied();
        }
        let stored = entry.is_stored();
        let dtype = entry.dtype;
        let ordinal = self.writer.declare(entry, entry_digest(&hasher))?;
        if stored {
            self.holders.insert((dtype, hasher.finalize()), ordinal);
            self.writer.store(ordinal, tensor.bytes())?;
        }
        Ok(())
    }

    /// Writes what is left, the index and the footer, and returns the writer.
    ///
    /// # Errors
    /// `Io` where writing fails, `Cancelled`.
    pub fn finish(self) -> Result<(W, Summary)> {
        self.writer.finish(Vec::new())
    }
}
