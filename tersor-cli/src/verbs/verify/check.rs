//! Decodes a container and checks everything in it.

use std::path::Path;

use tersor::{
    DecodeOptions, Error, ErrorKind, Escaped, FileInfo, FileOutput, LossyTensor, Reader, StreamDecoder, decode_files,
};

use super::compare::{ByteDifference, Comparison};
use crate::files::input::Originals;
use crate::files::ordered::Ordered;
use crate::files::source::Source;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};
use crate::verbs::lossy;

/// A container that passed all checks, except that it may differ from the originals.
pub struct Checked {
    pub files: Vec<FileInfo>,
    pub differences: Vec<ByteDifference>,
    pub tensors: u64,
    pub weights: u64,
    pub raw_bytes: u64,
    pub ledger_sum: u64,
    /// The tensors that the container says are lossy.
    pub lossy: Vec<LossyTensor>,
}

/// Decodes the container through its frames and through its index, checks every checksum and digest, and compares the
/// files with the originals.
pub fn check(
    path: &Path,
    source: &Source,
    options: &DecodeOptions,
    bar: &Bar,
    originals: Option<&Originals>,
) -> Outcome<Checked> {
    let failed = |error: Error| Failure::container(path, &error);
    let with_progress = options.clone().with_progress(bar.progress());
    let (files, differences) = check_frames(path, source, &with_progress, bar, originals)?;
    let corrupt = |problem: String| failed(Error::corrupt(problem).in_section("index"));
    let reader = Reader::with_options(source, options.clone()).map_err(failed)?;
    for tensor in reader.tensors() {
        if reader.tensor(tensor.name()).is_none() {
            return Err(corrupt(format!("tensor {} cannot be found", Escaped(tensor.name()))));
        }
    }
    // the ledger loads and checks every segment
    let ledger_sum = reader.ledger().map_err(failed)?.bytes();
    if ledger_sum != reader.file_len() {
        let problem = format!("the ledger has {ledger_sum} bytes, the file {}", reader.file_len());
        return Err(corrupt(problem));
    }
    if !reader.files().eq(files.iter().cloned()) {
        return Err(corrupt("the index and the frames list different files".to_owned()));
    }
    Ok(Checked {
        differences,
        tensors: reader.tensors().count() as u64,
        weights: reader.tensors().map(|tensor| tensor.element_count()).sum(),
        raw_bytes: match &files[..] {
            [] => reader.tensors().map(|tensor| tensor.byte_len()).sum(),
            files => files.iter().map(|file| file.len).sum(),
        },
        files,
        ledger_sum,
        lossy: lossy::record(&reader).map_or_else(Vec::new, |record| record.tensors),
    })
}

/// Decodes all frames in order; returns the files and their differences from the originals.
fn check_frames(
    path: &Path,
    source: &Source,
    options: &DecodeOptions,
    bar: &Bar,
    originals: Option<&Originals>,
) -> Outcome<(Vec<FileInfo>, Vec<ByteDifference>)> {
    let failed = |error: Error| Failure::container(path, &error);
    let mut hashes = FileHashes { bar, ordered: None, comparison: originals.map(Comparison::new), failure: None };
    let files = match decode_files(source.reader(), &mut hashes, options.clone()) {
        Ok(files) => files,
        Err(error) if hashes.ordered.is_none() && error.kind() == ErrorKind::InvalidArgument => {
            if originals.is_some() {
                let problem = "this container holds tensors and no files, so there are no bytes to compare";
                return Err(Failure::wrong_use(path, problem, "omit --against"));
            }
            let mut stream = StreamDecoder::new(source.reader(), options.clone()).map_err(failed)?;
            while stream.next_part().map_err(failed)?.is_some() {}
            Vec::new()
        }
        Err(error) => return Err(hashes.failure.take().unwrap_or_else(|| failed(error))),
    };
    let (digests, differences) = hashes.finish().map_err(|error| Failure::writing(path, &error))?;
    for (file, digest) in files.iter().zip(&digests) {
        if file.digest.as_ref() != Some(digest.as_bytes()) {
            let problem = format!("the digest of file {} does not match", Escaped(&file.path));
            return Err(failed(Error::corrupt(problem).in_section("index")));
        }
    }
    Ok((files, differences))
}

/// Hashes each decoded file in its order, and compares it with its original.
struct FileHashes<'a> {
    bar: &'a Bar,
    /// `None` until the files are known.
    ordered: Option<Ordered<blake3::Hasher>>,
    comparison: Option<Comparison<'a>>,
    failure: Option<Failure>,
}

impl FileHashes<'_> {
    fn finish(self) -> std::io::Result<(Vec<blake3::Hash>, Vec<ByteDifference>)> {
        let hashers = self.ordered.map_or_else(|| Ok(Vec::new()), Ordered::finish)?;
        let differences = self.comparison.map_or_else(Vec::new, Comparison::finish);
        Ok((hashers.iter().map(blake3::Hasher::finalize).collect(), differences))
    }
}

impl FileOutput for FileHashes<'_> {
    fn begin(&mut self, files: &[FileInfo]) -> tersor::Result<()> {
        self.bar.set_total(files.iter().map(|file| file.len).sum());
        self.ordered = Some(Ordered::new(files.iter().map(|_| blake3::Hasher::new())));
        if let Some(comparison) = &mut self.comparison {
            comparison.begin(files);
        }
        Ok(())
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> tersor::Result<()> {
        if let Some(comparison) = &mut self.comparison {
            comparison.compare_at(file, offset, bytes).map_err(|failure| {
                self.failure = Some(failure);
                Error::cancelled()
            })?;
        }
        let Some(ordered) = &mut self.ordered else { return Ok(()) };
        ordered.write_at(file, offset, bytes).map_err(|error| {
            self.failure = Some(Failure::writing(&std::env::temp_dir(), &error));
            Error::cancelled()
        })
    }
}
