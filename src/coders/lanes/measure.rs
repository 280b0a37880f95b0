//! Adds up the costs or the code lengths of a chunk's symbols, under static or adaptive tables (section 10.2).

use super::adapt::{Adaptation, AdaptiveTables};
use super::entries::{Count, Entries};
use super::model::LaneModel;
use crate::spec::LANES;

/// A sum of costs or of code lengths.
pub(super) trait Tally: Default {
    /// Adds `count` symbols with `frequency` of 2^precision, each followed by `raw_bits` bits.
    fn add(&mut self, count: u64, frequency: u16, precision: u32, raw_bits: u32);
}

/// Measures a chunk piece by piece.
pub(super) struct Measure<'m, T> {
    model: &'m LaneModel,
    entries: Entries,
    tables: AdaptiveTables,
    /// How often each entry occurred since the frequencies of its context last changed. The last element is for symbols
    /// that cannot be coded.
    counts: Vec<Count>,
    /// How often adaptation counted each entry. The last element is as in `counts`.
    sampled: Vec<u32>,
    position: usize,
    tally: T,
}

impl<'m, T: Tally> Measure<'m, T> {
    /// Starts a chunk.
    pub(super) fn new(model: &'m LaneModel) -> Self {
        let entries = Entries::new(&model.tables);
        Self {
            tables: AdaptiveTables::new(&model.tables, model.adaptation),
            counts: vec![[0; 4]; entries.count() + 1],
            sampled: vec![0; entries.count() + 1],
            entries,
            model,
            position: 0,
            tally: T::default(),
        }
    }

    /// Measures the next symbols of the chunk. Their number is a multiple of 32, except for the last ones.
    ///
    /// `contexts` has one context for each symbol, or is empty if there is only one context.
    pub(super) fn add(&mut self, symbols: &[u16], contexts: &[u8]) {
        debug_assert!(self.model.has_contexts_for(symbols.len(), contexts));
        match self.model.tables.contexts() {
            1 => self.add_some::<false>(symbols, &[]),
            _ => self.add_some::<true>(symbols, contexts),
        }
    }

    fn add_some<const MANY: bool>(&mut self, mut symbols: &[u16], mut contexts: &[u8]) {
        debug_assert!(self.position.is_multiple_of(LANES));
        let interval_len = self.model.adaptation.interval_len();
        while !symbols.is_empty() {
            // An interval ends here, and symbols follow.
            if self.position > 0 && self.position.is_multiple_of(interval_len) {
                self.change();
            }
            let len = symbols.len().min(interval_len - self.position % interval_len);
            let (now, later) = symbols.split_at(len);
            let (contexts_now, contexts_later) = if MANY { contexts.split_at(len) } else { (&[][..], &[][..]) };
            self.entries.count_all::<MANY>(now, contexts_now, &mut self.counts);
            if self.model.adaptation != Adaptation::STATIC {
                self.entries.count_sampled::<MANY>(self.position, now, contexts_now, &mut self.sampled);
            }
            self.position += len;
            (symbols, contexts) = (later, contexts_later);
        }
    }

    /// Changes the frequencies of the contexts that are due.
    fn change(&mut self) {
        for context in 0..self.model.tables.contexts() {
            let own = self.entries.of_context(context);
            if self.tables.is_due(context, &self.sampled[own.clone()]) {
                self.spend(context);
                self.tables.follow(context, &mut self.sampled[own]);
            }
        }
    }

    /// Adds the counts of a context to the tally, under its frequencies, and resets them.
    fn spend(&mut self, context: usize) {
        let tables = &self.model.tables;
        let symbols = tables.table(context).symbols().len();
        let counts = &mut self.counts[self.entries.of_context(context)];
        for (entry, (count, &frequency)) in counts.iter_mut().zip(&self.tables.frequencies[context]).enumerate() {
            let raw_bits = if entry < symbols { 0 } else { tables.width() };
            self.tally.add(total(&std::mem::take(count)), frequency, tables.precision(), raw_bits);
        }
    }

    /// Ends the chunk. Returns the sum, and the number of symbols that cannot be coded.
    pub(super) fn finish(mut self) -> (T, u64) {
        (0..self.model.tables.contexts()).for_each(|context| self.spend(context));
        (self.tally, total(&self.counts[self.entries.count()]))
    }
}

fn total(count: &Count) -> u64 {
    count.iter().map(|&part| u64::from(part)).sum()
}
