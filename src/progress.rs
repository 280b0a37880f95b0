//! Progress and cancellation.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{Error, Result};

/// A callback that hears how many bytes were coded or decoded since it was last called, and may ask to stop.
///
/// ```
/// use std::ops::ControlFlow;
/// let progress = tersor::Progress::new(|bytes| {
///     println!("{bytes} more");
///     ControlFlow::Continue(())
/// });
/// ```
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<dyn Fn(u64) -> ControlFlow<()> + Send + Sync>>);

impl Progress {
    /// Calls `callback` now and then, from whatever thread the work is done on.
    pub fn new(callback: impl Fn(u64) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    /// `bytes` more are done.
    pub(crate) fn advance(&self, bytes: u64) -> Result<()> {
        match self.0.as_ref().map_or(ControlFlow::Continue(()), |callback| callback(bytes)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::cancelled()),
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress(callback)" } else { "Progress(none)" })
    }
}
