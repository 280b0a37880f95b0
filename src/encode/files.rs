//! Encodes whole files: a safetensors file by its tensors, any other file as bytes.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::ops::Range;

use super::EncodeOptions;
use super::writer::{SMALL_BYTES, Summary, Writer};
use crate::container::{Entry, FileRecord, entry_digest, is_file_name};
use crate::error::{Error, Result};
use crate::interop::SafetensorsHeader;
use crate::tensor::Dtype;
use crate::workers::Workers;

/// Bytes at each end of a tensor that are compared first, because most tensors differ there.
const PROBE_BYTES: usize = 4096;

/// A file to encode.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FileInput<'a> {
    /// The name, without folders.
    pub name: &'a str,
    /// The content.
    pub bytes: &'a [u8],
}

impl<'a> FileInput<'a> {
    /// Makes an input from a name without folders and the content. If the name ends in `.safetensors`, the content must
    /// be a safetensors file, and its tensors are encoded one by one. Every other file is encoded as bytes.
    #[must_use]
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self { name, bytes }
    }
}

/// Encodes files so that [`decode_files`](crate::decode_files) recreates them bit for bit.
///
/// ```
/// use tersor::{EncodeOptions, FileInput, encode_files};
/// # fn main() -> tersor::Result<()> {
/// let config = FileInput::new("config.json", b"{}");
/// let (container, summary) = encode_files(&[config], Vec::new(), EncodeOptions::default())?;
/// assert_eq!(summary.raw_bytes, 2);
/// # Ok(()) }
/// ```
///
/// Returns `out` and a summary.
///
/// # Errors
/// The errors of [`SafetensorsHeader::parse`] if the name of a file ends in `.safetensors`; `InvalidArgument` if there
/// are no files, or if a name is not a file name on every common system or occurs twice; the errors of
/// [`Encoder::new`](crate::Encoder::new); `Cancelled`.
pub fn encode_files<W: Write>(files: &[FileInput<'_>], out: W, options: EncodeOptions) -> Result<(W, Summary)> {
    if files.is_empty() {
        return Err(Error::invalid("no files to encode"));
    }
    let mut writer = Writer::new(out, options)?;
    // for each entry: the number of its file, and the range of its bytes in the file
    let mut ranges: Vec<(usize, Range<usize>)> = Vec::new();
    let mut names = HashSet::new();
    for (number, file) in files.iter().enumerate() {
        if !is_file_name(file.name) {
            return Err(Error::invalid(format!("{:?} cannot be the name of a file in a container", file.name)));
        }
        if !names.insert(file.name) {
            return Err(Error::invalid(format!("two files named {:?}", file.name)));
        }
        let entries = declare(&mut writer, file).map_err(|error| error.in_tensor(file.name))?;
        ranges.extend(entries.into_iter().map(|range| (number, range)));
    }
    let bytes_of = |ordinal: usize| -> &[u8] {
        let (file, range) = &ranges[ordinal];
        &files[*file].bytes[range.clone()]
    };
    find_aliases(&mut writer.manifest.entries, &writer.workers, &bytes_of);
    writer.write_manifest()?;
    // tensors that share segments come first, so that a reader in file order has to keep few bytes
    let stored = |entry: &Entry, small: bool| entry.is_stored() && ((entry.byte_len() as usize) < SMALL_BYTES) == small;
    for small in [true, false] {
        for ordinal in 0..ranges.len() {
            if stored(&writer.manifest.entries[ordinal], small) {
                let bytes = bytes_of(ordinal);
                let mut hasher = blake3::Hasher::new();
                writer.workers.hash(&mut hasher, bytes);
                writer.set_digest(ordinal as u32, entry_digest(&hasher));
                writer.store(ordinal as u32, bytes)?;
            }
        }
        writer.close_all_shared()?;
    }
    let digests = files.iter().map(|file| {
        let mut hasher = blake3::Hasher::new();
        writer.workers.hash(&mut hasher, file.bytes);
        *hasher.finalize().as_bytes()
    });
    let digests = digests.collect();
    writer.finish(digests)
}

/// Declares a file and its entries. Returns the range of each entry in the file.
fn declare<W: Write>(writer: &mut Writer<W>, file: &FileInput<'_>) -> Result<Vec<Range<usize>>> {
    let mut ranges = Vec::new();
    let mut prefix = Vec::new();
    if file.name.ends_with(".safetensors") {
        let layout = SafetensorsHeader::parse(file.bytes)?;
        prefix = file.bytes[..layout.data_start].to_vec();
        for (key, value) in layout.metadata {
            // of two files with the same key the first one counts; the prefix of each file holds all its metadata
            writer.add_metadata(&key, &value);
        }
        for tensor in layout.tensors {
            let entry = Entry {
                name: Some(tensor.name.as_str().into()),
                dtype: tensor.dtype,
                shape: tensor.shape.into(),
                alias_of: None,
            };
            writer.declare(entry, Default::default())?;
            ranges.push(tensor.range);
        }
    } else {
        let shape = [file.bytes.len() as u64].into();
        writer.declare(Entry { name: None, dtype: Dtype::U8, shape, alias_of: None }, Default::default())?;
        ranges.push(0..file.bytes.len());
    }
    writer.manifest.files.push(FileRecord { name: file.name.to_owned(), prefix, entry_count: ranges.len() });
    Ok(ranges)
}

/// Marks each entry that has the same bytes as an earlier one as an alias of it. Reads whole tensors only if the dtype,
/// the length and both ends are the same.
fn find_aliases<'a>(entries: &mut [Entry], workers: &Workers, bytes_of: &impl Fn(usize) -> &'a [u8]) {
    let hash = |bytes: &[u8]| {
        let mut hasher = blake3::Hasher::new();
        workers.hash(&mut hasher, bytes);
        hasher.finalize()
    };
    // for each dtype, length and pair of ends: the entries that differ, each with its hash if it was needed
    type Holders = Vec<(usize, Option<blake3::Hash>)>;
    let mut by_probe: HashMap<(Dtype, usize, blake3::Hash), Holders> = HashMap::new();
    for (ordinal, entry) in entries.iter_mut().enumerate() {
        let bytes = bytes_of(ordinal);
        if bytes.is_empty() {
            continue;
        }
        let mut probe = blake3::Hasher::new();
        probe.update(&bytes[..bytes.len().min(PROBE_BYTES)]);
        probe.update(&bytes[bytes.len().saturating_sub(PROBE_BYTES)..]);
        let holders = by_probe.entry((entry.dtype, bytes.len(), probe.finalize())).or_default();
        if holders.is_empty() {
            holders.push((ordinal, None));
            continue;
        }
        let own = hash(bytes);
        let same =
            holders.iter_mut().position(|(holder, known)| *known.get_or_insert_with(|| hash(bytes_of(*holder))) == own);
        match same {
            Some(index) => entry.alias_of = Some(holders[index].0 as u32),
            None => holders.push((ordinal, Some(own))),
        }
    }
}
