//! The parameters of a field coded by mixing (section 12.2).

use super::super::super::check_symbol_width;
use super::super::window::{Sign, Window};
use crate::error::{Error, Result};
use crate::spec::{MAX_COLUMNS, MAX_CONTEXTS, MAX_DISTANCE, MAX_DISTANCES};
use crate::wire::{Cursor, put_varint};

/// The maximum number of mantissa bits in a symbol.
const MAX_FRACTION: u32 = 4;
/// The maximum of the predictor's shift.
const MAX_SHIFT: u32 = 15;
/// The maximum width of the window of integers.
const INTEGER_WINDOW_BITS: u32 = 8;

/// The meaning of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MixedKind {
    /// The exponent of a float and `fraction` bits of its mantissa.
    Magnitude { fraction: u32 },
    /// A sign, then the exponent of a float and `fraction` bits of its mantissa.
    Float { fraction: u32 },
    /// An integer in two's complement.
    Integer,
}

/// The parameters of a field coded by mixing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MixedModel {
    pub(crate) width: u32,
    /// The number of contexts, 1 to 32. It is not stored here, because it follows from the context source.
    pub(crate) contexts: usize,
    pub(crate) kind: MixedKind,
    /// The first exponent of the window, which has sixteen; 0 for integers.
    pub(crate) base: u16,
    /// The weights of the predictor move by 2^-shift of the step that would be exact; 1 to 15.
    pub(crate) shift: u32,
    /// The number of symbols of a kernel. The predictor has separate weights for the first positions of a kernel.
    pub(crate) period: u32,
    /// The number of symbols of a row. Each column has running means, unless this is 0.
    pub(crate) columns: u32,
    /// The distances back to the symbols that predict a symbol, in ascending order.
    pub(crate) distances: Vec<u32>,
}

impl MixedModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        let start = cursor.clone();
        let kind = cursor.u8()?;
        let fraction = u32::from(cursor.u8()?);
        let kind = match (kind, fraction) {
            (0, _) => MixedKind::Magnitude { fraction },
            (1, _) => MixedKind::Float { fraction },
            (2, 0) => MixedKind::Integer,
            _ => {
                return Err(start.place(Error::corrupt(format!(
                    "a mixed field of kind {kind} and fraction {fraction} is not allowed"
                ))));
            }
        };
        let base = varint(cursor, u64::from(u16::MAX), "base")? as u16;
        let shift = u32::from(cursor.u8()?);
        let period = varint(cursor, u64::from(MAX_DISTANCE), "period")? as u32;
        let columns = varint(cursor, u64::from(MAX_COLUMNS), "columns")? as u32;
        let count = usize::from(cursor.u8()?);
        let mut model = Self { width, contexts, kind, base, shift, period, columns, distances: Vec::new() };
        let mut last = 0;
        for _ in 0..count {
            last += varint(cursor, u64::from(MAX_DISTANCE - last), "distance")? as u32;
            model.distances.push(last);
        }
        model.check().map_err(|error| start.place(error))?;
        Ok(model)
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (kind, fraction) = match self.kind {
            MixedKind::Magnitude { fraction } => (0, fraction),
            MixedKind::Float { fraction } => (1, fraction),
            MixedKind::Integer => (2, 0),
        };
        out.extend([kind, fraction as u8]);
        put_varint(out, u64::from(self.base));
        out.push(self.shift as u8);
        put_varint(out, u64::from(self.period));
        put_varint(out, u64::from(self.columns));
        out.push(self.distances.len() as u8);
        let mut last = 0;
        for &distance in &self.distances {
            put_varint(out, u64::from(distance - last));
            last = distance;
        }
    }

    /// Checks the parameters. The predictor relies on this.
    pub(super) fn check(&self) -> Result<()> {
        check_symbol_width(self.width)?;
        let sound = (1..=MAX_CONTEXTS).contains(&self.contexts)
            && self.width > self.sign_bits()
            && self.fraction() <= MAX_FRACTION.min(self.magnitude_bits())
            && u32::from(self.base) << self.fraction() <= u32::from(u16::MAX)
            && self.window().fits()
            && (self.kind != MixedKind::Integer || self.base == 0)
            && (1..=MAX_SHIFT).contains(&self.shift)
            && (1..=MAX_DISTANCE).contains(&self.period)
            && self.columns <= MAX_COLUMNS
            && self.distances.len() <= MAX_DISTANCES
            && self.distances.first() != Some(&0)
            && self.distances.is_sorted_by(|a, b| a < b);
        if sound { Ok(()) } else { Err(Error::corrupt("invalid parameters of a mixed field")) }
    }

    fn sign_bits(&self) -> u32 {
        u32::from(!matches!(self.kind, MixedKind::Magnitude { .. }))
    }

    pub(super) fn magnitude_bits(&self) -> u32 {
        self.width.saturating_sub(self.sign_bits())
    }

    pub(super) fn fraction(&self) -> u32 {
        match self.kind {
            MixedKind::Magnitude { fraction } | MixedKind::Float { fraction } => fraction,
            MixedKind::Integer => 0,
        }
    }

    /// Returns the window. `base` must be in range.
    pub(super) fn window(&self) -> Window {
        let magnitude_bits = self.magnitude_bits();
        let (sign, bits) = match self.kind {
            MixedKind::Magnitude { fraction } => (Sign::Absent, fraction + 4),
            MixedKind::Float { fraction } => (Sign::Bit, fraction + 4),
            MixedKind::Integer => (Sign::Complement, INTEGER_WINDOW_BITS),
        };
        Window { sign, magnitude_bits, bits: bits.min(magnitude_bits), first: self.base << self.fraction() }
    }

    /// Returns the value of a symbol for the predictor: linear, in sixteenths of the first power of two of the window,
    /// and below 2^20.
    pub(super) fn value(&self, symbol: u16) -> i32 {
        let (negative, magnitude) = self.window().split(symbol);
        let value = match self.kind {
            MixedKind::Integer => 16 * (2 * i32::from(magnitude) + 1),
            MixedKind::Magnitude { fraction } | MixedKind::Float { fraction } => {
                let exponent = magnitude >> fraction;
                let mantissa = (1 << fraction | i32::from(magnitude) & ((1 << fraction) - 1)) << (4 - fraction);
                match exponent.checked_sub(self.base) {
                    Some(above) => mantissa << above.min(15),
                    None => mantissa >> (self.base - exponent).min(5),
                }
            }
        };
        if negative { -value } else { value }
    }
}

/// Reads a varint of at most `most`.
fn varint(cursor: &mut Cursor<'_>, most: u64, what: &str) -> Result<u64> {
    let start = cursor.clone();
    match cursor.varint()? {
        value if value <= most => Ok(value),
        value => Err(start.place(Error::corrupt(format!("a mixed field with a {what} of {value} is not allowed")))),
    }
}
