//! The parameters of kept values coded by mixing (section 12.4).

use super::super::super::check_symbol_width;
use super::super::geometry::Geometry;
use super::super::window::{Sign, Window};
use crate::error::{Error, Result};
use crate::wire::{Cursor, put_varint};

/// The maximum width of a window.
const MAX_WINDOW_BITS: u32 = 8;
/// The maximum number of mantissa bits in a symbol.
const MAX_FRACTION: u32 = 4;

/// The meaning of a symbol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeptKind {
    /// Sign, exponent and `fraction` bits of the mantissa of a float. `base` is the first exponent of the window, which
    /// has sixteen.
    Float { fraction: u32, base: u16 },
    /// Two's complement.
    Integer,
}

/// The parameters of kept values coded by mixing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeptModel {
    pub(crate) width: u32,
    pub(crate) kind: KeptKind,
    pub(crate) geometry: Geometry,
}

impl KeptModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32) -> Result<Self> {
        check_symbol_width(width).map_err(|error| cursor.place(error))?;
        let start = cursor.clone();
        let (kind, fraction) = (cursor.u8()?, u32::from(cursor.u8()?));
        let base = cursor.varint()?;
        let kind = match (kind, fraction, u16::try_from(base)) {
            (0, 0..=MAX_FRACTION, Ok(base)) => KeptKind::Float { fraction, base },
            (1, 0, Ok(0)) => KeptKind::Integer,
            _ => {
                let what = format!("mixed kept values of kind {kind} with fraction {fraction} and base {base}");
                return Err(start.place(Error::corrupt(what)));
            }
        };
        let geometry = Geometry::read(cursor)?;
        let this = Self { width, kind, geometry };
        match this.is_sound() {
            true => Ok(this),
            false => Err(start.place(Error::corrupt("invalid parameters of mixed kept values"))),
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (kind, fraction, base) = match self.kind {
            KeptKind::Float { fraction, base } => (0, fraction, base),
            KeptKind::Integer => (1, 0, 0),
        };
        out.extend([kind, fraction as u8]);
        put_varint(out, base.into());
        self.geometry.write(out);
    }

    /// Returns whether the parameters are allowed.
    pub(crate) fn is_sound(&self) -> bool {
        let is_float_sound = match self.kind {
            KeptKind::Float { fraction, base } => {
                fraction <= MAX_FRACTION.min(self.width.saturating_sub(1))
                    && u32::from(base) << fraction <= u32::from(u16::MAX)
            }
            KeptKind::Integer => true,
        };
        is_float_sound
            && (2..=12).contains(&self.width)
            && self.window().fits()
            && self.window().bits <= MAX_WINDOW_BITS
    }

    /// Returns the window. The width must be at least 1, and `base` in range.
    pub(super) fn window(&self) -> Window {
        let magnitude_bits = self.width - 1;
        match self.kind {
            KeptKind::Float { fraction, base } => {
                let bits = (fraction + 4).min(magnitude_bits);
                Window { sign: Sign::Bit, magnitude_bits, bits, first: base << fraction }
            }
            KeptKind::Integer => Window { sign: Sign::Complement, magnitude_bits, bits: magnitude_bits, first: 0 },
        }
    }
}
