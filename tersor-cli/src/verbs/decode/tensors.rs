//! Decodes a container of tensors without files to one safetensors file.

use std::path::{Path, PathBuf};

use tersor::{DecodeOptions, Error, Reader, StreamDecoder};

use super::destination::{DecodedFiles, without_ending};
use crate::files::source::Source;
use crate::formats::safetensors_file::{Declared, write_header};
use crate::screen::failure::{Failure, Outcome};

/// The offsets of a stored tensor and of its aliases in the output.
#[derive(Debug, Clone, Default)]
struct Places {
    /// The size of the tensor in bytes.
    len: u64,
    offsets: Vec<u64>,
}

/// Writes all tensors to one safetensors file and returns its path. Tensors with large elements come first, so that all
/// are aligned. Each stored tensor is decoded once, in the order of the container.
pub fn write_tensors(files: &mut DecodedFiles<'_>, source: &Source, options: &DecodeOptions) -> Outcome<PathBuf> {
    let job = files.job();
    let container = job.file;
    let of_container = |error: Error| Failure::container(container, &error);
    let corrupt = |problem: &str| of_container(Error::corrupt(problem).in_section("manifest"));
    let path = job.batch.output().map_or_else(|| with_ending(&job.batch.placed(container)), Path::to_owned);
    let reader = Reader::with_options(source, options.clone()).map_err(of_container)?;
    let mut tensors: Vec<_> = reader.tensors().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.dtype().bits()));
    let declared = tensors.iter().map(|tensor| Declared {
        name: tensor.name(),
        dtype: tensor.dtype(),
        shape: tensor.shape(),
        len: tensor.byte_len(),
    });
    let mut header = Vec::new();
    write_header(&mut header, reader.metadata(), declared).map_err(|error| Failure::writing(&path, &error))?;
    let mut end = header.len() as u64;
    let mut places = vec![Places::default(); tensors.len()];
    for tensor in &tensors {
        let stored = tensor.alias_of().unwrap_or(*tensor);
        let known = places.get_mut(stored.ordinal()).ok_or_else(|| corrupt("the ordinal of a tensor is too large"))?;
        known.len = stored.byte_len();
        known.offsets.push(end);
        end = end.checked_add(tensor.byte_len()).ok_or_else(|| corrupt("more than 2^64 bytes in total"))?;
    }
    files.set_total(places.iter().map(|places| places.len).sum());
    files.start_one(path, end)?;
    files.put(0, 0, &header)?;
    let mut stream = StreamDecoder::new(source.reader(), options.clone()).map_err(of_container)?;
    while let Some(part) = stream.next_part().map_err(of_container)? {
        // the index and the frames may list different tensors, which the library detects only at the end
        let known = places.get(part.ordinal).filter(|places| part.offset + part.bytes.len() as u64 <= places.len);
        let known = known.ok_or_else(|| corrupt("the index and the frames list different tensors"))?;
        for offset in &known.offsets {
            files.put(0, offset + part.offset, part.bytes)?;
        }
    }
    files.commit()
}

/// Returns the default path of the safetensors file: `.safetensors` takes the place of `.tersor`.
pub fn with_ending(container: &Path) -> PathBuf {
    let mut path = without_ending(container).into_os_string();
    path.push(".safetensors");
    path.into()
}
