//! Counts the estimated time to decode the segments that a reader uses, each segment once.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Result;
use crate::limits::Limits;

/// The estimated time of the segments that were used.
#[derive(Debug)]
pub(super) struct WorkBudget {
    /// Whether the time of each segment is counted.
    is_counted: Mutex<Vec<bool>>,
    /// The estimated nanoseconds of all readers of the model.
    all: Arc<Mutex<u64>>,
}

impl WorkBudget {
    /// Makes the budget of a file with this number of segments. `all` counts the nanoseconds of all files of the model.
    pub(super) fn new(segments: usize, all: Arc<Mutex<u64>>) -> Self {
        Self { is_counted: Mutex::new(vec![false; segments]), all }
    }

    /// Counts the time of a segment, unless it is counted already.
    ///
    /// # Errors
    /// `Limit` if all segments together take longer than `limits` allow. Then the segment is not counted.
    pub(super) fn spend(&self, segment: u32, nanoseconds: u64, limits: &Limits) -> Result<()> {
        let mut is_counted = self.is_counted.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_counted[segment as usize] {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            let sum = all.saturating_add(nanoseconds);
            limits.check_work(sum)?;
            *all = sum;
            is_counted[segment as usize] = true;
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
        let budget = WorkBudget::new(3, Arc::default());
        let spend =
            |segment, nanoseconds| budget.spend(segment, nanoseconds, &limits).map_err(|error| error.limit_name());
        assert_eq!([spend(0, 60), spend(0, 60), spend(1, 40)], [Ok(()); 3]);
        assert_eq!([spend(2, 1), spend(2, u64::MAX)], [Err(Some("work")); 2]);
        assert_eq!(spend(0, 60), Ok(()));
        let of_another_file = WorkBudget::new(1, Arc::clone(&budget.all));
        assert!(of_another_file.spend(0, 1, &limits).is_err());
    }
}
