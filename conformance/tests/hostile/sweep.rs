//! Changes of a container: all of them, or a sample at a fixed stride.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::known::Known;

pub fn complete() -> bool {
    std::env::var("TERSOR_SWEEP").is_ok_and(|value| value == "complete")
}

/// Calls `work` for each number below `count`, on all cores.
pub fn on_all_cores(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |cores| cores.get()) {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count) {
                    work(number);
                }
            });
        }
    });
}

/// Tries the changes `0..count` of a container, or about `budget` of them. Each call gives changed bytes and a
/// description.
pub fn sweep(
    known: &Known,
    count: usize,
    budget: usize,
    change: impl Fn(usize) -> (Vec<u8>, String) + Sync,
) -> [usize; 2] {
    // an odd stride, so that it meets all 256 values of a byte in turn
    let stride = if complete() { 1 } else { count.div_ceil(budget.max(1)) | 1 };
    let errors = AtomicUsize::new(0);
    let tried = count.div_ceil(stride);
    on_all_cores(tried, |number| {
        let (changed, what) = change(number * stride);
        errors.fetch_add(known.check(&changed, &|| what.clone()), Ordering::Relaxed);
    });
    [tried, errors.into_inner()]
}

/// Tries every value of each of the bytes `from..to` of a container.
pub fn every_value(known: &Known, from: usize, to: usize, budget: usize) -> [usize; 2] {
    sweep(known, (to - from) * 255, budget, |number| {
        let (at, difference) = (from + number / 255, 1 + (number % 255) as u8);
        let mut changed = known.bytes.clone();
        changed[at] ^= difference;
        (changed, format!("byte {at} xor {difference}"))
    })
}

/// Returns the number of changes that are tried for a byte: all, or one for each bit.
pub fn values(known: &Known) -> usize {
    if known.bytes.len() > 2048 && complete() { 8 } else { 255 }
}

/// Returns change `number`: the position, and the value that the byte is xored with.
pub fn change(known: &Known, number: usize) -> (usize, u8) {
    match values(known) {
        8 => (number / 8, 1 << (number % 8)),
        values => (number / values, 1 + (number % values) as u8),
    }
}
