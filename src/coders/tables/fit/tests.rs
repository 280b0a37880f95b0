//! Compares the code length under fitted tables with the entropy of the counts.

use super::super::super::price::BIT;
use super::*;
use proptest::prelude::*;

/// Returns the code length in bits of the symbols, and the size in bytes of the tables.
fn lengths(tables: &Tables, stack: &[Vec<u64>]) -> (f64, usize) {
    let mut bits = 0.0;
    for (table, counts) in tables.iter().zip(stack) {
        let entries = table.entry_of_symbol(tables.width());
        for (&count, &entry) in counts.iter().zip(&entries).filter(|(count, _)| **count > 0) {
            let frequency = f64::from(table.frequencies()[usize::from(entry)]);
            let raw = if usize::from(entry) == table.symbols().len() { tables.width() } else { 0 };
            bits += count as f64 * (f64::from(tables.precision() + raw) - frequency.log2());
        }
    }
    let mut bytes = Vec::new();
    tables.write(&mut bytes);
    (bits, bytes.len())
}

fn entropy(stack: &[Vec<u64>]) -> f64 {
    let of = |counts: &Vec<u64>| {
        let total = counts.iter().sum::<u64>() as f64;
        let bits = |&count: &u64| if count == 0 { 0.0 } else { count as f64 * (total / count as f64).log2() };
        counts.iter().map(bits).sum::<f64>()
    };
    stack.iter().map(of).sum()
}

/// A discrete Laplace distribution, as of exponents and indices.
fn laplace(total: f64, decay: f64, middle: i32, width: u32) -> Vec<u64> {
    let part = (1.0 - decay) / (1.0 + decay);
    (0..1 << width).map(|i: i32| (total * part * decay.powi((i - middle).abs())).round() as u64).collect()
}

#[test]
fn a_fit_is_close_to_the_entropy() {
    for (total, most) in [(1e3, 1.2), (1e4, 1.03), (1e5, 1.006), (1e6, 1.002)] {
        let stack = [laplace(total, 0.8, 128, 8)];
        let (bits, bytes) = lengths(&Tables::from_counts(&stack, 8, 12), &stack);
        assert!(bytes < 60, "{bytes}");
        let ratio = (bits + 8.0 * bytes as f64) / entropy(&stack);
        assert!(ratio < most, "{total}: {ratio}");
    }
}

#[test]
fn tables_that_drift_are_cheap() {
    for drift in [-8, -3, 0, 1, 7] {
        let stack: Vec<_> = (0..16).map(|i| laplace(50_000.0, 0.8, 128 + drift * (i - 8), 8)).collect();
        let tables = Tables::from_counts(&stack, 8, 11);
        let (bits, bytes) = lengths(&tables, &stack);
        let (_, alone) = lengths(&Tables::from_counts(&stack[..1], 8, 11), &stack[..1]);
        assert!(bytes < 3 * alone, "{drift}: {bytes} {alone}");
        assert!(bits < 1.006 * entropy(&stack), "{drift}");
        let contexts: Vec<ContextCounts> =
            stack.iter().map(|counts| ContextCounts::new(counts, 0..counts.len(), 8, 11)).collect();
        assert_eq!(i32::from(super::drift(&contexts)), drift);
    }
}

#[test]
fn contexts_without_counts_are_cheap() {
    let mut stack = vec![vec![0; 256]; 16];
    let (_, nothing) = lengths(&Tables::from_counts(&stack, 8, 11), &stack);
    assert!(nothing < 24, "{nothing}");
    stack[5] = laplace(1e5, 0.8, 128, 8);
    let (_, one) = lengths(&Tables::from_counts(&stack, 8, 11), &stack);
    let (_, alone) = lengths(&Tables::from_counts(&stack[5..6], 8, 11), &stack[5..6]);
    assert!(one < alone + 40, "{one} {alone}");
}

#[test]
fn the_rarest_of_too_many_are_escaped() {
    let counts: Vec<u64> = (0..4096).map(|i| 1 + 1000 * u64::from(i % 16 == 0) + u64::from(i == 77)).collect();
    let tables = Tables::from_counts(&[counts.clone(), counts], 12, 12);
    for table in tables.iter() {
        assert!(table.has_escape());
        assert!(table.symbols().iter().all(|symbol| symbol % 16 == 0));
    }
    let tables = Tables::from_counts(&[(1000..1256).map(|i| i * i).collect()], 8, 12);
    assert!(!tables.table(0).has_escape());
    assert_eq!(tables.table(0).len(), 256);
}

#[test]
fn small_and_enormous_counts() {
    let of = |counts: &[u64]| Tables::from_counts(&[counts.to_vec()], 1, 9).table(0).frequencies().to_vec();
    assert_eq!(of(&[0, 1]), [512]);
    assert_eq!(of(&[1, 0]), [512]);
    assert_eq!(of(&[0, 0]), [512]);
    assert!((255..=257).contains(&of(&[u64::MAX; 2])[0]));
    assert!(of(&[u64::MAX, 1])[0] >= 510);
    let stack = vec![vec![u64::MAX; 2]; MAX_CONTEXTS];
    assert!(Tables::from_counts(&stack, 1, 10).iter().all(|table| (511..=513).contains(&table.frequencies()[0])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The cost by which a fit is chosen is close to the size.
    #[test]
    fn costs_are_what_is_written(
        stack in prop::collection::vec(prop::collection::vec(0u64..300, 64), 1..8),
        decay in 1u32..40,
    ) {
        let thin = |counts: &Vec<u64>| {
            let thinned = counts.iter().zip(0u32..).map(|(count, symbol)| count >> (symbol * 8 / decay).min(9));
            thinned.collect()
        };
        let stack: Vec<Vec<u64>> = stack.iter().map(thin).collect();
        let contexts: Vec<ContextCounts> = stack.iter().map(|counts| ContextCounts::new(counts, 0..counts.len(), 6, 10)).collect();
        let shape = TableShape { escape: false, first: 0, last: 63, drift: 0 };
        for escape in [false, true] {
            let shape = TableShape { escape, ..shape };
            let fit = Fit::new(&contexts, shape, 10);
            let (bits, bytes) = lengths(&Tables::of_rows(6, 10, shape, &fit.rows), &stack);
            let error = fit.cost as f64 / BIT as f64 - bits - 8.0 * bytes as f64;
            prop_assert!((-80.0..1.0).contains(&error), "{error}");
        }
    }
}
