//! Reads other formats.

mod safetensors;
mod shard_index;

pub use safetensors::{SafetensorsHeader, SafetensorsTensor};
pub use shard_index::ShardIndex;
