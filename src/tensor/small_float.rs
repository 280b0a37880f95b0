//! Values of floats of 4, 6 and 8 bits.

use super::Dtype;

/// Returns the value of the float with bits `code`, of a dtype of at most 8 bits.
///
/// Sources: OCP 8-bit floating point specification, revision 1.0; OCP microscaling formats, version 1.0;
/// arXiv:2206.02915 for the FNUZ formats.
pub(super) fn small_float(dtype: Dtype, code: u32) -> f32 {
    /// 2^exponent, which is exact for every exponent of these formats.
    fn power(exponent: i32) -> f32 {
        f32::powi(2.0, exponent)
    }
    if dtype == Dtype::F8_E8M0 {
        return if code == 255 { f32::NAN } else { (2.0f64).powi(code as i32 - 127) as f32 };
    }
    let exponent_bits = dtype.exponent_bits().unwrap_or(1);
    let mantissa_bits = dtype.bits() - 1 - exponent_bits;
    let sign = if code >> (dtype.bits() - 1) == 1 { -1.0 } else { 1.0 };
    let exponent = (code >> mantissa_bits & ((1 << exponent_bits) - 1)) as i32;
    let mantissa = code & ((1 << mantissa_bits) - 1);
    let mut bias = (1 << (exponent_bits - 1)) - 1;
    match dtype {
        Dtype::F8_E4M3 if code & 0x7f == 0x7f => return f32::NAN,
        Dtype::F8_E5M2 if exponent == 31 => return if mantissa == 0 { sign * f32::INFINITY } else { f32::NAN },
        Dtype::F8_E4M3FNUZ | Dtype::F8_E5M2FNUZ => {
            if code == 0x80 {
                return f32::NAN;
            }
            bias += 1;
        }
        _ => {}
    }
    let fraction = mantissa as f32 / (1u32 << mantissa_bits) as f32;
    match exponent {
        0 => sign * fraction * power(1 - bias),
        _ => sign * (1.0 + fraction) * power(exponent - bias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_small_floats() {
        let one = small_float;
        assert_eq!(one(Dtype::F8_E4M3, 0x7e), 448.0);
        assert_eq!(one(Dtype::F8_E4M3, 0x01), 2f32.powi(-9));
        assert!(one(Dtype::F8_E4M3, 0xff).is_nan());
        assert_eq!(one(Dtype::F8_E5M2, 0x7b), 57344.0);
        assert_eq!(one(Dtype::F8_E5M2, 0xfc), f32::NEG_INFINITY);
        assert_eq!(one(Dtype::F8_E4M3FNUZ, 0x7f), 240.0);
        assert_eq!(one(Dtype::F8_E5M2FNUZ, 0x7f), 57344.0);
        assert!(one(Dtype::F8_E5M2FNUZ, 0x80).is_nan());
        assert_eq!(one(Dtype::F8_E8M0, 127), 1.0);
        assert_eq!(one(Dtype::F8_E8M0, 0), 2f32.powi(-127));
        assert_eq!(one(Dtype::F6_E2M3, 0x1f), 7.5);
        assert_eq!(one(Dtype::F6_E3M2, 0x1f), 28.0);
        assert_eq!(one(Dtype::F4, 0x7), 6.0);
        assert_eq!(one(Dtype::F4, 0x9), -0.5);
    }
}
