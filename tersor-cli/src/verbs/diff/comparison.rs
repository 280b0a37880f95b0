//! The result of comparing two models.

use std::collections::BTreeMap;

use tersor::{Difference, Dtype};

use super::args::DiffArgs;
use super::model::Model;
use super::pairs::{Pair, Status};
use crate::screen::failure::Outcome;

/// The result of comparing two models.
pub struct Comparison<'a> {
    pub args: &'a DiffArgs,
    /// The numbers of tensors of A and B.
    pub tensors: [usize; 2],
    pub pairs: Vec<Pair<'a>>,
    pub metadata: Names<'a>,
    /// The files without tensors.
    pub others: Names<'a>,
    pub totals: Totals<'a>,
    /// Whether nothing differs, or, with a tolerance, whether no value differs by more than the tolerance.
    pub is_same: bool,
}

/// The names of metadata or files that differ.
#[derive(Debug, Default)]
pub struct Names<'a> {
    pub differ: Vec<&'a str>,
    pub only_a: Vec<&'a str>,
    pub only_b: Vec<&'a str>,
}

/// Sums over all pairs.
#[derive(Default)]
pub struct Totals<'a> {
    /// The number of pairs that count as the same.
    pub same: usize,
    /// The number of tensors that both models have and that differ.
    pub different: usize,
    /// The number of tensors that only A has.
    pub only_a: usize,
    /// The number of tensors that only B has.
    pub only_b: usize,
    /// The difference over all compared values; its index has no meaning.
    pub difference: Difference,
    /// The tensor with the largest error, if there is an error.
    pub largest_in: Option<&'a str>,
    /// The size in bytes of both tensors of all compared pairs.
    pub bytes: u64,
}

impl<'a> Comparison<'a> {
    /// Summarises the compared pairs.
    pub fn new(args: &'a DiffArgs, [a, b]: [&'a Model<'a>; 2], pairs: Vec<Pair<'a>>) -> Outcome<Self> {
        let metadata = Names::new(
            a.metadata.iter().map(|(key, value)| (key.as_str(), value)),
            b.metadata.iter().map(|(key, value)| (key.as_str(), value)),
            |a, b| Ok(a == b),
        )?;
        let others = Names::new(
            a.others.iter().map(|file| (file.name.as_str(), file)),
            b.others.iter().map(|file| (file.name.as_str(), file)),
            |a, b| a.is_same(b),
        )?;
        let totals = Totals::new(&pairs, args.tolerance);
        let is_rest_same = args.tolerance.is_some() || (metadata.is_empty() && others.is_empty());
        let is_same = totals.same == pairs.len() && is_rest_same;
        Ok(Self { args, tensors: [a.tensors.len(), b.tensors.len()], pairs, metadata, others, totals, is_same })
    }
}

impl<'a> Names<'a> {
    /// Compares the items with the same names. The results are in the order of the names.
    fn new<T>(
        a: impl Iterator<Item = (&'a str, T)>,
        b: impl Iterator<Item = (&'a str, T)>,
        is_same: impl Fn(&T, &T) -> Outcome<bool>,
    ) -> Outcome<Self> {
        let mut this = Self::default();
        let mut left: BTreeMap<&str, T> = b.collect();
        for (name, own) in a {
            match left.remove(name) {
                Some(other) if is_same(&own, &other)? => {}
                Some(_) => this.differ.push(name),
                None => this.only_a.push(name),
            }
        }
        this.only_b = left.into_keys().collect();
        Ok(this)
    }

    fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, names)| names.is_empty())
    }

    /// Returns the lists of names with their titles.
    pub fn lists(&self) -> [(&'static str, &[&'a str]); 3] {
        [("differ", &self.differ), ("only in A", &self.only_a), ("only in B", &self.only_b)]
    }
}

impl<'a> Totals<'a> {
    fn new(pairs: &[Pair<'a>], tolerance: Option<f64>) -> Self {
        let mut this = Self::default();
        for pair in pairs {
            match pair.status() {
                _ if pair.is_same(tolerance) => this.same += 1,
                Status::OnlyInA => this.only_a += 1,
                Status::OnlyInB => this.only_b += 1,
                _ => this.different += 1,
            }
            let Some((difference, (a, b))) = pair.difference().zip(pair.comparable()) else { continue };
            if difference.largest_error() > this.difference.largest_error() {
                this.largest_in = Some(a.name());
            }
            this.difference.merge(&difference);
            this.bytes = this.bytes.saturating_add(a.len()).saturating_add(b.len());
        }
        this
    }
}

/// Returns the position of value number `index` in the tensors of a pair: an index for each dimension, and for complex
/// values a last one that is 0 for the real part and 1 for the imaginary part.
pub fn position(pair: &Pair<'_>, index: u64) -> Vec<u64> {
    let Some(entry) = pair.either() else { return Vec::new() };
    let parts = (entry.dtype() == Dtype::C64).then_some(&2);
    let mut left = index;
    let mut position: Vec<u64> = entry
        .shape()
        .iter()
        .chain(parts)
        .rev()
        .map(|&dimension| {
            let own = left % dimension.max(1);
            left /= dimension.max(1);
            own
        })
        .collect();
    position.reverse();
    position
}
