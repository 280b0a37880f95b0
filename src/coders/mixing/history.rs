//! The last symbols of a chunk. A predictor looks back at them.

/// Symbols are forgotten only if there are at least this many too many, so that they are moved rarely.
const SLACK: usize = 4096;

/// The last symbols of a chunk: all, or at least as many as a predictor looks back at.
pub(super) struct History {
    symbols: Vec<u16>,
    /// The greatest distance that a predictor looks back.
    reach: usize,
}

impl History {
    /// Starts a chunk.
    pub(super) fn new(reach: usize) -> Self {
        Self { symbols: Vec::new(), reach }
    }

    /// Appends the symbols of a block, which may change. Returns the place of the first one.
    pub(super) fn append(&mut self, block: &[u16]) -> usize {
        if self.symbols.len() >= 2 * self.reach + SLACK {
            self.symbols.drain(..self.symbols.len() - self.reach);
        }
        self.symbols.extend_from_slice(block);
        self.symbols.len() - block.len()
    }

    /// Returns the symbols before place `end`. The first one is the first symbol of the chunk, or it is further back
    /// than a predictor looks.
    #[inline(always)]
    pub(super) fn before(&self, end: usize) -> &[u16] {
        &self.symbols[..end]
    }

    /// Returns the symbol at a place.
    #[inline(always)]
    pub(super) fn at(&self, place: usize) -> u16 {
        self.symbols[place]
    }

    /// Changes the symbol at a place.
    #[inline(always)]
    pub(super) fn set(&mut self, place: usize, symbol: u16) {
        self.symbols[place] = symbol;
    }

    /// Returns the symbols from place `start` on.
    pub(super) fn from(&self, start: usize) -> &[u16] {
        &self.symbols[start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_kept_as_a_predictor_needs() {
        let mut history = History::new(1000);
        let all: Vec<u16> = (0..20_000).collect();
        let mut done = 0;
        for block in all.chunks(700) {
            let start = history.append(block);
            let before = history.before(start);
            assert!(before.len() >= done.min(1000) && before.len() < 3000 + SLACK);
            assert_eq!(before, &all[done - before.len()..done]);
            assert_eq!(history.from(start), block);
            done += block.len();
        }
    }
}
