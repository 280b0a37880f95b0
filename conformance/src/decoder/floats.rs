//! The product of an integer and a scale, rounded (section 8.7).

/// A format of binary floats: the number of bits of its mantissa and of its exponent.
pub struct Format {
    mantissa: i32,
    exponent: i32,
}

pub(crate) const F32: Format = Format { mantissa: 23, exponent: 8 };

pub(crate) const BF16: Format = Format { mantissa: 7, exponent: 8 };

pub(crate) const F16: Format = Format { mantissa: 10, exponent: 5 };

impl Format {
    /// Returns the bits of the float that is nearest to integer * 2^power; of two nearest floats, the even one.
    fn nearest(&self, integer: u128, power: i32, sign: bool) -> u64 {
        let bias = (1 << (self.exponent - 1)) - 1;
        let sign = u64::from(sign) << (self.mantissa + self.exponent);
        if integer == 0 {
            return sign;
        }
        // the value of the last bit of the mantissa; subnormals have the smallest one
        let top = integer.ilog2() as i32 + power;
        let unit = (top - self.mantissa).max(1 - bias - self.mantissa);
        let units = match unit - power {
            shift if shift <= 0 => integer << -shift,
            shift if shift > 100 => 0,
            shift => {
                let (whole, rest, half) = (integer >> shift, integer & ((1 << shift) - 1), 1 << (shift - 1));
                whole + u128::from(rest > half || rest == half && whole & 1 == 1)
            }
        };
        // if rounding up carries out of the mantissa, the carry correctly increments the exponent
        let exponent = unit + self.mantissa + bias - 1;
        let bits = ((exponent as u64) << self.mantissa) + units as u64;
        sign | bits.min(((1 << self.exponent) - 1) << self.mantissa)
    }

    /// Returns the magnitude, the power and the sign of a finite float; `None` for infinities and NaNs.
    fn parts(&self, bits: u64) -> Option<(u128, i32, bool)> {
        let sign = bits >> (self.mantissa + self.exponent) == 1;
        let exponent = (bits >> self.mantissa) as i32 & ((1 << self.exponent) - 1);
        let mantissa = u128::from(bits & ((1 << self.mantissa) - 1));
        let bias = (1 << (self.exponent - 1)) - 1;
        let power = exponent.max(1) - bias - self.mantissa;
        let magnitude = mantissa + (u128::from(exponent > 0) << self.mantissa);
        (exponent + 1 < 1 << self.exponent).then_some((magnitude, power, sign))
    }
}

/// Returns an integer times a scale, rounded to 32 bits and then to the format.
pub(crate) fn product(integer: i64, scale: u32, format: &Format) -> u64 {
    let (magnitude, power, sign) = F32.parts(scale.into()).expect("scales are finite");
    let rounded = F32.nearest(magnitude * u128::from(integer.unsigned_abs()), power, sign != (integer < 0));
    match F32.parts(rounded) {
        Some((magnitude, power, sign)) => format.nearest(magnitude, power, sign),
        None => {
            let infinity = ((1 << format.exponent) - 1) << format.mantissa;
            infinity | (rounded >> 31) << (format.mantissa + format.exponent)
        }
    }
}
