//! Frequency tables (section 9): which symbols of a field have a code in each context, and how probable each is.

use super::adapt::normalise;
use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Narrow};
use super::fit;
use super::levels::{BitCoder, LevelCoding, MIN_DRIFT, Row, VALUES};
use crate::error::{Error, Result};
use crate::spec::{DRIFT_BITS, MAX_CONTEXTS, MAX_ENTRIES, MAX_PRECISION, MAX_SLOTS, MIN_PRECISION, SLOT_BITS};
use crate::wire::Cursor;

/// Frequencies of some symbols, and maybe of an escape for the others.
///
/// Invariants, which the decoders lean on: the symbols ascend and are below 2^width; there is one frequency for each, and
/// then one for the escape if there is one; there are 1 to [`MAX_ENTRIES`] of them, each is at least 1, and together they
/// are 2^precision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    symbols: Vec<u16>,
    frequencies: Vec<u16>,
    /// From which the frequencies are made; as many.
    levels: Vec<u8>,
}

impl Table {
    /// From the levels of the symbols from `first`, and of the escape.
    fn new(row: &Row, first: u16, precision: u32) -> Self {
        let named = || (first..).zip(row.levels()).filter(|(_, level)| **level != 0);
        let symbols = named().map(|(symbol, _)| symbol).collect();
        let levels: Vec<u8> = named().map(|(_, &level)| level).chain((row.escape != 0).then_some(row.escape)).collect();
        let values: Vec<u32> = levels.iter().map(|&level| VALUES[usize::from(level)]).collect();
        let mut frequencies = vec![0; levels.len()];
        normalise(&values, precision, &mut frequencies);
        Self { symbols, frequencies, levels }
    }

    fn row(&self, first: u16, symbols: usize) -> Row {
        let mut row = Row::new(symbols);
        for (symbol, &level) in self.symbols.iter().zip(&self.levels) {
            row.set(usize::from(symbol - first), level);
        }
        row.escape = self.levels.get(self.symbols.len()).copied().unwrap_or(0);
        row
    }

    /// Entries, the escape included.
    pub(crate) fn len(&self) -> usize {
        self.frequencies.len()
    }

    /// The symbols that have a frequency, ascending.
    pub(crate) fn symbols(&self) -> &[u16] {
        &self.symbols
    }

    /// Of the symbols, in their order, and then of the escape if there is one.
    pub(crate) fn frequencies(&self) -> &[u16] {
        &self.frequencies
    }

    pub(crate) fn has_escape(&self) -> bool {
        self.frequencies.len() > self.symbols.len()
    }

    /// For each of the 2^width symbols its entry; for one without frequency the number of symbols that have one, which
    /// is the escape's entry if there is an escape.
    #[cfg(test)]
    pub(crate) fn entry_of_symbol(&self, width: u32) -> Vec<u16> {
        let mut entries = vec![self.symbols.len() as u16; 1 << width];
        for (entry, &symbol) in self.symbols.iter().enumerate() {
            entries[usize::from(symbol)] = entry as u16;
        }
        entries
    }
}

/// What is coded before the levels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// Whether the escape has a level in every table, be it 0.
    pub(super) escape: bool,
    /// Outside of these no symbol has a frequency.
    pub(super) first: u16,
    pub(super) last: u16,
    /// How many symbols further on a table is like the one before.
    pub(super) drift: i8,
}

impl Layout {
    /// Symbols that have a level, be it 0.
    pub(super) fn symbols(&self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// Whether symbols, or what stands for an escape, frequencies and distances fit a slot together.
    pub(super) fn fits(&self, precision: u32) -> bool {
        self.symbols() + usize::from(self.escape) <= 1 << (SLOT_BITS - 2 * precision)
    }

    /// Codes it, from whichever side.
    pub(super) fn code<C: BitCoder>(self, coder: &mut C, width: u32, contexts: usize) -> Result<Self, C::Error> {
        Ok(Self {
            escape: coder.half(self.escape)?,
            first: coder.halves(u32::from(self.first), width)? as u16,
            last: coder.halves(u32::from(self.last), width)? as u16,
            drift: match contexts {
                ..=1 => 0,
                _ => coder.halves(i32::from(self.drift - MIN_DRIFT) as u32, DRIFT_BITS)? as i8 + MIN_DRIFT,
            },
        })
    }
}

/// The tables of a stream, one for each of its contexts, with all that it takes to write them again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tables {
    width: u32,
    precision: u32,
    layout: Layout,
    /// 1 to [`MAX_CONTEXTS`].
    tables: Vec<Table>,
}

impl Tables {
    /// Good tables for contexts in which symbols occur `counts[context][symbol]` times: every symbol with a count can be
    /// coded in its context.
    ///
    /// There are 1 to [`MAX_CONTEXTS`] contexts and 2^width counts in each. The precision is lower if
    /// symbols are spread too far for it. Integers only: the same tables on every machine.
    pub(crate) fn from_counts(counts: &[Vec<u64>], width: u32, precision: u32) -> Self {
        debug_assert!((1..=MAX_CONTEXTS).contains(&counts.len()) && counts.len() << precision <= MAX_SLOTS);
        debug_assert!((MIN_PRECISION..=MAX_PRECISION).contains(&precision));
        debug_assert!(counts.iter().all(|counts| counts.len() == 1 << width));
        let (precision, layout, rows) = fit::fit(counts, width, precision);
        Self::of_rows(width, precision, layout, &rows)
    }

    pub(super) fn of_rows(width: u32, precision: u32, layout: Layout, rows: &[Row]) -> Self {
        let tables = rows.iter().map(|row| Table::new(row, layout.first, precision)).collect();
        Self { width, precision, layout, tables }
    }

    pub(crate) fn contexts(&self) -> usize {
        self.tables.len()
    }

    /// Bits of a symbol.
    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    /// The frequencies of each table add up to 2^precision.
    pub(crate) fn precision(&self) -> u32 {
        self.precision
    }

    /// Whether a table may have an escape.
    pub(crate) fn may_escape(&self) -> bool {
        self.layout.escape
    }

    /// From which on symbols have frequencies.
    pub(crate) fn first(&self) -> u16 {
        self.layout.first
    }

    /// Symbols from the first to the last that may have a frequency.
    pub(crate) fn span(&self) -> usize {
        self.layout.symbols()
    }

    /// Of a context below [`Tables::contexts`].
    pub(crate) fn table(&self, context: usize) -> &Table {
        &self.tables[context]
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Table> {
        self.tables.iter()
    }

    /// Bytes that they take, about.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.iter().map(|table| size_of::<Table>() + 5 * table.len()).sum::<usize>()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.precision as u8);
        let mut encoder = BitsEncoder::<Narrow>::new();
        let Ok(layout) = self.layout.code(&mut encoder, self.width, self.contexts());
        let mut coding = LevelCoding::new();
        let mut above: Option<Row> = None;
        for table in &self.tables {
            let row = table.row(layout.first, layout.symbols());
            coding.start_table();
            for (symbol, &level) in row.levels().iter().enumerate() {
                let prediction = LevelCoding::predict(&row, above.as_ref(), layout.drift, symbol);
                let Ok(_) = coding.code(&mut encoder, prediction, level);
                coding.advance(prediction, level);
            }
            if layout.escape {
                let Ok(_) = coding.code(&mut encoder, LevelCoding::predict_escape(above.as_ref()), row.escape);
            }
            above = Some(row);
        }
        encoder.finish(out);
    }

    /// The tables of a field of `width` bits.
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        let start = cursor.clone();
        Self::read_unplaced(cursor, width, contexts).map_err(|error| start.place(error))
    }

    fn read_unplaced(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        check_symbol_width(width)?;
        if !(1..=MAX_CONTEXTS).contains(&contexts) {
            return Err(Error::corrupt(format!("{contexts} contexts")));
        }
        let precision = u32::from(cursor.u8()?);
        if !(MIN_PRECISION..=MAX_PRECISION).contains(&precision) || contexts << precision > MAX_SLOTS {
            return Err(Error::corrupt(format!("precision {precision} in {contexts} contexts")));
        }
        let mut decoder = BitsDecoder::<Narrow>::new(cursor)?;
        let layout = Layout { escape: false, first: 0, last: 0, drift: 0 }.code(&mut decoder, width, contexts)?;
        if layout.first > layout.last {
            return Err(Error::corrupt(format!("tables from symbol {} to symbol {}", layout.first, layout.last)));
        }
        if layout.symbols() * contexts > MAX_SLOTS {
            return Err(Error::corrupt(format!("tables of {} symbols in {contexts} contexts", layout.symbols())));
        }
        if !layout.fits(precision) {
            return Err(Error::corrupt(format!("tables of {} symbols of precision {precision}", layout.symbols())));
        }
        let mut coding = LevelCoding::new();
        let mut rows: Vec<Row> = Vec::new();
        for _ in 0..contexts {
            let row = read_row(&mut decoder, &mut coding, rows.last(), &layout)?;
            rows.push(row);
        }
        decoder.finish()?;
        Ok(Self::of_rows(width, precision, layout, &rows))
    }
}

/// The levels of a table, 1 to [`MAX_ENTRIES`] of them not 0.
fn read_row(
    decoder: &mut BitsDecoder<'_, Narrow>,
    coding: &mut LevelCoding,
    above: Option<&Row>,
    layout: &Layout,
) -> Result<Row> {
    let no_level = || Error::corrupt("a level that is none");
    let mut row = Row::new(layout.symbols());
    let mut entries = 0;
    coding.start_table();
    for symbol in 0..layout.symbols() {
        let prediction = LevelCoding::predict(&row, above, layout.drift, symbol);
        let level = coding.code(decoder, prediction, 0)?.ok_or_else(no_level)?;
        coding.advance(prediction, level);
        entries += usize::from(level != 0);
        row.set(symbol, level);
    }
    if layout.escape {
        row.escape = coding.code(decoder, LevelCoding::predict_escape(above), 0)?.ok_or_else(no_level)?;
        entries += usize::from(row.escape != 0);
    }
    match entries {
        1..=MAX_ENTRIES => Ok(row),
        _ => Err(Error::corrupt(format!("a table of {entries} entries"))),
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
