//! Other formats.

pub(crate) mod safetensors;
