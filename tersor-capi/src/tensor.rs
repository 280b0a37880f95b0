//! Tensors of a reader: their declarations and their values.

use tersor::{Element, Error, Tensor, TensorSlice};

use crate::dtype::Dtype;
use crate::pointers::{Input, Output};
use crate::reader::Reader;
use crate::status::{Failure, Status, guard};

/// The declaration of a tensor. The pointers are valid until the reader is freed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct TensorInfo {
    /// The name in UTF-8, without a zero byte at its end. It can hold any character.
    pub name: *const u8,
    /// The number of bytes of the name.
    pub name_len: usize,
    /// The type of the elements.
    pub dtype: Dtype,
    /// The number of dimensions.
    pub rank: usize,
    /// The dimensions, the outermost first.
    pub shape: *const u64,
    /// The number of elements.
    pub element_count: u64,
    /// The size of the decoded tensor in bytes.
    pub byte_len: u64,
}

/// Rows of a tensor: the indices of its first dimension from `start` to before `end`. A tensor without dimensions has
/// one row.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Rows {
    /// The first row.
    pub start: u64,
    /// The row after the last one.
    pub end: u64,
}

/// Writes the number of tensors to `count`.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_tensor_count(reader: Option<&Reader>, count: Output<usize>) -> Status {
    guard(|| Ok(count.put(Reader::of(reader)?.ordinals.len(), "count")?))
}

/// Writes the declaration of tensor `index` to `info`. Tensors are counted from 0, in the order of the file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_tensor_describe(reader: Option<&Reader>, index: usize, info: Output<TensorInfo>) -> Status {
    guard(|| {
        let tensor = tensor_at(reader, index)?;
        let (name, shape) = (tensor.name(), tensor.shape());
        let value = TensorInfo {
            name: name.as_ptr(),
            name_len: name.len(),
            dtype: Dtype::of(tensor.dtype())?,
            rank: shape.len(),
            shape: shape.as_ptr(),
            element_count: tensor.element_count(),
            byte_len: tensor.byte_len(),
        };
        Ok(info.put(value, "info")?)
    })
}

/// Writes the index of the tensor with this name to `index`. `name` has `name_len` bytes of UTF-8 and needs no zero
/// byte. Of several tensors with the name, which models of several files can have, the first one is found. Fails with
/// `TERSOR_STATUS_NOT_FOUND` if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_tensor_find(
    reader: Option<&Reader>,
    name: Input<u8>,
    name_len: usize,
    index: Output<usize>,
) -> Status {
    guard(|| {
        let reader = Reader::of(reader)?;
        // a name of the file is UTF-8, so a name that is not UTF-8 cannot be found
        let name = String::from_utf8_lossy(name.slice(name_len, "name")?);
        let tensor = reader.inner.tensor(&name);
        let tensor =
            tensor.ok_or_else(|| Failure::NotFound(format!("there is no tensor {}", tersor::Escaped(&name))))?;
        // ordinals are in ascending order
        let found = reader.ordinals.binary_search(&tensor.ordinal());
        let found = found.map_err(|_| Error::corrupt("the tensor is not in the list of tensors"))?;
        Ok(index.put(found, "index")?)
    })
}

/// Decodes tensor `index`, or only some `rows` of it, to `buffer` as little-endian bytes in row-major order. `len` must be
/// their number: `byte_len` of the tensor if `rows` is NULL. Rows decode only the parts of the file that hold them. After
/// an error the content of the buffer is not specified.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_decode(
    reader: Option<&Reader>,
    index: usize,
    rows: Option<&Rows>,
    buffer: Output<u8>,
    len: usize,
) -> Status {
    guard(|| {
        let tensor = tensor_at(reader, index)?;
        let out = buffer.slice(len, "buffer")?;
        match rows {
            Some(rows) => Ok(select(&tensor, rows)?.decode_bytes_into(out)?),
            None => Ok(tensor.decode_bytes_into(out)?),
        }
    })
}

/// Decodes as `tersor_decode` does, and converts each element to a `float`. `len` is the number of elements. Every dtype
/// but C64 converts; values are rounded once, to nearest with ties to even.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_decode_f32(
    reader: Option<&Reader>,
    index: usize,
    rows: Option<&Rows>,
    values: Output<f32>,
    len: usize,
) -> Status {
    guard(|| decode_values(tensor_at(reader, index)?, rows, values.slice(len, "values")?))
}

/// Decodes as `tersor_decode_f32` does, to values of type `double`.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_decode_f64(
    reader: Option<&Reader>,
    index: usize,
    rows: Option<&Rows>,
    values: Output<f64>,
    len: usize,
) -> Status {
    guard(|| decode_values(tensor_at(reader, index)?, rows, values.slice(len, "values")?))
}

/// Decodes tensor `index` and compares it with the digest in the file. Decoding itself always checks the checksums, which
/// find damage; the digest also finds a bug of an encoder or a decoder.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_tensor_verify(reader: Option<&Reader>, index: usize) -> Status {
    guard(|| Ok(tensor_at(reader, index)?.verify()?))
}

fn tensor_at(reader: Option<&Reader>, index: usize) -> Result<Tensor<'_>, Failure> {
    let reader = Reader::of(reader)?;
    let tensor = reader.ordinals.get(index).and_then(|&ordinal| reader.inner.tensor_at(ordinal));
    let count = reader.ordinals.len();
    tensor.ok_or_else(|| Failure::NotFound(format!("there is no tensor {index}: the file has {count}")))
}

fn select<'r>(tensor: &Tensor<'r>, rows: &Rows) -> tersor::Result<TensorSlice<'r>> {
    tensor.rows(rows.start..rows.end)
}

fn decode_values<T: Element>(tensor: Tensor<'_>, rows: Option<&Rows>, out: &mut [T]) -> Result<(), Failure> {
    match rows {
        Some(rows) => Ok(select(&tensor, rows)?.decode_into(out)?),
        None => Ok(tensor.decode_into(out)?),
    }
}
