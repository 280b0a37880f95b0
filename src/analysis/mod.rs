//! Where the bytes are, and how few they could be.

mod code_length;
mod ledger;

pub use code_length::CodeLength;
pub use ledger::{Category, Ledger, SegmentLedger};
