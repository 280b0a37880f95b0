//! Pointers from C as Rust sees them. This is the only file with `unsafe` code: the C caller promises here that a pointer
//! is valid, and every other file works with slices and references.

use std::ffi::{CStr, OsStr, c_char, c_void};
use std::path::Path;

use tersor::{Error, Result};

/// Types for which every byte pattern is a value.
pub trait Plain: sealed::Sealed + Copy + 'static {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl sealed::Sealed for $type {}
        impl Plain for $type {}
    )*};
}

plain!(u8, u64, f32, f64);

/// A pointer to values that the caller lends. The caller passes their number beside it.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Input<T>(*const T);

impl<T: Plain> Input<T> {
    /// Makes an input from a pointer.
    ///
    /// # Safety
    /// The pointer is null, or points to as many values as the function says that receives it. Nobody changes them
    /// until the function returns, or as long as the function says.
    #[must_use]
    pub const unsafe fn new(pointer: *const T) -> Self {
        Self(pointer)
    }

    /// Returns the `len` values. A null pointer is accepted for no values.
    pub(crate) fn slice<'a>(self, len: usize, name: &str) -> Result<&'a [T]> {
        if len == 0 {
            return Ok(&[]);
        }
        check(self.0, len, name)?;
        // SAFETY: the pointer is neither null nor misaligned, the size is at most `isize::MAX`, and every byte pattern is
        // a value. The caller promises that it points to `len` values that stay unchanged (see `new`).
        Ok(unsafe { std::slice::from_raw_parts(self.0, len) })
    }
}

/// A pointer to memory of the caller, to which a function writes.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Output<T>(*mut T);

impl<T> Output<T> {
    /// Makes an output from a pointer.
    ///
    /// # Safety
    /// The pointer is null, or points to memory for as many values as the function says that receives it, which nobody
    /// else uses until the function returns.
    #[must_use]
    pub const unsafe fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// Returns the pointer.
    #[must_use]
    pub const fn pointer(self) -> *mut T
    where
        T: Copy,
    {
        self.0
    }

    /// Makes an output of a slice, for a callback.
    pub(crate) fn of_slice(slice: &mut [T]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// Returns whether the pointer is null.
    pub(crate) fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// Writes one value. The memory may be uninitialised before.
    pub(crate) fn put(&self, value: T, name: &str) -> Result<()> {
        check(self.0, 1, name)?;
        // SAFETY: the pointer is neither null nor misaligned. The caller promises that it points to memory for one value
        // (see `new`). The old content is not dropped.
        unsafe { self.0.write(value) };
        Ok(())
    }
}

impl<T: Plain> Output<T> {
    /// Returns the memory for `len` values. A null pointer is accepted for no values.
    pub(crate) fn slice<'a>(self, len: usize, name: &str) -> Result<&'a mut [T]> {
        if len == 0 {
            return Ok(&mut []);
        }
        check(self.0, len, name)?;
        // SAFETY: the pointer is neither null nor misaligned, the size is at most `isize::MAX`, and every byte pattern is
        // a value. The caller promises that it points to memory for `len` values that nobody else uses (see `new`).
        Ok(unsafe { std::slice::from_raw_parts_mut(self.0, len) })
    }
}

/// A text that ends with a zero byte.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct Text(*const c_char);

impl Text {
    /// Makes a text from a pointer.
    ///
    /// # Safety
    /// The pointer is null, or points to bytes that end with a zero byte and that nobody changes until the function
    /// that receives it returns.
    #[must_use]
    pub const unsafe fn new(pointer: *const c_char) -> Self {
        Self(pointer)
    }

    /// Returns the text as a path.
    pub(crate) fn path<'a>(self, name: &str) -> Result<&'a Path> {
        check(self.0, 1, name)?;
        // SAFETY: the pointer is not null. The caller promises that a zero byte ends the text (see `new`).
        let text = unsafe { CStr::from_ptr(self.0) };
        path_of(text, name)
    }
}

#[cfg(unix)]
fn path_of<'a>(text: &'a CStr, _: &str) -> Result<&'a Path> {
    use std::os::unix::ffi::OsStrExt;
    Ok(Path::new(OsStr::from_bytes(text.to_bytes())))
}

/// Paths are UTF-8 on systems whose paths are not bytes.
#[cfg(not(unix))]
fn path_of<'a>(text: &'a CStr, name: &str) -> Result<&'a Path> {
    let text = text.to_str().map_err(|_| Error::invalid(format!("{name} is not UTF-8")))?;
    Ok(Path::new(OsStr::new(text)))
}

/// A pointer that is passed to callbacks and that the library does not follow.
#[derive(Debug, Clone, Copy)]
#[repr(transparent)]
pub struct UserData(*mut c_void);

// SAFETY: the library does not follow the pointer. Callbacks that receive it are documented to run on any thread.
unsafe impl Send for UserData {}
// SAFETY: as for `Send`; callbacks are documented to run on several threads at the same time.
unsafe impl Sync for UserData {}

impl UserData {
    /// The null pointer.
    pub const NULL: Self = Self(std::ptr::null_mut());

    /// Makes user data from a pointer.
    #[must_use]
    pub const fn new(pointer: *mut c_void) -> Self {
        Self(pointer)
    }

    /// Returns the pointer.
    #[must_use]
    pub const fn pointer(self) -> *mut c_void {
        self.0
    }
}

/// Maps a file into memory.
pub(crate) fn map(path: &Path) -> std::io::Result<tersor::Map> {
    // SAFETY: the documentation of `tersor_open_map` makes the caller promise that nobody changes the file.
    unsafe { tersor::Map::open(path) }
}

/// Refuses a null or misaligned pointer, and a size that no memory has.
fn check<T>(pointer: *const T, len: usize, name: &str) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::invalid(format!("{name} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Error::invalid(format!("{name} is not aligned")));
    }
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(()),
        _ => Err(Error::invalid(format!("the length of {name} is larger than any memory"))),
    }
}
