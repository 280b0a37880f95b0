//! Runs work on many items in parallel and returns the results in the order of the items. Without the feature `threads`
//! the items are processed one after another.

#[cfg(feature = "threads")]
use crate::error::ErrorKind;
use crate::error::{Error, Result};

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

    /// Calls `work` for every item. If several calls fail, the error of the first of these items is returned.
    pub(crate) fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> Result<R> + Sync) -> Result<Vec<R>> {
        if self.serial || items.len() < 2 {
            return items.into_iter().map(work).collect();
        }
        #[cfg(feature = "threads")]
        {
            use rayon::prelude::*;
            let run = || items.into_par_iter().map(&work).collect::<Vec<Result<R>>>();
            let results = match &self.pool {
                Some(pool) => pool.install(run),
                None => run(),
            };
            results.into_iter().collect()
        }
        #[cfg(not(feature = "threads"))]
        items.into_iter().map(work).collect()
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
    fn several_threads_need_the_feature() {
        assert!(Workers::new(None).is_ok() && Workers::new(Some(1)).is_ok());
        assert_eq!(Workers::new(Some(3)).is_ok(), cfg!(feature = "threads"));
    }
}
