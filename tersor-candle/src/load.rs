//! Elements of a tensor as a tensor of candle.

use candle_core::{DType, Device, Error, Result, Shape, Tensor, WithDType};
use half::{bf16, f16};
use tersor::{Dtype, Element, Reader, TensorSlice};

/// Finds a tensor.
pub(crate) fn find<'r>(reader: &'r Reader<'_>, name: &str) -> Result<tersor::Tensor<'r>> {
    reader.tensor(name).ok_or_else(|| Error::CannotFindTensor { path: name.to_owned() }.bt())
}

/// Converts dimensions.
pub(crate) fn shape_of(dimensions: &[u64]) -> Result<Shape> {
    let too_large = |_| Error::msg(format!("the shape {dimensions:?} is too large for this machine"));
    let dimension = |&dimension| usize::try_from(dimension).map_err(too_large);
    Ok(Shape::from(dimensions.iter().map(dimension).collect::<Result<Vec<usize>>>()?))
}

/// Refuses a tensor of another shape than the model expects.
pub(crate) fn check_shape(name: &str, expected: &Shape, got: Shape) -> Result<()> {
    if *expected == got {
        return Ok(());
    }
    Err(Error::UnexpectedShape { msg: format!("shape mismatch for {name}"), expected: expected.clone(), got }.bt())
}

/// Decodes elements to a tensor of this shape, and converts it to `dtype`.
pub(crate) fn load_as(
    elements: &TensorSlice<'_>,
    name: &str,
    shape: Shape,
    dtype: DType,
    device: &Device,
) -> Result<Tensor> {
    let tensor = match elements.dtype() {
        // candle 0.11 never returns from some conversions of this dtype, so the library makes the first step, which is exact
        Dtype::F8_E4M3 if dtype != DType::F8E4M3 => decode::<f32>(elements, shape, device)?,
        _ => load(elements, name, shape, device)?,
    };
    tensor.to_dtype(dtype)
}

/// Decodes elements in the dtype of the file to a tensor of this shape.
pub(crate) fn load(elements: &TensorSlice<'_>, name: &str, shape: Shape, device: &Device) -> Result<Tensor> {
    match elements.dtype() {
        Dtype::U8 => decode::<u8>(elements, shape, device),
        // candle has no U16
        Dtype::U16 | Dtype::U32 => decode::<u32>(elements, shape, device),
        Dtype::I16 => decode::<i16>(elements, shape, device),
        Dtype::I32 => decode::<i32>(elements, shape, device),
        Dtype::I64 => decode::<i64>(elements, shape, device),
        Dtype::BF16 => decode::<bf16>(elements, shape, device),
        Dtype::F16 => decode::<f16>(elements, shape, device),
        Dtype::F32 => decode::<f32>(elements, shape, device),
        Dtype::F64 => decode::<f64>(elements, shape, device),
        Dtype::F8_E4M3 => decode_bytes(elements, DType::F8E4M3, shape, device),
        Dtype::F8_E8M0 => decode_bytes(elements, DType::F8E8M0, shape, device),
        Dtype::F6_E2M3 => decode_bytes(elements, DType::F6E2M3, shape, device),
        Dtype::F6_E3M2 => decode_bytes(elements, DType::F6E3M2, shape, device),
        Dtype::F4 => decode_bytes(elements, DType::F4, shape, device),
        dtype => Err(Error::msg(format!("tensor {name}: candle has no dtype {dtype}"))),
    }
}

/// Decodes to the vector that becomes the tensor.
fn decode<T: Element + WithDType>(elements: &TensorSlice<'_>, shape: Shape, device: &Device) -> Result<Tensor> {
    let values: Vec<T> = elements.decode_as().map_err(Error::wrap)?;
    Tensor::from_vec(values, shape, device)
}

/// Decodes a dtype that has no Rust type in the library; candle copies the bytes.
fn decode_bytes(elements: &TensorSlice<'_>, dtype: DType, shape: Shape, device: &Device) -> Result<Tensor> {
    let bytes = elements.decode().map_err(Error::wrap)?;
    Tensor::from_raw_buffer(&bytes, dtype, shape.dims(), device)
}
