//! The entries of all tables, numbered one after another, and how often they occur.

use std::ops::Range;

use super::super::tables::Tables;
use super::adapt::is_counted;
use crate::spec::LANES;

/// The number of occurrences of an entry, as four numbers to be added up. With a single one, two equal symbols in a row
/// would make the processor wait.
pub(super) type Count = [u32; 4];

/// Marks the entry of a symbol that is coded as an escape. No number of an entry has this bit.
const ESCAPED: u16 = 1 << 15;

/// The entries of all tables, numbered from the first entry of the first table.
pub(super) struct Entries {
    /// The entry of each symbol, by context << width | symbol, with [`ESCAPED`] if it is the escape. For a symbol that
    /// cannot be coded this is the number of all entries.
    of_symbol: Vec<u16>,
    /// The first entry of each context, followed by the number of all entries.
    first: Vec<usize>,
    width: u32,
}

impl Entries {
    pub(super) fn new(tables: &Tables) -> Self {
        let width = tables.width();
        let mut first = vec![0];
        let mut count = 0;
        for table in tables.iter() {
            count += table.len();
            first.push(count);
        }
        let mut of_symbol = Vec::with_capacity(tables.contexts() << width);
        for (table, &start) in tables.iter().zip(&first) {
            let escape =
                if table.has_escape() { (start + table.symbols().len()) as u16 | ESCAPED } else { count as u16 };
            let table_start = of_symbol.len();
            of_symbol.resize(table_start + (1 << width), escape);
            for (&symbol, entry) in table.symbols().iter().zip(start..) {
                of_symbol[table_start + usize::from(symbol)] = entry as u16;
            }
        }
        Self { of_symbol, first, width }
    }

    /// Returns the number of entries.
    pub(super) fn count(&self) -> usize {
        self.first.last().copied().unwrap_or(0)
    }

    /// Returns the entries of a context.
    pub(super) fn of_context(&self, context: usize) -> Range<usize> {
        self.first[context]..self.first[context + 1]
    }

    /// Returns the entry of a symbol, with [`ESCAPED`] if it is the escape.
    #[inline(always)]
    fn marked<const MANY: bool>(&self, context: u8, symbol: u16) -> u16 {
        let table_start = if MANY { usize::from(context) << self.width } else { 0 };
        self.of_symbol[table_start + usize::from(symbol)]
    }

    /// Counts the entries of the rounds that adaptation looks at (section 10.2).
    ///
    /// `start` is the position of the first symbol in the chunk, a multiple of 32.
    pub(super) fn count_sampled<const MANY: bool>(
        &self,
        start: usize,
        symbols: &[u16],
        contexts: &[u8],
        counts: &mut [u32],
    ) {
        for (at, round) in symbols.chunks(LANES).enumerate().filter(|(at, _)| is_counted(start / LANES + at)) {
            for (i, &symbol) in round.iter().enumerate() {
                let context = if MANY { contexts[at * LANES + i] } else { 0 };
                counts[usize::from(self.marked::<MANY>(context, symbol) & !ESCAPED)] += 1;
            }
        }
    }

    /// Counts the entries of all symbols. `counts` has one element more than there are entries, for symbols that cannot
    /// be coded.
    #[inline(never)]
    pub(super) fn count_all<const MANY: bool>(&self, symbols: &[u16], contexts: &[u8], counts: &mut [Count]) {
        let mut add = |i: usize, context, symbol| {
            counts[usize::from(self.marked::<MANY>(context, symbol) & !ESCAPED)][i] += 1;
        };
        let (fours, rest) = symbols.as_chunks::<4>();
        let (context_fours, context_rest) = contexts.as_chunks::<4>();
        for (at, four) in fours.iter().enumerate() {
            let contexts = if MANY { context_fours[at] } else { [0; 4] };
            for (i, (&symbol, context)) in four.iter().zip(contexts).enumerate() {
                add(i, context, symbol);
            }
        }
        for (i, &symbol) in rest.iter().enumerate() {
            add(i, if MANY { context_rest[i] } else { 0 }, symbol);
        }
    }
}
