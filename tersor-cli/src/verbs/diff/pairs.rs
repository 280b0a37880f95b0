//! Matches the tensors of two models.

use std::collections::HashMap;

use tersor::Difference;

use super::model::ModelTensor;

/// A tensor of A, the matching tensor of B, and their difference. One of the tensors may be missing.
pub struct Pair<'a> {
    pub a: Option<&'a ModelTensor<'a>>,
    pub b: Option<&'a ModelTensor<'a>>,
    /// Whether the name alone is ambiguous, because a model has several tensors of this name.
    pub is_ambiguous: bool,
    /// `None` if no values have been compared.
    pub found: Option<Box<Difference>>,
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
    fn new(a: Option<&'a ModelTensor<'a>>, b: Option<&'a ModelTensor<'a>>, is_ambiguous: bool) -> Self {
        Self { a, b, is_ambiguous, found: None }
    }

    /// Returns both tensors if their values can be compared.
    pub fn comparable(&self) -> Option<(&'a ModelTensor<'a>, &'a ModelTensor<'a>)> {
        let (a, b) = self.a.zip(self.b)?;
        (a.shape() == b.shape() && Difference::is_defined(a.dtype(), b.dtype())).then_some((a, b))
    }

    /// Returns the difference of the values; `None` if they cannot be compared.
    pub fn difference(&self) -> Option<Difference> {
        self.comparable().map(|_| self.found.as_deref().copied().unwrap_or_default())
    }

    /// Returns the tensor of A, or the tensor of B if A has none.
    pub fn either(&self) -> Option<&'a ModelTensor<'a>> {
        self.a.or(self.b)
    }

    /// Returns the most important difference.
    pub fn status(&self) -> Status {
        match (self.a, self.b, self.difference()) {
            (_, None, _) => Status::OnlyInA,
            (None, _, _) => Status::OnlyInB,
            (Some(a), Some(b), _) if a.shape() != b.shape() => Status::Shape,
            (Some(a), Some(b), _) if a.dtype() != b.dtype() => Status::Dtype,
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
            Some(tolerance) => self.difference().is_some_and(|difference| difference.is_within(tolerance)),
        }
    }
}

/// The tensors of a model that have the same name.
#[derive(Clone, Copy)]
struct SameName {
    first: usize,
    count: usize,
}

impl SameName {
    fn all<'a>(tensors: &'a [ModelTensor<'a>]) -> HashMap<&'a str, Self> {
        let mut found = HashMap::with_capacity(tensors.len());
        for (index, tensor) in tensors.iter().enumerate() {
            found.entry(tensor.name()).or_insert(Self { first: index, count: 0 }).count += 1;
        }
        found
    }
}

/// Matches tensors by name, or by file and name if a model has several tensors of one name. Returns the pairs in the
/// order of A, then the tensors that only B has.
pub fn pairs<'a>(a: &'a [ModelTensor<'a>], b: &'a [ModelTensor<'a>]) -> Vec<Pair<'a>> {
    let (names_a, names_b) = (SameName::all(a), SameName::all(b));
    let count = |names: &HashMap<&str, SameName>, name: &str| names.get(name).map_or(0, |same| same.count);
    let is_several = |name: &str| count(&names_a, name) > 1 || count(&names_b, name) > 1;
    let mut by_file_b: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    for (index, entry) in b.iter().enumerate().filter(|(_, entry)| is_several(entry.name())) {
        by_file_b.entry((entry.file.as_deref(), entry.name())).or_insert(index);
    }
    let mut taken = vec![false; b.len()];
    let mut pairs = Vec::with_capacity(a.len());
    for entry in a {
        let is_ambiguous = is_several(entry.name());
        let found = match is_ambiguous {
            false => names_b.get(entry.name()).map(|same| same.first),
            true => by_file_b.get(&(entry.file.as_deref(), entry.name())).copied(),
        };
        let found = found.filter(|&index| !std::mem::replace(&mut taken[index], true));
        pairs.push(Pair::new(Some(entry), found.map(|index| &b[index]), is_ambiguous));
    }
    let left = b.iter().zip(taken).filter(|(_, taken)| !taken);
    pairs.extend(left.map(|(entry, _)| {
        let is_ambiguous = count(&names_b, entry.name()) > 1 || names_a.contains_key(entry.name());
        Pair::new(None, Some(entry), is_ambiguous)
    }));
    pairs
}
