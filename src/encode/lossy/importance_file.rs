//! The importance of values from a safetensors file.

use crate::error::Result;
use crate::interop::SafetensorsHeader;
use crate::quantize::Importance;
use crate::source::ReadAt;
use crate::tensor::TensorView;

impl Importance {
    /// Reads the importance from a safetensors file. Each of its tensors has the name of a tensor of the model and holds
    /// the weights of its values, rows or columns; see [`insert`](Self::insert).
    ///
    /// # Errors
    /// The errors of [`SafetensorsHeader::read`] and of [`insert`](Self::insert); `Unsupported` for complex weights.
    pub fn from_safetensors(source: &(impl ReadAt + ?Sized)) -> Result<Self> {
        let mut importance = Self::default();
        for tensor in SafetensorsHeader::read(source)?.tensors {
            let mut bytes = vec![0; tensor.range.len()];
            source.read_exact_at(tensor.range.start as u64, &mut bytes)?;
            importance.insert_tensor(&tensor.name, &TensorView::new(tensor.dtype, &tensor.shape, &bytes)?)?;
        }
        Ok(importance)
    }
}
