//! Manifests (section 5): metadata, files and the declaration of entries.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::limits::{Limits, check};
use crate::spec::{MAX_FILE_NAME_BYTES, MAX_RANK};
use crate::tensor::{Dtype, byte_len, element_count};
use crate::wire::{Cursor, put_string, put_varint};

const IS_TENSOR: u8 = 1;
const IS_ALIAS: u8 = 2;

/// A tensor, or the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `None`: a file's content.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Box<[u64]>,
    /// The ordinal of the entry that holds the bytes.
    pub(crate) alias_of: Option<u32>,
}

impl Entry {
    /// Validated when read or made.
    pub(crate) fn elements(&self) -> u64 {
        element_count(&self.shape).unwrap_or(0)
    }

    /// Validated when read or made.
    pub(crate) fn byte_len(&self) -> u64 {
        byte_len(self.dtype, &self.shape).unwrap_or(0)
    }

    /// Whether a segment holds it.
    pub(crate) fn is_stored(&self) -> bool {
        self.alias_of.is_none() && self.elements() > 0
    }

    /// For messages.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or("(file content)")
    }
}

/// A file to recreate: its prefix and then its entries' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRecord {
    pub(crate) name: String,
    pub(crate) prefix: Vec<u8>,
    pub(crate) entry_count: usize,
}

/// What one manifest frame says, or all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) metadata: Vec<(String, String)>,
    pub(crate) files: Vec<FileRecord>,
    pub(crate) entries: Vec<Entry>,
}

/// What earlier manifests said, as far as a further one must not repeat it.
#[derive(Debug, Default)]
pub(crate) struct ManifestState {
    any: bool,
    keys: HashSet<String>,
    /// Names of tensors that belong to no file.
    names: HashSet<Arc<str>>,
    /// Decoded bytes.
    total: u64,
    /// Bytes of memory that the manifests take, about.
    memory: u64,
}

impl ManifestState {
    /// Counts `count` things that take `bytes` of memory each, before they are made: under zstd they may cost a file nothing.
    fn charge(&mut self, count: usize, bytes: usize, limits: &Limits) -> Result<()> {
        let asked = (count as u64).saturating_mul(bytes as u64);
        self.memory = self.memory.saturating_add(asked);
        check(self.memory, limits.head_bytes, "bytes of memory for manifests").map_err(|e| e.in_section("manifest"))
    }
}

/// Whether a name can be a file's: one component of a path on every common system.
pub(crate) fn is_file_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let is_device = matches!(&stem[..], "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || port.is_some_and(|port| {
            let mut characters = port.chars();
            let digit = matches!(characters.next(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'));
            digit && characters.next().is_none()
        });
    !name.is_empty()
        && name.len() <= MAX_FILE_NAME_BYTES
        && !name.ends_with(['.', ' '])
        && !name.bytes().any(|byte| byte < 0x20 || byte == 0x7f || b"/\\:*?\"<>|".contains(&byte))
        && !is_device
}

impl Manifest {
    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.metadata.is_empty() && self.files.is_empty() && self.entries.is_empty()
    }

    /// The content of a manifest's packed block: the entries from `first` on, with metadata and files if `whole`.
    pub(crate) fn write_from(&self, first: usize, whole: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let (metadata, files) = if whole { (&self.metadata[..], &self.files[..]) } else { (&[][..], &[][..]) };
        put_varint(&mut out, metadata.len() as u64);
        for (key, value) in metadata {
            put_string(&mut out, key);
            put_string(&mut out, value);
        }
        put_varint(&mut out, files.len() as u64);
        for file in files {
            put_string(&mut out, &file.name);
            put_varint(&mut out, file.prefix.len() as u64);
            out.extend_from_slice(&file.prefix);
            put_varint(&mut out, file.entry_count as u64);
        }
        write_entries(&self.entries[first..], &mut out);
        out
    }

    /// Reads the content of all manifests together.
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let mut this = Self::default();
        this.read_more(bytes, limits, &mut ManifestState::default())?;
        Ok(this)
    }

    /// Reads a manifest's content and adds it to what earlier ones said. The work is that of this manifest alone.
    pub(crate) fn read_more(&mut self, bytes: &[u8], limits: &Limits, state: &mut ManifestState) -> Result<()> {
        state.charge(bytes.len(), 1, limits)?;
        let first_pair = self.metadata.len();
        let mut cursor = Cursor::unplaced(bytes, "manifest");
        let cursor = &mut cursor;
        let corrupt = |what: String| Error::corrupt(what).in_section("manifest");
        let pair_count = cursor.count(2, "metadata pairs")?;
        // the key once more, among the known ones
        state.charge(pair_count, 4 * size_of::<String>(), limits)?;
        for _ in 0..pair_count {
            let (key, value) = (cursor.string("a key")?.to_owned(), cursor.string("a value")?.to_owned());
            self.metadata.push((key, value));
        }
        let first_entry = self.entries.len();
        let file_count = cursor.count(3, "files")?;
        if file_count > 0 && state.any {
            return Err(corrupt("files in a manifest after the first".to_owned()));
        }
        state.charge(file_count, 2 * size_of::<FileRecord>(), limits)?;
        for _ in 0..file_count {
            let name = cursor.string("a file's name")?.to_owned();
            if !is_file_name(&name) {
                return Err(corrupt(format!("{name:?} cannot be a file's name")));
            }
            let prefix_len = cursor.count(1, "bytes of prefix")?;
            let prefix = cursor.bytes(prefix_len)?.to_vec();
            let entry_count = cursor.length("number of entries")?;
            self.files.push(FileRecord { name, prefix, entry_count });
        }
        // flags, dtype and rank take a byte each
        let count = cursor.count(3, "entries")?;
        check((first_entry + count) as u64, limits.tensors.min(u64::from(u32::MAX)), "tensors")
            .map_err(|error| error.in_section("manifest"))?;
        state.charge(count, 2 * size_of::<Entry>(), limits)?;
        let flags = cursor.bytes(count)?;
        let dtypes = cursor.bytes(count)?;
        let mut ranks = Vec::with_capacity(count);
        for _ in 0..count {
            let rank = cursor.length("rank")?;
            if rank > MAX_RANK {
                return Err(corrupt(format!("rank {rank} is above {MAX_RANK}")));
            }
            ranks.push(rank);
        }
        // a dimension takes a byte at least, so that shapes cannot outgrow what follows
        let dimensions: u64 = ranks.iter().map(|&rank| rank as u64).sum();
        if dimensions > cursor.remaining() as u64 {
            return Err(cursor.place(Error::corrupt("the shapes end early")));
        }
        state.charge(dimensions as usize, size_of::<u64>(), limits)?;
        let mut shapes: Vec<Box<[u64]>> = ranks.into_iter().map(|rank| vec![0; rank].into()).collect();
        for dimension in shapes.iter_mut().flat_map(|shape| shape.iter_mut()) {
            *dimension = cursor.varint()?;
        }
        let mut name_lengths = Vec::with_capacity(count);
        for flag in flags {
            if flag & !(IS_TENSOR | IS_ALIAS) != 0 {
                return Err(corrupt(format!("unknown entry flags {flag:#x}")));
            }
            if flag & IS_TENSOR != 0 {
                let length = cursor.length("length of a name")?;
                check(length as u64, limits.name_bytes, "bytes of a name").map_err(|e| e.in_section("manifest"))?;
                name_lengths.push(length);
            }
        }
        let mut name_lengths = name_lengths.into_iter();
        for ((&flag, &dtype), shape) in flags.iter().zip(dtypes).zip(shapes) {
            let name = match flag & IS_TENSOR {
                0 => None,
                _ => {
                    let bytes = cursor.bytes(name_lengths.next().unwrap_or(0))?;
                    let name = std::str::from_utf8(bytes);
                    Some(name.map_err(|_| corrupt("a tensor's name is not UTF-8".to_owned()))?.into())
                }
            };
            let dtype = Dtype::from_code(dtype).map_err(|error| error.in_section("manifest"))?;
            let entry = Entry { name, dtype, shape, alias_of: (flag & IS_ALIAS != 0).then_some(0) };
            let Some(length) = byte_len(dtype, &entry.shape) else {
                let what = format!("{dtype} of shape {:?} is no whole number of bytes below 2^63", entry.shape);
                return Err(corrupt(what).in_tensor(entry.label()));
            };
            check(length, limits.tensor_bytes, "decoded bytes").map_err(|e| e.in_tensor(entry.label()))?;
            if entry.name.is_none() && (dtype != Dtype::U8 || entry.shape.len() != 1) {
                return Err(corrupt("a file's content is not of dtype U8 and rank 1".to_owned()));
            }
            self.entries.push(entry);
        }
        for ordinal in first_entry..self.entries.len() {
            if self.entries[ordinal].alias_of.is_some() {
                let target = cursor.varint()?;
                let entry = &self.entries[ordinal];
                let fits = usize::try_from(target).ok().filter(|&target| target < ordinal).is_some_and(|target| {
                    let target = &self.entries[target];
                    target.alias_of.is_none() && target.dtype == entry.dtype && target.elements() == entry.elements()
                });
                if !fits {
                    return Err(corrupt(format!("no alias of entry {target} can be")).in_tensor(entry.label()));
                }
                self.entries[ordinal].alias_of = Some(target as u32);
            }
        }
        cursor.finish()?;
        self.check_added(first_pair, first_entry, limits, state)
    }

    /// What holds only of all manifests together, once the metadata and entries from these on were added; the files are
    /// the first manifest's.
    fn check_added(
        &self,
        first_pair: usize,
        first_entry: usize,
        limits: &Limits,
        state: &mut ManifestState,
    ) -> Result<()> {
        let corrupt = |what: String| Error::corrupt(what).in_section("manifest");
        let mut pairs = self.metadata[first_pair..].iter();
        if let Some((key, _)) = pairs.find(|(key, _)| !state.keys.insert(key.clone())) {
            return Err(corrupt(format!("metadata key {key:?} twice")));
        }
        let files = if state.any { &[][..] } else { &self.files[..] };
        state.any = true;
        let mut names = HashSet::new();
        if let Some(file) = files.iter().find(|file| !names.insert(&file.name)) {
            return Err(corrupt(format!("file {:?} twice", file.name)));
        }
        let mut rest = &self.entries[first_entry..];
        let unique = |entries: &[Entry], names: &mut HashSet<Arc<str>>| {
            let mut own = entries.iter().filter_map(|entry| entry.name.as_ref());
            match own.find(|&name| !names.insert(Arc::clone(name))) {
                Some(name) => Err(corrupt("a tensor's name twice".to_owned()).in_tensor(name)),
                None => Ok(()),
            }
        };
        for file in files {
            let Some((own, others)) = rest.split_at_checked(file.entry_count) else {
                return Err(corrupt(format!("file {:?} has more entries than there are", file.name)));
            };
            unique(own, &mut HashSet::with_capacity(own.len()))?;
            rest = others;
        }
        unique(rest, &mut state.names)?;
        if rest.iter().any(|entry| entry.name.is_none()) {
            return Err(corrupt("a file's content outside every file".to_owned()));
        }
        let prefixes = files.iter().map(|file| file.prefix.len() as u64);
        let mut sizes = prefixes.chain(self.entries[first_entry..].iter().map(Entry::byte_len));
        let Some(total) = sizes.try_fold(state.total, u64::checked_add) else {
            return Err(corrupt("more than 2^64 bytes in all".to_owned()));
        };
        state.total = total;
        check(total, limits.total_bytes, "decoded bytes in all").map_err(|error| error.in_section("manifest"))
    }
}

/// The columns of entries.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, shape: &[u64], alias_of: Option<u32>) -> Entry {
        Entry { name: Some(name.into()), dtype: Dtype::F32, shape: shape.into(), alias_of }
    }

    fn example() -> Manifest {
        let content = Entry { name: None, dtype: Dtype::U8, shape: [3].into(), alias_of: None };
        Manifest {
            metadata: vec![("format".into(), "pt".into())],
            files: vec![
                FileRecord { name: "a.safetensors".into(), prefix: b"{}".to_vec(), entry_count: 2 },
                FileRecord { name: "config.json".into(), prefix: vec![], entry_count: 1 },
            ],
            entries: vec![
                entry("x", &[2, 3], None),
                entry("", &[6], Some(0)),
                content,
                entry("x", &[], None),
                entry("\u{1f600}", &[0, 1 << 60], None),
            ],
        }
    }

    #[test]
    fn comes_back() {
        let bytes = example().write_from(0, true);
        assert_eq!(Manifest::read(&bytes, &Limits::default()).unwrap(), example());
        for cut in 0..bytes.len() {
            assert!(Manifest::read(&bytes[..cut], &Limits::default()).is_err());
        }
    }

    #[test]
    fn rules_are_kept() {
        let refused = |change: &dyn Fn(&mut Manifest)| {
            let mut manifest = example();
            change(&mut manifest);
            let bytes = manifest.write_from(0, true);
            let error = Manifest::read(&bytes, &Limits::default()).unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Corrupt, "{error}");
        };
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "c:",
            "a\nb",
            "\u{7f}",
            "nul.txt",
            "Com1",
            "CON .txt",
            "lpt\u{b2}",
            "conin$",
            "a ",
            "a*",
        ] {
            refused(&|m| m.files[0].name = name.into());
        }
        refused(&|m| m.files[0].name = "config.json".into());
        refused(&|m| m.files[0].entry_count = 9);
        refused(&|m| m.entries[1].name = Some("x".into()));
        refused(&|m| m.entries[1].alias_of = Some(1));
        refused(&|m| m.entries[1].alias_of = Some(3));
        refused(&|m| m.entries[1].shape = [7].into());
        refused(&|m| m.entries[2].dtype = Dtype::I8);
        refused(&|m| m.entries[3].name = None);
        refused(&|m| m.entries[3].shape = [1 << 62].into());
        refused(&|m| m.metadata.push(("format".into(), "x".into())));
    }

    #[test]
    fn limits_are_kept() {
        let bytes = example().write_from(0, true);
        let kind = |limits: Limits| Manifest::read(&bytes, &limits).unwrap_err().kind();
        let limits = Limits::default;
        assert_eq!(kind(limits().with_tensors(4)), crate::ErrorKind::Limit);
        assert_eq!(kind(limits().with_tensor_bytes(23)), crate::ErrorKind::Limit);
        assert_eq!(kind(limits().with_total_bytes(56)), crate::ErrorKind::Limit);
        assert_eq!(kind(limits().with_name_bytes(3)), crate::ErrorKind::Limit);
    }
}
