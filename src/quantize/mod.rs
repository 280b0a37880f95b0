//! Lossy coding on request: changes the values of tensors so that the lossless encoder makes them small. Nothing here
//! knows the container.
//!
//! ```text
//!   apply ── sample          a whole tensor, or a sample of it, by complete settings
//!     ├── prune              which values become 0
//!     ├── scalar ── cost     integers and their steps, chosen by error plus cost in bits
//!     ├── codebook           few values
//!     └── measure            the error that is left
//!   matrix, floats, solve    the data that these share; finding a step for a target
//!   dials, rules, treatment, importance    what a caller asks for
//!   report, record           what it is told
//! ```
//!
//! A scalar-quantised value is an integer times a step: the grid of section 8.7 of the specification, which the encoder
//! stores bit for bit. No representation is special to quantised tensors.
//!
//! Every machine makes the same choices: sums have a fixed order, blocks do not depend on the number of threads, and the
//! functions beyond + − × ÷ and √ are those of the crate `libm`.

mod apply;
mod codebook;
mod cost;
mod dials;
mod floats;
mod importance;
mod matrix;
mod measure;
mod prune;
mod record;
mod report;
mod rules;
mod sample;
mod scalar;
mod solve;
#[cfg(test)]
mod test_values;
#[cfg(test)]
mod tests;
mod treatment;

pub(crate) use apply::{QuantizedValues, Setting, ValueSetting, apply};
pub(crate) use dials::Dial;
pub use dials::{ErrorMeasure, Quantization, Quantizer};
pub(crate) use floats::is_quantizable;
pub use importance::Importance;
pub(crate) use importance::Weighting;
pub(crate) use matrix::columns_of;
pub use record::{LossyRecord, LossyTensor};
pub use report::QuantizedTensor;
pub use rules::QuantizationRule;
pub(crate) use sample::Sample;
pub(crate) use scalar::{Octaves, Steps};
pub(crate) use solve::{Bracket, solve_falling};
pub use treatment::PruneStructure;
pub(crate) use treatment::{Treatment, ValueRule};
