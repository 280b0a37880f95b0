//! An encoder and a decoder of the Tersor format, and the test vectors that they make.
//!
//! Both are written from the specification and share no code with the library, so that the vectors hold one
//! implementation against another. Encoder and decoder share only the structures of [`wire`], and one routine,
//! [`normalise`].
#![allow(missing_docs)]

pub mod decoder;
pub mod encoder;
pub mod normalise;
pub mod random;
pub mod vectors;
pub mod wire;

pub use vectors::all;
