//! `tersor diff`

mod json;
mod model;
mod pairs;
mod text;
mod work;

use std::num::NonZero;
use std::thread;
use std::time::Instant;

use tersor::Difference;

use crate::Outcome;
use crate::args::{DiffArgs, Shared};
use crate::bar::Bar;
use crate::failure::Failure;
use crate::output::print_by;
use crate::words::{exact, human, say};
use model::{Model, Opened};
use pairs::{Pair, Status, pairs};

/// Says which tensors of two models differ, and by how much.
pub fn run(args: &DiffArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let opened = [Opened::open(&args.a, shared.max_decoded)?, Opened::open(&args.b, shared.max_decoded)?];
    let (a, b) = (Model::new(&opened[0])?, Model::new(&opened[1])?);
    let threads = args.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, NonZero::get));
    let mut pairs = pairs(&a.tensors, &b.tensors);
    let bar = Bar::new(shared.quiet);
    work::compare(&mut pairs, [&args.a, &args.b], threads, &bar)?;
    drop(bar);
    let found = Comparison::new(args, [&a, &b], pairs);
    let printed = print_by(|out| match args.json {
        true => json::write(&found, out),
        false => text::write(&found, out),
    });
    match printed {
        // a closed pipe must not hide the verdict
        Err(failure) if failure.is_quiet() => {}
        printed => printed?,
    }
    let (seconds, bytes) = (start.elapsed().as_secs_f64(), found.totals.bytes);
    let rate = bytes as f64 / 1e6 / seconds.max(1e-9);
    let (values, size) = (exact(found.totals.difference.values), human(bytes));
    say(shared.quiet, &format!("{values} pairs of values ({size}) compared, {seconds:.2} s, {rate:.1} MB/s"));
    if found.is_same { Ok(()) } else { Err(Failure::said()) }
}

/// All that was found.
struct Comparison<'a> {
    args: &'a DiffArgs,
    tensors: [usize; 2],
    pairs: Vec<Pair<'a>>,
    metadata: Names<'a>,
    others: Names<'a>,
    totals: Totals<'a>,
    /// Whether nothing differs, or, with a tolerance, no value by more than that.
    is_same: bool,
}

/// Names of what differs.
#[derive(Debug, Default)]
struct Names<'a> {
    differ: Vec<&'a str>,
    only_a: Vec<&'a str>,
    only_b: Vec<&'a str>,
}

/// Over all pairs.
#[derive(Default)]
struct Totals<'a> {
    /// Pairs that count as the same.
    same: usize,
    /// Tensors that both have and that do not.
    different: usize,
    only_a: usize,
    only_b: usize,
    /// Of all values that were compared; its index is of no meaning.
    difference: Difference,
    /// The tensor with the largest error, if there is an error.
    largest_in: Option<&'a str>,
    /// Bytes of both tensors of the pairs that were compared.
    bytes: u64,
}

impl<'a> Comparison<'a> {
    fn new(args: &'a DiffArgs, [a, b]: [&'a Model<'a>; 2], pairs: Vec<Pair<'a>>) -> Self {
        let metadata = Names::new(
            a.metadata.iter().map(|(key, value)| (key.as_str(), value)),
            b.metadata.iter().map(|(key, value)| (key.as_str(), value)),
            |a, b| a == b,
        );
        let others = Names::new(
            a.others.iter().map(|file| (file.name.as_str(), file)),
            b.others.iter().map(|file| (file.name.as_str(), file)),
            |a, b| a.is_same(b),
        );
        let totals = Totals::new(&pairs, args.tolerance);
        let is_rest_same = args.tolerance.is_some() || (metadata.is_empty() && others.is_empty());
        let is_same = totals.same == pairs.len() && is_rest_same;
        Self { args, tensors: [a.tensors.len(), b.tensors.len()], pairs, metadata, others, totals, is_same }
    }
}

impl<'a> Names<'a> {
    /// Compares what has the same name; both in the order of their names.
    fn new<T>(
        a: impl Iterator<Item = (&'a str, T)>,
        b: impl Iterator<Item = (&'a str, T)>,
        is_same: impl Fn(&T, &T) -> bool,
    ) -> Self {
        let mut this = Self::default();
        let mut left: std::collections::BTreeMap<&str, T> = b.collect();
        for (name, own) in a {
            match left.remove(name) {
                Some(other) if is_same(&own, &other) => {}
                Some(_) => this.differ.push(name),
                None => this.only_a.push(name),
            }
        }
        this.only_b = left.into_keys().collect();
        this
    }

    fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, names)| names.is_empty())
    }

    /// With what the names are.
    fn lists(&self) -> [(&'static str, &[&'a str]); 3] {
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
            let Some((difference, (a, b))) = pair.difference.zip(pair.comparable()) else { continue };
            if difference.largest_error() > this.difference.largest_error() {
                this.largest_in = Some(&a.name);
            }
            this.difference.merge(&difference);
            this.bytes = this.bytes.saturating_add(a.len).saturating_add(b.len);
        }
        this
    }
}

/// Where the value of number `index` of a pair is: an index for each dimension, and for complex values one more.
fn place(pair: &Pair<'_>, index: u64) -> Vec<u64> {
    let Some(entry) = pair.entry() else { return Vec::new() };
    let parts = (entry.dtype == tersor::Dtype::C64).then_some(&2);
    let mut left = index;
    let mut place: Vec<u64> = entry
        .shape
        .iter()
        .chain(parts)
        .rev()
        .map(|&dimension| {
            let own = left % dimension.max(1);
            left /= dimension.max(1);
            own
        })
        .collect();
    place.reverse();
    place
}
