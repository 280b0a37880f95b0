//! Quantises a whole tensor by settings that are complete.

use std::sync::Arc;

use super::codebook::share_values;
use super::floats::{read_floats, rounded, write_floats};
use super::importance::Weighting;
use super::matrix::{Matrix, columns_of};
use super::measure::Errors;
use super::prune::kept;
use super::scalar::{Integers, Octaves, Steps, quantize};
use super::treatment::Prune;
use crate::error::Result;
use crate::tensor::TensorView;
use crate::workers::Workers;

/// What is done to a tensor, with all numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) prune: Option<Prune>,
    pub(crate) values: ValueSetting,
}

/// What is done to the values that are not pruned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueSetting {
    Exact,
    /// They become integers times this step.
    Step(f64),
    /// They become one of this number of values.
    Codebook(usize),
}

/// A quantised tensor.
#[derive(Debug, Clone)]
pub(crate) struct QuantizedValues {
    /// The elements, little-endian; `None` if the caller had no room for them.
    pub(crate) bytes: Option<Arc<Vec<u8>>>,
    /// The steps, if the values lie on a grid.
    pub(crate) steps: Option<Steps>,
    pub(crate) errors: Errors,
    /// The number of values that are 0.
    pub(crate) zeros: u64,
    /// The estimated cost in bits; `None` if values stay exact.
    pub(crate) bits: Option<f64>,
}

/// Reads a tensor as a matrix; chooses the values to prune.
pub(crate) fn read_matrix(tensor: &TensorView<'_>, weighting: Weighting, prune: Option<Prune>) -> Matrix {
    let shape = tensor.shape();
    let columns = columns_of(shape);
    let mut matrix = Matrix::new(read_floats(tensor.dtype(), tensor.bytes()), columns);
    matrix.kept = prune.map(|prune| kept(&matrix.values, shape, columns, &weighting, prune));
    matrix.weighting = weighting;
    matrix
}

/// Quantises the values of a matrix. Returns them, the steps, and the estimated cost in bits. `share` is the share of the
/// tensor's values that the matrix has.
pub(crate) fn quantize_values(
    matrix: &Matrix,
    dtype: crate::tensor::Dtype,
    values: ValueSetting,
    share: f64,
    workers: &Workers,
) -> Result<(Vec<f32>, Option<Steps>, Option<f64>)> {
    let round = |value: f32| rounded(value, dtype);
    Ok(match values {
        ValueSetting::Step(step) => {
            let Integers { values, steps, bits } =
                quantize(matrix, Steps::new(step, &matrix.weighting), share, workers)?;
            (reconstruct(&values, &steps, matrix.columns, round), Some(steps), Some(bits))
        }
        ValueSetting::Codebook(entries) => {
            let (values, bits) = share_values(matrix, entries, round);
            (values, None, Some(bits))
        }
        ValueSetting::Exact => {
            let kept = |index: usize| matrix.kept.as_ref().is_none_or(|kept| kept[index]);
            let values = matrix.values.iter().enumerate();
            (values.map(|(index, &value)| if kept(index) { value } else { 0.0 }).collect(), None, None)
        }
    })
}

/// Returns integers times their steps, rounded to the dtype: the arithmetic of grids in the format.
fn reconstruct(integers: &[i32], steps: &Steps, columns: usize, round: impl Fn(f32) -> f32) -> Vec<f32> {
    let mut values = Vec::with_capacity(integers.len());
    for (row, integers) in integers.chunks(columns).enumerate() {
        match steps.octaves {
            Octaves::Columns(_) => {
                values.extend(
                    (0..).zip(integers).map(|(column, &integer)| round(integer as f32 * steps.of(row, column))),
                );
            }
            Octaves::None | Octaves::Rows(_) => {
                let step = steps.of(row, 0);
                values.extend(integers.iter().map(|&integer| round(integer as f32 * step)));
            }
        }
    }
    values
}

/// Quantises a tensor of finite values.
pub(crate) fn apply(
    tensor: &TensorView<'_>,
    weighting: Weighting,
    setting: Setting,
    workers: &Workers,
) -> Result<QuantizedValues> {
    let matrix = read_matrix(tensor, weighting, setting.prune);
    let (values, steps, bits) = quantize_values(&matrix, tensor.dtype(), setting.values, 1.0, workers)?;
    let errors = Errors::between(&matrix, &values);
    let zeros = values.iter().filter(|value| **value == 0.0).count() as u64;
    let mut bytes = Vec::with_capacity(tensor.bytes().len());
    write_floats(values.into_iter(), tensor.dtype(), &mut bytes);
    Ok(QuantizedValues { bytes: Some(Arc::new(bytes)), steps, errors, zeros, bits })
}
