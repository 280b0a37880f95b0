//! Compares decoded files with their originals, byte by byte.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde_json::{Value, json};
use tersor::{Escaped, FileInfo, ReadAt, SafetensorsHeader};

use crate::files::input::{Original, Originals};
use crate::screen::failure::{Failure, Outcome};
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

/// Returns whether `bytes` are the content of an original, or how they differ.
pub fn compare_whole(original: &Original, bytes: &[u8]) -> Outcome<Option<ByteDifference>> {
    let found = |cause| Ok(Some(ByteDifference { file: original.name.clone(), cause }));
    let len = bytes.len() as u64;
    if original.size() != len {
        return found(Cause::Size { decoded: len, original: original.size() });
    }
    let expected = original.read()?;
    let mut differing = expected.iter().zip(bytes).enumerate().filter(|(_, (a, b))| a != b);
    match differing.next() {
        Some((first, _)) => {
            found(Cause::Bytes { first: first as u64, tensor: None, count: 1 + differing.count() as u64 })
        }
        None => Ok(None),
    }
}

/// A file that differs from its original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteDifference {
    file: String,
    cause: Cause,
}

impl ByteDifference {
    /// Returns whether only bytes of tensors differ. The first byte that differs tells: the header of a file comes before
    /// its tensors.
    pub fn is_in_tensors(&self) -> bool {
        matches!(self.cause, Cause::Bytes { tensor: Some(_), .. })
    }

    /// Returns the name of an original that the container does not have; `None` for another difference.
    pub fn missing_original(&self) -> Option<&str> {
        matches!(self.cause, Cause::OnlyInOriginals).then_some(&self.file)
    }
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

    /// Announces the decoded files. They are matched by path; a single file that was in no folder is compared with a
    /// single original of any name.
    pub fn begin(&mut self, files: &[FileInfo]) {
        let by_name: HashMap<&str, &Original> =
            self.originals.files.iter().map(|original| (original.name.as_str(), original)).collect();
        for file in files {
            let original = match (files, &self.originals.files[..]) {
                ([file], [only]) if !file.in_folder && !self.originals.is_folder => Some(only),
                _ => by_name.get(file.path.as_str()).copied(),
            };
            let cause = match original {
                None => Some(Cause::OnlyInContainer),
                Some(original) if original.size() != file.len => {
                    Some(Cause::Size { decoded: file.len, original: original.size() })
                }
                Some(_) => None,
            };
            self.differences.extend(cause.map(|cause| ByteDifference { file: file.path.clone(), cause }));
            self.files.push(Pair { name: file.path.clone(), original, first: None, count: 0 });
        }
        let matched: HashSet<&str> = self.files.iter().filter_map(|pair| Some(pair.original?.name.as_str())).collect();
        let is_matched = |other: &Original| matched.contains(other.name.as_str());
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
    pub fn compare_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Outcome {
        let pair = &mut self.files[file];
        let Some(original) = pair.original else {
            return Ok(());
        };
        let mut expected = vec![0; original.size().saturating_sub(offset).min(bytes.len() as u64) as usize];
        original.read_exact_at(offset, &mut expected).map_err(|error| Failure::reading(&original.path, &error))?;
        if expected == bytes[..expected.len()] {
            return Ok(());
        }
        for (index, _) in expected.iter().zip(bytes).enumerate().filter(|(_, (a, b))| a != b) {
            let at = offset + index as u64;
            pair.first = Some(pair.first.map_or(at, |first| first.min(at)));
            pair.count += 1;
        }
        Ok(())
    }

    /// Returns all differences.
    pub fn finish(mut self) -> Vec<ByteDifference> {
        for Pair { name, original, first, count } in self.files {
            if let (Some(original), Some(first)) = (original, first) {
                let cause = Cause::Bytes { first, tensor: tensor_at(original, first), count };
                self.differences.push(ByteDifference { file: name, cause });
            }
        }
        self.differences
    }
}

/// Returns the name of the tensor that byte `offset` of a safetensors file belongs to.
fn tensor_at(file: &Original, offset: u64) -> Option<String> {
    let header = SafetensorsHeader::recognise(file).ok()??;
    let holds = |range: &std::ops::Range<usize>| range.contains(&(offset as usize));
    header.tensors.into_iter().find(|tensor| holds(&tensor.range)).map(|tensor| tensor.name)
}
