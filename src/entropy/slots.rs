//! What a lane decoder looks up: for each of the 4096 slots its symbol and its step.

use super::table::{TOTAL, Table};

/// Runs of slots are written in blocks of this many, beyond their end if need be: the next run covers that.
const BLOCK: usize = 16;
const PADDED: usize = TOTAL + BLOCK;

/// Marks the escape in place of a symbol; no symbol has this bit.
pub(crate) const ESCAPE: u16 = 1 << 12;

/// Tables by slot. Kept apart, so that the symbol is off the path from one state to the next.
#[derive(Debug)]
pub(crate) struct Slots {
    /// The entry's frequency in the upper half, the slot's distance from the entry's start in the lower.
    steps: Box<[u32; PADDED]>,
    /// The entry's symbol, or [`ESCAPE`].
    symbols: Box<[u16; PADDED]>,
}

impl Slots {
    pub(crate) fn new(table: &Table) -> Self {
        let mut slots = Self { steps: Box::new([0; PADDED]), symbols: Box::new([0; PADDED]) };
        slots.fill(&entry_symbols(table), table.frequencies());
        slots
    }

    /// For entries in order: their symbols, [`ESCAPE`] among them, and frequencies, which add up to 4096.
    pub(crate) fn fill(&mut self, symbols: &[u16], frequencies: &[u16]) {
        let mut start = 0;
        for (&symbol, &frequency) in symbols.iter().zip(frequencies) {
            let end = start + usize::from(frequency);
            let mut step = u32::from(frequency) << 16;
            let mut at = start;
            while at < end {
                let (Some(steps), Some(names)) =
                    (self.steps[at..].first_chunk_mut::<BLOCK>(), self.symbols[at..].first_chunk_mut::<BLOCK>())
                else {
                    debug_assert!(false, "frequencies beyond {TOTAL}");
                    return;
                };
                *steps = std::array::from_fn(|i| step + i as u32);
                *names = [symbol; BLOCK];
                step += BLOCK as u32;
                at += BLOCK;
            }
            start = end;
        }
    }

    /// Frequency << 16 | distance from the start, by slot.
    #[inline(always)]
    pub(crate) fn steps(&self) -> &[u32; PADDED] {
        &self.steps
    }

    /// By slot.
    #[inline(always)]
    pub(crate) fn symbols(&self) -> &[u16; PADDED] {
        &self.symbols
    }
}

/// The symbol of each entry, [`ESCAPE`] for the escape.
pub(crate) fn entry_symbols(table: &Table) -> Vec<u16> {
    let mut symbols = table.symbols().to_vec();
    symbols.resize(table.len(), ESCAPE);
    symbols
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::counts;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_slot_is_its_entry((width, counts) in counts()) {
            let table = Table::from_counts(&counts, width);
            let slots = Slots::new(&table);
            let mut slot = 0;
            for (entry, &frequency) in table.frequencies().iter().enumerate() {
                for distance in 0..u32::from(frequency) {
                    prop_assert_eq!(slots.steps()[slot], u32::from(frequency) << 16 | distance);
                    prop_assert_eq!(slots.symbols()[slot], table.symbols().get(entry).copied().unwrap_or(ESCAPE));
                    slot += 1;
                }
            }
            prop_assert_eq!(slot, TOTAL);
        }
    }
}
