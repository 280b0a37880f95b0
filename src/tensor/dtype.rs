//! Dtypes (section 5.1 of the specification).

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Escaped, Result};

/// The type of the elements of a tensor: the dtypes of the safetensors format.
///
/// Floats of eight bits and fewer are named `F<bits>_E<exponent bits>M<mantissa bits>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(non_camel_case_types)]
#[non_exhaustive]
pub enum Dtype {
    /// A byte that is 0 or 1.
    Bool,
    /// Unsigned integer, 8 bits.
    U8,
    /// Signed integer, 8 bits.
    I8,
    /// Unsigned integer, 16 bits.
    U16,
    /// Signed integer, 16 bits.
    I16,
    /// Unsigned integer, 32 bits.
    U32,
    /// Signed integer, 32 bits.
    I32,
    /// Unsigned integer, 64 bits.
    U64,
    /// Signed integer, 64 bits.
    I64,
    /// IEEE 754 binary16.
    F16,
    /// bfloat16: the upper 16 bits of binary32.
    BF16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// Complex number: two binary32, first the real part, then the imaginary part.
    C64,
    /// OCP FP8 without infinities.
    F8_E4M3,
    /// OCP FP8.
    F8_E5M2,
    /// OCP MX scale: a power of two.
    F8_E8M0,
    /// FP8 without negative zero and infinities, bias 8.
    F8_E4M3FNUZ,
    /// FP8 without negative zero and infinities, bias 16.
    F8_E5M2FNUZ,
    /// OCP MXFP6 with 2 exponent bits.
    F6_E2M3,
    /// OCP MXFP6 with 3 exponent bits.
    F6_E3M2,
    /// OCP MXFP4 (E2M1).
    F4,
}

/// Dtype, name in safetensors, bits an element, bits a word, words an element. The index of a row is the dtype's code.
const TABLE: [(Dtype, &str, u32, u32, u32); 22] = [
    (Dtype::Bool, "BOOL", 8, 8, 1),
    (Dtype::U8, "U8", 8, 8, 1),
    (Dtype::I8, "I8", 8, 8, 1),
    (Dtype::U16, "U16", 16, 16, 1),
    (Dtype::I16, "I16", 16, 16, 1),
    (Dtype::U32, "U32", 32, 32, 1),
    (Dtype::I32, "I32", 32, 32, 1),
    (Dtype::U64, "U64", 64, 64, 1),
    (Dtype::I64, "I64", 64, 64, 1),
    (Dtype::F16, "F16", 16, 16, 1),
    (Dtype::BF16, "BF16", 16, 16, 1),
    (Dtype::F32, "F32", 32, 32, 1),
    (Dtype::F64, "F64", 64, 64, 1),
    (Dtype::C64, "C64", 64, 32, 2),
    (Dtype::F8_E4M3, "F8_E4M3", 8, 8, 1),
    (Dtype::F8_E5M2, "F8_E5M2", 8, 8, 1),
    (Dtype::F8_E8M0, "F8_E8M0", 8, 8, 1),
    (Dtype::F8_E4M3FNUZ, "F8_E4M3FNUZ", 8, 8, 1),
    (Dtype::F8_E5M2FNUZ, "F8_E5M2FNUZ", 8, 8, 1),
    (Dtype::F6_E2M3, "F6_E2M3", 6, 6, 1),
    (Dtype::F6_E3M2, "F6_E3M2", 6, 6, 1),
    (Dtype::F4, "F4", 4, 4, 1),
];

impl Dtype {
    /// Returns every dtype in the order of the codes of the format.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// Returns the code of the dtype in the format.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_code(code: u8) -> Result<Self> {
        match TABLE.get(usize::from(code)) {
            Some(row) => Ok(row.0),
            None => Err(Error::unsupported(format!("the dtype code {code} is unknown"))),
        }
    }

    /// Returns the name as safetensors spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// Returns the size of an element in bits: 4, 6, 8, 16, 32 or 64.
    #[must_use]
    pub fn bits(self) -> u32 {
        TABLE[self as usize].2
    }

    /// Returns the width in bits of the words that are divided into fields.
    pub(crate) fn word_bits(self) -> u32 {
        TABLE[self as usize].3
    }

    /// Returns the number of words of an element.
    pub(crate) fn words(self) -> u32 {
        TABLE[self as usize].4
    }

    /// Returns the number of exponent bits of a float whose top bit is the sign, and `None` for other dtypes.
    pub(crate) fn exponent_bits(self) -> Option<u32> {
        match self {
            Self::F16 | Self::F8_E5M2 | Self::F8_E5M2FNUZ => Some(5),
            Self::BF16 | Self::F32 | Self::C64 => Some(8),
            Self::F64 => Some(11),
            Self::F8_E4M3 | Self::F8_E4M3FNUZ => Some(4),
            Self::F6_E3M2 => Some(3),
            Self::F6_E2M3 | Self::F4 => Some(2),
            _ => None,
        }
    }

    /// Returns whether the elements are real floats.
    #[must_use]
    pub fn is_float(self) -> bool {
        !self.is_integer() && self != Self::C64
    }

    /// Returns whether the dtype is an integer; `Bool` is one.
    pub(crate) fn is_integer(self) -> bool {
        self.is_signed_integer() || matches!(self, Self::Bool | Self::U8 | Self::U16 | Self::U32 | Self::U64)
    }

    /// Returns whether the dtype is a signed integer.
    pub(crate) fn is_signed_integer(self) -> bool {
        matches!(self, Self::I8 | Self::I16 | Self::I32 | Self::I64)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dtype {
    type Err = Error;

    /// Parses the name as safetensors spells it, in upper or lower case.
    fn from_str(text: &str) -> Result<Self> {
        let found = TABLE.iter().find(|row| row.1.eq_ignore_ascii_case(text));
        found.map(|row| row.0).ok_or_else(|| Error::invalid(format!("unknown dtype {}", Escaped(text))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_codes() {
        for (code, dtype) in Dtype::all().enumerate() {
            assert_eq!(usize::from(dtype.code()), code);
            assert_eq!(Dtype::from_code(code as u8).unwrap(), dtype);
            assert_eq!(dtype.name().parse::<Dtype>().unwrap(), dtype);
            assert_eq!(dtype.word_bits() * dtype.words(), dtype.bits());
        }
        assert!(Dtype::from_code(22).is_err());
    }
}
