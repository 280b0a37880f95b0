//! Frequency tables (section 9): which symbols of a field have a code, and how probable each is.

use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Narrow};
use super::context::{AdaptiveBit, Tree};
use super::fit;
use crate::error::{Error, Result};
use crate::wire::Cursor;

/// Section 10: frequencies add up to 2^12.
pub(crate) const PROBABILITY_BITS: u32 = 12;
/// What the frequencies of a table add up to.
pub(crate) const TOTAL: usize = 1 << PROBABILITY_BITS;
/// Section 9: the limit of the contexts under which a table is coded.
pub(crate) const TABLE_LIMIT: u8 = 30;
/// Section 8: the widest field whose symbols can be modelled.
pub(crate) const MAX_SYMBOL_BITS: u32 = 12;

/// Frequencies of some symbols of `width` bits, and maybe of an escape for the others.
///
/// Invariants, which the decoders lean on: the symbols ascend and are below 2^width; there is one frequency for each, and
/// then one for the escape if there is one; each is at least 1, and together they are [`TOTAL`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    symbols: Vec<u16>,
    frequencies: Vec<u16>,
    width: u32,
}

impl Table {
    /// A good table for symbols that occur `counts[symbol]` times: every symbol with a count can be coded under it.
    ///
    /// There are 2^width counts, not all of them 0. Integers only: the same table on every machine.
    pub(crate) fn from_counts(counts: &[u64], width: u32) -> Self {
        debug_assert_eq!(counts.len(), 1 << width);
        let (symbols, entry_counts) = fit::entries(counts, width);
        let frequencies = fit::frequencies(&entry_counts);
        Self { symbols, frequencies, width }
    }

    /// Entries, the escape included.
    pub(crate) fn len(&self) -> usize {
        self.frequencies.len()
    }

    pub(crate) fn width(&self) -> u32 {
        self.width
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
    pub(crate) fn entry_of_symbol(&self) -> Vec<u16> {
        let mut entries = vec![self.symbols.len() as u16; 1 << self.width];
        for (entry, &symbol) in self.symbols.iter().enumerate() {
            entries[usize::from(symbol)] = entry as u16;
        }
        entries
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut encoder = BitsEncoder::<Narrow>::new();
        let mut coding = FrequencyCoding::new();
        encoder.encode_half(self.has_escape());
        let mut explicit = self.symbols.iter().zip(&self.frequencies).peekable();
        for symbol in 0..1u16 << self.width {
            let frequency = explicit.next_if(|(next, _)| **next == symbol).map_or(0, |(_, &frequency)| frequency);
            coding.encode(&mut encoder, frequency, false);
        }
        if let Some(&frequency) = self.frequencies.get(self.symbols.len()) {
            coding.encode(&mut encoder, frequency, true);
        }
        encoder.finish(out);
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32) -> Result<Self> {
        let start = cursor.clone();
        Self::read_unplaced(cursor, width).map_err(|error| start.place(error))
    }

    fn read_unplaced(cursor: &mut Cursor<'_>, width: u32) -> Result<Self> {
        check_symbol_width(width)?;
        let mut decoder = BitsDecoder::<Narrow>::new(cursor)?;
        let mut coding = FrequencyCoding::new();
        let mut table = Self { symbols: Vec::new(), frequencies: Vec::new(), width };
        let mut sum = 0;
        let mut add = |frequency: u16| {
            sum += usize::from(frequency);
            match sum {
                ..=TOTAL => Ok(sum),
                _ => Err(Error::corrupt(format!("frequencies add up to more than {TOTAL}"))),
            }
        };
        let has_escape = decoder.decode_half()?;
        for symbol in 0..1u16 << width {
            let frequency = coding.decode(&mut decoder, false)?;
            if frequency > 0 {
                add(frequency)?;
                table.symbols.push(symbol);
                table.frequencies.push(frequency);
            }
        }
        if has_escape {
            let frequency = coding.decode(&mut decoder, true)?;
            if frequency == 0 {
                return Err(Error::corrupt("an escape of frequency 0"));
            }
            add(frequency)?;
            table.frequencies.push(frequency);
        }
        decoder.finish()?;
        match add(0)? {
            TOTAL => Ok(table),
            sum => Err(Error::corrupt(format!("frequencies add up to {sum} instead of {TOTAL}"))),
        }
    }
}

/// How the frequencies of one table are coded: its contexts, and what they depend on.
struct FrequencyCoding {
    is_zero: [AdaptiveBit; 4],
    class: Vec<Tree>,
    /// The first bit below a frequency's leading one, by class.
    second_bit: [AdaptiveBit; MAX_CLASS + 1],
    /// Zeros just before, at most 2.
    zeros: usize,
    last_class: usize,
}

/// The class of the greatest frequency.
const MAX_CLASS: usize = PROBABILITY_BITS as usize;
const CLASS_BITS: u32 = 4;
/// Context of the class of a table's first frequency.
const NO_CLASS: usize = MAX_CLASS + 1;
/// Context of the escape's zero bit.
const ESCAPE: usize = 3;

impl FrequencyCoding {
    fn new() -> Self {
        Self {
            is_zero: [AdaptiveBit::NEW; 4],
            class: vec![Tree::new(CLASS_BITS); NO_CLASS + 1],
            second_bit: [AdaptiveBit::NEW; MAX_CLASS + 1],
            zeros: 0,
            last_class: NO_CLASS,
        }
    }

    fn encode(&mut self, encoder: &mut BitsEncoder<Narrow>, frequency: u16, is_escape: bool) {
        let context = if is_escape { ESCAPE } else { self.zeros };
        self.is_zero[context].encode(encoder, frequency == 0, TABLE_LIMIT);
        if frequency == 0 {
            self.zeros = 2.min(self.zeros + 1);
            return;
        }
        let class = frequency.ilog2() as usize;
        self.class[self.last_class].encode(encoder, class as u16, TABLE_LIMIT);
        (self.zeros, self.last_class) = (0, class);
        for shift in (0..class).rev() {
            let bit = frequency >> shift & 1 == 1;
            if shift + 1 == class {
                self.second_bit[class].encode(encoder, bit, TABLE_LIMIT);
            } else {
                encoder.encode_half(bit);
            }
        }
    }

    fn decode(&mut self, decoder: &mut BitsDecoder<'_, Narrow>, is_escape: bool) -> Result<u16> {
        let context = if is_escape { ESCAPE } else { self.zeros };
        if self.is_zero[context].decode(decoder, TABLE_LIMIT)? {
            self.zeros = 2.min(self.zeros + 1);
            return Ok(0);
        }
        let class = usize::from(self.class[self.last_class].decode(decoder, TABLE_LIMIT)?);
        if class > MAX_CLASS {
            return Err(Error::corrupt(format!("a frequency of class {class}")));
        }
        (self.zeros, self.last_class) = (0, class);
        let mut frequency = 1;
        for shift in (0..class).rev() {
            let bit = if shift + 1 == class {
                self.second_bit[class].decode(decoder, TABLE_LIMIT)?
            } else {
                decoder.decode_half()?
            };
            frequency = frequency << 1 | u16::from(bit);
        }
        Ok(frequency)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fit::tests::counts;
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], width: u32) -> Result<Table> {
        let mut cursor = Cursor::unplaced(bytes, "test");
        let table = Table::read(&mut cursor, width)?;
        cursor.finish()?;
        Ok(table)
    }

    fn check(table: &Table) {
        assert!(table.symbols.is_sorted_by(|a, b| a < b));
        assert!(table.symbols.iter().all(|&symbol| u32::from(symbol) >> table.width == 0));
        assert!((table.symbols.len()..=table.symbols.len() + 1).contains(&table.len()));
        assert!(table.frequencies.iter().all(|&frequency| frequency >= 1));
        assert_eq!(table.frequencies.iter().map(|&frequency| usize::from(frequency)).sum::<usize>(), TOTAL);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn tables_come_back((width, counts) in counts()) {
            let table = Table::from_counts(&counts, width);
            check(&table);
            let mut bytes = Vec::new();
            table.write(&mut bytes);
            prop_assert_eq!(read(&bytes, width).unwrap(), table);
        }

        #[test]
        fn damage_is_noticed_or_gives_another_table(
            counts in prop::collection::vec(0u64..1000, 16),
            flip in 1u8..,
        ) {
            prop_assume!(counts.iter().any(|&count| count > 0));
            let mut bytes = Vec::new();
            Table::from_counts(&counts, 4).write(&mut bytes);
            for at in 0..bytes.len() {
                prop_assert!(read(&bytes[..at], 4).is_err());
                bytes[at] ^= flip;
                if let Ok(table) = read(&bytes, 4) {
                    check(&table);
                }
                bytes[at] ^= flip;
            }
        }

        #[test]
        fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..100), width in 0u32..=16) {
            if let Ok(table) = Table::read(&mut Cursor::unplaced(&bytes, "test"), width) {
                check(&table);
            }
        }
    }

    #[test]
    fn wrong_sums_are_refused() {
        let good = Table { symbols: vec![0, 3], frequencies: vec![4000, 50, 46], width: 2 };
        let of = |frequencies: &[u16]| {
            let mut bytes = Vec::new();
            Table { frequencies: frequencies.to_vec(), ..good.clone() }.write(&mut bytes);
            read(&bytes, 2)
        };
        assert_eq!(of(&[4000, 50, 46]).unwrap(), good);
        assert!(of(&[4000, 96]).is_ok());
        assert!(of(&[4000, 50, 47]).is_err());
        assert!(of(&[4000, 50, 45]).is_err());
        assert!(of(&[4096, 1]).is_err());
        assert!(of(&[4095, 2]).is_err());
        assert!(of(&[8191, 1]).is_err());
    }

    #[test]
    fn an_escape_alone_or_nothing() {
        let of = |symbols: &[u16], frequencies: &[u16]| {
            let mut bytes = Vec::new();
            Table { symbols: symbols.to_vec(), frequencies: frequencies.to_vec(), width: 5 }.write(&mut bytes);
            read(&bytes, 5)
        };
        assert!(of(&[], &[4096]).unwrap().has_escape());
        assert!(!of(&[31], &[4096]).unwrap().has_escape());
        assert!(of(&[], &[]).is_err());
    }

    #[test]
    fn an_escape_of_frequency_zero_is_refused() {
        let mut encoder = BitsEncoder::<Narrow>::new();
        let mut coding = FrequencyCoding::new();
        encoder.encode_half(true);
        coding.encode(&mut encoder, 4096, false);
        coding.encode(&mut encoder, 0, false);
        coding.encode(&mut encoder, 0, true);
        let mut bytes = Vec::new();
        encoder.finish(&mut bytes);
        assert_eq!(read(&bytes, 1).unwrap_err().what(), "an escape of frequency 0");
    }

    #[test]
    fn words_left_over_are_refused() {
        let mut bytes = Vec::new();
        Table { symbols: vec![1, 2, 7], frequencies: vec![3000, 1000, 96], width: 4 }.write(&mut bytes);
        assert!(read(&bytes, 4).is_ok());
        bytes[0] += 2;
        bytes.extend([0; 4]);
        assert!(read(&bytes, 4).unwrap_err().what().contains("left over"));
    }

    #[test]
    fn bytes_are_pinned() {
        let mut bytes = Vec::new();
        Table { symbols: vec![1, 2, 7], frequencies: vec![3000, 1000, 90, 6], width: 4 }.write(&mut bytes);
        assert_eq!(bytes, [4, 237, 214, 108, 174, 84, 45, 154, 123]);
    }
}
