//! The encoder. It writes the numbers that it is given, right or wrong, because bad vectors need wrong ones.

pub mod bits;
pub mod class_field;
pub mod codebook;
pub mod coding;
pub mod container;
pub mod fields;
pub mod frequency_codes;
pub mod grid;
pub mod groups;
pub mod lanes;
pub mod mask;
pub mod mixed_field;
pub mod mixed_kept;
pub mod mixed_mask;
pub mod mixer;
pub mod source;
pub mod steps;
pub mod tables;
pub mod templates;
pub mod transform;
pub mod unpack;
