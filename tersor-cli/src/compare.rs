//! Decoded files against their originals, byte by byte.

use std::fmt;

use safetensors::SafeTensors;
use serde_json::{Value, json};
use tersor::{Escaped, FileInfo};

use crate::input::{Original, Originals};

/// In what a file and its original differ.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// Content: the first place, what lies there, and how many bytes differ.
    Bytes {
        first: u64,
        place: Option<String>,
        count: u64,
    },
    Length {
        decoded: u64,
        original: u64,
    },
    OnlyInContainer,
    OnlyInOriginals,
}

/// A file that is not as its original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    file: String,
    what: What,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Escaped(&self.file);
        match &self.what {
            What::Bytes { first, place, count } => {
                let bytes = if *count == 1 { "1 byte differs" } else { "bytes differ" };
                let more = if *count == 1 { String::new() } else { format!("{count} ") };
                write!(f, "{file}: {more}{bytes} (")?;
                match place {
                    Some(tensor) => write!(f, "tensor {}, ", Escaped(tensor))?,
                    None => f.write_str("outside the tensors, ")?,
                }
                write!(f, "byte {first})")
            }
            What::Length { decoded, original } => {
                write!(f, "{file}: {decoded} bytes, the original has {original}")
            }
            What::OnlyInContainer => write!(f, "{file}: not among the originals"),
            What::OnlyInOriginals => write!(f, "{file}: not in the container"),
        }
    }
}

impl Difference {
    /// For programs.
    pub fn to_json(&self) -> Value {
        let mut value = json!({ "file": self.file, "what": self.to_string() });
        if let What::Bytes { first, place, count } = &self.what {
            value["tensor"] = json!(place);
            value["byte"] = json!(first);
            value["differing_bytes"] = json!(count);
        }
        value
    }
}

/// Compares what is decoded, in any order.
#[derive(Debug)]
pub struct Comparison<'a> {
    originals: &'a Originals,
    files: Vec<Pair<'a>>,
    differences: Vec<Difference>,
}

/// A decoded file and its original.
#[derive(Debug)]
struct Pair<'a> {
    name: String,
    original: Option<&'a Original>,
    /// The least offset of a byte that differs.
    first: Option<u64>,
    /// Bytes that differ.
    count: u64,
}

impl<'a> Comparison<'a> {
    /// With these.
    pub fn new(originals: &'a Originals) -> Self {
        Self { originals, files: Vec::new(), differences: Vec::new() }
    }

    /// The files to come. They are matched by name; one file with one original whatever its name.
    pub fn begin(&mut self, files: &[FileInfo]) {
        for file in files {
            let original = match (files, &self.originals.files[..]) {
                ([_], [only]) => Some(only),
                (_, originals) => originals.iter().find(|original| original.name == file.name),
            };
            let what = match original {
                None => Some(What::OnlyInContainer),
                Some(original) if original.bytes().len() as u64 != file.len => {
                    Some(What::Length { decoded: file.len, original: original.bytes().len() as u64 })
                }
                Some(_) => None,
            };
            self.differences.extend(what.map(|what| Difference { file: file.name.clone(), what }));
            self.files.push(Pair { name: file.name.clone(), original, first: None, count: 0 });
        }
        let is_matched = |other: &Original| {
            self.files.iter().any(|pair| pair.original.is_some_and(|known| known.name == other.name))
        };
        let unmatched: Vec<Difference> = self
            .originals
            .files
            .iter()
            .filter(|original| !is_matched(original))
            .map(|original| Difference { file: original.name.clone(), what: What::OnlyInOriginals })
            .collect();
        self.differences.extend(unmatched);
    }

    /// Bytes of file number `file` at `offset`.
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

    /// What differs.
    pub fn finish(mut self) -> Vec<Difference> {
        for Pair { name, original, first, count } in self.files {
            if let (Some(original), Some(first)) = (original, first) {
                let what = What::Bytes { first, place: tensor_at(original.bytes(), first), count };
                self.differences.push(Difference { file: name, what });
            }
        }
        self.differences
    }
}

/// The tensor that byte `offset` of a safetensors file belongs to.
fn tensor_at(file: &[u8], offset: u64) -> Option<String> {
    let (header_len, header) = SafeTensors::read_metadata(file).ok()?;
    let offset = (offset as usize).checked_sub(header_len + size_of::<u64>())?;
    let holds = |(start, end): (usize, usize)| (start..end).contains(&offset);
    header.tensors().into_iter().find(|(_, info)| holds(info.data_offsets)).map(|(name, _)| name)
}
