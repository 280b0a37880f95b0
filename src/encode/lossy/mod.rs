//! Lossy coding of files: finds the steps, replaces the values of tensors, and lets the lossless encoder code the result.
//!
//! ```text
//!   quantized ── rounds ── plan ── inventory     the dial: on samples, on whole tensors, in the file
//!                  └── source                    files with other bytes in the places of lossy tensors
//! ```

mod importance_file;
mod inventory;
mod plan;
mod quantized;
mod rounds;
mod source;
#[cfg(test)]
mod tests;

pub use quantized::Quantized;
