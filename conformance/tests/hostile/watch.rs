//! A watch on memory and time.

use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use tersor::{ErrorKind, Limits};

use crate::support::{by_index, in_order};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Makes tests take turns, because they watch the memory of the whole process and use all cores.
pub fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Returns the result of `work`, and the maximum number of bytes of memory that it held in addition to those held
/// before.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let out = work();
    (out, MEMORY.peak_usage().saturating_sub(before))
}

/// Returns the bytes of memory that decoding `bytes` under `limits` may hold at a time: the decoded data (here kept
/// twice), one chunk as words and symbols, unpacked heads, and the input a few times.
pub fn allowance(bytes: &[u8], limits: Limits) -> usize {
    let decoded = 6 * limits.total_bytes;
    let heads = 10 * limits.head_bytes;
    (decoded + heads) as usize + 20 * bytes.len() + (4 << 20)
}

/// The time after which a test fails. It does not measure speed, but guards against work that would take hours.
pub const HANG: Duration = Duration::from_secs(300);

/// Decodes, and watches memory and time. Returns the kinds of the errors.
pub fn watch(name: &str, bytes: &[u8], limits: Limits) -> [Option<ErrorKind>; 2] {
    let mut kinds = [None, None];
    for (way, kind) in kinds.iter_mut().enumerate() {
        let start = Instant::now();
        let (outcome, peak) = peak(|| match way {
            0 => by_index(bytes, limits).map(drop),
            _ => in_order(bytes, limits).map(drop),
        });
        let allowed = allowance(bytes, limits);
        assert!(peak <= allowed, "{name}: {peak} bytes of memory for {} of input, way {way}", bytes.len());
        assert!(start.elapsed() < HANG, "{name} took {:?}, way {way}", start.elapsed());
        *kind = outcome.err().map(|error| error.kind());
    }
    kinds
}
