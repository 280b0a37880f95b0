//! Progress reports and cancellation.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{Error, Result};

/// A callback that receives the number of bytes that were encoded or decoded since its last call. It can stop the work:
/// then the running function returns an error of kind [`Cancelled`](crate::ErrorKind::Cancelled).
///
/// The default has no callback.
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
    /// Makes a progress report from `callback`, which is called about once a chunk, from the thread that coded it.
    #[must_use]
    pub fn new(callback: impl Fn(u64) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    /// Reports `bytes` more; returns an error of kind `Cancelled` if the callback asks to stop.
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
