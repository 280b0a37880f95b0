//! Dtypes.

use std::ffi::{CStr, c_char};

use tersor::{Error, Result};

/// The type of the elements of a tensor. The numbers are those of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
#[expect(non_camel_case_types, reason = "the names are those of safetensors")]
pub enum Dtype {
    /// A byte that is 0 or 1.
    Bool = 0,
    /// Unsigned integer, 8 bits.
    U8 = 1,
    /// Signed integer, 8 bits.
    I8 = 2,
    /// Unsigned integer, 16 bits.
    U16 = 3,
    /// Signed integer, 16 bits.
    I16 = 4,
    /// Unsigned integer, 32 bits.
    U32 = 5,
    /// Signed integer, 32 bits.
    I32 = 6,
    /// Unsigned integer, 64 bits.
    U64 = 7,
    /// Signed integer, 64 bits.
    I64 = 8,
    /// IEEE 754 binary16.
    F16 = 9,
    /// bfloat16: the upper 16 bits of binary32.
    BF16 = 10,
    /// IEEE 754 binary32.
    F32 = 11,
    /// IEEE 754 binary64.
    F64 = 12,
    /// Complex number: two binary32, first the real part, then the imaginary part.
    C64 = 13,
    /// OCP FP8 without infinities.
    F8_E4M3 = 14,
    /// OCP FP8.
    F8_E5M2 = 15,
    /// OCP MX scale: a power of two.
    F8_E8M0 = 16,
    /// FP8 without negative zero and infinities, bias 8.
    F8_E4M3FNUZ = 17,
    /// FP8 without negative zero and infinities, bias 16.
    F8_E5M2FNUZ = 18,
    /// OCP MXFP6 with 2 exponent bits.
    F6_E2M3 = 19,
    /// OCP MXFP6 with 3 exponent bits.
    F6_E3M2 = 20,
    /// OCP MXFP4 (E2M1).
    F4 = 21,
}

/// Every dtype: for C, in the library, and its name in safetensors. The index of a row is the number for C.
const TABLE: [(Dtype, tersor::Dtype, &CStr); 22] = [
    (Dtype::Bool, tersor::Dtype::Bool, c"BOOL"),
    (Dtype::U8, tersor::Dtype::U8, c"U8"),
    (Dtype::I8, tersor::Dtype::I8, c"I8"),
    (Dtype::U16, tersor::Dtype::U16, c"U16"),
    (Dtype::I16, tersor::Dtype::I16, c"I16"),
    (Dtype::U32, tersor::Dtype::U32, c"U32"),
    (Dtype::I32, tersor::Dtype::I32, c"I32"),
    (Dtype::U64, tersor::Dtype::U64, c"U64"),
    (Dtype::I64, tersor::Dtype::I64, c"I64"),
    (Dtype::F16, tersor::Dtype::F16, c"F16"),
    (Dtype::BF16, tersor::Dtype::BF16, c"BF16"),
    (Dtype::F32, tersor::Dtype::F32, c"F32"),
    (Dtype::F64, tersor::Dtype::F64, c"F64"),
    (Dtype::C64, tersor::Dtype::C64, c"C64"),
    (Dtype::F8_E4M3, tersor::Dtype::F8_E4M3, c"F8_E4M3"),
    (Dtype::F8_E5M2, tersor::Dtype::F8_E5M2, c"F8_E5M2"),
    (Dtype::F8_E8M0, tersor::Dtype::F8_E8M0, c"F8_E8M0"),
    (Dtype::F8_E4M3FNUZ, tersor::Dtype::F8_E4M3FNUZ, c"F8_E4M3FNUZ"),
    (Dtype::F8_E5M2FNUZ, tersor::Dtype::F8_E5M2FNUZ, c"F8_E5M2FNUZ"),
    (Dtype::F6_E2M3, tersor::Dtype::F6_E2M3, c"F6_E2M3"),
    (Dtype::F6_E3M2, tersor::Dtype::F6_E3M2, c"F6_E3M2"),
    (Dtype::F4, tersor::Dtype::F4, c"F4"),
];

impl Dtype {
    /// Returns the dtype for C.
    pub(crate) fn of(dtype: tersor::Dtype) -> Result<Self> {
        let row = TABLE.iter().find(|row| row.1 == dtype);
        row.map(|row| row.0).ok_or_else(|| Error::unsupported(format!("this interface does not know {dtype}")))
    }

    /// Returns the dtype with a number that C passed, which can be any number.
    pub(crate) fn from_code(code: u32) -> Result<tersor::Dtype> {
        let row = TABLE.get(code as usize);
        row.map(|row| row.1).ok_or_else(|| Error::invalid(format!("{code} is no dtype")))
    }
}

/// Returns the name of a dtype as safetensors spells it, such as `BF16`, or NULL if there is no such dtype. The text is
/// never freed.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_dtype_name(dtype: u32) -> *const c_char {
    TABLE.get(dtype as usize).map_or(std::ptr::null(), |row| row.2.as_ptr())
}

/// Returns the size of an element in bits: 4, 6, 8, 16, 32 or 64, or 0 if there is no such dtype.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_dtype_bits(dtype: u32) -> u32 {
    TABLE.get(dtype as usize).map_or(0, |row| row.1.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_of_the_library_has_a_row() {
        assert_eq!(tersor::Dtype::all().count(), TABLE.len());
        for (code, dtype) in tersor::Dtype::all().enumerate() {
            assert_eq!(Dtype::of(dtype).unwrap() as usize, code);
            assert_eq!(Dtype::from_code(code as u32).unwrap(), dtype);
            assert_eq!(TABLE[code].2.to_str().unwrap(), dtype.name());
        }
        assert!(Dtype::from_code(22).is_err() && tersor_dtype_name(22).is_null() && tersor_dtype_bits(22) == 0);
    }
}
