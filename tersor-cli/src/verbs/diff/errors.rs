//! The errors of the tensors of a model, compared with an original.

use std::num::NonZero;
use std::path::Path;
use std::thread;

use tersor::{Difference, Limits};

use super::model::{Model, OpenModel};
use super::pairs::{Status, pairs};
use super::parts;
use crate::screen::bar::Bar;
use crate::screen::failure::Outcome;

/// A tensor of the original or of the model, and its error.
pub struct TensorError {
    pub name: String,
    /// The number of its elements.
    pub weights: u64,
    /// Whether every bit is the same.
    pub is_same: bool,
    /// The difference, with the original's values as the signal; `None` if only one of both has the tensor, or if the
    /// shapes differ.
    pub difference: Option<Difference>,
}

/// Compares all tensors of `model` with those of `original`.
pub fn errors(
    [original, model]: [&Path; 2],
    limits: Limits,
    threads: Option<usize>,
    bar: &Bar,
) -> Outcome<Vec<TensorError>> {
    let open = [OpenModel::open(original, limits)?, OpenModel::open(model, limits)?];
    let (a, b) = (Model::new(&open[0])?, Model::new(&open[1])?);
    let threads = threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let mut pairs = pairs(&a.tensors, &b.tensors);
    parts::compare(&mut pairs, [original, model], threads, bar)?;
    let errors = pairs.iter().map(|pair| TensorError {
        name: pair.either().map_or_else(String::new, |tensor| tensor.name().to_owned()),
        weights: pair.either().map_or(0, |tensor| tensor.elements()),
        is_same: pair.status() == Status::Same,
        difference: pair.difference(),
    });
    Ok(errors.collect())
}
