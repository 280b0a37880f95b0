//! Whole tensors for candle's `VarBuilder`.

use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::Init;
use candle_nn::var_builder::SimpleBackend;
use tersor::Reader;

use crate::load::{check_shape, find, load, load_as, shape_of};

/// The tensors of a Tersor file, for a [`VarBuilder`](candle_nn::VarBuilder).
///
/// ```
/// use candle_core::{DType, Device};
/// use candle_nn::VarBuilder;
/// use tersor::{DecodeOptions, EncodeOptions, Encoder, Limits, Reader, TensorView};
/// use tersor_candle::Weights;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.add("layer.weight", TensorView::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?)?;
/// let file = encoder.finish()?.0;
///
/// let limits = Limits::default().with_total_bytes(1 << 30);
/// let reader = Reader::with_options(file, DecodeOptions::default().with_limits(limits))?;
/// let weights = VarBuilder::from_backend(Box::new(Weights::new(reader)), DType::F32, Device::Cpu);
/// let weight = weights.pp("layer").get((2, 2), "weight")?;
/// assert_eq!(weight.to_vec2::<f32>()?, [[1.0, 2.0], [3.0, 4.0]]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Weights<'s>(Reader<'s>);

impl<'s> Weights<'s> {
    /// Makes weights from an open file.
    #[must_use]
    pub fn new(reader: Reader<'s>) -> Self {
        Self(reader)
    }

    /// Returns the open file, for example for its metadata.
    #[must_use]
    pub fn reader(&self) -> &Reader<'s> {
        &self.0
    }

    /// Decodes a tensor in the dtype of the file.
    ///
    /// # Errors
    /// `CannotFindTensor`; an error if candle does not have the dtype; the errors of [`tersor::Tensor::decode`].
    pub fn load(&self, name: &str, device: &Device) -> Result<Tensor> {
        let tensor = find(&self.0, name)?;
        let elements = tensor.elements(..).map_err(Error::wrap)?;
        load(&elements, name, shape_of(tensor.shape())?, device)
    }
}

impl SimpleBackend for Weights<'_> {
    /// Checks the shape, then decodes the tensor and converts it to `dtype`.
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        check_shape(name, &shape, shape_of(find(&self.0, name)?.shape())?)?;
        self.get_unchecked(name, dtype, device)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = find(&self.0, name)?;
        let elements = tensor.elements(..).map_err(Error::wrap)?;
        load_as(&elements, name, shape_of(tensor.shape())?, dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.tensor(name).is_some()
    }
}
