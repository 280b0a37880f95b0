//! Errors of stores as errors of reading.

use std::error::Error as _;
use std::io;

/// Converts an error of a store. The text names all causes.
pub fn io_error(error: &object_store::Error) -> io::Error {
    let kind = match error {
        object_store::Error::NotFound { .. } => io::ErrorKind::NotFound,
        object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
            io::ErrorKind::PermissionDenied
        }
        object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
            io::ErrorKind::Unsupported
        }
        object_store::Error::Precondition { .. } => return changed(),
        _ => io::ErrorKind::Other,
    };
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let own = error.to_string();
        // many errors already contain the text of their cause
        if !text.contains(&own) {
            text = format!("{text}: {own}");
        }
        cause = error.source();
    }
    io::Error::new(kind, text)
}

/// The object is no longer the one that was opened.
pub fn changed() -> io::Error {
    io::Error::other("the object has changed since it was opened: open it again")
}
