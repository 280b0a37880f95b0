//! The decoded chunks that a reader used last. Tensors that share chunks are often read one after another.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

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
}

#[derive(Debug, Default)]
struct Kept {
    /// The time of the last use.
    time: u64,
    bytes: u64,
    chunks: HashMap<Key, (u64, Arc<Vec<u8>>)>,
    /// The chunks by the time of their last use.
    by_time: BTreeMap<u64, Key>,
}

impl ChunkCache {
    /// Makes a cache of `budget` bytes.
    pub(super) fn new(budget: u64) -> Self {
        Self { budget, kept: Mutex::default() }
    }

    /// Returns a chunk from the cache, or decodes it with `decode`.
    pub(super) fn get(&self, key: Key, decode: impl FnOnce() -> Result<Vec<u8>>) -> Result<Arc<Vec<u8>>> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chunk) = kept().used(key) {
            return Ok(chunk);
        }
        let chunk = Arc::new(decode()?);
        kept().insert(key, Arc::clone(&chunk), self.budget);
        Ok(chunk)
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
    fn a_chunk_beyond_the_budget_is_not_kept() {
        let cache = ChunkCache::new(100);
        for _ in 0..2 {
            assert_eq!(cache.get((0, 0), || Ok(vec![1; 101])).unwrap().len(), 101);
        }
        assert_eq!(cache.kept.lock().unwrap().bytes, 0);
        assert!(cache.get((0, 0), || Err(crate::error::Error::cancelled())).is_err());
    }
}
