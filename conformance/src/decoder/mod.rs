//! The decoder of segments in fields (sections 8 to 12). It is as slow and as close to the text as it can be.

pub mod bits;
pub mod bytes;
pub mod claims;
pub mod class_field;
pub mod coding;
pub mod floats;
pub mod groups;
pub mod head;
pub mod lanes;
pub mod maps;
pub mod mask;
pub mod mixed_field;
pub mod mixed_kept;
pub mod mixed_mask;
pub mod mixer;
pub mod source;
pub mod tables;
pub mod templates;
pub mod unpack;
