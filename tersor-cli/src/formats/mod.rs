//! Formats of other programs: recognising them, and writing .npy and safetensors files.

pub mod foreign;
pub mod npy;
pub mod safetensors_file;
