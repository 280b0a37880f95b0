//! Frequency codes, and how they are coded (sections 9 and 9.1).
//!
//! A table is stored as one small integer for each symbol: its frequency code, a logarithm in eighths of an octave. 0
//! means that the symbol has no frequency. Encoder, decoder and cost share [`CodeModel::predict`] and
//! [`CodeModel::code`].

use super::super::context::AdaptiveBit;
use super::super::sink::Sink;
use crate::spec::{MAX_FREQUENCY_CODE, TABLE_LIMIT};

/// The values of the codes of one octave (section 9): 2^(8 + j/8) rounded.
const OCTAVE: [u32; 8] = [256, 279, 304, 332, 362, 395, 431, 470];

/// The value of each code (section 9); 0 for code 0.
pub(super) static VALUES: [u32; MAX_FREQUENCY_CODE as usize + 1] = {
    let mut values = [0; MAX_FREQUENCY_CODE as usize + 1];
    let mut code = 1;
    while code < values.len() {
        values[code] = (OCTAVE[code & 7] << (code >> 3)) >> 4;
        code += 1;
    }
    values
};

/// Returns the value of each code.
pub(super) fn values_of(codes: impl IntoIterator<Item = u8>) -> Vec<u32> {
    codes.into_iter().map(|code| VALUES[usize::from(code)]).collect()
}

pub(super) const MIN_DRIFT: i8 = -8;
pub(super) const MAX_DRIFT: i8 = 7;

/// The codes of one table, for all symbols of the stored range.
#[derive(Clone, Debug)]
pub(super) struct CodeRow {
    /// The codes, with [`MARGIN`] zeros on both sides, because prediction looks beyond the range.
    padded: Vec<u8>,
    /// The code of the escape; 0 if the table has none.
    pub(super) escape: u8,
}

/// The distance that prediction looks beyond the range: the greatest drift and one more symbol.
const MARGIN: usize = 9;

impl CodeRow {
    /// Creates a row of codes 0.
    pub(super) fn new(symbols: usize) -> Self {
        Self { padded: vec![0; symbols + 2 * MARGIN], escape: 0 }
    }

    /// Sets the code of `symbol`, counted from the first of the range.
    pub(super) fn set(&mut self, symbol: usize, code: u8) {
        self.padded[MARGIN + symbol] = code;
    }

    /// Returns the codes of the symbols of the range.
    pub(super) fn codes(&self) -> &[u8] {
        &self.padded[MARGIN..self.padded.len() - MARGIN]
    }

    fn at(&self, symbol: isize) -> u8 {
        self.padded.get((MARGIN as isize + symbol) as usize).copied().unwrap_or(0)
    }
}

/// The context in which a code is coded, and its predicted value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prediction {
    zero_context: usize,
    method: Method,
}

/// The way in which a code other than 0 is coded.
#[derive(Clone, Copy, Debug)]
enum Method {
    /// The code itself, because nothing predicts it. Symbols and escapes have separate contexts.
    Whole { escape: bool },
    /// The difference from a prediction.
    Difference { from: u8, kind: usize },
}

impl Prediction {
    /// Returns the predicted code, which is usually the cheapest one, if there is a prediction.
    pub(super) fn code(&self) -> Option<u8> {
        match self.method {
            Method::Whole { .. } => None,
            Method::Difference { from, .. } => Some(from),
        }
    }
}

/// The contexts of a difference.
#[derive(Clone, Debug)]
struct DifferenceModel {
    differs: AdaptiveBit,
    sign: AdaptiveBit,
    exponent: [AdaptiveBit; MAX_EXPONENT + 1],
    /// The bit below the leading one, by exponent.
    second: [AdaptiveBit; MAX_EXPONENT + 1],
}

/// floor(log2) of the greatest difference of two codes.
const MAX_EXPONENT: usize = 6;
/// Bits of a code.
const CODE_BITS: u32 = 7;
const KINDS: usize = 4;
/// The context of the escape's zero bit.
const ESCAPE: usize = 32;

/// The contexts in which the codes of all tables of a stream are coded.
#[derive(Clone, Debug)]
pub(super) struct CodeModel {
    zero: [AdaptiveBit; ESCAPE + 1],
    whole: [[AdaptiveBit; 1 << CODE_BITS]; 2],
    differences: [[DifferenceModel; 3]; KINDS],
    /// The size of the last difference in this table: 0, 1 (for 1 or 2) or 2 (for more).
    heat: usize,
}

impl CodeModel {
    pub(super) fn new() -> Self {
        const NEW: AdaptiveBit = AdaptiveBit::NEW;
        let difference = DifferenceModel {
            differs: NEW,
            sign: NEW,
            exponent: [NEW; MAX_EXPONENT + 1],
            second: [NEW; MAX_EXPONENT + 1],
        };
        Self {
            zero: [NEW; ESCAPE + 1],
            whole: [[NEW; 1 << CODE_BITS]; 2],
            differences: std::array::from_fn(|_| std::array::from_fn(|_| difference.clone())),
            heat: 0,
        }
    }

    /// Starts another table.
    pub(super) fn start_table(&mut self) {
        self.heat = 0;
    }

    /// Predicts the code of `symbol`, counted from the first of the range.
    ///
    /// `row` holds the codes of the symbols before it. `above` holds the codes of the previous table, if there is one.
    #[inline]
    pub(super) fn predict(row: &CodeRow, above: Option<&CodeRow>, drift: i8, symbol: usize) -> Prediction {
        let symbol = symbol as isize;
        let (west, further_west) = (row.at(symbol - 1), row.at(symbol - 2));
        let north = |offset: isize| above.map_or(0, |above| above.at(symbol - isize::from(drift) + offset));
        let (north_west, north, north_east) = (north(-1), north(0), north(1));
        let zero_context = 16 * usize::from(above.is_some())
            + usize::from(west == 0)
            + 2 * usize::from(further_west == 0)
            + 4 * usize::from(north == 0)
            + 8 * usize::from(north_east == 0);
        let method = match (west, north) {
            (0, 0) => Method::Whole { escape: false },
            (1.., 1..) if north_west != 0 => Method::Difference { from: median(west, north, north_west), kind: 0 },
            (_, 1..) => Method::Difference { from: north, kind: 1 },
            _ if further_west != 0 => Method::Difference { from: extrapolate(west, further_west), kind: 2 },
            _ => Method::Difference { from: west, kind: 3 },
        };
        Prediction { zero_context, method }
    }

    /// Predicts the code of the escape.
    pub(super) fn predict_escape(above: Option<&CodeRow>) -> Prediction {
        let method = match above.map_or(0, |above| above.escape) {
            0 => Method::Whole { escape: true },
            north => Method::Difference { from: north, kind: 1 },
        };
        Prediction { zero_context: ESCAPE, method }
    }

    /// Codes a frequency code and returns it; `None` if a decoder read a number that is not a frequency code.
    #[inline]
    pub(super) fn code<S: Sink>(
        &mut self,
        sink: &mut S,
        prediction: Prediction,
        code: u8,
    ) -> Result<Option<u8>, S::Error> {
        if self.zero[prediction.zero_context].code(sink, code == 0, TABLE_LIMIT)? {
            return Ok(Some(0));
        }
        let coded = match prediction.method {
            Method::Whole { escape } => {
                let tree = &mut self.whole[usize::from(escape)];
                let mut node = 1;
                for shift in (0..CODE_BITS).rev() {
                    let bit = tree[node].code(sink, code >> shift & 1 == 1, TABLE_LIMIT)?;
                    node = 2 * node + usize::from(bit);
                }
                node as i32 - (1 << CODE_BITS)
            }
            Method::Difference { from, kind } => {
                let difference = i32::from(code) - i32::from(from);
                i32::from(from) + self.differences[kind][self.heat].code(sink, difference)?
            }
        };
        Ok(u8::try_from(coded).ok().filter(|code| (1..=MAX_FREQUENCY_CODE).contains(code)))
    }

    /// Notes that `code` was coded.
    #[inline]
    pub(super) fn advance(&mut self, prediction: Prediction, code: u8) {
        if let Method::Difference { from, .. } = prediction.method
            && code != 0
        {
            self.heat = match code.abs_diff(from) {
                0 => 0,
                1..=2 => 1,
                _ => 2,
            };
        }
    }
}

impl DifferenceModel {
    /// Codes a difference and returns it. A magnitude of 2^(MAX_EXPONENT + 1) means that a decoder found a larger one
    /// than there can be.
    fn code<S: Sink>(&mut self, sink: &mut S, difference: i32) -> Result<i32, S::Error> {
        if !self.differs.code(sink, difference != 0, TABLE_LIMIT)? {
            return Ok(0);
        }
        let is_negative = self.sign.code(sink, difference < 0, TABLE_LIMIT)?;
        let magnitude = difference.unsigned_abs().max(1);
        let mut exponent = 0;
        while self.exponent[exponent].code(sink, (exponent as u32) < magnitude.ilog2(), TABLE_LIMIT)? {
            exponent += 1;
            if exponent > MAX_EXPONENT {
                return Ok(1 << exponent);
            }
        }
        let mut coded = 1;
        if let Some(shift) = exponent.checked_sub(1) {
            let second = self.second[exponent].code(sink, magnitude >> shift & 1 == 1, TABLE_LIMIT)?;
            coded = 2 | u32::from(second);
            coded = coded << shift | sink.code_halves(magnitude.into(), shift as u32)? as u32;
        }
        Ok(if is_negative { -(coded as i32) } else { coded as i32 })
    }
}

/// Returns the median of west, north and west + north − north-west (the predictor of LOCO-I).
fn median(west: u8, north: u8, north_west: u8) -> u8 {
    let (low, high) = (west.min(north), west.max(north));
    if north_west <= low {
        high
    } else if north_west >= high {
        low
    } else {
        // low + high - north_west, which lies between the two
        low + (high - north_west)
    }
}

/// Continues with half of the slope.
fn extrapolate(west: u8, further_west: u8) -> u8 {
    (i32::from(west) + (i32::from(west) - i32::from(further_west)) / 2).clamp(1, i32::from(MAX_FREQUENCY_CODE)) as u8
}
