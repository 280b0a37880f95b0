//! Which tensor is to be compared with which, and what that came to.

use std::collections::{HashMap, HashSet};

use tersor::Difference;

use super::model::Entry;

/// A tensor of either or both models.
pub struct Pair<'a> {
    pub a: Option<&'a Entry<'a>>,
    pub b: Option<&'a Entry<'a>>,
    /// Whether the name alone does not say which tensor is meant.
    pub is_ambiguous: bool,
    /// Once their values have been compared.
    pub difference: Option<Difference>,
}

/// In what the tensors of a pair differ; the first of these that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Same,
    /// Equal values of the same dtype, in other bits: signs of zeros, NaN.
    Bits,
    Values,
    /// And, perhaps, values.
    Dtype,
    Shape,
    OnlyInA,
    OnlyInB,
}

impl Status {
    /// For programs and people.
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
    /// Both, if they are to be compared.
    pub fn comparable(&self) -> Option<(&'a Entry<'a>, &'a Entry<'a>)> {
        let (a, b) = self.a.zip(self.b)?;
        (a.shape == b.shape && Difference::is_defined(a.dtype, b.dtype)).then_some((a, b))
    }

    /// The one that there is, A's if both.
    pub fn entry(&self) -> Option<&'a Entry<'a>> {
        self.a.or(self.b)
    }

    /// In what they differ.
    pub fn status(&self) -> Status {
        match (self.a, self.b, &self.difference) {
            (_, None, _) => Status::OnlyInA,
            (None, _, _) => Status::OnlyInB,
            (Some(a), Some(b), _) if a.shape != b.shape => Status::Shape,
            (Some(a), Some(b), _) if a.dtype != b.dtype => Status::Dtype,
            (_, _, Some(difference)) if difference.moved > 0 => Status::Values,
            (_, _, Some(difference)) if !difference.is_none() => Status::Bits,
            _ => Status::Same,
        }
    }

    /// Whether they count as the same: in everything, or, with a tolerance, in values up to that.
    pub fn is_same(&self, tolerance: Option<f64>) -> bool {
        match tolerance {
            None => self.status() == Status::Same,
            Some(tolerance) => self.difference.is_some_and(|difference| difference.is_within(tolerance)),
        }
    }
}

/// Pairs by name, and where one model has several tensors of a name by file and name: in the order of A, then what only B has.
pub fn pairs<'a>(a: &'a [Entry<'a>], b: &'a [Entry<'a>]) -> Vec<Pair<'a>> {
    let mut names_a: HashMap<&str, usize> = HashMap::new();
    a.iter().for_each(|entry| *names_a.entry(&entry.name).or_default() += 1);
    let mut names_b: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut places_b: HashMap<(Option<&str>, &str), usize> = HashMap::new();
    for (index, entry) in b.iter().enumerate() {
        names_b.entry(&entry.name).or_default().push(index);
        places_b.entry((entry.file.as_deref(), &entry.name)).or_insert(index);
    }
    let mut taken = HashSet::new();
    let mut pairs = Vec::new();
    for entry in a {
        let same_name = names_b.get(entry.name.as_str()).map_or(&[][..], Vec::as_slice);
        let is_ambiguous = names_a[entry.name.as_str()] > 1 || same_name.len() > 1;
        let found = match same_name {
            [only] if !is_ambiguous => Some(*only),
            _ => places_b.get(&(entry.file.as_deref(), &entry.name)).copied(),
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
