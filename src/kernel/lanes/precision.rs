//! Compiles a loop once for each precision, and once more for streams with a single context.

/// A loop over rounds.
pub(super) trait LaneLoop {
    type Output;

    /// `MANY`: whether there are contexts. `PRECISION`: 9 to 12.
    fn run<const MANY: bool, const PRECISION: u32>(self) -> Self::Output;
}

/// Runs a loop. Returns `None` if the precision is not from 9 to 12.
pub(super) fn run<L: LaneLoop>(lane_loop: L, has_contexts: bool, precision: u32) -> Option<L::Output> {
    Some(match (has_contexts, precision) {
        (false, 9) => lane_loop.run::<false, 9>(),
        (false, 10) => lane_loop.run::<false, 10>(),
        (false, 11) => lane_loop.run::<false, 11>(),
        (false, 12) => lane_loop.run::<false, 12>(),
        (true, 9) => lane_loop.run::<true, 9>(),
        (true, 10) => lane_loop.run::<true, 10>(),
        (true, 11) => lane_loop.run::<true, 11>(),
        (true, 12) => lane_loop.run::<true, 12>(),
        _ => return None,
    })
}
