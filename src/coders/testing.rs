//! Symbols and counts for the tests of this folder.

use proptest::prelude::*;

/// Returns a generator of random numbers, which are best in their upper bits.
pub(super) fn generator(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state
    }
}

/// A width, and counts of symbols of this width: skewed, flat, sparse or huge; never all 0.
pub(super) fn counts() -> impl Strategy<Value = (u32, Vec<u64>)> {
    (1u32..=12).prop_flat_map(|width| counts_of(width).prop_map(move |counts| (width, counts)))
}

/// Counts as [`counts`] has them, for a given width.
pub(super) fn counts_of(width: u32) -> impl Strategy<Value = Vec<u64>> {
    (0u32..60, 0u32..4, any::<u64>()).prop_flat_map(move |(bits, sparsity, one)| {
        let count = (any::<u64>(), 0..=bits, 0..=sparsity)
            .prop_map(|(count, shift, sparse)| if sparse == 0 { count >> (63 - shift) } else { 0 });
        prop::collection::vec(count, 1 << width).prop_map(move |mut counts| {
            let length = counts.len() as u64;
            counts[(one % length) as usize] |= 1;
            counts
        })
    })
}

/// Counts the symbols of each context; without contexts, all symbols are in context 0.
pub(super) fn count_symbols(symbols: &[u16], contexts: &[u8], context_count: usize, width: u32) -> Vec<Vec<u64>> {
    let mut counts = vec![vec![0; 1 << width]; context_count];
    for (i, &symbol) in symbols.iter().enumerate() {
        counts[contexts.get(i).map_or(0, |&context| usize::from(context))][usize::from(symbol)] += 1;
    }
    counts
}

/// Symbols of 6 bits whose distribution changes on the way, with their contexts; no contexts if there is only one.
pub(super) fn drifting(count: usize, contexts: usize) -> (Vec<u16>, Vec<u8>) {
    let mut next = generator(1);
    let symbols = (0..count).map(|i| {
        let rare = (next() >> 32 | 1 << 31).leading_zeros() + (next() >> 33).leading_zeros();
        // Now and then any symbol.
        match next() >> 54 {
            0 => (next() >> 58) as u16,
            _ => (rare as u16 + (i / 15_000) as u16 + (next() >> 63) as u16 * 7) & 63,
        }
    });
    let symbols = symbols.collect();
    (symbols, if contexts == 1 { Vec::new() } else { (0..count).map(|i| (i / 7 % contexts) as u8).collect() })
}
