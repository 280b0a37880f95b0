//! Frequency tables of the lane coder (section 9).
//!
//! ```text
//!   fit               encoder: the tables for given counts
//!    └ table          the tables of a stream: reads, writes
//!       ├ frequency_code    the integers that a table is stored as, and how they are coded
//!       └ normalise         values to frequencies
//! ```

mod fit;
mod frequency_code;
pub(super) mod normalise;
mod table;

pub(crate) use table::{Table, Tables};
