//! Reads other formats.

mod safetensors;

pub use safetensors::{SafetensorsHeader, SafetensorsTensor};
