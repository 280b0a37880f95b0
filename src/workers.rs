//! Runs work on many items in parallel and returns the results in the order of the items. Without the feature `threads`
//! the items are processed one after another.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "threads")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};

/// An item that waits for a thread, and then its result.
enum Slot<T, R> {
    Item(T),
    Taken,
    Result(Result<R>),
}

/// The threads of an encoder or decoder.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    #[cfg(feature = "threads")]
    pool: Option<rayon::ThreadPool>,
    serial: bool,
}

impl Workers {
    /// Makes a pool of `threads` threads. `None` stands for the rayon pool of the caller, which by default has one
    /// thread a core; 1 stands for the thread of the caller.
    ///
    /// # Errors
    /// `Io` if the threads cannot be started; `InvalidArgument` for several threads without the feature `threads`.
    pub(crate) fn new(threads: Option<usize>) -> Result<Self> {
        if let Some(count) = threads.filter(|&count| count > 1 && !cfg!(feature = "threads")) {
            let what = format!("{count} threads need the feature `threads` of the crate tersor");
            return Err(Error::invalid(what));
        }
        let serial = !cfg!(feature = "threads") || threads == Some(1);
        #[cfg(feature = "threads")]
        let pool = match threads {
            Some(count) if count > 1 => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
                Some(pool.map_err(|error| Error::new(ErrorKind::Io, format!("cannot start threads: {error}")))?)
            }
            _ => None,
        };
        Ok(Self {
            #[cfg(feature = "threads")]
            pool,
            serial,
        })
    }

    /// Returns whether the caller runs on a thread of a pool. Such a thread can take up other work of its pool whenever it
    /// waits for work of its own.
    pub(crate) fn is_pool_thread() -> bool {
        #[cfg(feature = "threads")]
        return rayon::current_thread_index().is_some();
        #[cfg(not(feature = "threads"))]
        false
    }

    /// Returns the number of items that are processed at the same time.
    pub(crate) fn count(&self) -> usize {
        if self.serial {
            return 1;
        }
        #[cfg(feature = "threads")]
        return self.pool.as_ref().map_or_else(rayon::current_num_threads, rayon::ThreadPool::current_num_threads);
        #[cfg(not(feature = "threads"))]
        1
    }

    /// Calls `work` for every item. The items are begun in their order. If a call fails, no further items are begun, and
    /// the error of the first item that failed is returned.
    pub(crate) fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> Result<R> + Sync) -> Result<Vec<R>> {
        if self.serial || items.len() < 2 {
            return items.into_iter().map(work).collect();
        }
        // one lock an item: an item is taken once, and a result is put once
        let slots: Vec<Mutex<Slot<T, R>>> = items.into_iter().map(|item| Mutex::new(Slot::Item(item))).collect();
        let lock = |index: usize| slots[index].lock().unwrap_or_else(PoisonError::into_inner);
        self.for_each(slots.len(), &|index| {
            let Slot::Item(item) = mem::replace(&mut *lock(index), Slot::Taken) else { return true };
            let result = work(item);
            let goes_on = result.is_ok();
            *lock(index) = Slot::Result(result);
            goes_on
        });
        // every item before the first error was begun, so it has a result
        let results =
            slots.into_iter().map_while(|slot| match slot.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Slot::Result(result) => Some(result),
                Slot::Item(_) | Slot::Taken => None,
            });
        results.collect()
    }

    /// Calls `work` with the numbers below `count`, on all threads, until it returns false. The numbers are begun in
    /// their order.
    ///
    /// This is not generic: the code of the thread pool is compiled once, not for each kind of work.
    fn for_each(&self, count: usize, work: &(dyn Fn(usize) -> bool + Sync)) {
        let next = AtomicUsize::new(0);
        let stopped = AtomicBool::new(false);
        let run = || {
            while !stopped.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return;
                }
                if !work(index) {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        };
        #[cfg(feature = "threads")]
        {
            let threads = self.count().min(count);
            let scope = || {
                rayon::scope(|scope| {
                    (1..threads).for_each(|_| scope.spawn(|_| run()));
                    run();
                });
            };
            match &self.pool {
                Some(pool) => pool.install(scope),
                None => scope(),
            }
        }
        #[cfg(not(feature = "threads"))]
        run();
    }

    /// Adds `bytes` to `hasher`.
    pub(crate) fn hash(&self, hasher: &mut blake3::Hasher, bytes: &[u8]) {
        #[cfg(feature = "threads")]
        if !self.serial && bytes.len() >= 1 << 18 {
            match &self.pool {
                Some(pool) => pool.install(|| hasher.update_rayon(bytes)),
                None => hasher.update_rayon(bytes),
            };
            return;
        }
        hasher.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for threads in [None, Some(1)] {
            let workers = Workers::new(threads).unwrap();
            let squares = workers.map((0..1000u64).collect(), |item| Ok(item * item)).unwrap();
            assert!(squares.into_iter().eq((0..1000).map(|item| item * item)));
            let fails_twice = |item: u64| match item {
                300 | 700 => Err(Error::invalid(format!("item {item}"))),
                _ => Ok(()),
            };
            let error = workers.map((0..1000).collect(), fails_twice).unwrap_err();
            assert_eq!(error.to_string(), "item 300");
        }
    }

    #[test]
    fn work_can_be_nested() {
        let workers = Workers::default();
        let sums = workers
            .map((0..20u64).collect(), |outer| Ok(workers.map((0..outer).collect(), Ok)?.into_iter().sum::<u64>()));
        assert!(sums.unwrap().into_iter().eq((0..20).map(|outer: u64| outer * outer.saturating_sub(1) / 2)));
    }

    #[test]
    fn several_threads_need_the_feature() {
        assert!(Workers::new(None).is_ok() && Workers::new(Some(1)).is_ok());
        assert_eq!(Workers::new(Some(3)).is_ok(), cfg!(feature = "threads"));
    }
}
