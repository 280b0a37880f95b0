//! The importance of values: errors of important values count more.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::tensor::{TensorView, convert, element_count};

/// The importance of the values of some tensors: a weight of at least 0 for each value, each row or each column. The
/// squared error of a value is multiplied by its weight. Only the ratios of the weights of one tensor matter.
///
/// ```
/// let mut importance = tersor::Importance::default();
/// // of a tensor with 2 columns the second one counts 100 times
/// importance.insert("layer.weight", &[2], vec![1.0, 100.0])?;
/// # Ok::<(), tersor::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Importance {
    tensors: BTreeMap<String, Given>,
}

#[derive(Debug, Clone, PartialEq)]
struct Given {
    shape: Vec<u64>,
    weights: Vec<f32>,
}

/// The weights of the errors of a matrix. Their mean is 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Weighting {
    Even,
    Rows(Vec<f32>),
    Columns(Vec<f32>),
    Values(Vec<f32>),
}

impl Importance {
    /// Sets the weights of a tensor. `shape` is the shape of the weights: that of the tensor; \[n\] for a weight for each
    /// index of the last dimension n; or \[a\] or \[a, 1\] for a weight for each index of the first dimension a. If a
    /// tensor is square, \[n\] means columns.
    ///
    /// # Errors
    /// `InvalidArgument` if a weight is negative, infinite or NaN, or if all weights are 0; if the number of weights is
    /// not the product of the dimensions.
    pub fn insert(&mut self, name: &str, shape: &[u64], weights: Vec<f32>) -> Result<()> {
        let refused = |what: &str| Err(Error::invalid(what).in_tensor(name));
        if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
            return refused("a weight of the importance is negative, infinite or NaN");
        }
        if !weights.iter().any(|&weight| weight > 0.0) {
            return refused("all weights of the importance are 0");
        }
        if element_count(shape) != Some(weights.len() as u64) {
            return refused("the importance does not have as many weights as its shape says");
        }
        self.tensors.insert(name.to_owned(), Given { shape: shape.to_vec(), weights });
        Ok(())
    }

    /// Sets the weights of a tensor to the values of another one, of any dtype but a complex one.
    ///
    /// # Errors
    /// As [`insert`](Self::insert), and `Unsupported` for complex values.
    pub fn insert_tensor(&mut self, name: &str, weights: &TensorView<'_>) -> Result<()> {
        let count = element_count(weights.shape()).unwrap_or(0);
        let mut values = vec![0f32; count as usize];
        convert(weights.dtype(), weights.bytes(), &mut values).map_err(|error| error.in_tensor(name))?;
        self.insert(name, weights.shape(), values)
    }

    /// Returns the names of the tensors that have weights, in ascending order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Returns the weights of a tensor that is read as a matrix of `columns` columns.
    ///
    /// # Errors
    /// `InvalidArgument` if the shape of the weights does not suit the shape of the tensor.
    pub(crate) fn weighting(&self, name: &str, shape: &[u64], columns: usize) -> Result<Weighting> {
        let Some(given) = self.tensors.get(name) else { return Ok(Weighting::Even) };
        let Given { shape: own, weights } = given;
        let elements: u64 = shape.iter().product();
        let (first, last) = (shape.first().copied().unwrap_or(1), shape.last().copied().unwrap_or(1));
        let rows = elements / columns.max(1) as u64;
        let whole = |index: &dyn Fn(u64) -> u64| {
            Weighting::Values((0..elements).map(|value| weights[index(value) as usize]).collect())
        };
        let weighting = match &own[..] {
            own if own == shape => Weighting::Values(weights.clone()),
            [n] if *n == last && last == columns as u64 => Weighting::Columns(weights.clone()),
            [n] if *n == last => whole(&|value| value % last),
            [a] | [a, 1] if *a == first && first == rows => Weighting::Rows(weights.clone()),
            [a] | [a, 1] if *a == first => whole(&|value| value / (elements / first)),
            _ => {
                let what = format!(
                    "the importance has the shape {own:?}, but the tensor has {shape:?}: give weights of this shape, \
                     [{last}] for columns, or [{first}] or [{first}, 1] for rows"
                );
                return Err(Error::invalid(what).in_tensor(name));
            }
        };
        Ok(weighting.normalised())
    }
}

impl Weighting {
    fn normalised(self) -> Self {
        let scale = |weights: Vec<f32>| {
            let sum: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
            let mean = sum / weights.len().max(1) as f64;
            weights.into_iter().map(|weight| (f64::from(weight) / mean) as f32).collect()
        };
        match self {
            Self::Even => Self::Even,
            Self::Rows(weights) => Self::Rows(scale(weights)),
            Self::Columns(weights) => Self::Columns(scale(weights)),
            Self::Values(weights) => Self::Values(scale(weights)),
        }
    }

    /// Returns the weight of a value.
    #[inline(always)]
    pub(crate) fn of(&self, row: usize, column: usize, columns: usize) -> f32 {
        match self {
            Self::Even => 1.0,
            Self::Rows(weights) => weights[row],
            Self::Columns(weights) => weights[column],
            Self::Values(weights) => weights[row * columns + column],
        }
    }

    /// Returns the weights of some rows.
    pub(super) fn of_rows(&self, rows: &[usize], columns: usize) -> Self {
        match self {
            Self::Even => Self::Even,
            Self::Rows(weights) => Self::Rows(rows.iter().map(|&row| weights[row]).collect()),
            Self::Columns(weights) => Self::Columns(weights.clone()),
            Self::Values(weights) => {
                let values = |&row: &usize| &weights[row * columns..(row + 1) * columns];
                Self::Values(rows.iter().flat_map(values).copied().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let mut importance = Importance::default();
        importance.insert("w", &[3], vec![1.0, 2.0, 3.0]).unwrap();
        assert_eq!(importance.weighting("w", &[2, 3], 3).unwrap(), Weighting::Columns(vec![0.5, 1.0, 1.5]));
        assert_eq!(importance.weighting("w", &[3, 4], 4).unwrap(), Weighting::Rows(vec![0.5, 1.0, 1.5]));
        assert_eq!(importance.weighting("other", &[3, 4], 4).unwrap(), Weighting::Even);
        let error = importance.weighting("w", &[4, 5], 5).unwrap_err().to_string();
        assert!(error.contains("[3]") && error.contains("[4, 5]"), "{error}");
        assert!(importance.insert("w", &[2], vec![1.0, -1.0]).is_err());
        assert!(importance.insert("w", &[2], vec![0.0, 0.0]).is_err());
        assert!(importance.insert("w", &[2], vec![1.0]).is_err());
    }
}
