//! The only folder with `unsafe` code: memory maps, and kernels for certain processors. Each `unsafe` block states its
//! reason.
//!
//! A kernel is a faster implementation of a piece of safe code, with the same result. [`Kernel`] selects the kernels at
//! run time.
//!
//! ```text
//!   token     Kernel: which kernels there are; Job: safe code compiled for it
//!   choice    which kernel is used
//!   lanes/    the inner loops of the lane coder
//!   bits/     packed bits
//!   map       memory maps
//! ```
#![allow(unsafe_code)]

mod bits;
mod choice;
#[cfg(feature = "command")]
#[doc(hidden)]
pub mod command_map;
mod lanes;
mod map;
mod token;

pub(crate) use lanes::{
    DecodingLanes, EncodingLanes, MAX_ROUNDS, ReverseWords, SPARE_WORDS, SlotPlace, SlotPlaces, decode_last_lanes,
    first_slot,
};
pub use map::Map;
pub(crate) use token::Job;
pub use token::{Kernel, UnknownKernel};
