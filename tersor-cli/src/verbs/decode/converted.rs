//! Decodes the tensors of a container to one safetensors file, with the float tensors converted to another dtype.

use std::path::{Path, PathBuf};

use tersor::{DecodeOptions, Error, LossyRecord, Reader, Tensor};

use super::destination::DecodedFiles;
use super::dtype_name::DtypeName;
use super::tensors::with_ending;
use crate::files::source::Source;
use crate::formats::safetensors_file::{Declared, write_header};
use crate::screen::failure::{Failure, Outcome};

/// Writes all tensors to one safetensors file and returns its path. Tensors with large elements come first, so that all
/// are aligned.
pub fn write_converted(
    files: &mut DecodedFiles<'_>,
    source: &Source,
    options: &DecodeOptions,
    name: DtypeName,
) -> Outcome<PathBuf> {
    let job = files.job();
    let of_container = |error: Error| Failure::container(job.file, &error);
    let path = job.batch.output().map_or_else(|| with_ending(&job.batch.placed(job.file)), Path::to_owned);
    let reader = Reader::with_options(source, options.clone()).map_err(of_container)?;
    if reader.files().count() > 1 {
        let problem = "this container holds a folder, and --dtype is for the tensors of one file";
        return Err(Failure::wrong_use(job.file, problem, "omit --dtype"));
    }
    let mut tensors: Vec<Tensor<'_>> = reader.tensors().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(name.of(tensor).bits()));
    let len = |tensor: &Tensor<'_>| tersor::byte_len(name.of(tensor), tensor.shape());
    let mut declared = Vec::new();
    for tensor in &tensors {
        let len = len(tensor).ok_or_else(|| of_container(Error::limit("a tensor of more than 2^63 bytes")))?;
        declared.push(Declared { name: tensor.name(), dtype: name.of(tensor), shape: tensor.shape(), len });
    }
    let mut header = Vec::new();
    let metadata = reader.metadata().filter(|(key, _)| *key != LossyRecord::KEY);
    write_header(&mut header, metadata, declared.iter().copied()).map_err(|error| Failure::writing(&path, &error))?;
    let total: u64 = declared.iter().map(|declared| declared.len).fold(header.len() as u64, u64::saturating_add);
    files.set_total(total);
    files.start_one(path, total)?;
    files.put(0, 0, &header)?;
    let mut offset = header.len() as u64;
    for (tensor, declared) in tensors.iter().zip(&declared) {
        let bytes = name.bytes(tensor).map_err(|error| of_container(error.in_tensor(tensor.name())))?;
        files.put(0, offset, &bytes)?;
        offset += declared.len;
    }
    files.commit()
}
