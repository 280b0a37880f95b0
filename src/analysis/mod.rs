//! Where the bytes are.

mod ledger;

pub use ledger::{Category, Ledger, SegmentLedger};
