#![doc = include_str!("theory.md")]

mod bounds;
mod difference;
pub mod entropy;
pub mod generalisation;
mod histograms;
mod ledger;
mod moments;
pub mod priors;
mod statistics;
mod stream;
mod value_counts;
mod walk;

pub use bounds::{Bounds, BoundsOptions, SegmentBounds, Totals};
pub use difference::{Difference, DifferingBits, NonFinite};
pub use ledger::{Category, Ledger, SegmentLedger};
pub use statistics::TensorStatistics;
pub use stream::{CodeLengths, StreamBounds};
