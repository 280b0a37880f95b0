//! The manifest (section 5) and packed blocks (section 1.4).

use crate::wire::primitives::{put_bytes, put_varint};
use crate::wire::zstd::zstd_stored;

#[derive(Clone)]
pub struct File {
    /// The path from the folder.
    pub path: Vec<u8>,
    pub prefix: Vec<u8>,
    pub entries: u64,
}

/// An entry. If it is an alias, its bytes are those of its target.
#[derive(Clone)]
pub struct Entry {
    pub name: Option<Vec<u8>>,
    pub dtype: u8,
    pub shape: Vec<u64>,
    pub alias: Option<usize>,
    pub bytes: Vec<u8>,
}

impl Entry {
    pub fn stored(&self) -> bool {
        self.alias.is_none() && !self.shape.contains(&0)
    }
}

/// The columns of a manifest (section 5).
#[derive(Clone, Default)]
pub struct Manifest {
    pub metadata: Vec<(Vec<u8>, Vec<u8>)>,
    pub files: Vec<File>,
    /// This flag is written instead of the right one, which says whether there are several files.
    pub folder: Option<bool>,
    pub flags: Vec<u8>,
    pub dtypes: Vec<u8>,
    pub ranks: Vec<u64>,
    pub dimensions: Vec<u64>,
    pub name_lengths: Vec<u64>,
    pub names: Vec<u8>,
    pub targets: Vec<u64>,
    /// Bytes after the end of the content.
    pub rest: Vec<u8>,
}

impl Manifest {
    pub fn add(&mut self, entry: &Entry) {
        self.flags.push(u8::from(entry.name.is_some()) | u8::from(entry.alias.is_some()) << 1);
        self.dtypes.push(entry.dtype);
        self.ranks.push(entry.shape.len() as u64);
        self.dimensions.extend(&entry.shape);
        self.name_lengths.extend(entry.name.as_ref().map(|name| name.len() as u64));
        self.names.extend(entry.name.iter().flatten());
        self.targets.extend(entry.alias.map(|target| target as u64));
    }

    /// Appends the entries, the files and the metadata of another manifest.
    pub(crate) fn join(&mut self, other: &Self) {
        self.metadata.extend_from_slice(&other.metadata);
        self.files.extend_from_slice(&other.files);
        self.folder = self.folder.or(other.folder);
        self.flags.extend(&other.flags);
        self.dtypes.extend(&other.dtypes);
        self.ranks.extend(&other.ranks);
        self.dimensions.extend(&other.dimensions);
        self.name_lengths.extend(&other.name_lengths);
        self.names.extend(&other.names);
        self.targets.extend(&other.targets);
    }

    pub fn content(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.metadata.len() as u64);
        for (key, value) in &self.metadata {
            put_bytes(&mut out, key);
            put_bytes(&mut out, value);
        }
        let is_folder = self.folder.unwrap_or(self.files.len() > 1);
        put_varint(&mut out, 2 * self.files.len() as u64 + u64::from(is_folder));
        for file in &self.files {
            put_bytes(&mut out, &file.path);
            put_bytes(&mut out, &file.prefix);
            put_varint(&mut out, file.entries);
        }
        put_varint(&mut out, self.flags.len() as u64);
        out.extend(&self.flags);
        out.extend(&self.dtypes);
        self.ranks.iter().for_each(|&rank| put_varint(&mut out, rank));
        self.dimensions.iter().for_each(|&dimension| put_varint(&mut out, dimension));
        self.name_lengths.iter().for_each(|&length| put_varint(&mut out, length));
        out.extend(&self.names);
        self.targets.iter().for_each(|&target| put_varint(&mut out, target));
        out.extend(&self.rest);
        out
    }
}

/// How a packed block is stored.
#[derive(Clone)]
pub enum Packing {
    Plain,
    Zstd,
    /// These bytes are written instead of a packed block.
    Bytes(Vec<u8>),
}

impl Packing {
    pub fn write(&self, content: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Plain => {
                put_varint(out, content.len() as u64);
                out.push(0);
                out.extend(content);
            }
            Self::Zstd => {
                let coded = zstd_stored(content);
                put_varint(out, content.len() as u64);
                put_varint(out, coded.len() as u64);
                out.extend(coded);
            }
            Self::Bytes(bytes) => out.extend(bytes),
        }
    }
}
