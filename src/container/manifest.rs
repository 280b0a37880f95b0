//! Manifests (section 5): metadata, files and the declaration of entries.

use std::collections::HashSet;
use std::sync::Arc;

use super::manifest_state::ManifestState;
use super::{Entry, folders_of, is_file_path};
use crate::error::{Error, Result};
use crate::limits::{Bound, Limits};
use crate::spec::MAX_RANK;
use crate::tensor::{Dtype, byte_len};
use crate::wire::{Cursor, put_string, put_varint};

const IS_TENSOR: u8 = 1;
const IS_ALIAS: u8 = 2;

/// A file that the container recreates: its prefix, followed by the bytes of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRecord {
    /// The path within its folder, with `/` between the components.
    pub(crate) path: String,
    pub(crate) prefix: Vec<u8>,
    pub(crate) entry_count: usize,
}

/// The content of one manifest frame, or of all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) files: Vec<FileRecord>,
    /// Whether the files are the content of a folder; otherwise there is at most one file.
    pub(crate) is_folder: bool,
    pub(crate) entries: Vec<Entry>,
}

impl Manifest {
    /// Returns whether there are no metadata, files and entries.
    pub(crate) fn is_empty(&self) -> bool {
        self.metadata.is_empty() && self.files.is_empty() && self.entries.is_empty()
    }

    /// Returns the content of the packed block of a manifest: the entries from `first` on, and metadata and files if
    /// `whole`.
    pub(crate) fn write_from(&self, first: usize, whole: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let (metadata, files) = if whole { (&self.metadata[..], &self.files[..]) } else { (&[][..], &[][..]) };
        put_varint(&mut out, metadata.len() as u64);
        for (key, value) in metadata {
            put_string(&mut out, key);
            put_string(&mut out, value);
        }
        put_varint(&mut out, files.len() as u64 * 2 + u64::from(self.is_folder && !files.is_empty()));
        for file in files {
            put_string(&mut out, &file.path);
            put_varint(&mut out, file.prefix.len() as u64);
            out.extend_from_slice(&file.prefix);
            put_varint(&mut out, file.entry_count as u64);
        }
        write_entries(&self.entries[first..], &mut out);
        out
    }

    /// Reads a manifest that holds everything.
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let mut this = Self::default();
        this.read_more(bytes, limits, &mut ManifestState::default())?;
        Ok(this)
    }

    /// Reads the content of a manifest and adds it to the content of the earlier ones. The time depends only on the
    /// size of this manifest.
    pub(crate) fn read_more(&mut self, bytes: &[u8], limits: &Limits, state: &mut ManifestState) -> Result<()> {
        state.charge(bytes.len(), 1, limits)?;
        let (first_pair, first_entry) = (self.metadata.len(), self.entries.len());
        let mut cursor = Cursor::unplaced(bytes, "manifest");
        self.read_metadata(&mut cursor, limits, state)?;
        self.read_files(&mut cursor, limits, state)?;
        self.read_entries(&mut cursor, limits, state)?;
        self.read_aliases(&mut cursor, first_entry)?;
        cursor.finish()?;
        self.check_added(first_pair, first_entry, limits, state)
    }

    fn read_metadata(&mut self, cursor: &mut Cursor<'_>, limits: &Limits, state: &mut ManifestState) -> Result<()> {
        let count = cursor.count(2, "metadata pairs")?;
        // four strings: key and value, and the key once more in the state, with its entry in the set
        state.charge(count, 4 * size_of::<String>(), limits)?;
        for _ in 0..count {
            let (key, value) = (cursor.string("a key")?.to_owned(), cursor.string("a value")?.to_owned());
            self.metadata.push((key, value));
        }
        Ok(())
    }

    fn read_files(&mut self, cursor: &mut Cursor<'_>, limits: &Limits, state: &mut ManifestState) -> Result<()> {
        let start = cursor.clone();
        let (count, is_folder) = cursor.count_and_flag(3, "files")?;
        if count > 0 && state.any {
            return Err(corrupt("files in a manifest after the first"));
        }
        state.charge(count, 2 * size_of::<FileRecord>(), limits)?;
        if count == 0 && is_folder {
            return Err(start.place(corrupt("a folder without files")));
        }
        if count > 1 && !is_folder {
            return Err(start.place(corrupt(format!("{count} files that are not in a folder"))));
        }
        self.is_folder |= is_folder;
        for _ in 0..count {
            let path = cursor.string("a file's path")?.to_owned();
            if !is_file_path(&path) || (!self.is_folder && path.contains('/')) {
                return Err(corrupt(format!("{path:?} cannot be the path of a file")));
            }
            let prefix_len = cursor.count(1, "bytes of prefix")?;
            let prefix = cursor.bytes(prefix_len)?.to_vec();
            let entry_count = cursor.length("number of entries")?;
            self.files.push(FileRecord { path, prefix, entry_count });
        }
        Ok(())
    }

    fn read_entries(&mut self, cursor: &mut Cursor<'_>, limits: &Limits, state: &mut ManifestState) -> Result<()> {
        // flags, dtype and rank take a byte each
        let count = cursor.count(3, "entries")?;
        limits
            .check(Bound::Tensors, (self.entries.len() + count) as u64, "tensors")
            .map_err(|error| error.in_section("manifest"))?;
        state.charge(count, 2 * size_of::<Entry>(), limits)?;
        let flags = cursor.bytes(count)?;
        let dtypes = cursor.bytes(count)?;
        let shapes = read_shapes(cursor, count, limits, state)?;
        let mut name_lengths = Vec::with_capacity(count);
        for flag in flags {
            if flag & !(IS_TENSOR | IS_ALIAS) != 0 {
                return Err(corrupt(format!("unknown entry flags {flag:#x}")));
            }
            if flag & IS_TENSOR != 0 {
                let length = cursor.length("length of a name")?;
                limits
                    .check(Bound::NameBytes, length as u64, "bytes of a name")
                    .map_err(|e| e.in_section("manifest"))?;
                name_lengths.push(length);
            }
        }
        let mut name_lengths = name_lengths.into_iter();
        for ((&flag, &dtype), shape) in flags.iter().zip(dtypes).zip(shapes) {
            let name = match flag & IS_TENSOR {
                0 => None,
                _ => {
                    let name = std::str::from_utf8(cursor.bytes(name_lengths.next().unwrap_or(0))?);
                    Some(name.map_err(|_| corrupt("the name of a tensor is not UTF-8"))?.into())
                }
            };
            let dtype = Dtype::from_code(dtype).map_err(|error| error.in_section("manifest"))?;
            // the target of an alias is read later
            let entry = Entry { name, dtype, shape, alias_of: (flag & IS_ALIAS != 0).then_some(0) };
            let Some(length) = byte_len(dtype, &entry.shape) else {
                let what = format!("{dtype} of shape {:?} is not a whole number of bytes below 2^63", entry.shape);
                return Err(corrupt(what).in_tensor(entry.label()));
            };
            limits.check(Bound::TensorBytes, length, "decoded bytes").map_err(|e| e.in_tensor(entry.label()))?;
            if entry.name.is_none() && (dtype != Dtype::U8 || entry.shape.len() != 1) {
                return Err(corrupt("the content of a file is not of dtype U8 and rank 1"));
            }
            self.entries.push(entry);
        }
        Ok(())
    }

    /// Reads the targets of the aliases among the entries from `first` on.
    fn read_aliases(&mut self, cursor: &mut Cursor<'_>, first: usize) -> Result<()> {
        for ordinal in first..self.entries.len() {
            if self.entries[ordinal].alias_of.is_none() {
                continue;
            }
            let target = cursor.varint()?;
            let entry = &self.entries[ordinal];
            let fits = usize::try_from(target).ok().filter(|&target| target < ordinal).is_some_and(|target| {
                let target = &self.entries[target];
                target.alias_of.is_none() && target.dtype == entry.dtype && target.elements() == entry.elements()
            });
            if !fits {
                let what = format!("entry {target} cannot be the target of an alias");
                return Err(corrupt(what).in_tensor(entry.label()));
            }
            self.entries[ordinal].alias_of = Some(target as u32);
        }
        Ok(())
    }

    /// Checks the rules that concern all manifests together, after the metadata from `first_pair` on and the entries
    /// from `first_entry` on were added. The files belong to the first manifest.
    fn check_added(
        &self,
        first_pair: usize,
        first_entry: usize,
        limits: &Limits,
        state: &mut ManifestState,
    ) -> Result<()> {
        let mut pairs = self.metadata[first_pair..].iter();
        if let Some((key, _)) = pairs.find(|(key, _)| !state.keys.insert(key.clone())) {
            return Err(corrupt(format!("the metadata key {key:?} occurs twice")));
        }
        let files = if state.any { &[][..] } else { &self.files[..] };
        state.any = true;
        let mut paths = HashSet::new();
        if let Some(file) = files.iter().find(|file| !paths.insert(&file.path[..])) {
            return Err(corrupt(format!("the file {:?} occurs twice", file.path)));
        }
        let mut folders = files.iter().flat_map(|file| folders_of(&file.path));
        if let Some(folder) = folders.find(|folder| paths.contains(folder)) {
            return Err(corrupt(format!("{folder:?} is a file and a folder")));
        }
        let mut rest = &self.entries[first_entry..];
        let unique = |entries: &[Entry], names: &mut HashSet<Arc<str>>| {
            let mut own = entries.iter().filter_map(|entry| entry.name.as_ref());
            match own.find(|&name| !names.insert(Arc::clone(name))) {
                Some(name) => Err(corrupt("two tensors have the same name").in_tensor(name)),
                None => Ok(()),
            }
        };
        for file in files {
            let Some((own, others)) = rest.split_at_checked(file.entry_count) else {
                return Err(corrupt(format!("the file {:?} has more entries than the manifest", file.path)));
            };
            unique(own, &mut HashSet::with_capacity(own.len()))?;
            rest = others;
        }
        unique(rest, &mut state.names)?;
        if rest.iter().any(|entry| entry.name.is_none()) {
            return Err(corrupt("the content of a file belongs to no file"));
        }
        let prefixes = files.iter().map(|file| file.prefix.len() as u64);
        let mut sizes = prefixes.chain(self.entries[first_entry..].iter().map(Entry::byte_len));
        let Some(total) = sizes.try_fold(state.total, u64::checked_add) else {
            return Err(corrupt("more than 2^64 bytes in all"));
        };
        state.total = total;
        limits.check(Bound::TotalBytes, total, "decoded bytes in all").map_err(|error| error.in_section("manifest"))
    }
}

fn corrupt(what: impl Into<String>) -> Error {
    Error::corrupt(what).in_section("manifest")
}

/// Reads the shapes of `count` entries: all ranks, then all dimensions.
fn read_shapes(
    cursor: &mut Cursor<'_>,
    count: usize,
    limits: &Limits,
    state: &mut ManifestState,
) -> Result<Vec<Box<[u64]>>> {
    let mut ranks = Vec::with_capacity(count);
    for _ in 0..count {
        let rank = cursor.length("rank")?;
        if rank > MAX_RANK {
            return Err(corrupt(format!("rank {rank} is above {MAX_RANK}")));
        }
        ranks.push(rank);
    }
    // every dimension takes at least a byte, so the shapes cannot need more memory than the manifest has bytes times 8
    let dimensions: u64 = ranks.iter().map(|&rank| rank as u64).sum();
    if dimensions > cursor.remaining() as u64 {
        return Err(cursor.place(Error::corrupt("the shapes end early")));
    }
    state.charge(dimensions as usize, size_of::<u64>(), limits)?;
    let mut shapes: Vec<Box<[u64]>> = ranks.into_iter().map(|rank| vec![0; rank].into()).collect();
    for dimension in shapes.iter_mut().flat_map(|shape| shape.iter_mut()) {
        *dimension = cursor.varint()?;
    }
    Ok(shapes)
}

/// Appends the entries, column by column.
fn write_entries(entries: &[Entry], out: &mut Vec<u8>) {
    put_varint(out, entries.len() as u64);
    for entry in entries {
        let tensor = if entry.name.is_some() { IS_TENSOR } else { 0 };
        let alias = if entry.alias_of.is_some() { IS_ALIAS } else { 0 };
        out.push(tensor | alias);
    }
    out.extend(entries.iter().map(|entry| entry.dtype.code()));
    for entry in entries {
        put_varint(out, entry.shape.len() as u64);
    }
    for &dimension in entries.iter().flat_map(|entry| entry.shape.iter()) {
        put_varint(out, dimension);
    }
    let names = || entries.iter().filter_map(|entry| entry.name.as_deref());
    names().for_each(|name| put_varint(out, name.len() as u64));
    names().for_each(|name| out.extend_from_slice(name.as_bytes()));
    for target in entries.iter().filter_map(|entry| entry.alias_of) {
        put_varint(out, u64::from(target));
    }
}
