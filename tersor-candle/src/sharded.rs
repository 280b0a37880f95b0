//! Parts of tensors, for models that are spread over several devices.

use candle_core::{DType, Device, Error, Result, Shape, Tensor};
use candle_nn::var_builder::{Backend, Shard, SimpleBackend};
use tersor::Reader;

use crate::load::{find, load_as, shape_of};
use crate::weights::Weights;

/// The tensors of a Tersor file, of which each process of a group loads a part: a [`Shard`] names an axis, the number of
/// the process and the number of processes.
///
/// A shard of the first axis decodes only the chunks of the file that hold its rows. A shard of another axis decodes all
/// chunks of the tensor, and keeps no more than its part in memory.
///
/// ```
/// use candle_core::{DType, Device};
/// use candle_nn::var_builder::{Shard, VarBuilderArgs};
/// use tersor::{EncodeOptions, Encoder, Reader, TensorView};
/// use tersor_candle::ShardedWeights;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// encoder.add("weight", TensorView::from_slice(&[1.0f32, 2.0, 3.0, 4.0], &[2, 2])?)?;
/// let reader = Reader::new(encoder.finish()?.0)?;
///
/// let weights = VarBuilderArgs::new_with_args(ShardedWeights::new(reader), DType::F32, &Device::Cpu);
/// let second_row = Shard { dim: 0, rank: 1, world_size: 2 };
/// let part = weights.get_with_hints((2, 2), "weight", second_row)?;
/// assert_eq!(part.to_vec2::<f32>()?, [[3.0, 4.0]]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ShardedWeights<'s>(Weights<'s>);

impl<'s> ShardedWeights<'s> {
    /// Makes weights from an open file.
    #[must_use]
    pub fn new(reader: Reader<'s>) -> Self {
        Self(Weights::new(reader))
    }

    /// Returns the open file, for example for its metadata.
    #[must_use]
    pub fn reader(&self) -> &Reader<'s> {
        self.0.reader()
    }
}

impl Backend for ShardedWeights<'_> {
    type Hints = Shard;

    /// Decodes one shard of a tensor and converts it to `dtype`. As in candle's own backend, the shape is checked only if
    /// there is one process, and an axis that cannot be divided evenly is an error.
    fn get(&self, shape: Shape, name: &str, shard: Shard, dtype: DType, device: &Device) -> Result<Tensor> {
        let Shard { dim, rank, world_size } = shard;
        if world_size == 1 {
            return SimpleBackend::get(&self.0, shape, name, candle_nn::Init::default(), dtype, device);
        }
        if rank >= world_size {
            return Err(Error::msg(format!("tensor {name}: there is no shard {rank} of {world_size}")));
        }
        let tensor = find(self.reader(), name)?;
        let whole = shape_of(tensor.shape())?;
        let len = whole.dim(dim)?;
        if len % world_size != 0 {
            return Err(Error::ShapeMismatchSplit { shape: whole, dim, n_parts: world_size }.bt());
        }
        let part = (len / world_size) as u64;
        let start = rank as u64 * part;
        let elements = tensor.slice(dim, start..start + part).map_err(Error::wrap)?;
        load_as(&elements, name, shape_of(elements.shape())?, dtype, device)
    }

    /// Decodes the whole tensor and converts it to `dtype`.
    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        self.0.get_unchecked(name, dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains_tensor(name)
    }
}
