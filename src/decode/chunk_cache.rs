//! The decoded chunks that a reader used last. Tensors that share chunks are often read one after another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// The place of a segment's body in the file, and the number of the chunk in the segment.
type Key = (u64, usize);

/// The memory that a kept chunk takes beside its bytes, roughly.
const CHUNK_OVERHEAD: u64 = 128;

/// The decoded chunks that were used last, within a budget of bytes.
#[derive(Debug)]
pub(super) struct ChunkCache {
    budget: u64,
    kept: Mutex<Kept>,
    /// Tells the threads that wait for a chunk that one has been decoded.
    decoded: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    /// The time of the last use.
    time: u64,
    bytes: u64,
    /// The chunks that a thread decodes at the moment.
    decoding: HashSet<Key>,
    chunks: HashMap<Key, (u64, Arc<Vec<u8>>)>,
    /// The chunks by the time of their last use.
    by_time: BTreeMap<u64, Key>,
}

impl ChunkCache {
    /// Makes a cache of `budget` bytes.
    pub(super) fn new(budget: u64) -> Self {
        Self { budget, kept: Mutex::default(), decoded: Condvar::new() }
    }

    /// Returns a chunk from the cache, or decodes it with `decode`. If another thread decodes it at the moment, its result
    /// is awaited: otherwise each thread would need time and memory for the same chunk.
    pub(super) fn get(&self, key: Key, decode: impl FnOnce() -> Result<Vec<u8>>) -> Result<Arc<Vec<u8>>> {
        let mut kept = self.lock();
        if self.budget > 0 && kept.decoding.contains(&key) {
            let is_decoding = |kept: &mut Kept| kept.decoding.contains(&key);
            kept = self.decoded.wait_while(kept, is_decoding).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(chunk) = kept.used(key) {
            return Ok(chunk);
        }
        let is_first = kept.decoding.insert(key);
        drop(kept);
        let _end = is_first.then_some(Decoding { cache: self, key });
        let chunk = Arc::new(decode()?);
        self.lock().insert(key, Arc::clone(&chunk), self.budget);
        Ok(chunk)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in which a thread decodes a chunk. It also ends with an error or a panic.
struct Decoding<'a> {
    cache: &'a ChunkCache,
    key: Key,
}

impl Drop for Decoding<'_> {
    fn drop(&mut self) {
        self.cache.lock().decoding.remove(&self.key);
        self.cache.decoded.notify_all();
    }
}

impl Kept {
    /// Returns a chunk, which becomes the last one used.
    fn used(&mut self, key: Key) -> Option<Arc<Vec<u8>>> {
        self.time += 1;
        let (time, chunk) = self.chunks.get_mut(&key)?;
        self.by_time.remove(time);
        *time = self.time;
        self.by_time.insert(self.time, key);
        Some(Arc::clone(chunk))
    }

    /// Adds a chunk, and forgets the ones that were not used for the longest time.
    fn insert(&mut self, key: Key, chunk: Arc<Vec<u8>>, budget: u64) {
        let size = |chunk: &Arc<Vec<u8>>| chunk.len() as u64 + CHUNK_OVERHEAD;
        // another thread may have decoded it too
        if size(&chunk) > budget || self.chunks.contains_key(&key) {
            return;
        }
        self.bytes += size(&chunk);
        self.time += 1;
        self.by_time.insert(self.time, key);
        self.chunks.insert(key, (self.time, chunk));
        while self.bytes > budget
            && let Some((_, oldest)) = self.by_time.pop_first()
            && let Some((_, chunk)) = self.chunks.remove(&oldest)
        {
            self.bytes -= size(&chunk);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunks_used_last_are_kept() {
        let cache = ChunkCache::new(3 * (1000 + CHUNK_OVERHEAD));
        let decoded = std::cell::Cell::new(0);
        let get = |number: usize| {
            let chunk = cache.get((7, number), || {
                decoded.set(decoded.get() + 1);
                Ok(vec![number as u8; 1000])
            });
            assert!(chunk.unwrap().iter().all(|&byte| byte == number as u8));
            decoded.get()
        };
        assert_eq!([get(0), get(1), get(2), get(0), get(1), get(2)], [1, 2, 3, 3, 3, 3]);
        // 0 was not used for the longest time
        assert_eq!([get(3), get(1), get(2), get(3), get(0)], [4, 4, 4, 4, 5]);
        assert_eq!(cache.kept.lock().unwrap().bytes, cache.budget);
    }

    #[test]
    fn several_threads_decode_a_chunk_once() {
        let (cache, decoded) = (ChunkCache::new(1 << 20), std::sync::atomic::AtomicU32::new(0));
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let chunk = cache.get((7, 0), || {
                        decoded.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        std::thread::sleep(std::time::Duration::from_millis(50));
                        Ok(vec![5; 1000])
                    });
                    assert_eq!(*chunk.unwrap(), [5; 1000]);
                });
            }
        });
        assert_eq!(decoded.into_inner(), 1);
        // a thread that fails lets the next one try
        assert!(cache.get((7, 1), || Err(crate::error::Error::cancelled())).is_err());
        assert_eq!(*cache.get((7, 1), || Ok(vec![6; 10])).unwrap(), [6; 10]);
    }

    #[test]
    fn a_chunk_beyond_the_budget_is_not_kept() {
        let cache = ChunkCache::new(100);
        for _ in 0..2 {
            assert_eq!(cache.get((0, 0), || Ok(vec![1; 101])).unwrap().len(), 101);
        }
        assert_eq!(cache.kept.lock().unwrap().bytes, 0);
        assert!(cache.get((0, 0), || Err(crate::error::Error::cancelled())).is_err());
    }
}
