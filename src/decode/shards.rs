//! A model in several containers, which an index lists.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::resources::Resources;
use super::{DecodeOptions, Reader, Tensor};
use crate::container::Entry;
use crate::error::{Error, Result};
use crate::interop::ShardIndex;
use crate::limits::Bound;
use crate::source::ReadAt;

/// Opens the source of the shard with this name.
type Opener = dyn Fn(&str) -> Result<Box<dyn ReadAt>> + Send + Sync;

/// A model in several containers, the *shards*. An index such as `model.tersor.index.json` names the shard of each
/// tensor: it is the index of a sharded safetensors model with the names of Tersor files.
///
/// A shard is opened when one of its tensors is first asked for, and stays open. Threads can share the model. All
/// shards use the same threads and the same memory for decoded chunks, and [`Limits`](crate::Limits) hold for all open
/// shards together.
///
/// ```
/// # use tersor::{DecodeOptions, EncodeOptions, Encoder, Result, Shards, TensorView};
/// # fn main() -> Result<()> {
/// # let shard = |name: &str, value: f32| -> Result<Vec<u8>> {
/// #     let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// #     encoder.add(name, TensorView::from_slice(&[value], &[1])?)?;
/// #     Ok(encoder.finish()?.0)
/// # };
/// # let store = std::collections::HashMap::from([
/// #     ("m-1-of-2.tersor".to_owned(), shard("a", 1.0)?),
/// #     ("m-2-of-2.tersor".to_owned(), shard("b", 2.0)?),
/// # ]);
/// let index = br#"{"weight_map": {"a": "m-1-of-2.tersor", "b": "m-2-of-2.tersor"}}"#;
/// // or Shards::open("model.tersor.index.json")?
/// let model = Shards::with_opener(index, DecodeOptions::default(), move |shard| Ok(Box::new(store[shard].clone())))?;
/// let tensor = model.tensor("b")?.expect("the index names it");
/// assert_eq!(tensor.decode_as::<f32>()?, [2.0]);
/// # Ok(()) }
/// ```
pub struct Shards {
    index: ShardIndex,
    options: DecodeOptions,
    resources: Arc<Resources>,
    opener: Box<Opener>,
    /// The folder of the shards, for errors; empty if the shards are no files.
    folder: PathBuf,
    /// The shards in the order of their names.
    slots: Vec<Slot>,
    /// What the open shards declare.
    declared: Mutex<Declared>,
}

/// The place of a shard, which is opened when it is first needed.
#[derive(Default)]
struct Slot {
    reader: OnceLock<Reader<'static>>,
    /// Held by the thread that opens the shard.
    opening: Mutex<()>,
}

#[cfg(any(unix, windows))]
impl Shards {
    /// Opens the index at `path` with default options. The shards lie in its folder.
    ///
    /// # Errors
    /// As [`with_opener`](Self::with_opener), and `Io` if the index cannot be read. The error names the path.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::open_with(path, DecodeOptions::default())
    }

    /// Opens the index at `path`. The shards lie in its folder.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<std::path::Path>, options: DecodeOptions) -> Result<Self> {
        let path = path.as_ref();
        let place = path.to_owned();
        let opener = move |shard: &str| -> Result<Box<dyn ReadAt>> {
            Ok(Box::new(std::fs::File::open(place.with_file_name(shard))?))
        };
        let shards = read_index(path, &options).and_then(|index| Self::with_opener(&index, options, opener));
        let mut shards = shards.map_err(|error| error.in_file(path))?;
        shards.folder = path.parent().map(PathBuf::from).unwrap_or_default();
        Ok(shards)
    }
}

/// Reads an index that is no longer than the limits allow.
#[cfg(any(unix, windows))]
fn read_index(path: &std::path::Path, options: &DecodeOptions) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    // one byte more than the limit shows that the index is too long
    std::fs::File::open(path)?.take(options.limits.head_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Shards {
    /// Opens an index from memory. `opener` opens the source of the shard with a given name, which is the name of a
    /// file without a folder; it is called once for each shard, and again only after an error.
    ///
    /// # Errors
    /// The errors of [`ShardIndex::parse`]; `Io` if threads cannot be started; `InvalidArgument` if the environment
    /// variable `TERSOR_KERNEL` names an unknown kernel.
    pub fn with_opener(
        index: &[u8],
        options: DecodeOptions,
        opener: impl Fn(&str) -> Result<Box<dyn ReadAt>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let index = ShardIndex::parse(index, &options.limits)?;
        let resources = Arc::new(Resources::new(&options)?);
        let slots = index.shards().map(|_| Slot::default()).collect();
        let (opener, folder) = (Box::new(opener), PathBuf::new());
        Ok(Self { index, options, resources, opener, folder, slots, declared: Mutex::default() })
    }

    /// Returns the index.
    #[must_use]
    pub fn index(&self) -> &ShardIndex {
        &self.index
    }

    /// Returns the names of all tensors of the index, in its order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.index.tensors().map(|(name, _)| name)
    }

    /// Returns the names of the shards, sorted.
    pub fn shard_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.index.shards()
    }

    /// Returns the metadata of the index; see [`ShardIndex::metadata`]. The metadata of a shard are those of its
    /// [`reader`](Self::reader).
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.index.metadata()
    }

    /// Returns the tensor with this name, and opens its shard if it is not open; `None` if the index does not name it.
    /// If several shards have a tensor with this name, the index decides.
    ///
    /// # Errors
    /// The errors of [`reader`](Self::reader); `Corrupt` if the shard does not have the tensor.
    pub fn tensor(&self, name: &str) -> Result<Option<Tensor<'_>>> {
        let Some(number) = self.index.shard_number_of(name) else { return Ok(None) };
        match self.reader_at(number)?.tensor(name) {
            Some(tensor) => Ok(Some(tensor)),
            None => {
                let what = "this shard does not have the tensor that the index expects in it";
                Err(Error::corrupt(what).in_tensor(name).in_file(self.folder.join(self.name_at(number))))
            }
        }
    }

    /// Returns the reader of the shard with this name, and opens the shard if it is not open.
    ///
    /// # Errors
    /// `InvalidArgument` if the index does not name the shard; the errors of the opener and of [`Reader::new`]; `Limit`
    /// if all open shards together have more tensors or bytes than [`Limits`](crate::Limits) allow. Errors about the
    /// shard name it as their path.
    pub fn reader(&self, shard: &str) -> Result<&Reader<'static>> {
        match self.index.shard_number(shard) {
            Some(number) => self.reader_at(number),
            None => Err(Error::invalid("the index names no such shard").in_file(self.folder.join(shard))),
        }
    }

    fn reader_at(&self, number: usize) -> Result<&Reader<'static>> {
        let Slot { reader, opening } = &self.slots[number];
        if let Some(reader) = reader.get() {
            return Ok(reader);
        }
        let _one_thread = opening.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.get() {
            return Ok(reader);
        }
        let opened = self.open_shard(number).map_err(|error| error.in_file(self.folder.join(self.name_at(number))))?;
        Ok(reader.get_or_init(|| opened))
    }

    fn open_shard(&self, number: usize) -> Result<Reader<'static>> {
        let source = (self.opener)(self.name_at(number))?;
        let (options, resources) = (self.options.clone(), Arc::clone(&self.resources));
        let reader = Reader::sharing(source, options, resources, number as u32)?;
        let limits = &self.options.limits;
        let mut declared = self.declared.lock().unwrap_or_else(PoisonError::into_inner);
        let all = declared.plus(Declared::of(&reader));
        limits.check(Bound::Tensors, all.entries, "tensors in the open shards")?;
        limits.check(Bound::TotalBytes, all.bytes, "decoded bytes in the open shards")?;
        limits.check(Bound::HeadBytes, all.memory, "bytes of memory for the manifests of the open shards")?;
        *declared = all;
        Ok(reader)
    }

    fn name_at(&self, number: usize) -> &str {
        self.index.shards().nth(number).unwrap_or_default()
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.slots.iter().filter(|slot| slot.reader.get().is_some()).count();
        f.debug_struct("Shards").field("shards", &self.slots.len()).field("open", &open).finish_non_exhaustive()
    }
}

/// What shards declare in their manifests.
#[derive(Debug, Clone, Copy, Default)]
struct Declared {
    /// The number of tensors and contents of files.
    entries: u64,
    /// Decoded bytes.
    bytes: u64,
    /// An estimate of the memory of the manifests in bytes.
    memory: u64,
}

impl Declared {
    fn of(reader: &Reader<'_>) -> Self {
        let manifest = &reader.directory().manifest;
        let prefixes = manifest.files.iter().map(|file| file.prefix.len() as u64);
        let memory_of = |entry: &Entry| {
            (size_of::<Entry>() + size_of_val(&*entry.shape) + entry.name.as_deref().map_or(0, str::len)) as u64
        };
        let memory = prefixes.clone().chain(manifest.entries.iter().map(memory_of));
        Self {
            entries: manifest.entries.len() as u64,
            bytes: prefixes.chain(manifest.entries.iter().map(Entry::byte_len)).fold(0, u64::saturating_add),
            memory: memory.fold(0, u64::saturating_add),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            entries: self.entries.saturating_add(other.entries),
            bytes: self.bytes.saturating_add(other.bytes),
            memory: self.memory.saturating_add(other.memory),
        }
    }
}
