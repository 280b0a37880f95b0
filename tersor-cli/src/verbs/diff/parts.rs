//! Compares the values of all pairs, part by part, on several threads. The result does not depend on the number of
//! threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tersor::{Difference, Dtype, TensorView};

use super::model::ModelTensor;
use super::pairs::Pair;
use crate::screen::bar::Bar;
use crate::screen::failure::{Failure, Outcome};

/// The least number of elements in a part; a part may have up to one chunk more.
const PART_ELEMENTS: u64 = 1 << 18;

/// A range of elements of a pair.
struct Part<'a> {
    pair: usize,
    a: &'a ModelTensor<'a>,
    b: &'a ModelTensor<'a>,
    elements: Range<u64>,
}

/// The results so far.
struct Results {
    /// The sums by pair; `None` if no part has been compared.
    differences: Vec<Option<Box<Difference>>>,
    /// The number of the next part in order.
    next: usize,
    /// The results of later parts, by number of the part.
    early: BTreeMap<usize, (usize, Difference)>,
    /// The failure of the first part that failed.
    failure: Option<(usize, Failure)>,
}

/// Compares the values of all comparable pairs, and stores the difference in each pair. The `paths` of A and B are used
/// in messages.
pub fn compare(pairs: &mut [Pair<'_>], paths: [&Path; 2], threads: usize, bar: &Bar) -> Outcome {
    let len = |(a, b): (&ModelTensor<'_>, &ModelTensor<'_>)| a.len().saturating_add(b.len());
    bar.set_total(pairs.iter().filter_map(Pair::comparable).map(len).fold(0, u64::saturating_add));
    let results =
        Mutex::new(Results { differences: vec![None; pairs.len()], next: 0, early: BTreeMap::new(), failure: None });
    {
        let parts = Mutex::new(parts(pairs, paths)?.enumerate());
        let work = || {
            let mut buffers = [Vec::new(), Vec::new()];
            while lock(&results).failure.is_none() {
                let Some((number, part)) = lock(&parts).next() else { break };
                let done = part.and_then(|part| {
                    let difference = compare_part(&part, paths, &mut buffers)?;
                    let elements = part.elements.end - part.elements.start;
                    let bits = u64::from(part.a.dtype().bits() + part.b.dtype().bits());
                    bar.advance(elements * bits / 8);
                    Ok((part.pair, difference))
                });
                lock(&results).add(number, done);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                // fewer threads only take longer
                if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, failure)) = results.failure {
        return Err(failure);
    }
    for (pair, difference) in pairs.iter_mut().zip(results.differences) {
        pair.found = difference;
    }
    Ok(())
}

/// Returns the numbers of the pairs that have values to compare, in the order in which they are stored. Pairs of the same
/// chunks come one after another, so that a chunk is decoded once and not for each of its tensors.
fn stored_order(pairs: &[Pair<'_>], paths: [&Path; 2]) -> Outcome<Vec<usize>> {
    let mut order = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let Some((a, b)) = pair.comparable().filter(|(a, _)| a.elements() > 0) else { continue };
        let place =
            |tensor: &ModelTensor<'_>, path| tensor.stored_place().map_err(|error| Failure::container(path, &error));
        let (in_a, in_b) = (place(a, paths[0])?, place(b, paths[1])?);
        order.push((in_a.map(|place| (place.segment, place.chunk)), in_b, in_a, number));
    }
    order.sort_unstable();
    Ok(order.into_iter().map(|(.., number)| number).collect())
}

/// Iterates over the parts of all comparable pairs.
fn parts<'p>(pairs: &'p [Pair<'_>], paths: [&'p Path; 2]) -> Outcome<impl Iterator<Item = Outcome<Part<'p>>> + Send> {
    let order = stored_order(pairs, paths)?.into_iter();
    let comparable = order.filter_map(|pair| Some((pair, pairs[pair].comparable()?)));
    Ok(comparable.flat_map(move |(pair, (a, b))| {
        // the chunks of a coded tensor determine the parts
        let (leading, path) = if a.is_coded() || !b.is_coded() { (a, paths[0]) } else { (b, paths[1]) };
        let (ranges, failure) = match leading.parts(PART_ELEMENTS) {
            Ok(ranges) => (Some(ranges), None),
            Err(error) => (None, Some(Err(Failure::container(path, &error)))),
        };
        // parts start at whole bytes of both tensors
        let is_packed = a.dtype().bits() < 8 || b.dtype().bits() < 8;
        let aligned = move |element: u64| if is_packed && element < a.elements() { element & !7 } else { element };
        let ranges = ranges.into_iter().flatten().map(move |range| aligned(range.start)..aligned(range.end));
        let parts = ranges.filter(|range| !range.is_empty());
        parts.map(move |elements| Ok(Part { pair, a, b, elements })).chain(failure)
    }))
}

fn compare_part(part: &Part<'_>, paths: [&Path; 2], buffers: &mut [Vec<u8>; 2]) -> Outcome<Difference> {
    let [buffer_a, buffer_b] = buffers;
    let range = &part.elements;
    let a = part.a.read(range.clone(), buffer_a).map_err(|error| Failure::container(paths[0], &error))?;
    let b = part.b.read(range.clone(), buffer_b).map_err(|error| Failure::container(paths[1], &error))?;
    let shape = [range.end - range.start];
    let values_before = range.start * if part.a.dtype() == Dtype::C64 { 2 } else { 1 };
    let view = |entry: &ModelTensor<'_>, bytes| TensorView::new(entry.dtype(), &shape, bytes);
    let difference = view(part.a, a).and_then(|a| Difference::between(a, view(part.b, b)?, values_before));
    difference.map_err(|error| Failure::container(paths[0], &error.in_tensor(part.a.name())))
}

impl Results {
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
        // merged in order, because sums of floats depend on the order
        while let Some((pair, difference)) = self.early.remove(&self.next) {
            self.differences[pair].get_or_insert_default().merge(&difference);
            self.next += 1;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
