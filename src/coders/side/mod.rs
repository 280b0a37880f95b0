//! Side information, coded by the narrow bits coder: classes of contexts, codebooks, scales.

mod classes;
mod codebooks;
mod scales;

pub(crate) use classes::{ClassCoding, skip_classes};
pub(crate) use codebooks::{decode_codebooks, encode_codebooks, skip_map};
pub(crate) use scales::{decode_scales, encode_scales};
