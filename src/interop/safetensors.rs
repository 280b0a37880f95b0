//! Reads the header of safetensors files, with the crate `safetensors`.

use std::ops::Range;

use safetensors::SafeTensors;

use crate::container::describe_foreign;
use crate::error::{Error, Result};
use crate::spec::MAX_RANK;
use crate::tensor::{Dtype, byte_len};

/// A tensor of a safetensors file, and the place of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsTensor {
    /// The name. It can be any text.
    pub name: String,
    /// The dtype.
    pub dtype: Dtype,
    /// The dimensions, the outermost first.
    pub shape: Vec<u64>,
    /// The place of its bytes in the file. The length agrees with dtype and shape.
    pub range: Range<usize>,
}

/// The header of a safetensors file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SafetensorsHeader {
    /// The end of the header, in bytes from the start of the file.
    pub data_start: usize,
    /// The tensors in the order of their bytes. There is no gap between them.
    pub tensors: Vec<SafetensorsTensor>,
    /// The metadata as pairs of key and value, sorted by key.
    pub metadata: Vec<(String, String)>,
}

impl SafetensorsHeader {
    /// Reads the header of a safetensors file. `bytes` is the whole file; the tensors must fill it up to its end.
    ///
    /// # Errors
    /// `Truncated` if the file is empty; `Corrupt` if it breaks a rule of the format; `Unsupported` if it has a dtype or
    /// a rank that a container cannot hold.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
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
                let what = format!("{dtype} of shape {shape:?} has {} bytes", range.len());
                return Err(Error::corrupt(what).in_tensor(&name));
            }
            tensors.push(SafetensorsTensor { name, dtype, shape, range });
        }
        // tensors without elements share an offset, so the order of their names decides
        tensors.sort_by(|a, b| (a.range.start, a.range.end, &a.name).cmp(&(b.range.start, b.range.end, &b.name)));
        let mut end = data_start;
        for tensor in &tensors {
            if tensor.range.start != end {
                return Err(Error::corrupt("there is a gap between tensors, or they overlap")
                    .in_tensor(&tensor.name)
                    .at(end as u64));
            }
            end = tensor.range.end;
        }
        if end != bytes.len() {
            return Err(Error::corrupt(format!("{} bytes follow the last tensor", bytes.len() - end)).at(end as u64));
        }
        let mut metadata: Vec<_> = header.metadata().clone().unwrap_or_default().into_iter().collect();
        metadata.sort();
        Ok(Self { data_start, tensors, metadata })
    }
}
