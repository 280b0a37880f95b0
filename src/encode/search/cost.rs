//! Units of cost: 2^-16 bit.

use crate::coders::BIT;

/// A byte in units of cost.
pub(super) const BYTE: u64 = 8 * BIT;
/// The cost of the lane states and counts of a stream.
pub(super) const LANE_OVERHEAD: u64 = 132 * BYTE;
