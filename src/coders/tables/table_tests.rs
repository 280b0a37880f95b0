use super::super::super::testing::{counts, counts_of};
use super::*;
use crate::spec::{MAX_CONTEXTS, MAX_ENTRIES, MAX_PRECISION, MAX_SLOTS, MIN_PRECISION};
use proptest::prelude::*;

pub(super) fn read(bytes: &[u8], width: u32, contexts: usize) -> Result<Tables> {
    let mut cursor = Cursor::unplaced(bytes, "test");
    let tables = Tables::read(&mut cursor, width, contexts)?;
    cursor.finish()?;
    Ok(tables)
}

fn write(tables: &Tables) -> Vec<u8> {
    let mut bytes = Vec::new();
    tables.write(&mut bytes);
    bytes
}

/// Checks the invariants of [`Table`].
fn check(tables: &Tables) {
    assert!((1..=MAX_CONTEXTS).contains(&tables.contexts()));
    assert!((MIN_PRECISION..=MAX_PRECISION).contains(&tables.precision()));
    assert!(tables.contexts() << tables.precision() <= MAX_SLOTS);
    for table in tables.iter() {
        assert!(table.symbols.is_sorted_by(|a, b| a < b));
        assert!(table.symbols.iter().all(|&symbol| u32::from(symbol) >> tables.width == 0));
        assert!((table.symbols.len()..=table.symbols.len() + 1).contains(&table.len()));
        assert!((1..=MAX_ENTRIES).contains(&table.len()));
        assert!(table.frequencies.iter().all(|&frequency| frequency >= 1));
        let sum: usize = table.frequencies.iter().map(|&frequency| usize::from(frequency)).sum();
        assert_eq!(sum, 1 << tables.precision);
    }
}

/// Checks that every symbol with a count can be coded in its context.
fn check_complete(tables: &Tables, counts: &[Vec<u64>]) {
    for (table, counts) in tables.iter().zip(counts) {
        let entries = table.entry_of_symbol(tables.width());
        for (&count, &entry) in counts.iter().zip(&entries) {
            assert!(count == 0 || usize::from(entry) < table.len());
        }
    }
}

/// A width, a precision and counts of several contexts, some of which are empty.
fn stacks() -> impl Strategy<Value = (u32, u32, Vec<Vec<u64>>)> {
    (1u32..=12, MIN_PRECISION..=MAX_PRECISION).prop_flat_map(|(width, precision)| {
        let counts =
            (counts_of(width), 0..4).prop_map(|(counts, kind)| if kind == 0 { vec![0; counts.len()] } else { counts });
        prop::collection::vec(counts, 1..=(MAX_SLOTS >> precision).min(MAX_CONTEXTS) >> (width / 6))
            .prop_map(move |stack| (width, precision, stack))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_table_comes_back((width, counts) in counts(), precision in MIN_PRECISION..=MAX_PRECISION) {
        let tables = Tables::from_counts(std::slice::from_ref(&counts), width, precision);
        check(&tables);
        check_complete(&tables, &[counts]);
        prop_assert_eq!(read(&write(&tables), width, 1).unwrap(), tables);
    }

    #[test]
    fn tables_come_back((width, precision, stack) in stacks()) {
        let tables = Tables::from_counts(&stack, width, precision);
        check(&tables);
        check_complete(&tables, &stack);
        prop_assert_eq!(tables.contexts(), stack.len());
        prop_assert_eq!(read(&write(&tables), width, stack.len()).unwrap(), tables);
    }

    #[test]
    fn damage_is_noticed_or_gives_other_tables(
        stack in prop::collection::vec(prop::collection::vec(0u64..1000, 16), 1..4),
        flip in 1u8..,
    ) {
        let mut bytes = write(&Tables::from_counts(&stack, 4, 10));
        for at in 0..bytes.len() {
            prop_assert!(read(&bytes[..at], 4, stack.len()).is_err());
            bytes[at] ^= flip;
            if let Ok(tables) = read(&bytes, 4, stack.len()) {
                check(&tables);
                // Tables that can be read can be written and read again.
                prop_assert_eq!(read(&write(&tables), 4, stack.len()).unwrap(), tables);
            }
            bytes[at] ^= flip;
        }
    }

    #[test]
    fn noise_does_no_harm(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        width in 0u32..=16,
        contexts in 0usize..=40,
        precision in MIN_PRECISION as u8..=MAX_PRECISION as u8,
    ) {
        if let Ok(tables) = Tables::read(&mut Cursor::unplaced(&bytes, "test"), width, contexts) {
            check(&tables);
        }
        // A sound start, so that the frequency codes are reached.
        let words = bytes.len().saturating_sub(2) / 2;
        if words < 128 && bytes.len() >= 2 {
            (bytes[0], bytes[1]) = (precision, words as u8);
            if let Ok(tables) = Tables::read(&mut Cursor::unplaced(&bytes, "test"), width, contexts) {
                check(&tables);
            }
        }
    }
}

/// Writes tables of the given frequency codes. The code of an escape comes last, if there is one.
fn of_codes(shape: TableShape, width: u32, codes: &[&[u8]]) -> Vec<u8> {
    let tables = codes
        .iter()
        .map(|&codes| {
            let (codes, escape) = codes.split_at(shape.symbols());
            let symbols = (shape.first..).zip(codes).filter(|(_, code)| **code > 0).map(|(symbol, _)| symbol);
            let codes = codes.iter().chain(escape).copied().filter(|&code| code > 0).collect();
            Table { symbols: symbols.collect(), frequencies: Vec::new(), codes }
        })
        .collect();
    write(&Tables { width, precision: 10, shape, tables })
}

const PLAIN: TableShape = TableShape { escape: false, first: 0, last: 3, drift: 0 };

#[test]
fn tables_without_entry_are_refused() {
    assert!(read(&of_codes(PLAIN, 2, &[&[0, 9, 0, 1]]), 2, 1).is_ok());
    assert_eq!(read(&of_codes(PLAIN, 2, &[&[0; 4]]), 2, 1).unwrap_err().what(), "a table of 0 entries");
    assert!(read(&of_codes(PLAIN, 2, &[&[0, 9, 0, 1], &[0; 4]]), 2, 2).is_err());
    let escape = TableShape { escape: true, ..PLAIN };
    let tables = read(&of_codes(escape, 2, &[&[0, 0, 0, 0, 9], &[0, 7, 0, 0, 0]]), 2, 2).unwrap();
    assert!(tables.table(0).has_escape() && tables.table(0).symbols().is_empty());
    assert_eq!((tables.table(0).frequencies(), tables.table(1).frequencies()), (&[1024][..], &[1024][..]));
    assert!(!tables.table(1).has_escape());
    assert!(read(&of_codes(escape, 2, &[&[0, 0, 0, 0, 9], &[0, 0, 0, 0, 0]]), 2, 2).is_err());
}

#[test]
fn entries_are_limited() {
    let shape = |last| TableShape { escape: true, first: 0, last, drift: 0 };
    let mut codes = vec![5; 256];
    assert!(read(&of_codes(shape(254), 9, &[&codes]), 9, 1).is_ok());
    codes.push(5);
    assert!(read(&of_codes(shape(255), 9, &[&codes]), 9, 1).is_err());
    codes[256] = 0;
    assert!(read(&of_codes(shape(255), 9, &[&codes]), 9, 1).is_ok());
}

#[test]
fn frequencies_follow_the_codes() {
    let tables = read(&of_codes(PLAIN, 2, &[&[100, 92, 84, 84], &[127, 1, 2, 3]]), 2, 2).unwrap();
    assert_eq!(tables.table(0).frequencies(), [511, 256, 128, 129]);
    assert_eq!(tables.table(1).frequencies(), [1020, 1, 1, 2]);
}

#[test]
fn precision_and_contexts_are_checked() {
    let stack = |contexts| vec![vec![1, 2]; contexts];
    for precision in MIN_PRECISION..=MAX_PRECISION {
        let most = (MAX_SLOTS >> precision).min(MAX_CONTEXTS);
        let bytes = write(&Tables::from_counts(&stack(most), 1, precision));
        assert!(read(&bytes, 1, most).is_ok());
        if most < MAX_CONTEXTS {
            let mut bytes = write(&Tables::from_counts(&stack(most + 1), 1, MIN_PRECISION));
            bytes[0] = precision as u8;
            assert!(read(&bytes, 1, most + 1).is_err());
        }
    }
    let mut bytes = write(&Tables::from_counts(&stack(1), 1, MIN_PRECISION));
    assert!(read(&bytes, 0, 1).is_err());
    assert!(read(&bytes, 13, 1).is_err());
    assert!(read(&bytes, 1, 0).is_err());
    assert!(read(&bytes, 1, 33).is_err());
    for precision in [0, 8, 13, 255] {
        bytes[0] = precision;
        assert!(read(&bytes, 1, 1).is_err());
    }
}

#[test]
fn a_range_backwards_is_refused() {
    let mut encoder = BitEncoder::<Narrow>::new();
    infallible(TableShape { escape: false, first: 2, last: 1, drift: 0 }.code(&mut encoder, 2, 1));
    let mut bytes = vec![10];
    encoder.finish(&mut bytes);
    assert_eq!(read(&bytes, 2, 1).unwrap_err().what(), "tables from symbol 2 to symbol 1");
}

#[test]
fn words_left_over_are_refused() {
    let mut bytes = of_codes(PLAIN, 2, &[&[100, 92, 84, 84]]);
    assert!(read(&bytes, 2, 1).is_ok());
    bytes[1] += 2;
    bytes.extend([0; 4]);
    assert!(read(&bytes, 2, 1).unwrap_err().what().contains("left over"));
}

#[test]
fn bytes_are_pinned() {
    let shape = TableShape { escape: true, first: 1, last: 12, drift: -1 };
    let codes: [&[u8]; 3] = [
        &[0, 60, 71, 80, 92, 99, 104, 101, 90, 79, 64, 31, 40],
        &[59, 72, 80, 91, 99, 104, 101, 88, 80, 64, 0, 0, 40],
        &[72, 80, 91, 98, 104, 103, 88, 0, 64, 1, 0, 127, 0],
    ];
    let bytes = of_codes(shape, 4, &codes);
    assert_eq!(
        bytes,
        [
            10, 13, 60, 142, 37, 15, 179, 235, 74, 228, 107, 182, 200, 114, 236, 242, 82, 19, 165, 72, 168, 203, 3,
            135, 211, 65, 80, 177
        ]
    );
    assert_eq!(write(&read(&bytes, 4, 3).unwrap()), bytes);
}

#[test]
fn fits_are_pinned() {
    let counts = |context: u64| (0..32).map(|i: u64| 900_000 >> (5 + context).abs_diff(i)).collect();
    let tables = Tables::from_counts(&[counts(0), counts(2), counts(4)], 5, 11);
    assert_eq!(
        write(&tables),
        [11, 10, 148, 131, 18, 96, 204, 106, 76, 181, 81, 44, 203, 216, 243, 62, 141, 106, 100, 163, 75, 59]
    );
}
