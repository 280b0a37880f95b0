//! The variances of a factorised Gaussian posterior, from a safetensors file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use tersor::priors::BitsBack;
use tersor::{Dtype, Error, Escaped, ReadAt, SafetensorsHeader, SafetensorsTensor, Tensor};

use crate::files::source::{Source, start_of};
use crate::formats::foreign;
use crate::screen::failure::{Failure, Outcome, shown};

/// The number of weights that are decoded together.
const PART_ELEMENTS: u64 = 1 << 20;

/// A file of variances.
pub struct Posterior {
    path: PathBuf,
    source: Source,
    tensors: HashMap<String, SafetensorsTensor>,
}

impl Posterior {
    /// Opens the file and reads its header.
    pub fn open(path: &Path) -> Outcome<Self> {
        let source = Source::open(path)?;
        let start = start_of(&source).map_err(|error| Failure::reading(path, &error))?;
        foreign::expect_safetensors(path, &start)?;
        let header = SafetensorsHeader::read(&source).map_err(|error| Failure::original(path, &error))?;
        let tensors = header.tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        Ok(Self { path: path.to_owned(), source, tensors })
    }

    /// Returns the failure for a posterior without variances for any tensor of the model.
    pub fn unrelated(&self, model: &Path) -> Failure {
        self.bad(format!("no tensor has the name of a tensor in {}", shown(model)))
    }

    fn bad(&self, problem: String) -> Failure {
        Failure::bad_data(&self.path, problem, "give the variance of each weight, in tensors of the same names")
    }

    /// Returns the bits-back length of a tensor whose values are the posterior means; `None` if it has no variances.
    pub fn bits_back(&self, tensor: &Tensor<'_>, failed: &dyn Fn(Error) -> Failure) -> Outcome<Option<BitsBack>> {
        let Some(variances) = self.tensors.get(tensor.name()) else { return Ok(None) };
        let name = Escaped(tensor.name());
        if variances.shape != tensor.shape() {
            return Err(self.bad(format!("tensor {name} has shape {:?}, not {:?}", variances.shape, tensor.shape())));
        }
        if tensor.dtype() == Dtype::C64 {
            return Err(self.bad(format!("tensor {name} is complex in the model, and has no variances")));
        }
        let mut bytes = vec![0; variances.range.len()];
        let read_bytes = self.source.read_exact_at(variances.range.start as u64, &mut bytes);
        read_bytes.map_err(|error| Failure::reading(&self.path, &error))?;
        let read = reader(variances.dtype, &bytes).ok_or_else(|| {
            self.bad(format!("tensor {name} has dtype {}, which is not a float dtype", variances.dtype))
        })?;
        let mut found = BitsBack::new();
        let mut index = 0;
        for part in tensor.chunked_ranges(PART_ELEMENTS).map_err(failed)? {
            let means = tensor.elements(part).and_then(|part| part.decode_as::<f32>());
            for mean in means.map_err(failed)? {
                let variance = read(index);
                // a variance of 0 is skipped: its divergence from any density is infinite
                if !(variance >= 0.0 && variance.is_finite()) {
                    let problem = format!("tensor {name} has the variance {variance} at index {index}");
                    return Err(Failure::bad_data(&self.path, problem, "variances are finite and not negative"));
                }
                found.add(f64::from(mean), variance);
                index += 1;
            }
        }
        Ok(Some(found))
    }
}

/// Returns a function from the number of an element to its value; `None` if the dtype is not a float dtype.
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
