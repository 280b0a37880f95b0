//! The structures of a container outside segments (sections 1 to 6, 13 and 14), writing only.

pub mod bits;
pub mod dtypes;
pub mod frame;
pub mod index;
pub mod manifest;
pub mod primitives;
pub mod segment;
pub mod zstd;
