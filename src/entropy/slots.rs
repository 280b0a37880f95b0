//! What a lane decoder looks up: for each slot of each context its entry's name and its step.

use super::table::{MAX_PRECISION, MAX_SLOTS};

/// Runs of slots are written in blocks of this many, beyond their end if need be: the next run covers that.
const BLOCK: usize = 16;

/// Contexts' tables by slot, with room for all that there can be: an index needs no check. In two arrays, so that the
/// name is off the path from one state to the next; one array, with the symbol looked up by entry, measured slower.
#[derive(Debug)]
pub(super) struct Slots {
    /// By context << P | slot: the entry's frequency in the upper half, the slot's distance from the entry's start in the
    /// lower.
    steps: Box<[u32; MAX_SLOTS]>,
    /// By context << P | slot: what the decoder calls the entry.
    names: Box<[u16; MAX_SLOTS]>,
}

impl Slots {
    pub(super) fn new() -> Self {
        Self { steps: boxed(), names: boxed() }
    }

    /// Sets the slots of a context, for entries in order: their names and frequencies, which add up to 2^precision.
    pub(super) fn fill(&mut self, context: usize, precision: u32, names: &[u16], frequencies: &[u16]) {
        debug_assert!(precision <= MAX_PRECISION && names.len() == frequencies.len());
        let slots = context << precision..(context + 1) << precision;
        let (Some(steps), Some(slot_names)) = (self.steps.get_mut(slots.clone()), self.names.get_mut(slots)) else {
            debug_assert!(false, "context {context} of precision {precision}");
            return;
        };
        let mut start = 0;
        for (&name, &frequency) in names.iter().zip(frequencies) {
            let end = start + usize::from(frequency);
            let run = start..steps.len().min(start + usize::from(frequency).next_multiple_of(BLOCK));
            let mut step = u32::from(frequency) << 16;
            let (step_blocks, last_steps) = steps[run.clone()].as_chunks_mut::<BLOCK>();
            let (name_blocks, last_names) = slot_names[run].as_chunks_mut::<BLOCK>();
            for (steps, names) in step_blocks.iter_mut().zip(name_blocks) {
                *steps = std::array::from_fn(|i| step + i as u32);
                *names = [name; BLOCK];
                step += BLOCK as u32;
            }
            // Behind the context's last slot the next one's begin.
            last_steps.iter_mut().zip(step..).for_each(|(slot, step)| *slot = step);
            last_names.fill(name);
            start = end;
        }
    }

    /// By context << P | slot: frequency << 16 | distance from the start.
    #[inline(always)]
    pub(super) fn steps(&self) -> &[u32; MAX_SLOTS] {
        &self.steps
    }

    /// By context << P | slot.
    #[inline(always)]
    pub(super) fn names(&self) -> &[u16; MAX_SLOTS] {
        &self.names
    }
}

/// Zeros, never on the stack.
pub(super) fn boxed<T: Copy + Default, const N: usize>() -> Box<[T; N]> {
    let Ok(array) = vec![T::default(); N].into_boxed_slice().try_into() else { unreachable!("its length is {N}") };
    array
}

#[cfg(test)]
mod tests {
    use super::super::table::{MAX_ENTRIES, MIN_PRECISION};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_slot_is_its_entry(
            precision in MIN_PRECISION..=MAX_PRECISION,
            // Contexts in some order, some of them twice, with where their entries end.
            tables in prop::collection::vec((0usize..8, prop::collection::btree_set(1u16..512, 0..MAX_ENTRIES)), 1..12),
        ) {
            let mut slots = Slots::new();
            let mut expected = vec![(0, 0); MAX_SLOTS];
            for (context, mut ends) in tables {
                ends.insert(1 << precision);
                let starts: Vec<u16> = [0].into_iter().chain(ends.iter().copied()).take(ends.len()).collect();
                let frequencies: Vec<u16> = starts.iter().zip(&ends).map(|(start, end)| end - start).collect();
                let names: Vec<u16> = starts.iter().map(|start| start ^ 0x5a5a).collect();
                slots.fill(context, precision, &names, &frequencies);
                for ((start, frequency), name) in starts.iter().zip(frequencies).zip(names) {
                    for distance in 0..frequency {
                        expected[context << precision | usize::from(start + distance)] =
                            (u32::from(frequency) << 16 | u32::from(distance), name);
                    }
                }
            }
            for (i, expected) in expected.into_iter().enumerate() {
                prop_assert_eq!((slots.steps()[i], slots.names()[i]), expected, "slot {}", i);
            }
        }
    }
}
