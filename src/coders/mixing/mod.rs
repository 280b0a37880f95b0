//! Coding by logistic mixing (section 12): several contexts predict each bit, and a mixer learns which of them to
//! trust (Mahoney 2005). All arithmetic is in integers.
//!
//! ```text
//!   field/  mask  kept/     predict fields, mask bits, and the values that a mask keeps
//!      ├── stream           encodes, decodes and measures a chunk with one of these three
//!      ├── history          the last symbols of a chunk
//!      ├── geometry         rows and kernels of an array
//!      ├── lms, columns     linear predictors, running means of columns
//!      └── symbol           codes sign, escape and magnitude of a symbol
//!           ├── window      the magnitudes that are coded by mixing
//!           └── mixer       codes one decision
//!                └── slot, tables    the probability in one context, logarithms and rates
//! ```

mod columns;
mod field;
mod geometry;
mod history;
mod kept;
mod lms;
mod mask;
mod mixer;
mod slot;
mod stream;
mod symbol;
mod tables;
mod window;

pub(crate) use field::{FieldPredictor, MixedKind, MixedModel, encode_mixed, mixed_cost};
pub(crate) use geometry::Geometry;
#[cfg(feature = "internals")]
pub(crate) use kept::decode_kept;
pub(crate) use kept::{KeptKind, KeptModel, KeptPredictor, encode_kept, kept_cost};
#[cfg(feature = "internals")]
pub(crate) use mask::decode_mask;
pub(crate) use mask::{MaskPredictor, encode_mask, mask_cost};
pub(crate) use stream::{MixingDecoder, Predictor, mixing_meter, skip_mixed};
