//! Matches the tensors of two models.

use std::collections::{HashMap, HashSet};

use tersor::Difference;

use super::model::ModelTensor;

/// A tensor of A, the matching tensor of B, and their difference. One of the tensors may be missing.
pub struct Pair<'a> {
    pub a: Option<&'a ModelTensor<'a>>,
    pub b: Option<&'a ModelTensor<'a>>,
    /// Whether the name alone is ambiguous, because a model has several tensors of this name.
    pub is_ambiguous: bool,
    /// `None` if the values have not been compared.
    pub difference: Option<Difference>,
}

/// The most important difference between the tensors of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Same,
    /// The values are equal and the stored bits differ: signs of zeros, or bits of NaN.
    Bits,
    Values,
    /// The dtypes differ; the values may differ too.
    Dtype,
    Shape,
    OnlyInA,
    OnlyInB,
}

impl Status {
    /// Returns the name that is shown in tables and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Bits => "bits",
            Self::Values => "values",
            Self::Dtype => "dtype",
            Self::Shape => "shape",
            Self::OnlyInA => "only in A",
            Self::OnlyInB => "only in B",
        }
    }
}

impl<'a> Pair<'a> {
    /// Returns both tensors if their values can be compared.
    pub fn comparable(&self) -> Option<(&'a ModelTensor<'a>, &'a ModelTensor<'a>)> {
        let (a, b) = self.a.zip(self.b)?;
        (a.shape == b.shape && Difference::is_defined(a.dtype, b.dtype)).then_some((a, b))
    }

    /// Returns the tensor of A, or the tensor of B if A has none.
    pub fn either(&self) -> Option<&'a ModelTensor<'a>> {
        self.a.or(self.b)
    }

    /// Returns the most important difference.
    pub fn status(&self) -> Status {
        match (self.a, self.b, &self.difference) {
            (_, None, _) => Status::OnlyInA,
            (None, _, _) => Status::OnlyInB,
            (Some(a), Some(b), _) if a.shape != b.shape => Status::Shape,
            (Some(a), Some(b), _) if a.dtype != b.dtype => Status::Dtype,
            (_, _, Some(difference)) if difference.changed > 0 => Status::Values,
            (_, _, Some(difference)) if !difference.is_none() => Status::Bits,
            _ => Status::Same,
        }
    }

    /// Returns whether the tensors count as the same: equal in every respect, or with a tolerance, equal in values up
    /// to the tolerance.
    pub fn is_same(&self, tolerance: Option<f64>) -> bool {
        match tolerance {
            None => self.status() == Status::Same,
            Some(tolerance) => self.difference.is_some_and(|difference| difference.is_within(tolerance)),
        }
    }
}

/// Matches tensors by name, or by file and name if a model has several tensors of one name. Returns the pairs in the
/// order of A, then the tensors that only B has.
pub fn pairs<'a>(a: &'a [ModelTensor<'a>], b: &'a [ModelTensor<'a>]) -> Vec<Pair<'a>> {
    let mut names_a: HashMap<&str, usize> = HashMap::new();
    a.iter().for_each(|entry| *names_a.entry(&entry.name).or_default() += 1);
    let mut names_b: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_file_b: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    for (index, entry) in b.iter().enumerate() {
        names_b.entry(&entry.name).or_default().push(index);
        by_file_b.entry((entry.file.as_deref(), &entry.name)).or_insert(index);
    }
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for entry in a {
        let same_name = names_b.get(entry.name.as_str()).map_or(&[][..], Vec::as_slice);
        let is_ambiguous = names_a[entry.name.as_str()] > 1 || same_name.len() > 1;
        let found = match same_name {
            [only] if !is_ambiguous => Some(*only),
            _ => by_file_b.get(&(entry.file.as_deref(), &entry.name)).copied(),
        };
        let found = found.filter(|&index| taken.insert(index));
        pairs.push(Pair { a: Some(entry), b: found.map(|index| &b[index]), is_ambiguous, difference: None });
    }
    let left = b.iter().enumerate().filter(|(index, _)| !taken.contains(index));
    pairs.extend(left.map(|(_, entry)| {
        let is_ambiguous = names_b[entry.name.as_str()].len() > 1 || names_a.contains_key(entry.name.as_str());
        Pair { a: None, b: Some(entry), is_ambiguous, difference: None }
    }));
    pairs
}
