//! Calls of the C interface with Rust values.

use std::ffi::{CStr, CString};
use std::path::Path;

use tersor_capi::*;

/// Returns an input of a slice, which must live until the function returns that receives it.
pub fn input<T: Plain>(values: &[T]) -> Input<T> {
    // SAFETY: each test keeps the slice until the call returns, or until the reader is freed.
    unsafe { Input::new(values.as_ptr()) }
}

/// Returns an output of a place.
pub fn output<T>(place: &mut T) -> Output<T> {
    // SAFETY: each test keeps the place until the call returns.
    unsafe { Output::new(place) }
}

/// Returns an output of a slice.
pub fn buffer<T>(slice: &mut [T]) -> Output<T> {
    // SAFETY: each test keeps the slice until the call returns.
    unsafe { Output::new(slice.as_mut_ptr()) }
}

/// Returns the null pointer as an input.
pub fn null_input<T: Plain>() -> Input<T> {
    // SAFETY: null is allowed.
    unsafe { Input::new(std::ptr::null()) }
}

/// Returns the null pointer as an output.
pub fn null_output<T>() -> Output<T> {
    // SAFETY: null is allowed.
    unsafe { Output::new(std::ptr::null_mut()) }
}

/// Returns the null pointer as a text.
pub fn null_text() -> Text {
    // SAFETY: null is allowed.
    unsafe { Text::new(std::ptr::null()) }
}

/// Passes a path to a function.
pub fn with_path<T>(path: &Path, function: impl FnOnce(Text) -> T) -> T {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the text lives until the function returns.
    function(unsafe { Text::new(path.as_ptr()) })
}

/// Returns the message of the last error.
pub fn message() -> String {
    // SAFETY: the function returns a text that ends with a zero byte.
    unsafe { CStr::from_ptr(tersor_last_error_message()) }.to_str().unwrap().to_owned()
}

/// Returns a text that the library lent.
pub fn lent(text: *const u8, len: usize) -> String {
    // SAFETY: the reader that lent the text is open in every test.
    String::from_utf8(unsafe { std::slice::from_raw_parts(text, len) }.to_vec()).unwrap()
}

/// Opens a file with options.
pub fn open(path: &Path, options: Option<&DecodeOptions>) -> Result<Box<Reader>, Status> {
    let mut reader = None;
    match with_path(path, |path| tersor_open(path, options, output(&mut reader))) {
        Status::Ok => Ok(reader.unwrap()),
        status => {
            assert!(reader.is_none());
            Err(status)
        }
    }
}

/// Adds a tensor to a writer.
pub fn add(writer: &mut Writer, name: &str, dtype: Dtype, shape: &[u64], bytes: &[u8]) -> Status {
    let (name, dtype) = (name.as_bytes(), dtype as u32);
    let (rank, len) = (shape.len(), bytes.len());
    tersor_writer_add(Some(writer), input(name), name.len(), dtype, input(shape), rank, input(bytes), len)
}

/// Begins a file.
pub fn create(path: &Path, replace: bool) -> Result<Box<Writer>, Status> {
    let mut writer = None;
    match with_path(path, |path| tersor_writer_create(path, replace, None, output(&mut writer))) {
        Status::Ok => Ok(writer.unwrap()),
        status => Err(status),
    }
}

/// Finds a tensor by its name.
pub fn find(reader: &Reader, name: &str) -> Result<usize, Status> {
    let mut index = usize::MAX;
    match tersor_tensor_find(Some(reader), input(name.as_bytes()), name.len(), output(&mut index)) {
        Status::Ok => Ok(index),
        status => Err(status),
    }
}
