//! Compares decoded files with their originals, byte by byte.

use std::fmt;

use safetensors::SafeTensors;
use serde_json::{Value, json};
use tersor::{Escaped, FileInfo};

use crate::files::input::{Original, Originals};
use crate::screen::words::{counted, exact};

/// The way in which a file and its original differ.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cause {
    /// The content differs.
    Bytes {
        /// The offset of the first byte that differs.
        first: u64,
        /// The tensor that this byte belongs to, if any.
        tensor: Option<String>,
        /// The number of bytes that differ.
        count: u64,
    },
    /// The sizes in bytes differ.
    Size {
        decoded: u64,
        original: u64,
    },
    OnlyInContainer,
    OnlyInOriginals,
}

/// A file that differs from its original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteDifference {
    file: String,
    cause: Cause,
}

impl fmt::Display for ByteDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Escaped(&self.file);
        match &self.cause {
            Cause::Bytes { first, tensor, count } => {
                let differ = if *count == 1 { "differs" } else { "differ" };
                write!(f, "{file}: {} {differ} (", counted(*count, "byte"))?;
                match tensor {
                    Some(tensor) => write!(f, "tensor {}, ", Escaped(tensor))?,
                    None => f.write_str("outside the tensors, ")?,
                }
                write!(f, "byte {first})")
            }
            Cause::Size { decoded, original } => {
                write!(f, "{file}: {}, the original has {}", counted(*decoded, "byte"), exact(*original))
            }
            Cause::OnlyInContainer => write!(f, "{file}: not among the originals"),
            Cause::OnlyInOriginals => write!(f, "{file}: not in the container"),
        }
    }
}

impl ByteDifference {
    /// Returns the difference as an object.
    pub fn to_json(&self) -> Value {
        let mut value = json!({ "file": self.file, "difference": self.to_string() });
        if let Cause::Bytes { first, tensor, count } = &self.cause {
            value["tensor"] = json!(tensor);
            value["byte"] = json!(first);
            value["differing_bytes"] = json!(count);
        }
        value
    }
}

/// Compares decoded bytes, which may come in any order.
#[derive(Debug)]
pub struct Comparison<'a> {
    originals: &'a Originals,
    files: Vec<Pair<'a>>,
    differences: Vec<ByteDifference>,
}

/// A decoded file and its original.
#[derive(Debug)]
struct Pair<'a> {
    name: String,
    original: Option<&'a Original>,
    /// The smallest offset of a byte that differs.
    first: Option<u64>,
    /// The number of bytes that differ.
    count: u64,
}

impl<'a> Comparison<'a> {
    /// Creates a comparison with these originals.
    pub fn new(originals: &'a Originals) -> Self {
        Self { originals, files: Vec::new(), differences: Vec::new() }
    }

    /// Announces the decoded files. They are matched by name; a single file is compared with a single original of any
    /// name.
    pub fn begin(&mut self, files: &[FileInfo]) {
        for file in files {
            let original = match (files, &self.originals.files[..]) {
                ([_], [only]) => Some(only),
                (_, originals) => originals.iter().find(|original| original.name == file.name),
            };
            let cause = match original {
                None => Some(Cause::OnlyInContainer),
                Some(original) if original.bytes().len() as u64 != file.len => {
                    Some(Cause::Size { decoded: file.len, original: original.bytes().len() as u64 })
                }
                Some(_) => None,
            };
            self.differences.extend(cause.map(|cause| ByteDifference { file: file.name.clone(), cause }));
            self.files.push(Pair { name: file.name.clone(), original, first: None, count: 0 });
        }
        let is_matched = |other: &Original| {
            self.files.iter().any(|pair| pair.original.is_some_and(|known| known.name == other.name))
        };
        let unmatched: Vec<ByteDifference> = self
            .originals
            .files
            .iter()
            .filter(|original| !is_matched(original))
            .map(|original| ByteDifference { file: original.name.clone(), cause: Cause::OnlyInOriginals })
            .collect();
        self.differences.extend(unmatched);
    }

    /// Compares `bytes` at `offset` of file number `file`.
    pub fn compare_at(&mut self, file: usize, offset: u64, bytes: &[u8]) {
        let pair = &mut self.files[file];
        let Some(original) = pair.original else {
            return;
        };
        let expected = original.bytes();
        let start = expected.len().min(offset as usize);
        let expected = &expected[start..expected.len().min(start + bytes.len())];
        if expected == &bytes[..expected.len()] {
            return;
        }
        for (index, _) in expected.iter().zip(bytes).enumerate().filter(|(_, (a, b))| a != b) {
            let at = offset + index as u64;
            pair.first = Some(pair.first.map_or(at, |first| first.min(at)));
            pair.count += 1;
        }
    }

    /// Returns all differences.
    pub fn finish(mut self) -> Vec<ByteDifference> {
        for Pair { name, original, first, count } in self.files {
            if let (Some(original), Some(first)) = (original, first) {
                let cause = Cause::Bytes { first, tensor: tensor_at(original.bytes(), first), count };
                self.differences.push(ByteDifference { file: name, cause });
            }
        }
        self.differences
    }
}

/// Returns the name of the tensor that byte `offset` of a safetensors file belongs to.
fn tensor_at(file: &[u8], offset: u64) -> Option<String> {
    let (header_len, header) = SafeTensors::read_metadata(file).ok()?;
    let offset = (offset as usize).checked_sub(header_len + size_of::<u64>())?;
    let holds = |(start, end): (usize, usize)| (start..end).contains(&offset);
    header.tensors().into_iter().find(|(_, info)| holds(info.data_offsets)).map(|(name, _)| name)
}
