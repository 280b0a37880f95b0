//! One object of a store as a source for a reader.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt};
use tersor::{ReadAhead, ReadAheadOptions, ReadAt};

use crate::RemoteOptions;
use crate::error::{changed, io_error};
use crate::runtime::wait;
use crate::store;

/// An object of a store, opened for reading ranges. It is always the same version of the object: if the object changes,
/// reading fails.
#[derive(Clone)]
pub struct RemoteFile(Arc<Object>);

struct Object {
    store: Arc<dyn ObjectStore>,
    meta: ObjectMeta,
    patience: Duration,
    /// The ranges that were loaded on opening.
    loaded: Vec<(u64, Vec<u8>)>,
}

impl RemoteFile {
    /// Opens the object that a URL names.
    ///
    /// | URL | credentials |
    /// |---|---|
    /// | `https://server/path`, `http://server/path` | none |
    /// | `s3://bucket/path` | the environment variables of AWS, or the role of the machine |
    /// | `gs://bucket/path` | the environment variables of Google Cloud, or the account of the machine |
    ///
    /// # Errors
    /// `InvalidInput` for a URL that is not understood; `NotFound`; `PermissionDenied`; `Unsupported` if the server does
    /// not answer requests for ranges; other errors of the network.
    pub fn open(url: &str, options: &RemoteOptions) -> io::Result<Self> {
        let (store, path) = store::of_url(url, options)?;
        Self::new(store, path, options)
    }

    /// Opens an object of any store.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new(store: Arc<dyn ObjectStore>, path: Path, options: &RemoteOptions) -> io::Result<Self> {
        let patience = options.patience;
        let object = wait(async move {
            // both at the same time: the size is known only when the tail is there
            let (other_store, other_path) = (Arc::clone(&store), path.clone());
            let opening =
                tokio::spawn(async move { bounded(patience, read_opening(&*other_store, &other_path)).await });
            let Part { meta, start, bytes } = bounded(patience, read_tail(&*store, &path)).await?;
            let mut loaded = vec![(start, bytes)];
            // an object shorter than the opening is in the tail
            if let Ok(Ok(opening)) = opening.await
                && start > 0
            {
                if (&opening.meta.e_tag, opening.meta.size) != (&meta.e_tag, meta.size) {
                    return Err(changed());
                }
                let mut bytes = opening.bytes;
                bytes.truncate(usize::try_from(start).unwrap_or(usize::MAX));
                loaded.push((0, bytes));
            }
            Ok(Object { store, meta, patience, loaded })
        })?;
        Ok(Self(Arc::new(object)))
    }

    /// Returns the size of the object in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.meta.size
    }

    /// Returns a source that loads ranges ahead. The bytes that were loaded on opening are not loaded again.
    ///
    /// # Errors
    /// None; the signature is the one of [`ReadAhead::with_loaded`].
    pub fn read_ahead(self, options: ReadAheadOptions) -> io::Result<ReadAhead<Self>> {
        let loaded = self.0.loaded.clone();
        ReadAhead::with_loaded(self, options, loaded)
    }

    /// Reads several ranges at once, without blocking the thread. Each range has its own request.
    ///
    /// # Errors
    /// The first error of a request.
    pub async fn read_ranges(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Vec<u8>>> {
        let mut tasks = Vec::new();
        for range in ranges {
            let (object, range) = (Arc::clone(&self.0), range.clone());
            tasks.push(tokio::spawn(async move { object.read(range).await }));
        }
        let mut all = Vec::with_capacity(tasks.len());
        for task in tasks {
            all.push(task.await.map_err(io::Error::other)??);
        }
        Ok(all)
    }
}

impl Object {
    /// Reads a range with one request.
    async fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: self.meta.e_tag.clone(),
            version: self.meta.version.clone(),
            ..GetOptions::default()
        };
        let request = async {
            let result = self.store.get_opts(&self.meta.location, options).await.map_err(|error| io_error(&error))?;
            // a server can ignore the condition
            let is_same = |then: &Option<String>, now: &Option<String>| then.is_none() || now.is_none() || then == now;
            if result.meta.size != self.meta.size || !is_same(&self.meta.e_tag, &result.meta.e_tag) {
                return Err(changed());
            }
            whole(result, range).await
        };
        bounded(self.patience, request).await
    }
}

/// A part of an object, and the object's version.
struct Part {
    meta: ObjectMeta,
    start: u64,
    bytes: Vec<u8>,
}

/// Reads the beginning of an object. An error is no problem: a reader asks for the bytes again if it needs them.
async fn read_opening(store: &dyn ObjectStore, path: &Path) -> io::Result<Part> {
    let range = 0..ReadAheadOptions::OPENING_BYTES;
    let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
    let result = store.get_opts(path, options).await.map_err(|error| io_error(&error))?;
    Ok(Part { meta: result.meta.clone(), start: 0, bytes: whole(result, range).await? })
}

async fn read_tail(store: &dyn ObjectStore, path: &Path) -> io::Result<Part> {
    let range = Some(GetRange::Suffix(ReadAheadOptions::TAIL_BYTES));
    let result = match store.get_opts(path, GetOptions { range, ..GetOptions::default() }).await {
        Ok(result) => result,
        // a store without suffixes, or an empty object
        Err(object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. }) => {
            let meta = store.head(path).await.map_err(|error| io_error(&error))?;
            let start = meta.size.saturating_sub(ReadAheadOptions::TAIL_BYTES);
            if meta.size == 0 {
                return Ok(Part { meta, start: 0, bytes: Vec::new() });
            }
            let options = GetOptions {
                range: Some(GetRange::Bounded(start..meta.size)),
                if_match: meta.e_tag.clone(),
                ..GetOptions::default()
            };
            store.get_opts(path, options).await.map_err(|error| io_error(&error))?
        }
        Err(error) => return Err(io_error(&error)),
    };
    let (meta, range) = (result.meta.clone(), result.range.clone());
    let start = range.start;
    Ok(Part { meta, start, bytes: whole(result, range).await? })
}

/// Collects the bytes of a result, which must be exactly those of `range`.
async fn whole(result: GetResult, range: Range<u64>) -> io::Result<Vec<u8>> {
    if result.range != range {
        let what = format!("the server sent bytes {:?} where {range:?} were asked for", result.range);
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    let bytes = result.bytes().await.map_err(|error| io_error(&error))?;
    if bytes.len() as u64 != range.end - range.start {
        let what = format!("the server sent {} bytes where {} were asked for", bytes.len(), range.end - range.start);
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(bytes.into())
}

/// Ends `request` with an error when the time is over.
async fn bounded<T>(patience: Duration, request: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no complete answer within {patience:.0?}"));
    tokio::time::timeout(patience, request).await.map_err(late)?
}

impl ReadAt for RemoteFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.size())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|&end| end <= self.size());
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let object = Arc::clone(&self.0);
        let bytes = wait(async move { object.read(offset..end).await })?;
        buffer.copy_from_slice(&bytes);
        Ok(())
    }
}

impl fmt::Debug for RemoteFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteFile")
            .field("path", &self.0.meta.location)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
