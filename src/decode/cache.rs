//! Decoded bytes that were used last: chunks, because tensors that share chunks are often read one after another, or whole
//! tensors.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Result;

/// The memory that an item takes beside its bytes, roughly.
const ITEM_OVERHEAD: u64 = 128;

/// The items that were used last, within a budget of bytes. An item is found by its key.
#[derive(Debug)]
pub(super) struct Cache<K> {
    budget: u64,
    kept: Mutex<Kept<K>>,
    /// Tells the threads that wait for an item that one has been decoded.
    decoded: Condvar,
}

#[derive(Debug)]
struct Kept<K> {
    /// The time of the last use.
    time: u64,
    bytes: u64,
    /// The items that a thread decodes at the moment.
    decoding: HashSet<K>,
    items: HashMap<K, (u64, Arc<Vec<u8>>)>,
    /// The items by the time of their last use.
    by_time: BTreeMap<u64, K>,
}

impl<K: Copy + Eq + Hash> Cache<K> {
    /// Makes a cache of `budget` bytes.
    pub(super) fn new(budget: u64) -> Self {
        let kept =
            Kept { time: 0, bytes: 0, decoding: HashSet::new(), items: HashMap::new(), by_time: BTreeMap::new() };
        Self { budget, kept: Mutex::new(kept), decoded: Condvar::new() }
    }

    /// Returns an item from the cache, or decodes it with `decode`. If `waits` is true and another thread decodes it at the
    /// moment, its result is awaited: otherwise each thread would need time and memory for the same item. `waits` must be
    /// false if this thread may be in the middle of decoding an item, because two threads could wait for each other.
    pub(super) fn get(&self, key: K, waits: bool, decode: impl FnOnce() -> Result<Vec<u8>>) -> Result<Arc<Vec<u8>>> {
        let mut kept = self.lock();
        if waits && self.budget > 0 && kept.decoding.contains(&key) {
            let is_decoding = |kept: &mut Kept<K>| kept.decoding.contains(&key);
            kept = self.decoded.wait_while(kept, is_decoding).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(item) = kept.used(key) {
            return Ok(item);
        }
        let is_first = kept.decoding.insert(key);
        drop(kept);
        let _end = is_first.then_some(Decoding { cache: self, key });
        let item = Arc::new(decode()?);
        self.lock().insert(key, Arc::clone(&item), self.budget);
        Ok(item)
    }

    /// Returns whether an item is kept.
    pub(super) fn contains(&self, key: K) -> bool {
        self.lock().items.contains_key(&key)
    }

    fn lock(&self) -> MutexGuard<'_, Kept<K>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time in which a thread decodes an item. It also ends with an error or a panic.
struct Decoding<'a, K: Copy + Eq + Hash> {
    cache: &'a Cache<K>,
    key: K,
}

impl<K: Copy + Eq + Hash> Drop for Decoding<'_, K> {
    fn drop(&mut self) {
        self.cache.lock().decoding.remove(&self.key);
        self.cache.decoded.notify_all();
    }
}

impl<K: Copy + Eq + Hash> Kept<K> {
    /// Returns an item, which becomes the last one used.
    fn used(&mut self, key: K) -> Option<Arc<Vec<u8>>> {
        self.time += 1;
        let (time, item) = self.items.get_mut(&key)?;
        self.by_time.remove(time);
        *time = self.time;
        self.by_time.insert(self.time, key);
        Some(Arc::clone(item))
    }

    /// Adds an item, and forgets the ones that were not used for the longest time.
    fn insert(&mut self, key: K, item: Arc<Vec<u8>>, budget: u64) {
        let size = |item: &Arc<Vec<u8>>| item.len() as u64 + ITEM_OVERHEAD;
        // another thread may have decoded it too
        if size(&item) > budget || self.items.contains_key(&key) {
            return;
        }
        self.bytes += size(&item);
        self.time += 1;
        self.by_time.insert(self.time, key);
        self.items.insert(key, (self.time, item));
        while self.bytes > budget
            && let Some((_, oldest)) = self.by_time.pop_first()
            && let Some((_, item)) = self.items.remove(&oldest)
        {
            self.bytes -= size(&item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_used_last_are_kept() {
        let cache = Cache::new(3 * (1000 + ITEM_OVERHEAD));
        let decoded = std::cell::Cell::new(0);
        let get = |number: usize| {
            let chunk = cache.get((7, number), true, || {
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
    fn several_threads_decode_an_item_once() {
        let (cache, decoded) = (Cache::new(1 << 20), std::sync::atomic::AtomicU32::new(0));
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    start.wait();
                    let chunk = cache.get((7, 0), true, || {
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
        assert!(cache.get((7, 1), true, || Err(crate::error::Error::cancelled())).is_err());
        assert_eq!(*cache.get((7, 1), true, || Ok(vec![6; 10])).unwrap(), [6; 10]);
    }

    #[test]
    fn an_item_beyond_the_budget_is_not_kept() {
        let cache = Cache::new(100);
        for _ in 0..2 {
            assert_eq!(cache.get((0, 0), true, || Ok(vec![1; 101])).unwrap().len(), 101);
        }
        assert_eq!(cache.kept.lock().unwrap().bytes, 0);
        assert!(cache.get((0, 0), true, || Err(crate::error::Error::cancelled())).is_err());
    }
}
