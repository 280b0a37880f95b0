//! Where the bytes are, and how few they could be.

mod code_length;
pub mod generalisation;
mod ledger;
pub mod priors;

pub use code_length::CodeLength;
pub use ledger::{Category, Ledger, SegmentLedger};
