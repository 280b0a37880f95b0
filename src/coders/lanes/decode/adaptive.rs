//! Counts decoded symbols, and changes the decoder's slots (section 10.2).

use super::super::adapt::{AdaptiveTables, is_counted};
use super::super::model::LaneModel;
use super::super::slots::{Slots, labels_of};
use crate::spec::LANES;

/// The counts of a chunk, and the frequencies that follow them.
#[derive(Debug)]
pub(super) struct AdaptiveSlots {
    /// The labels by context and entry.
    labels: Vec<Vec<u16>>,
    tables: AdaptiveTables,
    /// The counts by context · stride + label. The escape has the last label.
    counts: Vec<u32>,
    stride: usize,
    /// The symbol of label 0.
    first: u16,
}

impl AdaptiveSlots {
    pub(super) fn new(model: &LaneModel) -> Self {
        let tables = &model.tables;
        let stride = tables.span() + 1;
        Self {
            labels: labels_of(tables),
            tables: AdaptiveTables::new(tables, model.adaptation),
            counts: vec![0; stride * tables.contexts()],
            stride,
            first: tables.first(),
        }
    }

    /// Counts symbols; an escape is the label of the escape plus the first symbol.
    ///
    /// `start` is the position of the first symbol in the chunk, a multiple of 32.
    pub(super) fn count(&mut self, start: usize, contexts: &[u8], symbols: &[u16]) {
        for (at, round) in symbols.chunks(LANES).enumerate().filter(|(at, _)| is_counted(start / LANES + at)) {
            for (i, symbol) in round.iter().enumerate() {
                let context = contexts.get(at * LANES + i).map_or(0, |&context| usize::from(context));
                let label = usize::from(symbol.wrapping_sub(self.first)).min(self.stride - 1);
                if let Some(count) = self.counts.get_mut(context * self.stride + label) {
                    *count += 1;
                }
            }
        }
    }

    /// Ends an interval: changes the slots of the contexts that are due.
    pub(super) fn follow(&mut self, model: &LaneModel, slots: &mut Slots) {
        let mut gathered = Vec::new();
        for (context, labels) in self.labels.iter().enumerate() {
            let counts = &mut self.counts[context * self.stride..(context + 1) * self.stride];
            gathered.clear();
            gathered.extend(labels.iter().map(|&label| counts[usize::from(label).min(self.stride - 1)]));
            if self.tables.follow(context, &mut gathered) {
                counts.fill(0);
                slots.fill(context, model.tables.precision(), labels, &self.tables.frequencies[context]);
            }
        }
    }
}
