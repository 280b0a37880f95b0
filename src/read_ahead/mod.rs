//! Loads ranges of a slow source before they are needed, several at once.

mod options;
mod parts;

pub use options::ReadAheadOptions;

use std::fmt;
use std::io;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use self::parts::{Content, State};
use crate::source::ReadAt;

/// A source for slow storage: an object store, a web server, a network file system, a slow disk.
///
/// A [`Reader`](crate::Reader) [announces](ReadAt::prefetch) the ranges that it is about to read. This source loads them
/// on threads of its own, in large requests, several at once, so that loading and decoding happen at the same time. It
/// gives a range to the reader when it has arrived, and then forgets it. The beginning and the end of the file are loaded
/// when the source is made, so opening a file takes the time of one request.
///
/// ```
/// use tersor::{EncodeOptions, Encoder, ReadAhead, Reader, TensorView};
/// # fn main() -> tersor::Result<()> {
/// # let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default())?;
/// # encoder.add("a", TensorView::from_slice(&[1.0f32, 2.0], &[2])?)?;
/// # let slow_source = encoder.finish()?.0;
/// let reader = Reader::new(ReadAhead::new(slow_source)?)?;
/// reader.prefetch(reader.tensors())?; // begins to load everything
/// for tensor in reader.tensors() {
///     let bytes = tensor.decode()?; // waits for its own bytes alone
///     assert_eq!(bytes.len() as u64, tensor.byte_len());
/// }
/// # Ok(()) }
/// ```
pub struct ReadAhead<S> {
    shared: Arc<Shared<S>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared<S> {
    source: S,
    len: u64,
    options: ReadAheadOptions,
    state: Mutex<State>,
    /// Something has been loaded, read or announced.
    changed: Condvar,
}

/// The bytes at an offset.
enum Found {
    Bytes(Arc<[u8]>, usize),
    /// Nobody loads these bytes, up to the start of the next part.
    Nothing(u64),
    /// The part at this offset waits, and this thread is to load it.
    Waiting(u64),
}

impl<S: ReadAt + 'static> ReadAhead<S> {
    /// Makes a source with default options, and begins to load the beginning and the end of the file.
    ///
    /// # Errors
    /// The errors of [`ReadAt::len`].
    pub fn new(source: S) -> io::Result<Self> {
        Self::with_options(source, ReadAheadOptions::default())
    }

    /// Makes a source like [`new`](Self::new).
    ///
    /// # Errors
    /// The errors of [`ReadAt::len`].
    pub fn with_options(source: S, options: ReadAheadOptions) -> io::Result<Self> {
        Self::with_loaded(source, options, Vec::new())
    }

    /// Makes a source like [`new`](Self::new). Each pair of `loaded` is an offset and the bytes there, which the caller
    /// has already loaded.
    ///
    /// # Errors
    /// The errors of [`ReadAt::len`].
    pub fn with_loaded(source: S, options: ReadAheadOptions, loaded: Vec<(u64, Vec<u8>)>) -> io::Result<Self> {
        let len = source.len()?;
        let mut state = State::default();
        loaded.into_iter().for_each(|(offset, bytes)| state.add_loaded(offset, bytes));
        let shared = Shared { source, len, options, state: Mutex::new(state), changed: Condvar::new() };
        let ahead = Self { shared: Arc::new(shared), threads: Mutex::default() };
        let opening = 0..ReadAheadOptions::OPENING_BYTES.min(len);
        let tail = len.saturating_sub(ReadAheadOptions::TAIL_BYTES).max(opening.end)..len;
        ahead.prefetch(&[opening, tail]);
        Ok(ahead)
    }

    /// Returns the source that is read ahead.
    pub fn source(&self) -> &S {
        &self.shared.source
    }

    /// Starts a thread for each request that can be under way, and that is not there yet.
    fn start_threads(&self, parts: usize) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        while threads.len() < parts.min(self.shared.options.requests) {
            let shared = Arc::clone(&self.shared);
            match std::thread::Builder::new().name("tersor-read-ahead".to_owned()).spawn(move || shared.run()) {
                Ok(thread) => threads.push(thread),
                // a system without threads: readers load what they need themselves
                Err(_) => return,
            }
        }
    }
}

impl<S> Drop for ReadAhead<S> {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.get_mut().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // the threads catch panics of the source, so joining succeeds
            let _ = thread.join();
        }
    }
}

impl<S> fmt::Debug for ReadAhead<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadAhead").field("len", &self.shared.len).finish_non_exhaustive()
    }
}

impl<S: ReadAt + 'static> ReadAt for ReadAhead<S> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.shared.len)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.shared.read(offset, buffer)
    }

    fn prefetch(&self, ranges: &[Range<u64>]) {
        let waiting = self.shared.announce(ranges);
        if waiting > 0 {
            self.start_threads(waiting);
            self.shared.changed.notify_all();
        }
    }
}

impl<S> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds parts for `ranges`. Returns the number of parts that wait.
    fn announce(&self, ranges: &[Range<u64>]) -> usize {
        let mut state = self.lock();
        for range in ranges {
            let range = range.start.min(self.len)..range.end.min(self.len);
            // one after another, because ranges can overlap
            for free in state.uncovered(range) {
                state.announce(free, self.options.request_bytes);
            }
        }
        state.waiting.len()
    }
}

impl<S: ReadAt> Shared<S> {
    /// Loads parts until the source is dropped.
    fn run(&self) {
        let mut state = self.lock();
        while !state.is_closed {
            match state.next_within(self.options.buffer_bytes) {
                Some(offset) => state = self.load(state, offset),
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Loads the part at `offset`, without holding the lock.
    fn load<'a>(&'a self, mut state: MutexGuard<'a, State>, offset: u64) -> MutexGuard<'a, State> {
        let Some(part) = state.parts.get_mut(&offset) else { return state };
        part.content = Content::Loading;
        let len = part.len;
        state.held += len;
        state.stop_waiting(offset);
        drop(state);
        // a panic of the source must not leave the part loading, for readers would wait without end
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut bytes = vec![0; len as usize];
            self.source.read_exact_at(offset, &mut bytes).map(|()| bytes)
        }));
        let outcome = outcome.unwrap_or_else(|_| Err(io::Error::other("the source panicked")));
        let mut state = self.lock();
        if let Some(part) = state.parts.get_mut(&offset) {
            match outcome {
                Ok(bytes) => {
                    part.content = Content::Loaded(bytes.into());
                    state.loaded.push_back(offset);
                }
                Err(error) => {
                    part.content = Content::Failed(error.kind(), error.to_string());
                    state.held -= len;
                }
            }
        }
        self.changed.notify_all();
        state
    }

    fn read(&self, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buffer.len() as u64).is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut state = self.lock();
        while !buffer.is_empty() {
            let count = match self.find(&mut state, offset)? {
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Some(Found::Waiting(part)) => {
                    state.make_room(part, self.options.buffer_bytes);
                    state = self.load(state, part);
                    continue;
                }
                Some(Found::Bytes(bytes, from)) => {
                    let bytes = &bytes[from..];
                    let count = buffer.len().min(bytes.len());
                    drop(state);
                    buffer[..count].copy_from_slice(&bytes[..count]);
                    state = self.lock();
                    if state.mark_read(offset - from as u64, count as u64) {
                        self.changed.notify_all();
                    }
                    count
                }
                Some(Found::Nothing(len)) => {
                    let count = usize::try_from(len).unwrap_or(usize::MAX).min(buffer.len());
                    drop(state);
                    self.source.read_exact_at(offset, &mut buffer[..count])?;
                    state = self.lock();
                    count
                }
            };
            offset += count as u64;
            buffer = &mut buffer[count..];
        }
        Ok(())
    }

    /// Finds the bytes at `offset`; `None` if another thread loads them at the moment.
    fn find(&self, state: &mut State, offset: u64) -> io::Result<Option<Found>> {
        let part = state.parts.range(..=offset).next_back().filter(|(start, part)| offset - *start < part.len);
        let Some((&start, part)) = part else {
            let next = state.parts.range(offset..).next().map_or(u64::MAX, |(&next, _)| next);
            return Ok(Some(Found::Nothing(next - offset)));
        };
        Ok(match &part.content {
            Content::Waiting => Some(Found::Waiting(start)),
            Content::Loading => None,
            Content::Loaded(bytes) => Some(Found::Bytes(Arc::clone(bytes), (offset - start) as usize)),
            Content::Failed(kind, message) => {
                let error = io::Error::new(*kind, message.clone());
                // whoever reads again tries again
                state.parts.remove(&start);
                return Err(error);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// Bytes that take a while, and the requests for them.
    struct Slow {
        bytes: Vec<u8>,
        requests: Mutex<Vec<Range<u64>>>,
        under_way: AtomicUsize,
        most: AtomicUsize,
        fails_at: AtomicU64,
    }

    impl Slow {
        fn new(len: usize) -> Self {
            let bytes = (0..len).map(|i| (i * 7 + i / 256) as u8).collect();
            Self {
                bytes,
                requests: Mutex::default(),
                under_way: AtomicUsize::new(0),
                most: AtomicUsize::new(0),
                fails_at: AtomicU64::new(u64::MAX),
            }
        }
    }

    impl ReadAt for Slow {
        fn len(&self) -> io::Result<u64> {
            Ok(self.bytes.len() as u64)
        }

        fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            let end = offset + buffer.len() as u64;
            self.requests.lock().unwrap().push(offset..end);
            self.most.fetch_max(self.under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(2));
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            if (offset..end).contains(&self.fails_at.load(Ordering::SeqCst)) {
                return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the cable is cut"));
            }
            self.bytes.read_exact_at(offset, buffer)
        }
    }

    fn options() -> ReadAheadOptions {
        ReadAheadOptions::default().with_requests(4).with_request_bytes(50_000).with_buffer_bytes(200_000)
    }

    fn read(ahead: &ReadAhead<Slow>, range: Range<u64>) -> Vec<u8> {
        let mut buffer = vec![0; (range.end - range.start) as usize];
        ahead.read_exact_at(range.start, &mut buffer).unwrap();
        buffer
    }

    #[test]
    fn announced_ranges_arrive_in_few_requests_within_the_buffer() {
        let ahead = ReadAhead::with_options(Slow::new(2_000_000), options()).unwrap();
        let ranges: Vec<Range<u64>> = (0..1800).map(|i| 20_000 + i * 1000..20_000 + i * 1000 + 990).collect();
        ahead.prefetch(&ranges);
        for range in ranges {
            assert!(ahead.shared.lock().held <= 200_000);
            assert_eq!(read(&ahead, range.clone()), ahead.source().bytes[range.start as usize..range.end as usize]);
        }
        let requests = ahead.source().requests.lock().unwrap().len();
        assert!((30..50).contains(&requests), "{requests} requests");
        let most = ahead.source().most.load(Ordering::SeqCst);
        assert!((2..=5).contains(&most), "{most} requests at once");
    }

    #[test]
    fn any_order_gives_the_same_bytes() {
        let ahead = ReadAhead::with_options(Slow::new(300_000), options()).unwrap();
        let all = Slow::new(300_000).bytes;
        ahead.prefetch(&[100_000..250_000, 20_000..21_000, 90_000..120_000, 240_000..500_000]);
        for range in [240_000..300_000, 0..300_000, 95_000..105_000, 20_500..20_600, 0..24, 7..7] {
            assert_eq!(read(&ahead, range.clone()), all[range.start as usize..range.end as usize]);
        }
        assert!(ahead.read_exact_at(299_999, &mut [0; 2]).is_err());
        assert!(ahead.read_exact_at(u64::MAX, &mut [0; 2]).is_err());
    }

    #[test]
    fn ranges_that_nobody_reads_do_not_stop_the_others() {
        let ahead = ReadAhead::with_options(Slow::new(3_000_000), options()).unwrap();
        // far more than the buffer, and only the end is read
        ahead.prefetch(&[0..3_000_000]);
        assert_eq!(read(&ahead, 2_900_000..3_000_000), ahead.source().bytes[2_900_000..]);
        assert_eq!(read(&ahead, 1_000_000..1_100_000), ahead.source().bytes[1_000_000..1_100_000]);
    }

    #[test]
    fn a_failed_request_is_an_error_once() {
        let ahead = ReadAhead::with_options(Slow::new(300_000), options()).unwrap();
        ahead.source().fails_at.store(120_000, Ordering::SeqCst);
        ahead.prefetch(&[100_000..140_000]);
        let error = ahead.read_exact_at(100_000, &mut [0; 10]).unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (io::ErrorKind::ConnectionReset, "the cable is cut"));
        assert_eq!(read(&ahead, 100_000..100_010), ahead.source().bytes[100_000..100_010]);
        ahead.source().fails_at.store(u64::MAX, Ordering::SeqCst);
        assert_eq!(read(&ahead, 100_000..140_000), ahead.source().bytes[100_000..140_000]);
    }

    #[test]
    fn overlapping_ranges_are_loaded_once() {
        let ahead = ReadAhead::with_options(Slow::new(300_000), options()).unwrap();
        read(&ahead, 0..16_000);
        ahead.prefetch(&[100_000..200_000, 90_000..120_000, 100_000..110_000, 150_000..220_000]);
        assert_eq!(read(&ahead, 90_000..220_000), ahead.source().bytes[90_000..220_000]);
        let requests = ahead.source().requests.lock().unwrap();
        let loaded = requests.iter().filter(|range| range.start >= 90_000 && range.end <= 220_000);
        assert_eq!(loaded.map(|range| range.end - range.start).sum::<u64>(), 130_000, "{requests:?}");
    }

    #[test]
    fn a_panic_of_the_source_is_an_error() {
        struct Panics;
        impl ReadAt for Panics {
            fn len(&self) -> io::Result<u64> {
                Ok(1 << 20)
            }
            fn read_exact_at(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
                panic!("a fault of the source")
            }
        }
        let ahead = ReadAhead::new(Panics).unwrap();
        assert_eq!(ahead.read_exact_at(0, &mut [0; 24]).unwrap_err().to_string(), "the source panicked");
    }

    #[test]
    fn many_threads_read_at_once() {
        let ahead = ReadAhead::with_options(Slow::new(1_000_000), options()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8u64 {
                let ahead = &ahead;
                scope.spawn(move || {
                    for i in 0..20 {
                        let start = (thread * 131_071 + i * 49_999) % 900_000;
                        ahead.prefetch(&[start..start + 60_000]);
                        let expected = &ahead.source().bytes[start as usize..start as usize + 60_000];
                        assert_eq!(read(ahead, start..start + 60_000), expected);
                    }
                });
            }
        });
    }
}
