//! Opening of files with default options.

use std::path::Path;

use candle_core::{DType, Device, Error, Result};
use candle_nn::VarBuilder;
use candle_nn::var_builder::VarBuilderArgs;
use tersor::Reader;

use crate::sharded::ShardedWeights;
use crate::weights::Weights;

/// Opens the Tersor file at `path` for a model whose weights have the dtype `dtype` and lie on `device`.
///
/// # Errors
/// The errors of [`Reader::open`].
pub fn var_builder(path: impl AsRef<Path>, dtype: DType, device: &Device) -> Result<VarBuilder<'static>> {
    let weights = Weights::new(open(path.as_ref())?);
    Ok(VarBuilder::from_backend(Box::new(weights), dtype, device.clone()))
}

/// Opens the Tersor file at `path` as [`var_builder`] does, for a model that loads parts of tensors.
///
/// # Errors
/// The errors of [`Reader::open`].
pub fn sharded_var_builder(
    path: impl AsRef<Path>,
    dtype: DType,
    device: &Device,
) -> Result<VarBuilderArgs<'static, ShardedWeights<'static>>> {
    Ok(VarBuilderArgs::new_with_args(ShardedWeights::new(open(path.as_ref())?), dtype, device))
}

fn open(path: &Path) -> Result<Reader<'static>> {
    Reader::open(path).map_err(Error::wrap)
}
