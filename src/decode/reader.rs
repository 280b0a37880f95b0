//! Random access: opening a file reads its directory; every tensor is then found in constant time.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::resources::Resources;
use super::segment::read_range;
use super::work_budget::WorkBudget;
use super::{DecodeOptions, FileInfo, Segment};
use crate::container::{Directory, Footer, Header, Index, Manifest, ManifestPlace, Prelude, read_header};
use crate::error::{Error, Result};
use crate::limits::Bound;
use crate::represent::Scratch;
use crate::source::ReadAt;
use crate::spec::{FOOTER_BYTES, FRAME_INDEX, FRAME_MANIFEST, HEADER_BYTES};
use crate::wire::{Cursor, read_packed};
use crate::workers::Workers;

/// An open Tersor file with random access to its tensors.
///
/// Opening reads the header, the footer, the index and the manifest. Decoding a tensor then reads only the head of its
/// segment, which is kept, and the chunks that hold the tensor. A reader can be shared between threads.
///
/// A reader owns its source, and can borrow from memory that outlives it: then its lifetime is `'s`.
pub struct Reader<'s> {
    source: Box<dyn ReadAt + 's>,
    len: u64,
    header: Header,
    footer: Footer,
    directory: Directory,
    names: HashMap<Arc<str>, u32>,
    tensor_count: usize,
    /// Each is loaded when it is first needed.
    segments: Vec<OnceLock<Arc<Segment>>>,
    work: WorkBudget,
    /// The last segment that was not kept because the others take all memory that the limits allow.
    last: Mutex<Option<(u32, Arc<Segment>)>>,
    resources: Arc<Resources>,
    /// The number of this reader among those that share the resources.
    number: u32,
    pub(crate) options: DecodeOptions,
}

#[cfg(any(unix, windows))]
impl Reader<'static> {
    /// Opens the file at `path` with default options. The file is read by positional reads; to map it into memory
    /// instead, pass a [`Map`](crate::Map) to [`Reader::new`].
    ///
    /// # Errors
    /// As [`Reader::new`]. The error names the path.
    pub fn open(path: impl AsRef<std::path::Path>) -> Result<Self> {
        Self::open_with(path, DecodeOptions::default())
    }

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// As [`Reader::new`]. The error names the path.
    pub fn open_with(path: impl AsRef<std::path::Path>, options: DecodeOptions) -> Result<Self> {
        let path = path.as_ref();
        let reader = std::fs::File::open(path).map_err(Error::from).and_then(|file| Self::with_options(file, options));
        reader.map_err(|error| error.in_file(path))
    }
}

impl<'s> Reader<'s> {
    /// Opens a source with default options.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt`, `Unsupported` or `Limit` for bad input; `Io` if reading fails or if threads cannot be
    /// started; `InvalidArgument` if the environment variable `TERSOR_KERNEL` names an unknown kernel. If the input is a
    /// file of another format, [`Error::is_foreign_format`](crate::Error::is_foreign_format) returns true.
    pub fn new(source: impl ReadAt + 's) -> Result<Self> {
        Self::with_options(source, DecodeOptions::default())
    }

    /// Opens a source.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn with_options(source: impl ReadAt + 's, options: DecodeOptions) -> Result<Self> {
        let resources = Arc::new(Resources::new(&options)?);
        Self::sharing(Box::new(source), options, resources, 0)
    }

    /// Opens a source as reader `number` of those that share the resources.
    pub(super) fn sharing(
        source: Box<dyn ReadAt + 's>,
        options: DecodeOptions,
        resources: Arc<Resources>,
        number: u32,
    ) -> Result<Self> {
        let len = source.len()?;
        let header_len = len.min(HEADER_BYTES as u64);
        let header = read_header(&read_range(&*source, 0, header_len)?)?;
        if len < (HEADER_BYTES + FOOTER_BYTES) as u64 {
            return Err(Error::truncated("the file ends before its footer").in_section("footer").at(len));
        }
        let mut footer = [0; FOOTER_BYTES];
        footer.copy_from_slice(&read_range(&*source, len - FOOTER_BYTES as u64, FOOTER_BYTES as u64)?);
        let footer = Footer::read(&footer, len)?;
        let limits = &options.limits;
        limits.check(Bound::HeadBytes, footer.index_len, "bytes of index")?;
        let index_bytes = read_range(&*source, footer.index_offset, footer.index_len)?;
        let prelude = Prelude::read(&index_bytes, footer.index_offset)?.expect(FRAME_INDEX, "index")?;
        let mut cursor = Index::cursor(&prelude);
        let manifest = match Index::read_manifest_place(&mut cursor, limits)? {
            ManifestPlace::Inline(content) => Manifest::read(&content, limits)?,
            ManifestPlace::Frame { offset, len } => {
                if offset < HEADER_BYTES as u64 || offset.checked_add(len).is_none_or(|end| end > footer.index_offset) {
                    return Err(cursor.place(Error::corrupt("the manifest is outside the file")));
                }
                limits.check(Bound::HeadBytes, len, "bytes of manifest")?;
                let bytes = read_range(&*source, offset, len)?;
                let prelude = Prelude::read(&bytes, offset)?.expect(FRAME_MANIFEST, "manifest")?;
                let mut cursor = Cursor::new(prelude.head, prelude.head_offset, "manifest");
                let content = read_packed(&mut cursor, limits.head_bytes)?;
                cursor.finish()?;
                Manifest::read(&content, limits)?
            }
        };
        let index = Index::read(&mut cursor, &manifest, HEADER_BYTES as u64..footer.index_offset, limits)?;
        let directory = Directory::new(manifest, index)?;
        let mut names = HashMap::new();
        let mut tensor_count = 0;
        for (ordinal, entry) in directory.manifest.entries.iter().enumerate() {
            if let Some(name) = &entry.name {
                tensor_count += 1;
                names.entry(Arc::clone(name)).or_insert(ordinal as u32);
            }
        }
        let segments = directory.index.segments.iter().map(|_| OnceLock::new()).collect();
        let work = WorkBudget::new(directory.index.segments.len(), Arc::clone(&resources.work));
        Ok(Self {
            source,
            len,
            header,
            footer,
            directory,
            names,
            tensor_count,
            segments,
            work,
            last: Mutex::new(None),
            resources,
            number,
            options,
        })
    }

    /// Returns the number of tensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tensor_count
    }

    /// Returns whether the file has no tensors.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tensor_count == 0
    }

    /// Returns the metadata of the model as pairs of key and value, in the order of the file. If several files of a
    /// model have the same key, the value of the first file is kept.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.directory.manifest.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the files that [`decode_files`](crate::decode_files) recreates.
    pub fn files(&self) -> impl Iterator<Item = FileInfo> {
        let digests = self.directory.index.file_digests.iter();
        FileInfo::all(&self.directory.manifest).into_iter().zip(digests).map(|(info, digest)| info.with_digest(*digest))
    }

    /// Returns the source that the reader was opened with.
    #[must_use]
    pub fn source(&self) -> &(dyn ReadAt + 's) {
        &*self.source
    }

    /// Returns the size of the Tersor file in bytes.
    #[must_use]
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// Returns the decoder level that the file claims (section 3.2 of the specification): 1 if a small decoder, such
    /// as a decoder on a GPU, is enough, 2 if the file may use all of the format.
    #[must_use]
    pub fn decoder_level(&self) -> u8 {
        self.header.decoder_level
    }

    /// Returns the names of the critical features that tensors may use (section 3.1 of the specification). The only
    /// feature today is `mixing`.
    #[must_use]
    pub fn features(&self) -> Vec<&'static str> {
        self.header.mixing.then_some("mixing").into_iter().collect()
    }

    /// Returns the ordinal of the first tensor with this name.
    pub(super) fn ordinal_of(&self, name: &str) -> Option<usize> {
        self.names.get(name).map(|&ordinal| ordinal as usize)
    }

    pub(crate) fn footer(&self) -> Footer {
        self.footer
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.resources.workers
    }

    /// Returns the bytes of chunk `index` of a segment, from the cache or decoded.
    pub(super) fn whole_chunk(&self, segment: &Segment, index: usize, scratch: &mut Scratch) -> Result<Arc<Vec<u8>>> {
        let key = (self.number, segment.data_offset, index);
        // a chunk is decoded on one thread, which takes up no other work on the way, so it is safe to wait
        self.resources.chunks.get(key, true, || segment.whole_chunk(&*self.source, index, scratch))
    }

    /// Returns whether chunk `index` of a segment is kept decoded.
    pub(super) fn has_chunk(&self, segment: &Segment, index: usize) -> bool {
        self.resources.chunks.contains((self.number, segment.data_offset, index))
    }

    /// Returns whether the head of segment `number` is in memory.
    pub(super) fn has_segment(&self, number: u32) -> bool {
        self.segments[number as usize].get().is_some()
    }

    /// Calls `work` with working memory that no other thread uses at the same time.
    pub(crate) fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        self.resources.scratches.lend(work)
    }

    /// Returns segment `number`, and loads it if it is not in memory.
    pub(crate) fn segment(&self, number: u32) -> Result<Arc<Segment>> {
        let slot = &self.segments[number as usize];
        if let Some(segment) = slot.get() {
            return Ok(Arc::clone(segment));
        }
        if let Some((last, segment)) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && *last == number
        {
            return Ok(Arc::clone(segment));
        }
        let place = self.directory.index.segments[number as usize];
        self.options.limits.check(Bound::HeadBytes, place.prelude_len, "bytes of a segment's head")?;
        let entries = &self.directory.manifest.entries;
        let segment = Segment::load(&*self.source, place.offset, place.prelude_len, entries, self.header)?;
        self.directory.check_members(number, &segment.head).map_err(|error| error.at(place.offset))?;
        if segment.padding + segment.head.coded_len() != place.body_len {
            let what = "the size of the segment differs from the index";
            return Err(Error::corrupt(what).in_section("segment").at(place.offset));
        }
        let limits = &self.options.limits;
        let spent = segment.work(limits).and_then(|work| self.work.spend(number, work, limits));
        spent.map_err(|error| error.in_section("segment").at(place.offset))?;
        // a head of a few bytes can take much memory when parsed: of the segments that do not fit only the last is kept
        let size = segment.memory();
        let segment = Arc::new(segment);
        let loaded = &self.resources.loaded;
        let fits = loaded.fetch_add(size, Ordering::Relaxed).saturating_add(size) <= self.options.limits.head_bytes;
        if !fits {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, Arc::clone(&segment)));
        }
        if !fits || slot.set(Arc::clone(&segment)).is_err() {
            // the segment is not kept, or another thread has loaded it first
            loaded.fetch_sub(size, Ordering::Relaxed);
        }
        Ok(segment)
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("file_len", &self.len)
            .field("tensors", &self.tensor_count)
            .finish_non_exhaustive()
    }
}
