//! The files that went in, recreated.

use std::io::Read;

use super::{DecodeOptions, StreamDecoder};
use crate::container::Manifest;
use crate::error::{Error, Result};
use crate::spec::FILE_DIGEST_BYTES;

/// A file that a container recreates.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileInfo {
    /// Its name: one component of a path, without separators; never `.` or `..`.
    pub name: String,
    /// Bytes.
    pub len: u64,
    /// The numbers of its tensors or contents, in the order of declaration ([`Tensor::ordinal`](crate::Tensor::ordinal)).
    pub ordinals: std::ops::Range<usize>,
    /// The BLAKE3 digest of its bytes, where it is known: a reader in file order learns it at the end.
    pub digest: Option<[u8; FILE_DIGEST_BYTES]>,
}

impl FileInfo {
    /// All files of a manifest, digests unknown.
    pub(crate) fn all(manifest: &Manifest) -> Vec<Self> {
        let mut first = 0;
        let files = manifest.files.iter().map(|file| {
            let ordinals = first..first + file.entry_count;
            first = ordinals.end;
            let own: u64 = manifest.entries[ordinals.clone()].iter().map(|entry| entry.byte_len()).sum();
            Self { name: file.name.clone(), len: file.prefix.len() as u64 + own, ordinals, digest: None }
        });
        files.collect()
    }

    pub(crate) fn with_digest(mut self, digest: [u8; FILE_DIGEST_BYTES]) -> Self {
        self.digest = Some(digest);
        self
    }
}

/// Where [`decode_files`] puts what it decodes.
pub trait FileOutput {
    /// Called once, before anything is written: the files to come.
    ///
    /// # Errors
    /// What the output gives; it ends the decoding.
    fn begin(&mut self, files: &[FileInfo]) -> Result<()>;

    /// Bytes of file number `file` at `offset`. Every byte of every file comes exactly once, in any order.
    ///
    /// # Errors
    /// What the output gives; it ends the decoding.
    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Result<()>;
}

/// Decodes a whole container to the files that it was made from, bit for bit, reading `input` from front to back.
///
/// Tensors that belong to no file are decoded and checked, and go nowhere.
///
/// Returns the files with their digests. All checksums, digests of tensors, index and footer have been checked then, but
/// not the digests of files: they need each file in its own order.
///
/// # Errors
/// `Truncated`, `Corrupt`, `Unsupported` or `Limit` for bad input, `Io` where reading fails, `Cancelled`, what the output gives, and `InvalidArgument` if
/// the container holds tensors but no files.
pub fn decode_files<R: Read>(
    input: R,
    options: DecodeOptions,
    output: &mut (impl FileOutput + ?Sized),
) -> Result<Vec<FileInfo>> {
    let mut stream = StreamDecoder::new(input, options)?;
    stream.read_first_manifest()?;
    let layout = Layout::begin(stream.manifest(), output)?;
    while stream.advance()? {
        let Some(part) = stream.part() else { break };
        for &(file, start) in layout.places_of(part.ordinal) {
            output.write_at(file as usize, start + part.offset, part.bytes)?;
        }
    }
    let files = FileInfo::all(stream.manifest()).into_iter().zip(stream.file_digests());
    Ok(files.map(|(file, digest)| file.with_digest(*digest)).collect())
}

/// Where each entry's bytes go.
struct Layout {
    /// For each entry: file and offset, its own and those of its aliases.
    places: Vec<Vec<(u32, u64)>>,
}

impl Layout {
    /// Tells the output of the files and writes their prefixes.
    fn begin(manifest: &Manifest, output: &mut (impl FileOutput + ?Sized)) -> Result<Self> {
        if manifest.files.is_empty() {
            return Err(Error::invalid("this container holds tensors but no files: extract its tensors"));
        }
        output.begin(&FileInfo::all(manifest))?;
        let mut places = vec![Vec::new(); manifest.entries.len()];
        let mut ordinal = 0;
        for (number, file) in manifest.files.iter().enumerate() {
            output.write_at(number, 0, &file.prefix)?;
            let mut offset = file.prefix.len() as u64;
            for entry in &manifest.entries[ordinal..ordinal + file.entry_count] {
                let holder = entry.alias_of.map_or(ordinal, |target| target as usize);
                places[holder].push((number as u32, offset));
                offset += entry.byte_len();
                ordinal += 1;
            }
        }
        Ok(Self { places })
    }

    /// Empty for an entry of a later manifest: it belongs to no file.
    fn places_of(&self, ordinal: usize) -> &[(u32, u64)] {
        self.places.get(ordinal).map_or(&[], Vec::as_slice)
    }
}
