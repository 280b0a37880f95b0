//! The models of symbols (section 8.1), one file for each coder: how a chunk's stream is coded, opened, and accounted for.

mod bits;
mod constant;
mod lanes;
mod mixed;
mod raw;

pub(crate) use raw::RawBits;
