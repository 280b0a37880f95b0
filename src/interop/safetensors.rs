//! safetensors files, by the crate of that name.

use std::ops::Range;

use safetensors::SafeTensors;

use crate::container::describe_foreign;
use crate::error::{Error, Result};
use crate::tensor::{Dtype, MAX_RANK, byte_len};

/// A tensor and where its bytes lie.
#[derive(Debug)]
pub(crate) struct TensorPlace {
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    /// In the file.
    pub(crate) range: Range<usize>,
}

/// What a file's header says.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Where the header ends.
    pub(crate) data_start: usize,
    /// In the order of their bytes, which leave nothing out.
    pub(crate) tensors: Vec<TensorPlace>,
    /// By key.
    pub(crate) metadata: Vec<(String, String)>,
}

/// Reads the header of a safetensors file and checks that its tensors make up the rest.
pub(crate) fn parse(bytes: &[u8]) -> Result<Layout> {
    if bytes.is_empty() {
        return Err(Error::truncated("the file is empty").at(0));
    }
    let (header_len, header) = SafeTensors::read_metadata(bytes).map_err(|error| {
        Error::corrupt(match describe_foreign(bytes) {
            Some(format) if !format.contains("safetensors") => format!("not a safetensors file: {format}"),
            _ => format!("not a valid safetensors file: {error}"),
        })
    })?;
    let data_start = header_len + size_of::<u64>();
    let mut tensors = Vec::new();
    for (name, info) in header.tensors() {
        let dtype: Dtype = format!("{:?}", info.dtype)
            .parse()
            .map_err(|_| Error::unsupported(format!("dtype {:?}", info.dtype)).in_tensor(&name))?;
        let shape: Vec<u64> = info.shape.iter().map(|&dimension| dimension as u64).collect();
        if shape.len() > MAX_RANK {
            let what = format!("rank {} is above {MAX_RANK}", shape.len());
            return Err(Error::unsupported(what).in_tensor(&name));
        }
        let range = data_start + info.data_offsets.0..data_start + info.data_offsets.1;
        if byte_len(dtype, &shape) != Some(range.len() as u64) {
            let what = format!("{dtype} of shape {shape:?} in {} bytes", range.len());
            return Err(Error::corrupt(what).in_tensor(&name));
        }
        tensors.push(TensorPlace { name, dtype, shape, range });
    }
    // empty tensors share an offset: the name decides
    tensors.sort_by(|a, b| (a.range.start, a.range.end, &a.name).cmp(&(b.range.start, b.range.end, &b.name)));
    let mut end = data_start;
    for tensor in &tensors {
        if tensor.range.start != end {
            return Err(Error::corrupt("tensors leave a gap or overlap").in_tensor(&tensor.name).at(end as u64));
        }
        end = tensor.range.end;
    }
    if end != bytes.len() {
        return Err(Error::corrupt(format!("{} bytes after the last tensor", bytes.len() - end)).at(end as u64));
    }
    let mut metadata: Vec<_> = header.metadata().clone().unwrap_or_default().into_iter().collect();
    metadata.sort();
    Ok(Layout { data_start, tensors, metadata })
}
