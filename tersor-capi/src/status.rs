//! Status codes, and the last error of each thread.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tersor::{Error, ErrorKind};

/// The result of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// Success.
    Ok = 0,
    /// The input ends too early.
    Truncated = 1,
    /// The input breaks a rule of the format.
    Corrupt = 2,
    /// The input needs something that this version does not know, or the dtype does not convert to the requested type.
    Unsupported = 3,
    /// The input asks for more than the limits allow.
    Limit = 4,
    /// The caller passed an argument that cannot be used.
    InvalidArgument = 5,
    /// Reading or writing failed.
    Io = 6,
    /// The progress callback asked to stop.
    Cancelled = 7,
    /// There is no tensor or metadata key with this name.
    NotFound = 8,
    /// The library has a bug. The handle can still be freed.
    Internal = 9,
}

impl Status {
    fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Truncated => Self::Truncated,
            ErrorKind::Corrupt => Self::Corrupt,
            ErrorKind::Unsupported => Self::Unsupported,
            ErrorKind::Limit => Self::Limit,
            ErrorKind::InvalidArgument => Self::InvalidArgument,
            ErrorKind::Io => Self::Io,
            ErrorKind::Cancelled => Self::Cancelled,
            _ => Self::Internal,
        }
    }

    fn name(code: u32) -> &'static CStr {
        match code {
            0 => c"ok",
            1 => c"truncated",
            2 => c"corrupt",
            3 => c"unsupported",
            4 => c"limit",
            5 => c"invalid argument",
            6 => c"io",
            7 => c"cancelled",
            8 => c"not found",
            9 => c"internal",
            _ => c"unknown",
        }
    }
}

/// The reason why a function fails.
pub(crate) enum Failure {
    Library(Error),
    NotFound(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// The last error of a thread.
struct LastError {
    status: Status,
    message: CString,
    offset: Option<u64>,
    tensor: Option<CString>,
}

impl LastError {
    fn new(status: Status, message: &str) -> Self {
        Self { status, message: c_text(message), offset: None, tensor: None }
    }
}

impl From<Failure> for LastError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound(message) => Self::new(Status::NotFound, &message),
            Failure::Library(error) => Self {
                offset: error.offset(),
                tensor: error.tensor().map(c_text),
                ..Self::new(Status::of(error.kind()), &error.to_string())
            },
        }
    }
}

thread_local! {
    static LAST_ERROR: RefCell<Option<LastError>> = const { RefCell::new(None) };
}

/// Runs the body of a function for C. An error, or a panic, becomes a status and the last error of the thread.
pub(crate) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> Status {
    let error = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return Status::Ok,
        Ok(Err(failure)) => LastError::from(failure),
        Err(panic) => LastError::new(Status::Internal, &panic_text(&*panic)),
    };
    let status = error.status;
    LAST_ERROR.with_borrow_mut(|last| *last = Some(error));
    status
}

/// Drops a handle. A panic ends here.
pub(crate) fn free<T>(handle: Option<Box<T>>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(handle)));
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    format!("a bug in the library: {text}")
}

/// Returns a text for C, in which a zero byte would be the end.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\\0")).unwrap_or_default()
}

/// Returns the message of the last error on this thread: the path, the problem and the place in the file. Returns an
/// empty text if no call has failed. The text is valid until the next call on this thread fails. A call that succeeds
/// leaves it as it is.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_last_error_message() -> *const c_char {
    LAST_ERROR.with_borrow(|last| last.as_ref().map_or(c"".as_ptr(), |error| error.message.as_ptr()))
}

/// Returns the status of the last error on this thread, or `TERSOR_STATUS_OK` if no call has failed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_last_error_status() -> Status {
    LAST_ERROR.with_borrow(|last| last.as_ref().map_or(Status::Ok, |error| error.status))
}

/// Returns the offset in bytes from the start of the file at which the last error on this thread was found, or
/// `UINT64_MAX` if it is not known.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_last_error_offset() -> u64 {
    LAST_ERROR.with_borrow(|last| last.as_ref().and_then(|error| error.offset).unwrap_or(u64::MAX))
}

/// Returns the name of the tensor or contained file of the last error on this thread, or NULL if it is not known. The
/// name comes from the input and can hold control characters. It is valid until the next call on this thread fails.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_last_error_tensor() -> *const c_char {
    let tensor = |error: &LastError| error.tensor.as_ref().map(|tensor| tensor.as_ptr());
    LAST_ERROR.with_borrow(|last| last.as_ref().and_then(tensor).unwrap_or(std::ptr::null()))
}

/// Returns the name of a status, such as `corrupt`. The text is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_status_name(status: u32) -> *const c_char {
    Status::name(status).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guard(|| panic!("lost {}", 3)), Status::Internal);
        LAST_ERROR.with_borrow(|last| {
            let message = last.as_ref().map(|error| error.message.as_c_str());
            assert_eq!(message, Some(c"a bug in the library: lost 3"));
        });
        assert_eq!(guard(|| Ok(())), Status::Ok);
        // a success keeps the last error
        assert_eq!(tersor_last_error_status(), Status::Internal);
        assert_eq!(guard(|| Err(Error::corrupt("a\0b").at(7).into())), Status::Corrupt);
        assert_eq!(tersor_last_error_offset(), 7);
    }

    #[test]
    fn every_status_has_a_name() {
        for code in 0..=Status::Internal as u32 {
            assert_ne!(Status::name(code), c"unknown");
        }
        assert_eq!(Status::name(Status::Internal as u32 + 1), c"unknown");
    }
}
