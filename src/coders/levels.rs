//! Levels, the logarithms from which frequencies are made, and how they are coded (sections 9 and 9.1).
//!
//! Encoder, decoder and the counting of costs run through the same code, [`LevelCoding::predict`] and
//! [`LevelCoding::code`], over a [`BitCoder`] of their own, so that they cannot differ.

use std::convert::Infallible;

use super::coder::{BitsDecoder, BitsEncoder, Narrow};
use super::context::AdaptiveBit;
use crate::error::Error;
use crate::spec::{MAX_LEVEL, TABLE_LIMIT};

/// The values of the levels of one octave (section 9): 2^(8 + j/8) rounded.
const OCTAVE: [u32; 8] = [256, 279, 304, 332, 362, 395, 431, 470];

/// Section 9: the value of every level; 0 for none.
pub(super) static VALUES: [u32; MAX_LEVEL as usize + 1] = {
    let mut values = [0; MAX_LEVEL as usize + 1];
    let mut level = 1;
    while level < values.len() {
        values[level] = (OCTAVE[level & 7] << (level >> 3)) >> 4;
        level += 1;
    }
    values
};

pub(super) const MIN_DRIFT: i8 = -8;
pub(super) const MAX_DRIFT: i8 = 7;

/// The bits coder from either side: what is coded comes back, what is decoded takes nothing from `bit`.
pub(super) trait BitCoder {
    type Error;
    fn adaptive(&mut self, context: &mut AdaptiveBit, bit: bool) -> Result<bool, Self::Error>;
    /// A bit of probability one half.
    fn half(&mut self, bit: bool) -> Result<bool, Self::Error>;

    /// `count` bits of probability one half, the most significant first.
    fn halves(&mut self, value: u32, count: u32) -> Result<u32, Self::Error> {
        (0..count).rev().try_fold(0, |coded, shift| Ok(coded << 1 | u32::from(self.half(value >> shift & 1 == 1)?)))
    }
}

impl BitCoder for BitsEncoder<Narrow> {
    type Error = Infallible;

    fn adaptive(&mut self, context: &mut AdaptiveBit, bit: bool) -> Result<bool, Infallible> {
        context.encode(self, bit, TABLE_LIMIT);
        Ok(bit)
    }

    fn half(&mut self, bit: bool) -> Result<bool, Infallible> {
        self.encode_half(bit);
        Ok(bit)
    }
}

impl BitCoder for BitsDecoder<'_, Narrow> {
    type Error = Error;

    fn adaptive(&mut self, context: &mut AdaptiveBit, _: bool) -> Result<bool, Error> {
        context.decode(self, TABLE_LIMIT)
    }

    fn half(&mut self, _: bool) -> Result<bool, Error> {
        self.decode_half()
    }
}

/// The levels of one table, for all symbols of the range sent.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// With zeros on both sides, as many as prediction looks beyond the range.
    padded: Vec<u8>,
    pub(super) escape: u8,
}

/// How far a drift and one symbol more lead out of the range.
const MARGIN: usize = 9;

impl Row {
    /// All levels 0.
    pub(super) fn new(symbols: usize) -> Self {
        Self { padded: vec![0; symbols + 2 * MARGIN], escape: 0 }
    }

    pub(super) fn set(&mut self, symbol: usize, level: u8) {
        self.padded[MARGIN + symbol] = level;
    }

    pub(super) fn levels(&self) -> &[u8] {
        &self.padded[MARGIN..self.padded.len() - MARGIN]
    }

    fn at(&self, symbol: isize) -> u8 {
        self.padded.get((MARGIN as isize + symbol) as usize).copied().unwrap_or(0)
    }
}

/// What is known of a level before it is coded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prediction {
    zero_context: usize,
    rest: Rest,
}

/// How a level that is not 0 is coded.
#[derive(Clone, Copy, Debug)]
enum Rest {
    /// By itself: nothing is known. One set of contexts for symbols, one for the escape.
    Whole { escape: bool },
    /// As the difference from a prediction.
    Difference { from: u8, kind: usize },
}

impl Prediction {
    /// The level that is coded most cheaply as a rule, if it is not 0.
    pub(super) fn level(&self) -> Option<u8> {
        match self.rest {
            Rest::Whole { .. } => None,
            Rest::Difference { from, .. } => Some(from),
        }
    }
}

/// The contexts of a difference.
#[derive(Clone, Debug)]
struct DifferenceContexts {
    differs: AdaptiveBit,
    sign: AdaptiveBit,
    exponent: [AdaptiveBit; MAX_EXPONENT + 1],
    /// The bit below the leading one, by exponent.
    second: [AdaptiveBit; MAX_EXPONENT + 1],
}

/// floor(log2) of the greatest difference of two levels.
const MAX_EXPONENT: usize = 6;
const LEVEL_BITS: u32 = 7;
const KINDS: usize = 4;
/// Context of the escape's zero bit.
const ESCAPE: usize = 32;

/// The contexts of all tables of a stream.
#[derive(Clone, Debug)]
pub(super) struct LevelCoding {
    zero: [AdaptiveBit; ESCAPE + 1],
    whole: [[AdaptiveBit; 1 << LEVEL_BITS]; 2],
    differences: [[DifferenceContexts; 3]; KINDS],
    /// How large the difference before was in this table: 0, 1 or 2.
    heat: usize,
}

impl LevelCoding {
    pub(super) fn new() -> Self {
        const NEW: AdaptiveBit = AdaptiveBit::NEW;
        let difference = DifferenceContexts {
            differs: NEW,
            sign: NEW,
            exponent: [NEW; MAX_EXPONENT + 1],
            second: [NEW; MAX_EXPONENT + 1],
        };
        Self {
            zero: [NEW; ESCAPE + 1],
            whole: [[NEW; 1 << LEVEL_BITS]; 2],
            differences: std::array::from_fn(|_| std::array::from_fn(|_| difference.clone())),
            heat: 0,
        }
    }

    /// Another table begins.
    pub(super) fn start_table(&mut self) {
        self.heat = 0;
    }

    /// Of the level of `symbol`, counted from the first of the range. `above` is the table before; none for the first.
    #[inline]
    pub(super) fn predict(row: &Row, above: Option<&Row>, drift: i8, symbol: usize) -> Prediction {
        let symbol = symbol as isize;
        let (west, further_west) = (row.at(symbol - 1), row.at(symbol - 2));
        let north = |offset: isize| above.map_or(0, |above| above.at(symbol - isize::from(drift) + offset));
        let (north_west, north, north_east) = (north(-1), north(0), north(1));
        let zero_context = 16 * usize::from(above.is_some())
            + usize::from(west == 0)
            + 2 * usize::from(further_west == 0)
            + 4 * usize::from(north == 0)
            + 8 * usize::from(north_east == 0);
        let rest = match (west, north) {
            (0, 0) => Rest::Whole { escape: false },
            (1.., 1..) if north_west != 0 => Rest::Difference { from: median(west, north, north_west), kind: 0 },
            (_, 1..) => Rest::Difference { from: north, kind: 1 },
            _ if further_west != 0 => Rest::Difference { from: extrapolate(west, further_west), kind: 2 },
            _ => Rest::Difference { from: west, kind: 3 },
        };
        Prediction { zero_context, rest }
    }

    /// Of the escape's level.
    pub(super) fn predict_escape(above: Option<&Row>) -> Prediction {
        let rest = match above.map_or(0, |above| above.escape) {
            0 => Rest::Whole { escape: true },
            north => Rest::Difference { from: north, kind: 1 },
        };
        Prediction { zero_context: ESCAPE, rest }
    }

    /// Codes a level; none if what was decoded is no level.
    #[inline]
    pub(super) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        prediction: Prediction,
        level: u8,
    ) -> Result<Option<u8>, C::Error> {
        if coder.adaptive(&mut self.zero[prediction.zero_context], level == 0)? {
            return Ok(Some(0));
        }
        let coded = match prediction.rest {
            Rest::Whole { escape } => {
                let tree = &mut self.whole[usize::from(escape)];
                let mut node = 1;
                for shift in (0..LEVEL_BITS).rev() {
                    node = 2 * node + usize::from(coder.adaptive(&mut tree[node], level >> shift & 1 == 1)?);
                }
                node as i32 - (1 << LEVEL_BITS)
            }
            Rest::Difference { from, kind } => {
                let difference = i32::from(level) - i32::from(from);
                i32::from(from) + self.differences[kind][self.heat].code(coder, difference)?
            }
        };
        Ok(u8::try_from(coded).ok().filter(|level| (1..=MAX_LEVEL).contains(level)))
    }

    /// After `level` was coded.
    #[inline]
    pub(super) fn advance(&mut self, prediction: Prediction, level: u8) {
        if let Rest::Difference { from, .. } = prediction.rest
            && level != 0
        {
            self.heat = match level.abs_diff(from) {
                0 => 0,
                1..=2 => 1,
                _ => 2,
            };
        }
    }
}

impl DifferenceContexts {
    /// A magnitude of 2^(MAX_EXPONENT + 1) says that what was decoded was larger than any.
    fn code<C: BitCoder>(&mut self, coder: &mut C, difference: i32) -> Result<i32, C::Error> {
        if !coder.adaptive(&mut self.differs, difference != 0)? {
            return Ok(0);
        }
        let is_negative = coder.adaptive(&mut self.sign, difference < 0)?;
        let magnitude = difference.unsigned_abs().max(1);
        let mut exponent = 0;
        while coder.adaptive(&mut self.exponent[exponent], (exponent as u32) < magnitude.ilog2())? {
            exponent += 1;
            if exponent > MAX_EXPONENT {
                return Ok(1 << exponent);
            }
        }
        let mut coded = 1;
        if let Some(shift) = exponent.checked_sub(1) {
            coded = 2 | u32::from(coder.adaptive(&mut self.second[exponent], magnitude >> shift & 1 == 1)?);
            coded = coded << shift | coder.halves(magnitude, shift as u32)?;
        }
        Ok(if is_negative { -(coded as i32) } else { coded as i32 })
    }
}

/// The median of west, north and their plane (the predictor of LOCO-I).
fn median(west: u8, north: u8, north_west: u8) -> u8 {
    let (low, high) = (west.min(north), west.max(north));
    if north_west <= low {
        high
    } else if north_west >= high {
        low
    } else {
        // Between the two, as north_west is.
        low + (high - north_west)
    }
}

/// Half of the slope goes on.
fn extrapolate(west: u8, further_west: u8) -> u8 {
    (i32::from(west) + (i32::from(west) - i32::from(further_west)) / 2).clamp(1, i32::from(MAX_LEVEL)) as u8
}
