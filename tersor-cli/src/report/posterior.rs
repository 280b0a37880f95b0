//! Variances of a factorised Gaussian posterior, from a safetensors file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use tersor::priors::BitsBack;
use tersor::{Dtype, Error, Escaped, Map, ReadAt, SafetensorsHeader, SafetensorsTensor, Tensor};

use crate::Outcome;
use crate::failure::{Failure, shown};
use crate::foreign;
use crate::input::map_file;

/// Weights that are decoded at a time.
const AT_ONCE: u64 = 1 << 20;

/// A file of variances.
pub struct Posterior {
    path: PathBuf,
    map: Map,
    tensors: HashMap<String, SafetensorsTensor>,
}

impl Posterior {
    /// Maps the file and reads its header.
    pub fn open(path: &Path) -> Outcome<Self> {
        let map = map_file(path)?;
        foreign::expect_safetensors(path, map.as_ref())?;
        let header = SafetensorsHeader::parse(map.as_ref()).map_err(|error| Failure::original(path, &error))?;
        let tensors = header.tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        Ok(Self { path: path.to_owned(), map, tensors })
    }

    /// That none of a model's tensors has variances.
    pub fn unrelated(&self, model: &Path) -> Failure {
        self.bad(format!("has no tensor with a name of one in {}", shown(model)))
    }

    fn bad(&self, what: String) -> Failure {
        Failure::bad_data(&self.path, what, "give a variance for each weight of the tensors of the same names")
    }

    /// The bits-back length of a tensor whose values are the means; `None` if it has no variances.
    pub fn weigh<S: ReadAt>(
        &self,
        tensor: &Tensor<'_, S>,
        failed: &dyn Fn(Error) -> Failure,
    ) -> Outcome<Option<BitsBack>> {
        let Some(variances) = self.tensors.get(tensor.name()) else { return Ok(None) };
        let name = Escaped(tensor.name());
        if variances.shape != tensor.shape() {
            return Err(self.bad(format!("tensor {name} has shape {:?}, not {:?}", variances.shape, tensor.shape())));
        }
        if tensor.dtype() == Dtype::C64 {
            return Err(self.bad(format!("tensor {name} is complex in the model, and a variance says nothing of it")));
        }
        let bytes = &self.map.as_ref()[variances.range.clone()];
        let read = reader(variances.dtype, bytes)
            .ok_or_else(|| self.bad(format!("tensor {name} has dtype {}, which is no float", variances.dtype)))?;
        let mut found = BitsBack::new();
        let mut index = 0;
        for part in tensor.chunked_ranges(AT_ONCE).map_err(failed)? {
            let means = tensor.elements(part).and_then(|part| part.decode_as::<f32>());
            for mean in means.map_err(failed)? {
                found.add(f64::from(mean), read(index));
                index += 1;
            }
        }
        Ok(Some(found))
    }
}

/// Reads elements of a float tensor by number.
fn reader<'a>(dtype: Dtype, bytes: &'a [u8]) -> Option<Box<dyn Fn(usize) -> f64 + 'a>> {
    fn at<const N: usize>(bytes: &[u8], index: usize) -> [u8; N] {
        bytes.as_chunks::<N>().0.get(index).copied().unwrap_or([0; N])
    }
    match dtype {
        Dtype::F64 => Some(Box::new(move |index| f64::from_le_bytes(at(bytes, index)))),
        Dtype::F32 => Some(Box::new(move |index| f32::from_le_bytes(at(bytes, index)).into())),
        Dtype::F16 => Some(Box::new(move |index| f16::from_le_bytes(at(bytes, index)).into())),
        Dtype::BF16 => Some(Box::new(move |index| bf16::from_le_bytes(at(bytes, index)).into())),
        _ => None,
    }
}
