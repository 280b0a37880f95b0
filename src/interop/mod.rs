//! Other formats.

mod safetensors;

pub use safetensors::{SafetensorsHeader, SafetensorsTensor};
