//! Encodes whole files without loss: a safetensors file by its tensors, any other file as bytes.

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::ops::Range;

use super::EncodeOptions;
use super::input::{Blocks, FileInput};
use super::writer::{SMALL_BYTES, Summary, Writer};
use crate::container::{Entry, FileRecord, entry_digest, folders_of, is_file_path};
use crate::error::{Error, Result};
use crate::interop::SafetensorsHeader;
use crate::represent::GridHint;
use crate::spec::FILE_DIGEST_BYTES;
use crate::tensor::Dtype;
use crate::workers::Workers;

/// What a container says besides its files.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// A pair of metadata that comes before those of the files.
    pub(super) metadata: Option<(String, String)>,
    /// The grids of entries that a quantiser made, by ordinal.
    pub(super) hints: HashMap<u32, GridHint>,
}

/// Encodes files. Returns `out`, a summary, and the bytes of each entry in the container.
pub(super) fn encode_all<W: Write>(
    files: &[FileInput<'_>],
    is_folder: bool,
    out: W,
    options: EncodeOptions,
    marks: Marks,
) -> Result<(W, Summary, Vec<f64>)> {
    check_paths(files)?;
    let mut writer = Writer::new(out, options)?;
    writer.hints = marks.hints;
    if let Some((key, value)) = &marks.metadata {
        writer.add_metadata(key, value);
    }
    writer.manifest.is_folder = is_folder;
    // for each entry: the number of its file, and the range of its bytes in the file
    let mut places: Vec<(usize, Range<u64>)> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let ranges = declare(&mut writer, file).map_err(|error| error.in_tensor(file.path))?;
        places.extend(ranges.into_iter().map(|range| (number, range)));
    }
    let (hashes, digests) = hash(files, &places, &writer.workers)?;
    find_aliases(&mut writer.manifest.entries, &hashes);
    writer.write_manifest()?;
    // tensors that share segments come first, so that a reader in file order has to keep few bytes
    let stored = |entry: &Entry, small: bool| entry.is_stored() && ((entry.byte_len() as usize) < SMALL_BYTES) == small;
    for small in [true, false] {
        let mut blocks = Blocks::new(files);
        for (ordinal, (number, range)) in places.iter().enumerate() {
            if stored(&writer.manifest.entries[ordinal], small) {
                let bytes = blocks.read(*number, range.clone())?;
                if files[*number].can_change() && hash_of(bytes, &writer.workers) != hashes[ordinal] {
                    return Err(files[*number].changed());
                }
                writer.set_digest(ordinal as u32, entry_digest(&hashes[ordinal]));
                writer.store(ordinal as u32, bytes)?;
            }
        }
        writer.close_all_shared()?;
    }
    writer.finish(digests)
}

/// Checks that every system can hold the files side by side.
fn check_paths(files: &[FileInput<'_>]) -> Result<()> {
    if files.is_empty() {
        return Err(Error::invalid("no files to encode"));
    }
    let mut paths = HashSet::new();
    for file in files {
        if !is_file_path(file.path) {
            return Err(Error::invalid(format!("{:?} cannot be the path of a file in a container", file.path)));
        }
        if !paths.insert(file.path) {
            return Err(Error::invalid(format!("two files named {:?}", file.path)));
        }
    }
    match files.iter().flat_map(|file| folders_of(file.path)).find(|folder| paths.contains(folder)) {
        Some(folder) => Err(Error::invalid(format!("{folder:?} is a file and a folder"))),
        None => Ok(()),
    }
}

/// Declares a file and its entries. Returns the range of each entry in the file.
fn declare<W: Write>(writer: &mut Writer<W>, file: &FileInput<'_>) -> Result<Vec<Range<u64>>> {
    let source = file.source();
    let header = match file.path.ends_with(".safetensors") {
        true => Some(SafetensorsHeader::read(&source)?),
        false => SafetensorsHeader::recognise(&source)?,
    };
    let mut ranges = Vec::new();
    let mut prefix = Vec::new();
    if let Some(header) = header {
        prefix.resize(header.data_start, 0);
        source.read_exact_at(0, &mut prefix)?;
        for (key, value) in header.metadata {
            // of two files with the same key the first one counts; the prefix of each file holds all its metadata
            writer.add_metadata(&key, &value);
        }
        for tensor in header.tensors {
            let entry = Entry {
                name: Some(tensor.name.as_str().into()),
                dtype: tensor.dtype,
                shape: tensor.shape.into(),
                alias_of: None,
            };
            writer.declare(entry, Default::default())?;
            ranges.push(tensor.range.start as u64..tensor.range.end as u64);
        }
    } else {
        let len = source.len()?;
        let shape = [len].into();
        writer.declare(Entry { name: None, dtype: Dtype::U8, shape, alias_of: None }, Default::default())?;
        ranges.push(0..len);
    }
    writer.manifest.files.push(FileRecord { path: file.path.to_owned(), prefix, entry_count: ranges.len() });
    Ok(ranges)
}

/// Returns the hash of each entry and the digest of each file. The entries of a file follow one another, up to its end.
fn hash(
    files: &[FileInput<'_>],
    places: &[(usize, Range<u64>)],
    workers: &Workers,
) -> Result<(Vec<blake3::Hash>, Vec<[u8; FILE_DIGEST_BYTES]>)> {
    /// Entries are read in pieces of this size, which is much for a disk and little for the memory.
    const PIECE_BYTES: u64 = 8 << 20;
    let mut hashes = Vec::with_capacity(places.len());
    let mut digests = Vec::with_capacity(files.len());
    let mut blocks = Blocks::new(files);
    let mut places = places.iter().peekable();
    for (number, file) in files.iter().enumerate() {
        let mut of_file = blake3::Hasher::new();
        let mut end = 0;
        while let Some((_, range)) = places.next_if(|(own, _)| *own == number) {
            // the prefix comes before the first entry
            of_file.update(blocks.read(number, end..range.start)?);
            let mut of_entry = blake3::Hasher::new();
            end = range.start;
            while end < range.end {
                let piece = end..range.end.min(end + PIECE_BYTES);
                end = piece.end;
                let bytes = blocks.read(number, piece)?;
                workers.hash(&mut of_file, bytes);
                workers.hash(&mut of_entry, bytes);
            }
            hashes.push(of_entry.finalize());
        }
        let len = file.source().len().map_err(|error| file.failed(error))?;
        of_file.update(blocks.read(number, end..len)?);
        digests.push(*of_file.finalize().as_bytes());
    }
    Ok((hashes, digests))
}

fn hash_of(bytes: &[u8], workers: &Workers) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    workers.hash(&mut hasher, bytes);
    hasher.finalize()
}

/// Marks each entry that has the same bytes as an earlier one as an alias of it.
fn find_aliases(entries: &mut [Entry], hashes: &[blake3::Hash]) {
    let mut holders: HashMap<(Dtype, blake3::Hash), u32> = HashMap::new();
    for (ordinal, entry) in entries.iter_mut().enumerate() {
        if entry.elements() > 0 {
            let holder = *holders.entry((entry.dtype, hashes[ordinal])).or_insert(ordinal as u32);
            entry.alias_of = (holder != ordinal as u32).then_some(holder);
        }
    }
}
