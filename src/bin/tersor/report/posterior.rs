//! Variances of a factorised Gaussian posterior, from a safetensors file.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tersor::half::{bf16, f16};
use tersor::priors::BitsBack;
use tersor::{Error, Escaped, Map, ReadAt, Tensor};

use crate::Outcome;
use crate::failure::Failure;
use crate::foreign;
use crate::input::map_file;

/// Weights that are decoded at a time.
const AT_ONCE: u64 = 1 << 20;

/// A file of variances.
pub struct Posterior {
    path: PathBuf,
    map: Map,
}

impl Posterior {
    /// Maps the file.
    pub fn open(path: &Path) -> Outcome<Self> {
        let map = map_file(path)?;
        foreign::expect_safetensors(path, map.as_ref())?;
        let this = Self { path: path.to_owned(), map };
        this.tensors()?;
        Ok(this)
    }

    fn tensors(&self) -> Outcome<SafeTensors<'_>> {
        SafeTensors::deserialize(self.map.as_ref())
            .map_err(|error| self.bad(format!("not a safetensors file: {error}")))
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
        let tensors = self.tensors()?;
        let Ok(variances) = tensors.tensor(tensor.name()) else { return Ok(None) };
        let shape: Vec<u64> = variances.shape().iter().map(|&dimension| dimension as u64).collect();
        if shape != tensor.shape() {
            let what = format!("tensor {} has shape {shape:?}, not {:?}", Escaped(tensor.name()), tensor.shape());
            return Err(self.bad(what));
        }
        let read = reader(&variances)
            .ok_or_else(|| self.bad(format!("tensor {} has dtype {:?}", Escaped(tensor.name()), variances.dtype())))?;
        let mut found = BitsBack::new();
        let rows = tensor.row_count();
        let row = tensor.element_count() / rows.max(1);
        let at_once = (AT_ONCE / row.max(1)).max(1);
        let mut index = 0;
        for start in (0..rows).step_by(at_once as usize) {
            let means = tensor.rows_as::<f32>(start..rows.min(start + at_once)).map_err(failed)?;
            for mean in means {
                found.add(f64::from(mean), read(index));
                index += 1;
            }
        }
        Ok(Some(found))
    }
}

/// Reads elements of a float tensor by number.
fn reader<'a>(view: &TensorView<'a>) -> Option<Box<dyn Fn(usize) -> f64 + 'a>> {
    fn at<const N: usize>(bytes: &[u8], index: usize) -> [u8; N] {
        bytes.as_chunks::<N>().0.get(index).copied().unwrap_or([0; N])
    }
    let bytes = view.data();
    match view.dtype() {
        Dtype::F64 => Some(Box::new(move |index| f64::from_le_bytes(at(bytes, index)))),
        Dtype::F32 => Some(Box::new(move |index| f32::from_le_bytes(at(bytes, index)).into())),
        Dtype::F16 => Some(Box::new(move |index| f16::from_le_bytes(at(bytes, index)).into())),
        Dtype::BF16 => Some(Box::new(move |index| bf16::from_le_bytes(at(bytes, index)).into())),
        _ => None,
    }
}
