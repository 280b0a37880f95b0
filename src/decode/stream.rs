//! Decodes everything in file order, from any reader (section 15 of the specification).

use std::io::Read;
use std::sync::Arc;

use super::frames::{Digests, Frame, Frames};
use super::scratches::Scratches;
use super::segment::{ChunkJob, MemberPiece, check_chunk};
use super::{DecodeOptions, Segment, zeroed};
use crate::container::{Manifest, entry_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::spec::{ENTRY_DIGEST_BYTES, FILE_DIGEST_BYTES};
use crate::tensor::Dtype;
use crate::workers::Workers;

/// Decoded bytes that are collected for each thread before a batch is decoded.
const BATCH_BYTES: u64 = 4 << 20;

/// The share of a segment's head in the size of a batch: a small segment has tables too.
const SEGMENT_BYTES: u64 = 64 << 10;

/// The number of a chunk, and its coded bytes.
type CodedBytes = (usize, Vec<u8>);

/// Some decoded bytes of a tensor or of the content of a file.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Part<'a> {
    /// The number of the tensor or content in the order of declaration.
    pub ordinal: usize,
    /// The name of the tensor; `None` for the content of a file.
    pub name: Option<&'a str>,
    /// The dtype of the tensor.
    pub dtype: Dtype,
    /// The dimensions of the tensor, the outermost first.
    pub shape: &'a [u64],
    /// The offset of `bytes` in the tensor, in bytes.
    pub offset: u64,
    /// The decoded bytes: little-endian, row-major.
    pub bytes: &'a [u8],
}

/// A tensor, or the content of a file, that a container declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Declared<'a> {
    /// The number in the order of declaration.
    pub ordinal: usize,
    /// The name of the tensor; `None` for the content of a file.
    pub name: Option<&'a str>,
    /// The dtype.
    pub dtype: Dtype,
    /// The dimensions, the outermost first.
    pub shape: &'a [u64],
    /// The ordinal of the entry that holds the bytes, if this one is stored as an alias. An alias comes in no part.
    pub alias_of: Option<usize>,
}

/// Decodes a Tersor file from front to back without seeking, for example from a pipe or a network connection.
///
/// The parts of a tensor come in order, one after another. Tensors come in the order in which they are stored. Tensors
/// without elements and aliases ([`Declared::alias_of`]) come in no part; [`declared`](Self::declared) lists them.
///
/// The bytes of every part have passed the checksum of their chunk. Digests, index and footer are checked at the end:
/// only when [`next_part`](Self::next_part) has returned `None` is the whole file known to be good.
///
/// ```
/// use tersor::{DecodeOptions, EncodeOptions, Encoder, StreamDecoder, TensorView};
/// # fn main() -> tersor::Result<()> {
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.add("x", TensorView::from_slice(&[1u8, 2, 3], &[3])?)?;
/// let (file, _) = encoder.finish()?;
///
/// let mut stream = StreamDecoder::new(&file[..], DecodeOptions::default())?;
/// while let Some(part) = stream.next_part()? {
///     assert_eq!((part.name, part.bytes), (Some("x"), &[1, 2, 3][..]));
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use]
pub struct StreamDecoder<R> {
    frames: Frames<R>,
    options: DecodeOptions,
    workers: Workers,
    scratches: Scratches,
    /// For each entry, the digest of the bytes decoded so far.
    digests: Vec<[u8; ENTRY_DIGEST_BYTES]>,
    hasher: blake3::Hasher,
    /// The segment whose chunks come next, and the index of the next one.
    current: Option<(Arc<Segment>, usize)>,
    batch: Vec<Decoded>,
    /// The place in the batch: the chunk, and how many of its parts were handed out.
    next: (usize, usize),
    /// The digests of the index, once the end was reached.
    end: Option<Digests>,
    /// The error that ended the stream.
    failed: Option<(ErrorKind, String)>,
}

/// A decoded chunk.
#[derive(Debug)]
struct Decoded {
    bytes: Vec<u8>,
    pieces: Vec<MemberPiece>,
}

impl<R: Read> StreamDecoder<R> {
    /// Reads the header of `input`.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt` or `Unsupported` for bad input; `Io` if reading fails or if threads cannot be started;
    /// `InvalidArgument` if the environment variable `TERSOR_KERNEL` names an unknown kernel. If the input is a file of
    /// another format, [`Error::is_foreign_format`](crate::Error::is_foreign_format) returns true.
    pub fn new(input: R, options: DecodeOptions) -> Result<Self> {
        Ok(Self {
            frames: Frames::new(input, options.limits)?,
            workers: Workers::new(options.threads)?,
            scratches: Scratches::new(&options)?,
            options,
            digests: Vec::new(),
            hasher: blake3::Hasher::new(),
            current: None,
            batch: Vec::new(),
            next: (0, 0),
            end: None,
            failed: None,
        })
    }

    /// Returns the next decoded bytes; `None` after all bytes were returned and the end of the file was checked.
    ///
    /// # Errors
    /// `Truncated`, `Corrupt`, `Unsupported` or `Limit` for bad input; `Io` if reading fails; `Cancelled`. After an
    /// error every further call returns an error of the same kind.
    pub fn next_part(&mut self) -> Result<Option<Part<'_>>> {
        Ok(if self.advance()? { self.part() } else { None })
    }

    /// Reads up to the first manifest, which declares all files.
    pub(crate) fn read_first_manifest(&mut self) -> Result<()> {
        while !self.frames.has_manifest() && self.current.is_none() && self.end.is_none() {
            self.read_frame()?;
        }
        Ok(())
    }

    /// Moves to the next part; returns `false` at the end.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if let Some(decoded) = self.batch.get(self.next.0) {
            self.next = if self.next.1 < decoded.pieces.len() { self.next } else { (self.next.0 + 1, 0) };
        }
        while self.batch.get(self.next.0).is_none() {
            if let Some((kind, what)) = &self.failed {
                return Err(Error::new(*kind, format!("an earlier error has ended this stream: {what}")));
            }
            if self.end.is_some() {
                return Ok(false);
            }
            // a panic of the input or of the progress callback, which the caller may catch, leaves this behind
            self.failed = Some((ErrorKind::Cancelled, "a panic".to_owned()));
            let filled = self.fill();
            self.failed = filled.as_ref().err().map(|error| (error.kind(), error.to_string()));
            if filled.is_err() {
                self.batch.clear();
                return filled.map(|()| false);
            }
        }
        self.next.1 += 1;
        Ok(true)
    }

    /// Returns the part that [`advance`](Self::advance) moved to.
    pub(crate) fn part(&self) -> Option<Part<'_>> {
        let decoded = self.batch.get(self.next.0)?;
        let piece = decoded.pieces.get(self.next.1.checked_sub(1)?)?;
        let entry = &self.frames.manifest.entries[piece.ordinal as usize];
        Some(Part {
            ordinal: piece.ordinal as usize,
            name: entry.name.as_deref(),
            dtype: entry.dtype,
            shape: &entry.shape,
            offset: piece.offset,
            bytes: &decoded.bytes[piece.within.clone()],
        })
    }

    /// Returns the metadata read so far, as pairs of key and value.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.frames.manifest.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns all tensors and contents of files declared so far. Some of them come in no part.
    pub fn declared(&self) -> impl Iterator<Item = Declared<'_>> {
        self.frames.manifest.entries.iter().enumerate().map(|(ordinal, entry)| Declared {
            ordinal,
            name: entry.name.as_deref(),
            dtype: entry.dtype,
            shape: &entry.shape,
            alias_of: entry.alias_of.map(|target| target as usize),
        })
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.frames.manifest
    }

    /// Returns the digests of the files; none before the end.
    pub(crate) fn file_digests(&self) -> &[[u8; FILE_DIGEST_BYTES]] {
        self.end.as_ref().map_or(&[], |digests| &digests.files)
    }

    /// Returns the number of bytes read from the input.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.frames.input.position()
    }

    /// Reads and decodes the next batch.
    fn fill(&mut self) -> Result<()> {
        self.batch.clear();
        self.next = (0, 0);
        let target = BATCH_BYTES * self.workers.count() as u64;
        let mut collected = 0;
        let mut jobs = Vec::new();
        while collected < target && self.end.is_none() {
            let Some((segment, chunk)) = self.current.take() else {
                self.read_frame()?;
                continue;
            };
            let record = segment.head.chunks[chunk];
            let offset = self.frames.input.position();
            let coded = self.frames.input.exactly(u64::from(record.len), "chunk")?;
            check_chunk(&record, &coded, offset)?;
            let head = if chunk == 0 { SEGMENT_BYTES } else { 0 };
            collected += segment.chunk_bytes(chunk).max(u64::from(record.len)) + head;
            jobs.push((Arc::clone(&segment), (chunk, coded)));
            if chunk + 1 < segment.head.chunks.len() {
                self.current = Some((segment, chunk + 1));
            }
        }
        let progress = &self.options.progress;
        let entries = &self.frames.manifest.entries;
        let groups = self.groups(jobs);
        let decoded = self.workers.map(groups, |(segment, chunks)| {
            let mut decoded = Vec::with_capacity(chunks.len());
            for (index, _) in &chunks {
                let bytes = zeroed(segment.chunk_bytes(*index))?;
                decoded.push(Decoded { bytes, pieces: segment.member_pieces(*index) });
            }
            let jobs = chunks.iter().zip(&mut decoded);
            let jobs = jobs.map(|((index, coded), decoded)| ChunkJob { index: *index, coded, out: &mut decoded.bytes });
            let mut jobs: Vec<ChunkJob<'_>> = jobs.collect();
            let done = self.scratches.lend(|scratch| segment.decode_chunks(&mut jobs, scratch));
            done.map_err(|error| error.in_tensor(entries[segment.head.members[0] as usize].label()))?;
            progress.advance(decoded.iter().map(|decoded| decoded.bytes.len() as u64).sum())?;
            Ok(decoded)
        })?;
        self.batch = decoded.into_iter().flatten().collect();
        for decoded in &self.batch {
            for piece in &decoded.pieces {
                self.workers.hash(&mut self.hasher, &decoded.bytes[piece.within.clone()]);
                if piece.is_last {
                    self.digests[piece.ordinal as usize] = entry_digest(&self.hasher.finalize());
                    self.hasher.reset();
                }
            }
        }
        self.check_digests()
    }

    /// Puts chunks together that are decoded at the same time.
    fn groups(&self, jobs: Vec<(Arc<Segment>, CodedBytes)>) -> Vec<(Arc<Segment>, Vec<CodedBytes>)> {
        let count = jobs.len();
        let mut groups: Vec<(Arc<Segment>, Vec<CodedBytes>)> = Vec::new();
        for (segment, coded) in jobs {
            let last = groups.last_mut().filter(|(last, chunks)| {
                Arc::ptr_eq(last, &segment)
                    && chunks.len() < segment.chunks_at_once(count, &self.workers, &self.options.limits)
            });
            match last {
                Some((_, chunks)) => chunks.push(coded),
                None => groups.push((segment, vec![coded])),
            }
        }
        groups
    }

    /// Reads a frame up to its body.
    fn read_frame(&mut self) -> Result<()> {
        match self.frames.next()? {
            Frame::Manifest => self.digests.resize(self.frames.manifest.entries.len(), [0; ENTRY_DIGEST_BYTES]),
            Frame::Segment(segment) => self.current = Some((segment, 0)),
            Frame::Skipped => {}
            Frame::End(digests) => self.end = Some(digests),
        }
        Ok(())
    }

    /// At the end, compares the digests of the decoded bytes with the digests in the index.
    fn check_digests(&self) -> Result<()> {
        for &(ordinal, digest) in self.end.iter().flat_map(|digests| &digests.entries) {
            if self.digests[ordinal] != digest && !cfg!(fuzzing) {
                let error = Error::corrupt("the digest of the decoded bytes does not match").in_section("index");
                return Err(error.in_tensor(self.frames.manifest.entries[ordinal].label()));
            }
        }
        Ok(())
    }
}
