//! Transforms of symbol words before they are divided into fields (section 8).

use super::values::Word;
use crate::error::{Error, Result};
use crate::wire::{Cursor, put_varint};

/// A transform of symbol words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transform {
    Identity,
    /// Moves the sign of a float to the lowest bit, so that the exponent comes first.
    Rotate,
    /// Maps signed integers to unsigned ones, small magnitudes to small numbers.
    Zigzag,
    /// Adds this number, so that the zero point of integers becomes 0.
    Offset(u64),
}

impl Transform {
    pub(crate) fn read(cursor: &mut Cursor<'_>, bits: u32) -> Result<Self> {
        let start = cursor.clone();
        match cursor.u8()? {
            0 => Ok(Self::Identity),
            1 => Ok(Self::Rotate),
            2 => Ok(Self::Zigzag),
            3 => match cursor.varint()? {
                by if by > 0 && (bits == 64 || by >> bits == 0) => Ok(Self::Offset(by)),
                by => Err(start.place(Error::corrupt(format!("an offset of {by} for words of {bits} bits")))),
            },
            other => Err(start.place(Error::unsupported(format!("the transform {other} is unknown")))),
        }
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Identity => out.push(0),
            Self::Rotate => out.push(1),
            Self::Zigzag => out.push(2),
            Self::Offset(by) => {
                out.push(3);
                put_varint(out, by);
            }
        }
    }

    pub(crate) fn apply<W: Word>(self, words: &mut [W], bits: u32) {
        match self {
            Self::Identity => {}
            Self::Rotate => words.iter_mut().for_each(|word| *word = word.rotate(bits)),
            Self::Zigzag => words.iter_mut().for_each(|word| *word = word.zigzag(bits)),
            Self::Offset(by) => words.iter_mut().for_each(|word| *word = word.offset(by, bits)),
        }
    }
}
