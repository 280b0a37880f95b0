//! Collects tensors into segments and writes frames in order. Small tensors of a dtype share segments. Medium ones are
//! copied to a queue until there is work for all threads. A large one is encoded at once, without a copy.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::mem;

use super::EncodeOptions;
use super::members::encode_members;
use super::search::stands_out;
use super::segment::SegmentInput;
use crate::container::{Entry, Footer, Index, Manifest, ManifestPlace, Prelude, SegmentPlace};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::represent::GridHint;
use crate::spec::{ENTRY_DIGEST_BYTES, FILE_DIGEST_BYTES, FRAME_INDEX, FRAME_MANIFEST, HEADER_BYTES};
use crate::tensor::Dtype;
use crate::wire::write_packed;
use crate::workers::Workers;

/// Tensors with fewer bytes share segments, unless they stand out.
pub(super) const SMALL_BYTES: usize = 32 << 10;
/// The size in bytes from which on a shared segment is closed.
const SHARED_BYTES: usize = 512 << 10;
/// The size in bytes from which on tensors are not copied.
const LARGE_BYTES: usize = 4 << 20;
/// The size in bytes from which on the queue is encoded.
const QUEUE_BYTES: usize = 16 << 20;

/// Numbers about an encoded container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Number of tensors, aliases included.
    pub tensors: u64,
    /// Number of tensors that are stored as an alias of another tensor.
    pub aliases: u64,
    /// Number of elements of all tensors.
    pub weights: u64,
    /// Size of the input in bytes: of the files, or of the tensors if there are no files.
    pub raw_bytes: u64,
    /// Size of the container in bytes.
    pub coded_bytes: u64,
}

/// Entries of a dtype that will share a segment.
#[derive(Debug)]
struct Shared {
    dtype: Dtype,
    members: Vec<u32>,
    bytes: Vec<u8>,
}

/// The frames of a container, written in order.
#[derive(Debug)]
pub(super) struct Writer<W> {
    out: W,
    position: u64,
    pub(super) options: EncodeOptions,
    pub(super) workers: Workers,
    /// All declarations. The entries from `declared` on are not yet written.
    pub(super) manifest: Manifest,
    /// The keys of the metadata.
    keys: HashSet<String>,
    declared: usize,
    manifest_frames: Vec<(u64, u64)>,
    shared: Vec<Shared>,
    queue: Vec<SegmentInput<'static>>,
    queue_bytes: usize,
    places: Vec<SegmentPlace>,
    /// The segment of each entry that is stored.
    segment_of: Vec<Option<u32>>,
    /// The digest of each entry.
    digests: Vec<[u8; ENTRY_DIGEST_BYTES]>,
    /// The grids of entries that a quantiser made. An entry with a grid has its own segment.
    pub(super) hints: HashMap<u32, GridHint>,
    failed: bool,
}

impl<W: Write> Writer<W> {
    /// Begins a container: writes the header.
    pub(super) fn new(out: W, options: EncodeOptions) -> Result<Self> {
        let kernel = options.kernel.map_or_else(Kernel::chosen, Ok)?;
        let options = options.with_kernel(kernel);
        let workers = Workers::new(options.threads)?;
        let mut this = Self {
            out,
            position: 0,
            options,
            workers,
            manifest: Manifest::default(),
            keys: HashSet::new(),
            declared: 0,
            manifest_frames: Vec::new(),
            shared: Vec::new(),
            queue: Vec::new(),
            queue_bytes: 0,
            places: Vec::new(),
            segment_of: Vec::new(),
            digests: Vec::new(),
            hints: HashMap::new(),
            failed: false,
        };
        let mut header = Vec::with_capacity(HEADER_BYTES);
        this.options.header().write(&mut header);
        this.write(&header)?;
        Ok(this)
    }

    /// Adds a pair of metadata, unless its key was added before. Returns whether it did.
    pub(super) fn add_metadata(&mut self, key: &str, value: &str) -> bool {
        let is_new = self.keys.insert(key.to_owned());
        if is_new {
            self.manifest.metadata.push((key.to_owned(), value.to_owned()));
        }
        is_new
    }

    /// Adds an entry and returns its ordinal.
    pub(super) fn declare(&mut self, entry: Entry, digest: [u8; ENTRY_DIGEST_BYTES]) -> Result<u32> {
        let ordinal =
            u32::try_from(self.manifest.entries.len()).map_err(|_| Error::invalid("more than 2^32 - 1 tensors"))?;
        self.manifest.entries.push(entry);
        self.digests.push(digest);
        self.segment_of.push(None);
        Ok(ordinal)
    }

    /// Sets the digest of an entry that was declared without a digest.
    pub(super) fn set_digest(&mut self, ordinal: u32, digest: [u8; ENTRY_DIGEST_BYTES]) {
        self.digests[ordinal as usize] = digest;
    }

    /// Stores the bytes of a declared entry that is no alias and has elements.
    pub(super) fn store(&mut self, ordinal: u32, bytes: &[u8]) -> Result<()> {
        if self.failed {
            return Err(Error::invalid("an earlier error makes this container incomplete"));
        }
        let stored = self.store_unless_failed(ordinal, bytes);
        self.failed = stored.is_err();
        stored
    }

    fn store_unless_failed(&mut self, ordinal: u32, bytes: &[u8]) -> Result<()> {
        let entry = &self.manifest.entries[ordinal as usize];
        let (dtype, shapes) = (entry.dtype, vec![entry.shape.clone()]);
        let hint = self.hints.remove(&ordinal);
        if hint.is_none() && bytes.len() < SMALL_BYTES && !stands_out(dtype, bytes) {
            let shared = match self.shared.iter_mut().position(|shared| shared.dtype == dtype) {
                Some(index) => &mut self.shared[index],
                None => {
                    self.shared.push(Shared { dtype, members: Vec::new(), bytes: Vec::new() });
                    self.shared.last_mut().unwrap_or_else(|| unreachable!("just pushed"))
                }
            };
            shared.members.push(ordinal);
            shared.bytes.extend_from_slice(bytes);
            if shared.bytes.len() >= SHARED_BYTES {
                self.close_shared(dtype)?;
            }
            return Ok(());
        }
        let members = vec![ordinal];
        if bytes.len() < LARGE_BYTES {
            return self.enqueue(SegmentInput { members, dtype, shapes, bytes: Cow::Owned(bytes.to_vec()), hint });
        }
        // planning a segment uses one core, so encode the queued segments together with this one
        self.queue_bytes = 0;
        let mut inputs: Vec<SegmentInput<'_>> = mem::take(&mut self.queue);
        inputs.push(SegmentInput { members, dtype, shapes, bytes: Cow::Borrowed(bytes), hint });
        self.write_segments(&inputs)
    }

    /// Closes all shared segments, so that they come before the next stored tensor.
    pub(super) fn close_all_shared(&mut self) -> Result<()> {
        while let Some(shared) = self.shared.first() {
            let dtype = shared.dtype;
            self.close_shared(dtype)?;
        }
        Ok(())
    }

    fn close_shared(&mut self, dtype: Dtype) -> Result<()> {
        let Some(index) = self.shared.iter().position(|shared| shared.dtype == dtype) else {
            return Ok(());
        };
        let Shared { dtype, members, bytes } = self.shared.remove(index);
        let shapes = members.iter().map(|&member| self.manifest.entries[member as usize].shape.clone()).collect();
        self.enqueue(SegmentInput { members, dtype, shapes, bytes: Cow::Owned(bytes), hint: None })
    }

    fn enqueue(&mut self, input: SegmentInput<'static>) -> Result<()> {
        self.queue_bytes += input.bytes.len();
        self.queue.push(input);
        if self.queue_bytes >= QUEUE_BYTES {
            self.flush_queue()?;
        }
        Ok(())
    }

    fn flush_queue(&mut self) -> Result<()> {
        self.queue_bytes = 0;
        let queue = mem::take(&mut self.queue);
        self.write_segments(&queue)
    }

    /// Encodes segments in parallel and writes them in order.
    fn write_segments(&mut self, inputs: &[SegmentInput<'_>]) -> Result<()> {
        self.write_manifest()?;
        let (options, workers) = (&self.options, &self.workers);
        let coded = workers.map(inputs.iter().collect(), |input| encode_members(input, options, workers))?;
        for coded in coded.iter().flatten() {
            let offset = self.position;
            let (prelude, padding, body_len) = coded.prelude(offset);
            self.write(&prelude)?;
            self.write(&[0; 64][..padding as usize])?;
            for bytes in coded.body() {
                self.write(bytes)?;
            }
            for &member in coded.members() {
                self.segment_of[member as usize] = Some(self.places.len() as u32);
            }
            let prelude_len = prelude.len() as u64;
            self.places.push(SegmentPlace { offset, prelude_len, body_len: padding + body_len });
        }
        Ok(())
    }

    /// Writes the declarations that are not yet written.
    pub(super) fn write_manifest(&mut self) -> Result<()> {
        let first = self.manifest_frames.is_empty();
        if self.declared == self.manifest.entries.len() && (!first || self.manifest.is_empty()) {
            return Ok(());
        }
        let content = self.manifest.write_from(self.declared, first);
        self.declared = self.manifest.entries.len();
        let mut head = Vec::new();
        write_packed(&mut head, &content)?;
        let offset = self.position;
        self.write_frame(FRAME_MANIFEST, &head)?;
        self.manifest_frames.push((offset, self.position - offset));
        Ok(())
    }

    /// Writes the queued segments, the index and the footer. Returns the bytes of each entry too.
    pub(super) fn finish(mut self, file_digests: Vec<[u8; FILE_DIGEST_BYTES]>) -> Result<(W, Summary, Vec<f64>)> {
        if self.failed {
            return Err(Error::invalid("an earlier error makes this container incomplete"));
        }
        self.close_all_shared()?;
        self.flush_queue()?;
        self.write_manifest()?;
        let manifest_place = match self.manifest_frames[..] {
            [(offset, len)] => ManifestPlace::Frame { offset, len },
            _ => ManifestPlace::Inline(self.manifest.write_from(0, true)),
        };
        let sizes = self.entry_sizes();
        let stored = || self.manifest.entries.iter().zip(0..).filter(|(entry, _)| entry.is_stored());
        let missing = || Error::invalid("a tensor was declared, but its bytes were not stored");
        let index = Index {
            segments: mem::take(&mut self.places),
            segment_of: stored()
                .map(|(_, ordinal): (_, usize)| self.segment_of[ordinal].ok_or_else(missing))
                .collect::<Result<_>>()?,
            entry_digests: stored().map(|(_, ordinal)| self.digests[ordinal]).collect(),
            file_digests,
        };
        let mut head = Vec::new();
        index.write(&manifest_place, HEADER_BYTES as u64, &mut head)?;
        let index_offset = self.position;
        self.write_frame(FRAME_INDEX, &head)?;
        let mut footer = Vec::new();
        Footer { index_offset, index_len: self.position - index_offset }.write(&mut footer);
        self.write(&footer)?;
        self.out.flush()?;
        let tensors = || self.manifest.entries.iter().filter(|entry| entry.name.is_some());
        let prefixes: u64 = self.manifest.files.iter().map(|file| file.prefix.len() as u64).sum();
        let summary = Summary {
            tensors: tensors().count() as u64,
            aliases: tensors().filter(|entry| entry.alias_of.is_some()).count() as u64,
            weights: tensors().map(Entry::elements).sum(),
            raw_bytes: prefixes + self.manifest.entries.iter().map(Entry::byte_len).sum::<u64>(),
            coded_bytes: self.position,
        };
        Ok((self.out, summary, sizes))
    }

    /// Returns the bytes of each entry: its share of its segment, by elements. 0 for an alias.
    fn entry_sizes(&self) -> Vec<f64> {
        let mut elements = vec![0u64; self.places.len()];
        let entries = || self.manifest.entries.iter().zip(&self.segment_of);
        for (entry, segment) in entries() {
            segment.iter().for_each(|&segment| elements[segment as usize] += entry.elements());
        }
        let size = |(entry, segment): (&Entry, &Option<u32>)| {
            let Some(segment) = segment.map(|segment| segment as usize) else { return 0.0 };
            let bytes = self.places[segment].prelude_len + self.places[segment].body_len;
            bytes as f64 * entry.elements() as f64 / elements[segment].max(1) as f64
        };
        entries().map(size).collect()
    }

    fn write_frame(&mut self, kind: u8, head: &[u8]) -> Result<()> {
        let mut frame = Vec::new();
        Prelude::write(kind, head, 0, &mut frame);
        self.write(&frame)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.out.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}
