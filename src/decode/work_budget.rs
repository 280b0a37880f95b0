//! Counts the estimated time to decode the segments that a reader uses, each segment once.

use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::limits::Limits;

/// The estimated time of the segments that were used.
#[derive(Debug)]
pub(super) struct WorkBudget(Mutex<Spent>);

#[derive(Debug)]
struct Spent {
    nanoseconds: u64,
    /// Whether the time of each segment is counted.
    is_counted: Vec<bool>,
}

impl WorkBudget {
    /// Makes the budget of a file with this number of segments.
    pub(super) fn new(segments: usize) -> Self {
        Self(Mutex::new(Spent { nanoseconds: 0, is_counted: vec![false; segments] }))
    }

    /// Counts the time of a segment, unless it is counted already.
    ///
    /// # Errors
    /// `Limit` if all segments together take longer than `limits` allow. Then the segment is not counted.
    pub(super) fn spend(&self, segment: u32, nanoseconds: u64, limits: &Limits) -> Result<()> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !spent.is_counted[segment as usize] {
            let all = spent.nanoseconds.saturating_add(nanoseconds);
            limits.check_work(all)?;
            spent.nanoseconds = all;
            spent.is_counted[segment as usize] = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_segment_counts_once() {
        let limits = Limits::default().with_work(Duration::from_nanos(100));
        let budget = WorkBudget::new(3);
        let spend =
            |segment, nanoseconds| budget.spend(segment, nanoseconds, &limits).map_err(|error| error.limit_name());
        assert_eq!([spend(0, 60), spend(0, 60), spend(1, 40)], [Ok(()); 3]);
        assert_eq!([spend(2, 1), spend(2, u64::MAX)], [Err(Some("work")); 2]);
        assert_eq!(spend(0, 60), Ok(()));
    }
}
