//! Escaped symbols (section 10.1).

use super::super::super::tables::Tables;
use crate::error::{Error, Result};

/// The escaped symbols of a chunk, which are taken one after another.
#[derive(Debug)]
pub(super) struct Escapes {
    all: Vec<u16>,
    taken: usize,
    /// By context << width | symbol: whether the symbol has a frequency. Empty if there are no escapes.
    has_frequency: Vec<bool>,
}

impl Escapes {
    pub(super) fn new(all: Vec<u16>, tables: &Tables) -> Self {
        let width = tables.width();
        let mut has_frequency = Vec::new();
        if !all.is_empty() {
            has_frequency.resize(tables.contexts() << width, false);
            for (context, table) in tables.iter().enumerate() {
                for &symbol in table.symbols() {
                    has_frequency[context << width | usize::from(symbol)] = true;
                }
            }
        }
        Self { all, taken: 0, has_frequency }
    }

    /// Replaces each `escape` among `symbols` by the next escaped symbol.
    pub(super) fn replace(&mut self, escape: u16, tables: &Tables, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        for (i, place) in symbols.iter_mut().enumerate().filter(|(_, symbol)| **symbol == escape) {
            let Some(&symbol) = self.all.get(self.taken) else {
                return Err(Error::corrupt("escaped symbols are missing"));
            };
            let context = contexts.get(i).map_or(0, |&context| usize::from(context));
            if self.has_frequency.get(context << tables.width() | usize::from(symbol)).is_none_or(|&has| has) {
                return Err(Error::corrupt("an escaped symbol that has a frequency"));
            }
            self.taken += 1;
            *place = symbol;
        }
        Ok(())
    }

    /// Checks that all escaped symbols were taken.
    pub(super) fn finish(&self) -> Result<()> {
        match self.all.len() - self.taken {
            0 => Ok(()),
            left => Err(Error::corrupt(format!("{left} escapes left over"))),
        }
    }
}
