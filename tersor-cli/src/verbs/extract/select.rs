//! What is extracted of a tensor.

use std::ops::Range;
use std::path::{Path, PathBuf};

use half::{bf16, f16};
use tersor::{Dtype, Error, ErrorKind, Escaped, Tensor, TensorSlice, element_count};

use super::args::{ExtractArgs, FloatName};
use crate::screen::failure::{Failure, Outcome};

/// A tensor, or some of its rows.
pub struct Selected<'r> {
    /// The path of the container.
    pub file: PathBuf,
    pub tensor: Tensor<'r>,
    rows: Range<u64>,
    /// The dtype and the shape in the output.
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    /// The size in the output in bytes.
    pub len: u64,
}

impl<'r> Selected<'r> {
    /// Selects the rows that the user asks for.
    pub fn new(args: &ExtractArgs, file: PathBuf, tensor: Tensor<'r>) -> Outcome<Self> {
        let name = Escaped(tensor.name());
        if args.rows.is_some() && tensor.shape().is_empty() {
            let problem = format!("a scalar has no rows (tensor {name})");
            return Err(Failure::wrong_use(&args.file, problem, "omit --rows"));
        }
        let count = tensor.row_count();
        let rows = args.rows.as_ref().map_or(0..count, |rows| rows.of(count));
        if rows.start > rows.end || rows.end > count {
            let problem = format!("rows {}..{} of {count} (tensor {name})", rows.start, rows.end);
            return Err(Failure::wrong_use(&args.file, problem, &format!("choose rows within 0..{count}")));
        }
        let mut shape = tensor.shape().to_vec();
        if let (Some(first), true) = (shape.first_mut(), args.rows.is_some()) {
            *first = rows.end - rows.start;
        }
        let dtype = args.dtype.map_or(tensor.dtype(), FloatName::dtype);
        let len = u128::from(element_count(&shape).unwrap_or(0)) * u128::from(dtype.bits()) / 8;
        Ok(Self { file, tensor, rows, dtype, shape, len: len as u64 })
    }

    /// Returns the size of the rows as they are stored, in bytes.
    pub fn stored_len(&self) -> u64 {
        let count = u128::from(self.tensor.row_count().max(1));
        // computed from the rows, because the product of a shape could overflow
        (u128::from(self.tensor.byte_len()) * u128::from(self.rows.end - self.rows.start) / count) as u64
    }

    /// Returns the selected rows.
    pub fn slice(&self) -> Outcome<TensorSlice<'r>> {
        self.tensor.rows(self.rows.clone()).map_err(|error| not_decoded(&self.file, &error))
    }

    /// Decodes and converts the values.
    pub fn decode(&self, args: &ExtractArgs) -> Outcome<Vec<u8>> {
        let rows = self.slice()?;
        let bytes = match args.dtype {
            None => rows.decode(),
            Some(FloatName::F32) => rows.decode_as::<f32>().map(|values| to_bytes(&values, f32::to_le_bytes)),
            Some(FloatName::F16) => rows.decode_as::<f16>().map(|values| to_bytes(&values, f16::to_le_bytes)),
            Some(FloatName::Bf16) => rows.decode_as::<bf16>().map(|values| to_bytes(&values, bf16::to_le_bytes)),
        };
        bytes.map_err(|error| not_decoded(&self.file, &error))
    }
}

fn to_bytes<T: Copy, const N: usize>(values: &[T], bytes_of: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes_of(value)).collect()
}

fn not_decoded(path: &Path, error: &Error) -> Failure {
    match error.kind() {
        ErrorKind::InvalidArgument => {
            Failure::wrong_use(path, error.to_string(), "choose other rows, or convert them with --dtype")
        }
        ErrorKind::Unsupported if error.section().is_none() => {
            Failure::wrong_use(path, error.to_string(), "omit --dtype")
        }
        _ => Failure::container(path, error),
    }
}
