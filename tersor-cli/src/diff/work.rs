//! Compares the values of all pairs, part by part, on several threads. What is found does not depend on their number.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tersor::{Difference, Dtype, TensorView};

use super::model::Entry;
use super::pairs::Pair;
use crate::Outcome;
use crate::bar::Bar;
use crate::failure::Failure;

/// Elements of a part, and up to a chunk more.
const PART_ELEMENTS: u64 = 1 << 18;

/// A part of a pair.
struct Part<'a> {
    pair: usize,
    a: &'a Entry<'a>,
    b: &'a Entry<'a>,
    elements: Range<u64>,
}

/// What was found so far.
struct Found {
    /// By pair.
    differences: Vec<Difference>,
    /// Number of the part that is next in order.
    next: usize,
    /// Found in parts behind that.
    early: BTreeMap<usize, (usize, Difference)>,
    /// Of the first part that failed.
    failure: Option<(usize, Failure)>,
}

/// Compares the pairs that can be, and notes in each what was found. `paths` are those of A and B, for errors.
pub fn compare(pairs: &mut [Pair<'_>], paths: [&Path; 2], threads: usize, bar: &Bar) -> Outcome {
    let len = |(a, b): (&Entry<'_>, &Entry<'_>)| a.len.saturating_add(b.len);
    bar.set_total(pairs.iter().filter_map(Pair::comparable).map(len).fold(0, u64::saturating_add));
    let found = Mutex::new(Found {
        differences: vec![Difference::default(); pairs.len()],
        next: 0,
        early: BTreeMap::new(),
        failure: None,
    });
    {
        let parts = Mutex::new(parts(pairs, paths).enumerate());
        let work = || {
            let mut buffers = [Vec::new(), Vec::new()];
            while lock(&found).failure.is_none() {
                let Some((number, part)) = lock(&parts).next() else { break };
                let done = part.and_then(|part| {
                    let difference = compare_part(&part, paths, &mut buffers)?;
                    let elements = part.elements.end - part.elements.start;
                    let bits = u64::from(part.a.dtype.bits() + part.b.dtype.bits());
                    bar.advance(elements * bits / 8);
                    Ok((part.pair, difference))
                });
                lock(&found).add(number, done);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // without another thread it only takes longer
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, failure)) = found.failure {
        return Err(failure);
    }
    for (pair, difference) in pairs.iter_mut().zip(found.differences) {
        pair.difference = pair.comparable().map(|_| difference);
    }
    Ok(())
}

/// All parts of all pairs that can be compared, each made when it is asked for.
fn parts<'p>(pairs: &'p [Pair<'_>], paths: [&'p Path; 2]) -> impl Iterator<Item = Outcome<Part<'p>>> + Send {
    let comparable = pairs.iter().enumerate().filter_map(|(pair, both)| Some((pair, both.comparable()?)));
    comparable.flat_map(move |(pair, (a, b))| {
        // as it suits what has to be decoded
        let (leading, path) = if a.is_coded() || !b.is_coded() { (a, paths[0]) } else { (b, paths[1]) };
        let (ranges, failure) = match leading.parts(PART_ELEMENTS) {
            Ok(ranges) => (Some(ranges), None),
            Err(error) => (None, Some(Err(Failure::container(path, &error)))),
        };
        // where both have whole bytes
        let is_packed = a.dtype.bits() < 8 || b.dtype.bits() < 8;
        let place = move |element: u64| if is_packed && element < a.elements { element & !7 } else { element };
        let ranges = ranges.into_iter().flatten().map(move |range| place(range.start)..place(range.end));
        let parts = ranges.filter(|range| !range.is_empty());
        parts.map(move |elements| Ok(Part { pair, a, b, elements })).chain(failure)
    })
}

fn compare_part(part: &Part<'_>, paths: [&Path; 2], buffers: &mut [Vec<u8>; 2]) -> Outcome<Difference> {
    let [buffer_a, buffer_b] = buffers;
    let range = &part.elements;
    let a = part.a.read(range.clone(), buffer_a).map_err(|error| Failure::container(paths[0], &error))?;
    let b = part.b.read(range.clone(), buffer_b).map_err(|error| Failure::container(paths[1], &error))?;
    let shape = [range.end - range.start];
    let values_before = range.start * if part.a.dtype == Dtype::C64 { 2 } else { 1 };
    let view = |entry: &Entry<'_>, bytes| TensorView::new(entry.dtype, &shape, bytes);
    let difference = view(part.a, a).and_then(|a| Difference::between(a, view(part.b, b)?, values_before));
    difference.map_err(|error| Failure::container(paths[0], &error.in_tensor(&part.a.name)))
}

impl Found {
    fn add(&mut self, number: usize, done: Outcome<(usize, Difference)>) {
        match done {
            Ok(difference) => {
                self.early.insert(number, difference);
            }
            Err(failure) => {
                if self.failure.as_ref().is_none_or(|(first, _)| number < *first) {
                    self.failure = Some((number, failure));
                }
            }
        }
        // in order, as sums of floats depend on it
        while let Some((pair, difference)) = self.early.remove(&self.next) {
            self.differences[pair].merge(&difference);
            self.next += 1;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
