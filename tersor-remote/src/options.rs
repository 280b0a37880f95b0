//! How requests are made.

use std::time::Duration;

/// How requests are made.
///
/// ```
/// use std::time::Duration;
/// let options = tersor_remote::RemoteOptions::default().with_patience(Duration::from_secs(5));
/// assert_eq!(options.patience, Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteOptions {
    /// The time in which a request must succeed, with all attempts to repeat it; a minute by default. A request is a few
    /// megabytes.
    pub patience: Duration,
    /// How often a request is repeated if it fails for a reason that may pass, such as a lost connection or an overloaded
    /// server; 5 by default.
    pub retries: usize,
    /// More settings of the store by the names of the crate `object_store`, for example `aws_endpoint`. They come after the
    /// variables of the environment.
    pub settings: Vec<(String, String)>,
}

impl Default for RemoteOptions {
    fn default() -> Self {
        Self { patience: Duration::from_secs(60), retries: 5, settings: Vec::new() }
    }
}

impl RemoteOptions {
    /// Sets [`patience`](Self::patience).
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets [`retries`](Self::retries).
    #[must_use]
    pub fn with_retries(mut self, retries: usize) -> Self {
        self.retries = retries;
        self
    }

    /// Adds one of the [`settings`](Self::settings).
    #[must_use]
    pub fn with_setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}
