//! Recreates the files that a container was made from.

use std::io::Read;

use super::{DecodeOptions, StreamDecoder};
use crate::container::Manifest;
use crate::error::{Error, Result};
use crate::spec::FILE_DIGEST_BYTES;

/// A file that a container recreates.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileInfo {
    /// The path: the name of the file, or the way to it from the folder that was encoded, with `/` between the
    /// components. No component is empty, `.` or `..`.
    pub path: String,
    /// Whether the container was made from a folder, in which this file lies.
    pub in_folder: bool,
    /// The size in bytes.
    pub len: u64,
    /// The ordinals of its tensors ([`Tensor::ordinal`](crate::Tensor::ordinal)), or of its content if it holds no
    /// tensors.
    pub ordinals: std::ops::Range<usize>,
    /// The BLAKE3 digest of its bytes, if it is known: a reader in file order knows it only at the end.
    pub digest: Option<[u8; FILE_DIGEST_BYTES]>,
}

impl FileInfo {
    /// Returns all files of a manifest, without digests.
    pub(crate) fn all(manifest: &Manifest) -> Vec<Self> {
        let mut first = 0;
        let files = manifest.files.iter().map(|file| {
            let ordinals = first..first + file.entry_count;
            first = ordinals.end;
            let own: u64 = manifest.entries[ordinals.clone()].iter().map(|entry| entry.byte_len()).sum();
            Self {
                path: file.path.clone(),
                in_folder: manifest.is_folder,
                len: file.prefix.len() as u64 + own,
                ordinals,
                digest: None,
            }
        });
        files.collect()
    }

    pub(crate) fn with_digest(mut self, digest: [u8; FILE_DIGEST_BYTES]) -> Self {
        self.digest = Some(digest);
        self
    }
}

/// The output of [`decode_files`].
///
/// ```
/// use tersor::{FileInfo, FileOutput, Result};
///
/// /// Keeps the files in memory.
/// #[derive(Default)]
/// struct Memory(Vec<Vec<u8>>);
///
/// impl FileOutput for Memory {
///     fn begin(&mut self, files: &[FileInfo]) -> Result<()> {
///         self.0 = files.iter().map(|file| vec![0; file.len as usize]).collect();
///         Ok(())
///     }
///     fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Result<()> {
///         self.0[file][offset as usize..][..bytes.len()].copy_from_slice(bytes);
///         Ok(())
///     }
/// }
/// ```
pub trait FileOutput {
    /// Receives the list of files. It is called once, before the first call of [`write_at`](Self::write_at).
    ///
    /// # Errors
    /// Any error of the output. Decoding ends with this error.
    fn begin(&mut self, files: &[FileInfo]) -> Result<()>;

    /// Receives bytes of file number `file` that begin at `offset`. Every byte of every file comes exactly once, in any
    /// order.
    ///
    /// # Errors
    /// Any error of the output. Decoding ends with this error.
    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Result<()>;
}

/// Decodes a whole container to the files that it was made from, bit for bit. `input` is read once from front to back.
///
/// Tensors that belong to no file are decoded and checked, and not written.
///
/// Returns the files with their digests. At this point all checksums, the digests of the tensors, the index and the
/// footer have been checked. The digests of the files have not, as this needs the bytes of each file in order; compare
/// [`FileInfo::digest`] with the BLAKE3 digest of the output if you need this check.
///
/// # Errors
/// The errors of [`StreamDecoder::new`] and [`StreamDecoder::next_part`]; any error of `output`; `InvalidArgument` if
/// the container holds tensors but no files.
pub fn decode_files<R: Read>(
    input: R,
    output: &mut (impl FileOutput + ?Sized),
    options: DecodeOptions,
) -> Result<Vec<FileInfo>> {
    let mut stream = StreamDecoder::new(input, options)?;
    stream.read_first_manifest()?;
    let destinations = Destinations::begin(stream.manifest(), output)?;
    while stream.advance()? {
        let Some(part) = stream.part() else { break };
        for &(file, start) in destinations.of(part.ordinal) {
            output.write_at(file as usize, start + part.offset, part.bytes)?;
        }
    }
    let files = FileInfo::all(stream.manifest()).into_iter().zip(stream.file_digests());
    Ok(files.map(|(file, digest)| file.with_digest(*digest)).collect())
}

/// For each entry, the places in files that hold its bytes: pairs of file number and offset. The places of an alias are
/// listed with its target.
struct Destinations(Vec<Vec<(u32, u64)>>);

impl Destinations {
    /// Passes the list of files and their prefixes to the output.
    fn begin(manifest: &Manifest, output: &mut (impl FileOutput + ?Sized)) -> Result<Self> {
        if manifest.files.is_empty() {
            return Err(Error::invalid("this container holds tensors but no files: read its tensors instead"));
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
        Ok(Self(places))
    }

    /// Returns the places of an entry; none for an entry of a later manifest, which belongs to no file.
    fn of(&self, ordinal: usize) -> &[(u32, u64)] {
        self.0.get(ordinal).map_or(&[], Vec::as_slice)
    }
}
