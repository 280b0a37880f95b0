//! Writes NumPy's .npy format. The crate npyz writes the header; the elements are copied byte for byte.

use std::io::{self, Write};

use npyz::{DType, DTypeError, Serialize, TypeWrite, WriteOptions, WriterBuilder};
use tersor::Dtype;

/// An element of N bytes in little-endian order.
struct Element<const N: usize>([u8; N]);

struct ElementWriter<const N: usize>;

impl<const N: usize> TypeWrite for ElementWriter<N> {
    type Value = Element<N>;

    fn write_one<W: Write>(&self, mut writer: W, element: &Element<N>) -> io::Result<()> {
        writer.write_all(&element.0)
    }
}

impl<const N: usize> Serialize for Element<N> {
    type TypeWriter = ElementWriter<N>;

    fn writer(_: &DType) -> Result<Self::TypeWriter, DTypeError> {
        Ok(ElementWriter)
    }
}

/// Returns NumPy's name of a dtype; `None` if NumPy does not have this dtype.
pub fn type_name(dtype: Dtype) -> Option<&'static str> {
    Some(match dtype {
        Dtype::Bool => "|b1",
        Dtype::U8 => "|u1",
        Dtype::I8 => "|i1",
        Dtype::U16 => "<u2",
        Dtype::I16 => "<i2",
        Dtype::U32 => "<u4",
        Dtype::I32 => "<i4",
        Dtype::U64 => "<u8",
        Dtype::I64 => "<i8",
        Dtype::F16 => "<f2",
        Dtype::F32 => "<f4",
        Dtype::F64 => "<f8",
        Dtype::C64 => "<c8",
        _ => return None,
    })
}

/// Returns whether NumPy accepts an array of this dtype and shape. The product of all nonzero dimensions must stay
/// below 2^63 bytes, even if another dimension is 0.
pub fn can_hold(dtype: Dtype, shape: &[u64]) -> bool {
    let others = shape.iter().filter(|&&dimension| dimension > 0);
    let bytes = others.copied().try_fold(u64::from(dtype.bits().div_ceil(8)), u64::checked_mul);
    bytes.is_some_and(|bytes| i64::try_from(bytes).is_ok())
}

/// Writes an array that [`can_hold`] allows; `out` should be buffered.
pub fn write(out: &mut impl Write, dtype: Dtype, shape: &[u64], bytes: &[u8]) -> io::Result<()> {
    let unknown = || io::Error::other(format!("the .npy format has no {dtype}"));
    let name = type_name(dtype).ok_or_else(unknown)?;
    let dtype = DType::new_scalar(name.parse().map_err(|_| unknown())?);
    match dtype.num_bytes() {
        Some(1) => write_elements::<1>(out, dtype, shape, bytes),
        Some(2) => write_elements::<2>(out, dtype, shape, bytes),
        Some(4) => write_elements::<4>(out, dtype, shape, bytes),
        Some(8) => write_elements::<8>(out, dtype, shape, bytes),
        _ => Err(unknown()),
    }
}

fn write_elements<const N: usize>(out: &mut impl Write, dtype: DType, shape: &[u64], bytes: &[u8]) -> io::Result<()> {
    let mut writer = WriteOptions::<Element<N>>::new().dtype(dtype).shape(shape).writer(out).begin_nd()?;
    let (elements, _) = bytes.as_chunks::<N>();
    writer.extend(elements.iter().map(|element| Element(*element)))?;
    writer.finish()
}
