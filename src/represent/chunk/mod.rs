//! Encodes, decodes and accounts for chunks of the representation fields (section 8).

mod account;
mod forward;
mod inverse;
mod join;
mod scratch;

pub(crate) use account::account;
pub(crate) use forward::{FieldPlace, Forward, ForwardBlock, encode, take_field};
pub(crate) use inverse::{CodedChunk, Observer, StreamObservation, decode};
pub(crate) use scratch::Scratch;

use std::ops::Range;

use crate::tensor::Dtype;

/// The elements of a segment that a chunk holds.
#[derive(Debug, Clone)]
pub(crate) struct ChunkExtent {
    pub(crate) dtype: Dtype,
    pub(crate) elements: Range<u64>,
}
