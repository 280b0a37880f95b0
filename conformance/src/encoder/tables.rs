//! Frequency tables (section 9).

use std::collections::HashMap;

use crate::encoder::bits::BitsEncoder;
use crate::encoder::frequency_codes::{ESCAPE_ZERO, FrequencyCodeCoder, Near};
use crate::normalise::normalise;
use crate::wire::primitives::put_words;

/// Returns the value of a frequency code (section 9).
pub fn value(code: i32) -> u64 {
    [256, 279, 304, 332, 362, 395, 431, 470][code as usize & 7] << (code >> 3) >> 4
}

/// Returns the largest span of tables of this precision (R9-4).
pub fn most_span(precision: u8) -> u64 {
    1 << (32 - 2 * precision)
}

/// The frequency tables of a stream (section 9).
#[derive(Clone)]
pub struct Tables {
    pub width: u32,
    pub precision: u8,
    pub first_symbol: u16,
    pub last_symbol: u16,
    pub drift: i32,
    /// The frequency codes by context and symbol; 0 if there is no entry.
    pub codes: Vec<Vec<i32>>,
    /// The frequency code of the escape by context; 0 if there is no entry.
    pub escapes: Option<Vec<i32>>,
}

impl Tables {
    /// Makes tables with these frequency codes by context.
    pub fn new(width: u32, precision: u8, codes: &[&[(u16, i32)]], escapes: Option<&[i32]>) -> Self {
        let mut all = vec![vec![0; 1 << width]; codes.len()];
        for (table, codes) in all.iter_mut().zip(codes) {
            codes.iter().for_each(|&(symbol, code)| table[usize::from(symbol)] = code);
        }
        let escapes = escapes.map(<[i32]>::to_vec);
        let mut tables = Self { width, precision, first_symbol: 0, last_symbol: 0, drift: 0, codes: all, escapes };
        tables.set_range();
        tables
    }

    /// Sets the range from the first to the last symbol that has an entry.
    pub fn set_range(&mut self) {
        let named: Vec<u16> =
            (0..1 << self.width).filter(|&symbol| self.codes.iter().any(|table| table[symbol as usize] != 0)).collect();
        (self.first_symbol, self.last_symbol) = (*named.first().unwrap_or(&0), *named.last().unwrap_or(&0));
    }

    /// Lowers the precision until the span of the tables is allowed.
    pub fn in_slots(mut self) -> Self {
        while self.span() > most_span(self.precision) {
            self.precision -= 1;
        }
        self
    }

    /// Returns the number of symbols from the first to the last one, plus 1 if there is an escape.
    pub fn span(&self) -> u64 {
        u64::from(self.last_symbol - self.first_symbol) + 1 + u64::from(self.escapes.is_some())
    }

    /// Makes tables from symbols and their contexts. A symbol that occurs less than `least` times in a context is
    /// escaped there.
    pub fn of(symbols: &[u16], contexts: &[usize], count: usize, width: u32, precision: u8, least: u64) -> Self {
        let mut codes = vec![vec![0; 1 << width]; count];
        let mut escapes = vec![0; count];
        for context in 0..count {
            let mut counts = vec![0u64; 1 << width];
            let inside = symbols.iter().zip(contexts).filter(|(_, c)| **c == context);
            inside.for_each(|(&symbol, _)| counts[usize::from(symbol)] += 1);
            let code = |count: u64| (1..=127).rev().find(|&code| value(code) <= 32 * count).expect("17 <= 32");
            let escaped: u64 = counts.iter().filter(|&&count| count < least).sum();
            for (to, &count) in codes[context].iter_mut().zip(&counts) {
                *to = if count > 0 && count >= least { code(count) } else { 0 };
            }
            escapes[context] = if escaped > 0 { code(escaped) } else { 0 };
            // a context without symbols needs an entry too
            if counts.iter().all(|&count| count == 0) {
                codes[context][0] = 1;
            }
        }
        let escapes = escapes.iter().any(|&code| code > 0).then_some(escapes);
        let mut tables = Self { width, precision, first_symbol: 0, last_symbol: 0, drift: 0, codes, escapes };
        tables.set_range();
        tables.in_slots()
    }

    pub fn with_drift(self, drift: i32) -> Self {
        Self { drift, ..self }
    }

    /// Returns the entries of a context: the symbol (`None` for the escape) and its frequency.
    pub fn entries(&self, context: usize) -> Vec<(Option<u16>, u64)> {
        let symbols = (0..1u16 << self.width).map(|symbol| (Some(symbol), self.codes[context][usize::from(symbol)]));
        let escape = self.escapes.iter().map(|escapes| (None, escapes[context]));
        let (names, values): (Vec<_>, Vec<u64>) =
            symbols.chain(escape).filter(|(_, code)| *code > 0).map(|(name, code)| (name, value(code))).unzip();
        names.into_iter().zip(normalise(&values, self.precision)).collect()
    }

    /// Appends the tables as the segment head stores them.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(self.precision);
        put_words(&self.words(), 2, out);
    }

    /// Encodes the tables. Returns the words as bytes.
    pub fn words(&self) -> Vec<u8> {
        let mut coder =
            FrequencyCodeCoder { coder: BitsEncoder::new(false), bits: HashMap::new(), trees: HashMap::new() };
        coder.halves(self.escapes.is_some().into(), 1);
        coder.halves(self.first_symbol.into(), self.width);
        coder.halves(self.last_symbol.into(), self.width);
        if self.codes.len() > 1 {
            coder.halves((self.drift + 8) as u32, 4);
        }
        let (first, last, drift) = (i32::from(self.first_symbol), i32::from(self.last_symbol), self.drift);
        let code = |c: usize, s: i32| match (first..=last).contains(&s) {
            true => self.codes[c][s as usize].max(0),
            false => 0,
        };
        for c in 0..self.codes.len() {
            let above = |s: i32| if c == 0 { 0 } else { code(c - 1, s) };
            let mut recent = 0;
            for s in first..=last {
                let near = Near {
                    left: code(c, s - 1),
                    left2: code(c, s - 2),
                    above: above(s - drift),
                    above_left: above(s - drift - 1),
                    above_right: above(s - drift + 1),
                };
                let zero = 16 * usize::from(c > 0)
                    + usize::from(near.left == 0)
                    + 2 * usize::from(near.left2 == 0)
                    + 4 * usize::from(near.above == 0)
                    + 8 * usize::from(near.above_right == 0);
                coder.code(self.codes[c][s as usize], &near, zero, &mut recent);
            }
            if let Some(escapes) = &self.escapes {
                let near = Near { above: if c == 0 { 0 } else { escapes[c - 1].max(0) }, ..Near::default() };
                coder.code(escapes[c], &near, ESCAPE_ZERO, &mut recent);
            }
        }
        coder.coder.finish()
    }
}
