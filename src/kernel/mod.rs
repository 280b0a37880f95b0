//! The only room with `unsafe` code, each block with its reason. For now: memory maps.
#![allow(unsafe_code)]

mod map;

pub use map::Map;
