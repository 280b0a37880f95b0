//! How much is loaded at once.

/// How much a [`ReadAhead`](crate::ReadAhead) loads at once.
///
/// ```
/// let options = tersor::ReadAheadOptions::default().with_requests(4);
/// assert_eq!(options.requests, 4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadAheadOptions {
    /// The number of requests at the same time; 8 by default.
    pub requests: usize,
    /// The bytes of a request, except that a single range that is not announced is read as a whole; 4 MiB by default.
    pub request_bytes: u64,
    /// Bytes that are loaded and not read yet; 64 MiB by default. Each thread that waits for bytes can add one request.
    pub buffer_bytes: u64,
}

impl Default for ReadAheadOptions {
    fn default() -> Self {
        Self { requests: 8, request_bytes: 4 << 20, buffer_bytes: 64 << 20 }
    }
}

impl ReadAheadOptions {
    /// The bytes at the beginning of a file that are loaded when it is opened: the header and, in most files, the
    /// manifest.
    pub const OPENING_BYTES: u64 = 16 << 10;
    /// The bytes at the end of a file that are loaded when it is opened: the footer and, in most files, the whole index.
    pub const TAIL_BYTES: u64 = 64 << 10;

    /// Sets [`requests`](Self::requests); 0 stands for 1.
    #[must_use]
    pub fn with_requests(mut self, requests: usize) -> Self {
        self.requests = requests.max(1);
        self
    }

    /// Sets [`request_bytes`](Self::request_bytes); 0 stands for 1.
    #[must_use]
    pub fn with_request_bytes(mut self, bytes: u64) -> Self {
        self.request_bytes = bytes.max(1);
        self
    }

    /// Sets [`buffer_bytes`](Self::buffer_bytes).
    #[must_use]
    pub fn with_buffer_bytes(mut self, bytes: u64) -> Self {
        self.buffer_bytes = bytes;
        self
    }
}
