//! Where the bytes are, and how few they could be; how far tensors are from others.

mod code_length;
mod difference;
pub mod generalisation;
mod ledger;
pub mod priors;

pub use code_length::CodeLength;
pub use difference::{Difference, DifferingBits, NonFinite};
pub use ledger::{Category, Ledger, SegmentLedger};
