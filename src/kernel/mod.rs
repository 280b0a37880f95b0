//! The only room with `unsafe` code, each block with its reason: memory maps, and kernels for the processor at hand.
//!
//! A kernel does a part of what safe code does too, faster, with the same result: it takes as much of its input as it can and
//! says how much that was; the caller does the rest. Which kernels there may be is decided once, at run time: [`Kernel`].
//!
//! ```text
//!   choice    Kernel: which there are, which is used
//!   lanes/    symbols from lanes: portable, and for AVX2
//!   pack      values of a few bits
//!   map       memory maps
//! ```
#![allow(unsafe_code)]

mod choice;
#[cfg(feature = "command")]
#[doc(hidden)]
pub mod command_map;
mod lanes;
mod map;
mod pack;

pub(crate) use choice::Job;
pub use choice::{Kernel, UnknownKernel};
pub(crate) use lanes::{GROUPS, Lanes, Place, Places, SPARE_WORDS, WordsBack, encode as encode_groups};
pub use map::Map;
