//! The order of values (section 8.6).

use crate::tensor::Dtype;

/// The order of values: numbers of the dtype in ascending order, so that neighbours in a codebook are close in value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The top bit is the sign, and the other bits are the magnitude.
    Float,
    /// Two's complement.
    Signed,
    Unsigned,
}

impl Order {
    /// Returns the order of the values of a dtype. Unpacked values are unsigned.
    pub(crate) fn of(dtype: Dtype, is_unpacked: bool) -> Self {
        match dtype {
            _ if is_unpacked => Self::Unsigned,
            _ if dtype.exponent_bits().is_some() => Self::Float,
            _ if dtype.is_signed_integer() => Self::Signed,
            _ => Self::Unsigned,
        }
    }

    /// Returns the key of a value of `bits` bits. Keys ascend as values do.
    #[inline(always)]
    pub(crate) fn key(self, value: u64, bits: u32) -> u64 {
        let top = 1 << (bits - 1);
        match self {
            Self::Float if value & top != 0 => value ^ (top | (top - 1)),
            Self::Float | Self::Signed => value ^ top,
            Self::Unsigned => value,
        }
    }

    /// Returns the value of a key.
    pub(crate) fn value(self, key: u64, bits: u32) -> u64 {
        let top = 1 << (bits - 1);
        match self {
            Self::Float if key & top == 0 => key ^ (top | (top - 1)),
            Self::Float | Self::Signed => key ^ top,
            Self::Unsigned => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_ascend_as_numbers_do() {
        let floats = [f32::NEG_INFINITY, -1.5, -1e-40, -0.0, 0.0, 1e-40, 1.0, 2.0, f32::INFINITY];
        let keys: Vec<u64> = floats.iter().map(|float| Order::Float.key(float.to_bits().into(), 32)).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:x?}");
        let signed: Vec<u64> =
            [-128i8, -1, 0, 1, 127].iter().map(|&x| Order::Signed.key((x as u8).into(), 8)).collect();
        assert_eq!(signed, [0, 127, 128, 129, 255]);
        for order in [Order::Float, Order::Signed, Order::Unsigned] {
            for bits in [1, 8, 64] {
                for value in [0, 1, 5, 127, 128, u64::MAX].map(|value: u64| value & (u64::MAX >> (64 - bits))) {
                    assert_eq!(order.value(order.key(value, bits), bits), value);
                }
            }
        }
    }
}
