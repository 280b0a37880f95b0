//! The look-up table of a lane decoder: for each slot of each context the label of its entry, the entry's frequency,
//! and the slot's distance from the entry's start.

use std::cell::RefCell;

use super::super::tables::{Table, Tables};
use crate::kernel::first_slot;
use crate::spec::{MAX_PRECISION, SLOT_BITS};

/// Runs of slots are written in blocks of this length. A block may extend beyond the end of its run: the next run
/// overwrites the excess.
const BLOCK: usize = 16;

/// Returns the label of the escape, for tables of this precision that have one: all ones.
pub(super) fn escape_label(precision: u32) -> u16 {
    ((1u32 << (SLOT_BITS - 2 * precision)) - 1) as u16
}

/// Returns the label of each entry, by context: the symbol's distance from the first symbol, or the label of the
/// escape.
pub(super) fn labels_of(tables: &Tables) -> Vec<Vec<u16>> {
    let of_table = |table: &Table| {
        let mut labels: Vec<u16> = table.symbols().iter().map(|symbol| symbol - tables.first()).collect();
        labels.resize(table.len(), escape_label(tables.precision()));
        labels
    };
    tables.iter().map(of_table).collect()
}

thread_local! {
    /// Memory of slots that are no longer used. It is reused, because filling it is faster than faulting in new pages.
    static UNUSED: RefCell<Vec<Vec<u32>>> = const { RefCell::new(Vec::new()) };
}

/// The maximum number of unused slot tables that a thread keeps.
const MAX_UNUSED: usize = 4;

/// The slots of all contexts.
#[derive(Debug, Default)]
pub(super) struct Slots(Vec<u32>);

impl Drop for Slots {
    fn drop(&mut self) {
        let slots = std::mem::take(&mut self.0);
        // This fails while the thread ends; the memory is then freed.
        let _ = UNUSED.try_with(|unused| {
            let mut unused = unused.borrow_mut();
            if slots.capacity() > 0 && unused.len() < MAX_UNUSED {
                unused.push(slots);
            }
        });
    }
}

impl Slots {
    /// Makes room for this number of contexts. The content of the slots is unspecified.
    pub(super) fn resize(&mut self, contexts: usize, precision: u32) {
        if self.0.capacity() == 0 {
            self.0 = UNUSED.with_borrow_mut(Vec::pop).unwrap_or_default();
        }
        self.0.resize(contexts << precision, 0);
    }

    /// Sets the slots of a context from the labels and the frequencies of its entries. The frequencies add up to
    /// 2^precision.
    pub(super) fn fill(&mut self, context: usize, precision: u32, labels: &[u16], frequencies: &[u16]) {
        debug_assert!(precision <= MAX_PRECISION && labels.len() == frequencies.len());
        let Some(slots) = self.0.get_mut(context << precision..(context + 1) << precision) else {
            debug_assert!(false, "context {context} of precision {precision}");
            return;
        };
        let mut start = 0;
        for (&label, &frequency) in labels.iter().zip(frequencies) {
            let end = start + usize::from(frequency);
            let run = start..slots.len().min(start + usize::from(frequency).next_multiple_of(BLOCK));
            let mut slot = first_slot(label, frequency, precision);
            let (blocks, last) = slots[run].as_chunks_mut::<BLOCK>();
            for block in blocks {
                // Values beyond the end of the run are overwritten later.
                *block = std::array::from_fn(|i| slot.wrapping_add(i as u32));
                slot = slot.wrapping_add(BLOCK as u32);
            }
            // The last run must not extend into the slots of the next context.
            last.iter_mut().zip(0..).for_each(|(entry, distance)| *entry = slot.wrapping_add(distance));
            start = end;
        }
    }

    /// Returns all slots, by context << P | slot: label << 2P | (frequency − 1) << P | distance from the entry's start.
    pub(super) fn all(&self) -> &[u32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{MAX_ENTRIES, MIN_PRECISION};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_slot_is_its_entry(
            precision in MIN_PRECISION..=MAX_PRECISION,
            // Contexts in any order, some of them twice, with the ends of their entries.
            tables in prop::collection::vec((0usize..8, prop::collection::btree_set(1u16..512, 0..MAX_ENTRIES)), 1..12),
        ) {
            let mut slots = Slots::default();
            slots.resize(8, precision);
            // as if the memory had been used before
            slots.0.fill(0);
            let mut expected = vec![0; 8 << precision];
            for (context, mut ends) in tables {
                ends.insert(1 << precision);
                let starts: Vec<u16> = [0].into_iter().chain(ends.iter().copied()).take(ends.len()).collect();
                let frequencies: Vec<u16> = starts.iter().zip(&ends).map(|(start, end)| end - start).collect();
                let labels: Vec<u16> = starts.iter().map(|start| (start ^ 0x5a5a) & escape_label(precision)).collect();
                slots.fill(context, precision, &labels, &frequencies);
                for ((start, frequency), label) in starts.iter().zip(frequencies).zip(labels) {
                    for distance in 0..frequency {
                        expected[context << precision | usize::from(start + distance)] =
                            u32::from(label) << (2 * precision) | u32::from(frequency - 1) << precision | u32::from(distance);
                    }
                }
            }
            for (i, expected) in expected.into_iter().enumerate() {
                prop_assert_eq!(slots.0[i], expected, "slot {}", i);
            }
        }
    }
}
