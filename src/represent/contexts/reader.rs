//! Finds the contexts of a stream for its decoder, block by block (section 8.3).

use super::chunk_classes::ChunkClasses;
use super::source::ContextSource;
use crate::kernel::{Job, Kernel};
use crate::represent::values::ValuePlaces;

/// Finds the contexts of a stream, block by block.
#[derive(Debug)]
pub(crate) struct ContextReader<'a> {
    source: &'a ContextSource,
    /// The contexts of all values from the first kept value of a block to the last.
    of_all: Vec<u8>,
    contexts: Vec<u8>,
}

impl<'a> ContextReader<'a> {
    pub(crate) fn new(source: &'a ContextSource) -> Self {
        Self { source, of_all: Vec::new(), contexts: Vec::new() }
    }

    /// Returns the contexts of `count` words at these places, or an empty slice if there is only one context. `symbols_of`
    /// returns the symbols of an earlier field in the block.
    pub(crate) fn read<'s>(
        &mut self,
        classes: &[ChunkClasses<'_>],
        places: ValuePlaces<'_>,
        count: usize,
        words_an_element: usize,
        symbols_of: impl Fn(usize) -> &'s [u16],
        kernel: Kernel,
    ) -> &[u8] {
        match self.source {
            ContextSource::None => return &[],
            ContextSource::Classes { field, shift, contexts } => {
                let (classes, most) = (&classes[*field], (contexts - 1) as u8);
                match places {
                    ValuePlaces::From(start) => {
                        let values = start / words_an_element..(start + count).div_ceil(words_an_element);
                        classes.contexts(values, *shift, most, kernel, &mut self.contexts);
                    }
                    ValuePlaces::At(places) => {
                        let start = places.first().map_or(0, |&first| first as usize);
                        let end = places.last().map_or(0, |&last| last as usize + 1);
                        classes.contexts(start..end, *shift, most, kernel, &mut self.of_all);
                        self.contexts.clear();
                        self.contexts.extend(places.iter().map(|&place| self.of_all[place as usize - start]));
                    }
                }
                if words_an_element > 1 {
                    let repeat = |&context| std::iter::repeat_n(context, words_an_element);
                    self.contexts = self.contexts.iter().flat_map(repeat).collect();
                }
            }
            ContextSource::Field { field, thresholds } => {
                let symbols = symbols_of(*field);
                self.contexts.resize(symbols.len(), 0);
                kernel.run(CountThresholds { symbols, thresholds, contexts: &mut self.contexts });
            }
        }
        &self.contexts
    }
}

/// Counts, for each symbol, the thresholds that are at most the symbol.
struct CountThresholds<'a> {
    symbols: &'a [u16],
    thresholds: &'a [u16],
    contexts: &'a mut [u8],
}

impl Job for CountThresholds<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const WIDTH: usize = 32;
        for (contexts, symbols) in self.contexts.chunks_mut(WIDTH).zip(self.symbols.chunks(WIDTH)) {
            let mut own = [0; WIDTH];
            own[..symbols.len()].copy_from_slice(symbols);
            let mut counts = [0u16; WIDTH];
            for &threshold in self.thresholds {
                for (count, symbol) in counts.iter_mut().zip(own) {
                    *count += u16::from(symbol >= threshold);
                }
            }
            contexts.iter_mut().zip(counts).for_each(|(context, count)| *context = count as u8);
        }
    }
}
