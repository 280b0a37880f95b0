//! Loads the weights of [candle](candle_core) models from [Tersor](tersor) files.
//!
//! [`var_builder`] opens a file for candle's models:
//!
//! ```no_run
//! use candle_core::{DType, Device};
//!
//! # fn main() -> candle_core::Result<()> {
//! let weights = tersor_candle::var_builder("model.tersor", DType::F32, &Device::Cpu)?;
//! let layer = candle_nn::linear(384, 384, weights.pp("encoder.layer.0.output"))?;
//! # Ok(()) }
//! ```
//!
//! A tensor is decoded when the model asks for it, straight into the memory that becomes the tensor. The bits are those of
//! the safetensors file that was encoded, so the model computes the same values.
//!
//! | you want to | use |
//! |---|---|
//! | load a model | [`var_builder`] |
//! | set limits or threads, or read from a memory map, from memory or from a source of your own | [`Weights`] over a [`tersor::Reader`], with `VarBuilder::from_backend` |
//! | load one part of each tensor, for a model that is spread over several devices | [`sharded_var_builder`], [`ShardedWeights`] |
//!
//! # Dtypes
//!
//! Tensors are loaded in the dtype of the file and converted to the requested one, as candle does for safetensors files. U16
//! becomes U32. candle has no BOOL, I8, U64, C64 and no FP8 but F8_E4M3 and F8_E8M0: these are errors.
//!
//! # Features
//!
//! `threads`, on by default, decodes on all cores.

mod load;
mod open;
mod sharded;
mod weights;

pub use open::{sharded_var_builder, var_builder};
pub use sharded::ShardedWeights;
pub use weights::Weights;

/// The example of the README, so that it is tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct ReadmeExample;
