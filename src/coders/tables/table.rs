//! Frequency tables (section 9): which symbols of a field have a frequency in each context, and which frequency.

use super::super::check_symbol_width;
use super::super::range::{BitDecoder, BitEncoder, Narrow};
use super::super::sink::{Sink, infallible};
use super::frequency_code::{CodeModel, CodeRow, MIN_DRIFT, values_of};
use super::normalise::normalise;
use crate::error::{Error, Result};
use crate::spec::{DRIFT_BITS, MAX_CONTEXTS, MAX_ENTRIES, MAX_PRECISION, MAX_SLOTS, MIN_PRECISION, SLOT_BITS};
use crate::wire::Cursor;

/// The frequencies of some symbols, and possibly of an escape that stands for all others.
///
/// The decoders rely on these invariants: the symbols ascend and are below 2^width; there is one frequency for each
/// symbol, followed by one for the escape if there is one; there are 1 to [`MAX_ENTRIES`] frequencies, each is at least
/// 1, and they add up to 2^precision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    symbols: Vec<u16>,
    frequencies: Vec<u16>,
    /// The frequency codes from which the frequencies are made, one for each.
    codes: Vec<u8>,
}

impl Table {
    /// Makes the table of a row of frequency codes, which begins with the symbol `first`.
    fn new(row: &CodeRow, first: u16, precision: u32) -> Self {
        let present = || (first..).zip(row.codes()).filter(|(_, code)| **code != 0);
        let symbols = present().map(|(symbol, _)| symbol).collect();
        let codes: Vec<u8> = present().map(|(_, &code)| code).chain((row.escape != 0).then_some(row.escape)).collect();
        let mut frequencies = vec![0; codes.len()];
        normalise(&values_of(codes.iter().copied()), precision, &mut frequencies);
        Self { symbols, frequencies, codes }
    }

    fn row(&self, first: u16, symbols: usize) -> CodeRow {
        let mut row = CodeRow::new(symbols);
        for (symbol, &code) in self.symbols.iter().zip(&self.codes) {
            row.set(usize::from(symbol - first), code);
        }
        row.escape = self.codes.get(self.symbols.len()).copied().unwrap_or(0);
        row
    }

    /// Returns the number of entries, the escape included.
    pub(crate) fn len(&self) -> usize {
        self.frequencies.len()
    }

    /// Returns the symbols that have a frequency, in ascending order.
    pub(crate) fn symbols(&self) -> &[u16] {
        &self.symbols
    }

    /// Returns the frequencies of the symbols, in their order, and then the frequency of the escape if there is one.
    pub(crate) fn frequencies(&self) -> &[u16] {
        &self.frequencies
    }

    pub(crate) fn has_escape(&self) -> bool {
        self.frequencies.len() > self.symbols.len()
    }

    /// Returns the entry of each of the 2^width symbols. For a symbol without frequency this is the number of symbols
    /// with a frequency, which is the entry of the escape if there is one.
    #[cfg(test)]
    pub(crate) fn entry_of_symbol(&self, width: u32) -> Vec<u16> {
        let mut entries = vec![self.symbols.len() as u16; 1 << width];
        for (entry, &symbol) in self.symbols.iter().enumerate() {
            entries[usize::from(symbol)] = entry as u16;
        }
        entries
    }
}

/// The shape of the tables of a stream, which is stored before their frequency codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TableShape {
    /// Whether a frequency code of the escape, possibly 0, is stored for every table.
    pub(super) escape: bool,
    /// The first and the last symbol of the stored range. No symbol outside of it has a frequency.
    pub(super) first: u16,
    pub(super) last: u16,
    /// The number of symbols by which each table is shifted against the table before.
    pub(super) drift: i8,
}

impl TableShape {
    /// Returns the number of symbols of the stored range.
    pub(super) fn symbols(&self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    /// Returns whether a label, a frequency and a distance fit into a slot together.
    pub(super) fn fits(&self, precision: u32) -> bool {
        self.symbols() + usize::from(self.escape) <= 1 << (SLOT_BITS - 2 * precision)
    }

    /// Codes the shape and returns it.
    pub(super) fn code<S: Sink>(self, sink: &mut S, width: u32, contexts: usize) -> Result<Self, S::Error> {
        Ok(Self {
            escape: sink.code_half(self.escape)?,
            first: sink.code_halves(self.first.into(), width)? as u16,
            last: sink.code_halves(self.last.into(), width)? as u16,
            drift: match contexts {
                ..=1 => 0,
                _ => sink.code_halves((self.drift - MIN_DRIFT) as u64, DRIFT_BITS)? as i8 + MIN_DRIFT,
            },
        })
    }
}

/// The tables of a stream, one for each of its contexts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tables {
    width: u32,
    precision: u32,
    shape: TableShape,
    /// 1 to [`MAX_CONTEXTS`] tables.
    tables: Vec<Table>,
}

impl Tables {
    /// Makes the tables of rows of frequency codes, one for each context.
    pub(super) fn of_rows(width: u32, precision: u32, shape: TableShape, rows: &[CodeRow]) -> Self {
        let tables = rows.iter().map(|row| Table::new(row, shape.first, precision)).collect();
        Self { width, precision, shape, tables }
    }

    pub(crate) fn contexts(&self) -> usize {
        self.tables.len()
    }

    /// Returns the number of bits of a symbol.
    pub(crate) fn width(&self) -> u32 {
        self.width
    }

    /// Returns the precision: the frequencies of each table add up to 2^precision.
    pub(crate) fn precision(&self) -> u32 {
        self.precision
    }

    /// Returns whether tables may have an escape.
    pub(crate) fn may_escape(&self) -> bool {
        self.shape.escape
    }

    /// Returns the first symbol of the stored range.
    pub(crate) fn first(&self) -> u16 {
        self.shape.first
    }

    /// Returns the number of symbols of the stored range.
    pub(crate) fn span(&self) -> usize {
        self.shape.symbols()
    }

    /// Returns the table of a context, which is below [`Tables::contexts`].
    pub(crate) fn table(&self, context: usize) -> &Table {
        &self.tables[context]
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Table> {
        self.tables.iter()
    }

    /// Estimates the memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        size_of::<Self>() + self.iter().map(|table| size_of::<Table>() + 5 * table.len()).sum::<usize>()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(self.precision as u8);
        let mut encoder = BitEncoder::<Narrow>::new();
        let shape = infallible(self.shape.code(&mut encoder, self.width, self.contexts()));
        let mut model = CodeModel::new();
        let mut above: Option<CodeRow> = None;
        for table in &self.tables {
            let row = table.row(shape.first, shape.symbols());
            model.start_table();
            for (symbol, &code) in row.codes().iter().enumerate() {
                let prediction = CodeModel::predict(&row, above.as_ref(), shape.drift, symbol);
                infallible(model.code(&mut encoder, prediction, code));
                model.advance(prediction, code);
            }
            if shape.escape {
                infallible(model.code(&mut encoder, CodeModel::predict_escape(above.as_ref()), row.escape));
            }
            above = Some(row);
        }
        encoder.finish(out);
    }

    /// Reads the tables of a field of `width` bits.
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        let start = cursor.clone();
        Self::read_unplaced(cursor, width, contexts).map_err(|error| start.place(error))
    }

    fn read_unplaced(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        check_symbol_width(width)?;
        if !(1..=MAX_CONTEXTS).contains(&contexts) {
            return Err(Error::corrupt(format!("{contexts} contexts, but only 1 to {MAX_CONTEXTS} are allowed")));
        }
        let precision = u32::from(cursor.u8()?);
        if !(MIN_PRECISION..=MAX_PRECISION).contains(&precision) || contexts << precision > MAX_SLOTS {
            return Err(Error::corrupt(format!(
                "a precision of {precision} bits is not allowed with {contexts} contexts"
            )));
        }
        let mut decoder = BitDecoder::<Narrow>::new(cursor)?;
        let shape = TableShape { escape: false, first: 0, last: 0, drift: 0 }.code(&mut decoder, width, contexts)?;
        if shape.first > shape.last {
            return Err(Error::corrupt(format!("tables from symbol {} to symbol {}", shape.first, shape.last)));
        }
        if shape.symbols() * contexts > MAX_SLOTS {
            return Err(Error::corrupt(format!("{contexts} tables of {} symbols are too large", shape.symbols())));
        }
        if !shape.fits(precision) {
            return Err(Error::corrupt(format!(
                "{} symbols are too many for a precision of {precision} bits",
                shape.symbols()
            )));
        }
        let mut model = CodeModel::new();
        let mut rows: Vec<CodeRow> = Vec::new();
        for _ in 0..contexts {
            let row = read_row(&mut decoder, &mut model, rows.last(), &shape)?;
            rows.push(row);
        }
        decoder.finish()?;
        Ok(Self::of_rows(width, precision, shape, &rows))
    }
}

/// Reads the frequency codes of a table, of which 1 to [`MAX_ENTRIES`] must not be 0.
fn read_row(
    decoder: &mut BitDecoder<'_, Narrow>,
    model: &mut CodeModel,
    above: Option<&CodeRow>,
    shape: &TableShape,
) -> Result<CodeRow> {
    let out_of_range = || Error::corrupt("a frequency code out of range");
    let mut row = CodeRow::new(shape.symbols());
    let mut entries = 0;
    model.start_table();
    for symbol in 0..shape.symbols() {
        let prediction = CodeModel::predict(&row, above, shape.drift, symbol);
        let code = model.code(decoder, prediction, 0)?.ok_or_else(out_of_range)?;
        model.advance(prediction, code);
        entries += usize::from(code != 0);
        row.set(symbol, code);
    }
    if shape.escape {
        row.escape = model.code(decoder, CodeModel::predict_escape(above), 0)?.ok_or_else(out_of_range)?;
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
