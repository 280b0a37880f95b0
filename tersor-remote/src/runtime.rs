//! Waits for asynchronous requests in a program that need not be asynchronous.

use std::future::Future;
use std::io;
use std::sync::{OnceLock, mpsc};

use tokio::runtime::{Builder, Runtime};

/// Runs `work` on threads of this crate, and waits for its result. Unlike `block_on`, this works on the threads of every
/// other runtime too.
pub fn wait<T: Send + 'static>(work: impl Future<Output = io::Result<T>> + Send + 'static) -> io::Result<T> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let builder = Builder::new_multi_thread().worker_threads(2).thread_name("tersor-remote").enable_all().build();
        builder.map_err(|error| error.to_string())
    });
    let runtime = runtime.as_ref().map_err(|text| io::Error::other(format!("cannot start threads: {text}")))?;
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // the receiver waits, so sending cannot fail
        let _ = sender.send(work.await);
    });
    receiver.recv().map_err(|_| io::Error::other("a request ended without a result"))?
}
