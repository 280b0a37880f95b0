//! Random access: the directory is read once, then any tensor is found in constant time.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::scratches::Scratches;
use super::segment::read_range;
use super::{DecodeOptions, FileInfo, ReadAt, Segment, Tensor};
use crate::container::{Directory, Footer, Index, Manifest, ManifestPlace, Prelude, read_header};
use crate::error::{Error, Result};
use crate::limits::check;
use crate::parallel::Workers;
use crate::represent::Scratch;
use crate::spec::{FOOTER_BYTES, FRAME_INDEX, FRAME_MANIFEST, HEADER_BYTES};
use crate::wire::{Cursor, read_packed};

/// An open Tersor file.
///
/// Opening reads header, footer, index and manifest; a tensor then costs its own chunks. A reader can be shared between threads.
#[derive(Debug)]
pub struct Reader<S> {
    source: S,
    len: u64,
    footer: Footer,
    directory: Directory,
    names: HashMap<Arc<str>, u32>,
    /// Each loaded when first needed.
    segments: Vec<OnceLock<Arc<Segment>>>,
    /// Bytes that the loaded segments take.
    loaded: AtomicU64,
    /// The last one that was not kept for want of room.
    last: Mutex<Option<(u32, Arc<Segment>)>>,
    workers: Workers,
    scratches: Scratches,
    pub(crate) options: DecodeOptions,
}

impl Reader<File> {
    /// Opens the file at `path`, to be read by positional reads. To map it instead, give a [`Map`](crate::Map) to [`Reader::new`].
    ///
    /// # Errors
    /// `Io` if it cannot be read, else as [`Reader::new`].
    #[cfg(any(unix, windows))]
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(File::open(path)?)
    }
}

impl<S: ReadAt> Reader<S> {
    /// Opens a source with default options.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt`, `Unsupported` or `Limit` for bad input, `Io` where reading fails.
    pub fn new(source: S) -> Result<Self> {
        Self::with_options(source, DecodeOptions::default())
    }

    /// Opens a source.
    ///
    /// # Errors
    /// As [`Reader::new`].
    pub fn with_options(source: S, options: DecodeOptions) -> Result<Self> {
        let scratches = Scratches::new(&options)?;
        let len = source.len()?;
        let header_len = len.min(HEADER_BYTES as u64);
        read_header(&read_range(&source, 0, header_len)?)?;
        if len < (HEADER_BYTES + FOOTER_BYTES) as u64 {
            return Err(Error::truncated("the file ends before its footer").in_section("footer").at(len));
        }
        let mut footer = [0; FOOTER_BYTES];
        footer.copy_from_slice(&read_range(&source, len - FOOTER_BYTES as u64, FOOTER_BYTES as u64)?);
        let footer = Footer::read(&footer, len)?;
        let limits = &options.limits;
        check(footer.index_len, limits.head_bytes, "bytes of index")?;
        let index_bytes = read_range(&source, footer.index_offset, footer.index_len)?;
        let prelude = Prelude::read(&index_bytes, footer.index_offset)?.expect(FRAME_INDEX, "index")?;
        let mut cursor = Index::cursor(&prelude);
        let manifest = match Index::read_manifest_place(&mut cursor, limits)? {
            ManifestPlace::Inline(content) => Manifest::read(&content, limits)?,
            ManifestPlace::Frame { offset, len } => {
                if offset < HEADER_BYTES as u64 || offset.checked_add(len).is_none_or(|end| end > footer.index_offset) {
                    return Err(cursor.place(Error::corrupt("the manifest lies outside the file")));
                }
                check(len, limits.head_bytes, "bytes of manifest")?;
                let bytes = read_range(&source, offset, len)?;
                let prelude = Prelude::read(&bytes, offset)?.expect(FRAME_MANIFEST, "manifest")?;
                let mut cursor = Cursor::new(prelude.head, prelude.head_offset, "manifest");
                let content = read_packed(&mut cursor, limits.head_bytes)?;
                cursor.finish()?;
                Manifest::read(&content, limits)?
            }
        };
        let index = Index::read(&mut cursor, &manifest, HEADER_BYTES as u64, footer.index_offset, limits)?;
        let directory = Directory::new(manifest, index)?;
        let mut names = HashMap::new();
        for (ordinal, entry) in directory.manifest.entries.iter().enumerate() {
            if let Some(name) = &entry.name {
                names.entry(Arc::clone(name)).or_insert(ordinal as u32);
            }
        }
        let segments = directory.index.segments.iter().map(|_| OnceLock::new()).collect();
        let workers = Workers::new(options.threads)?;
        Ok(Self {
            source,
            len,
            footer,
            directory,
            names,
            segments,
            loaded: AtomicU64::new(0),
            last: Mutex::new(None),
            workers,
            scratches,
            options,
        })
    }

    /// The model's metadata, in the order of the container. Where it was made of files whose metadata differ, the first file's counts.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.directory.manifest.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// All tensors, in the order of the file.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'_, S>> {
        let entries = self.directory.manifest.entries.iter().enumerate();
        entries.filter(|(_, entry)| entry.name.is_some()).map(|(ordinal, _)| Tensor::new(self, ordinal))
    }

    /// The tensor of a name; if several files have one, the first file's. See also [`tensor_in`](Self::tensor_in).
    pub fn tensor(&self, name: &str) -> Option<Tensor<'_, S>> {
        self.names.get(name).map(|&ordinal| Tensor::new(self, ordinal as usize))
    }

    /// The tensor of a name in the file of a name.
    pub fn tensor_in(&self, file: &str, name: &str) -> Option<Tensor<'_, S>> {
        let file = self.files().find(|info| info.name == file)?;
        let mut tensors = file.ordinals.map(|ordinal| Tensor::new(self, ordinal));
        let entries = &self.directory.manifest.entries;
        tensors.find(|tensor| entries[tensor.ordinal()].name.as_deref() == Some(name))
    }

    /// The files that [`decode_files`](crate::decode_files) recreates.
    pub fn files(&self) -> impl Iterator<Item = FileInfo> {
        let digests = self.directory.index.file_digests.iter();
        FileInfo::all(&self.directory.manifest).into_iter().zip(digests).map(|(info, digest)| info.with_digest(*digest))
    }

    /// Where the bytes come from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Bytes of the whole Tersor file.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    pub(crate) fn footer(&self) -> Footer {
        self.footer
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Does some work with a scratch that no other thread has.
    pub(crate) fn with_scratch<T>(&self, work: impl FnOnce(&mut Scratch) -> T) -> T {
        self.scratches.lend(work)
    }

    /// Segment `number`, from the file or from memory.
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
        check(place.prelude_len, self.options.limits.head_bytes, "bytes of a segment's head")?;
        let segment = Segment::load(&self.source, place.offset, place.prelude_len, &self.directory.manifest.entries)?;
        self.directory.check_members(number, &segment.head).map_err(|error| error.at(place.offset))?;
        if segment.padding + segment.head.coded_len() != place.body_len {
            let what = "the segment's length is not that of the index";
            return Err(Error::corrupt(what).in_section("segment").at(place.offset));
        }
        // tables of a few bytes may unfold to many: of what does not fit only the last is kept
        let size = segment.memory();
        let segment = Arc::new(segment);
        let fits =
            self.loaded.fetch_add(size, Ordering::Relaxed).saturating_add(size) <= self.options.limits.head_bytes;
        if !fits {
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((number, Arc::clone(&segment)));
        }
        if !fits || slot.set(Arc::clone(&segment)).is_err() {
            // not kept, or another thread was faster
            self.loaded.fetch_sub(size, Ordering::Relaxed);
        }
        Ok(segment)
    }
}
