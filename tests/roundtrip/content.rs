//! Contents of tensors, of many kinds.

use half::{bf16, f16};
use tersor::Dtype;

use crate::support::Random;

#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Random,
    Special,
    Constant,
    Few,
    Normal,
    Small,
    Sequence,
    Sparse,
    /// The distribution of the second half differs from the first.
    Changing,
    /// Rows and columns of 100 elements differ in scale.
    Scaled,
    /// The lower half of the bits is zero in some rows, as after a conversion from a narrower type.
    Narrow,
    /// Some bits never change, and others change only if the top bit is set.
    Masked,
    /// Neighbours have similar values.
    Smooth,
    /// Many rows of 100 elements are equal, or nearly equal.
    Repeating,
}

pub const KINDS: [Kind; 14] = [
    Kind::Random,
    Kind::Special,
    Kind::Constant,
    Kind::Few,
    Kind::Normal,
    Kind::Small,
    Kind::Sequence,
    Kind::Sparse,
    Kind::Changing,
    Kind::Scaled,
    Kind::Narrow,
    Kind::Masked,
    Kind::Smooth,
    Kind::Repeating,
];

/// Returns a value whose bits are easily lost: a quiet or signalling NaN with a payload, -0.0, a subnormal, an infinity
/// or an extreme value.
fn special(dtype: Dtype, random: &mut Random) -> u64 {
    let bits = dtype.bits().min(64);
    let mask = u64::MAX >> (64 - bits);
    let (sign, payload) = ((random.next() & 1) << (bits - 1), random.next());
    let exponent = match dtype {
        Dtype::F16 => 5,
        Dtype::BF16 | Dtype::F32 => 8,
        Dtype::F64 => 11,
        _ => bits.div_ceil(2) - 1,
    };
    let mantissa = bits - 1 - exponent;
    let all_exponent = ((1u64 << exponent) - 1) << mantissa;
    let value = match random.below(7) {
        0 => sign,
        1 => sign | all_exponent,
        2 => sign | all_exponent | payload & ((1 << mantissa) - 1),
        3 => sign | payload & ((1 << mantissa) - 1),
        4 => sign | 1,
        5 => mask,
        _ => sign | all_exponent | 1,
    };
    value & mask
}

fn normal(dtype: Dtype, random: &mut Random) -> u64 {
    of_value(dtype, random.normal() * 0.05, random)
}

fn of_value(dtype: Dtype, value: f64, random: &mut Random) -> u64 {
    match dtype {
        Dtype::F16 => f16::from_f64(value).to_bits().into(),
        Dtype::BF16 => bf16::from_f64(value).to_bits().into(),
        Dtype::F32 => (value as f32).to_bits().into(),
        Dtype::F64 => value.to_bits(),
        Dtype::C64 => u64::from((value as f32).to_bits()) | u64::from((random.normal() as f32).to_bits()) << 32,
        _ => (value * 200.0) as i64 as u64,
    }
}

/// Makes the elements of a tensor, packed as the format packs them.
pub fn bytes_of(dtype: Dtype, elements: u64, kind: Kind, random: &mut Random) -> Vec<u8> {
    let bits = u64::from(dtype.bits());
    let mask = u64::MAX >> (64 - bits);
    let constant = random.next();
    let few: Vec<u64> = (0..1 + random.below(9)).map(|_| random.next()).collect();
    let mut smooth = 0.0;
    let mut out = vec![0u8; (elements * bits / 8) as usize];
    for i in 0..elements {
        let value = match kind {
            Kind::Random => random.next(),
            Kind::Special => special(dtype, random),
            Kind::Constant => constant,
            Kind::Few => few[random.below(few.len() as u64) as usize],
            Kind::Normal => normal(dtype, random),
            Kind::Small => (random.normal() * 5.0) as i64 as u64,
            Kind::Sequence => constant.wrapping_add(i * 3),
            Kind::Sparse if random.below(50) > 0 => 0,
            Kind::Sparse => random.next(),
            Kind::Changing if i < elements / 2 => normal(dtype, random),
            Kind::Changing => few[0] ^ random.below(5),
            Kind::Scaled => {
                let scale = f64::from(1u32 << (i / 100 % 7)) * f64::from(1u32 << (i % 100 % 5));
                of_value(dtype, random.normal() * 0.001 * scale, random)
            }
            Kind::Narrow if i / 100 % 7 < 2 => normal(dtype, random) >> (bits / 2) << (bits / 2),
            Kind::Narrow => normal(dtype, random),
            Kind::Masked => {
                let value = random.next() & 0x7f55_2b00_0fff_ffff;
                if value >> (bits - 2) & 1 == 1 { value & !0xff7f } else { value }
            }
            Kind::Repeating if i / 100 % 3 == 0 => {
                few[0].wrapping_mul(i % 100 + 1).wrapping_add(u64::from(random.below(9) == 0))
            }
            Kind::Repeating => normal(dtype, random),
            Kind::Smooth => {
                smooth = 0.9 * smooth + 0.01 * random.normal();
                of_value(dtype, smooth, random)
            }
        } & mask;
        if bits >= 8 {
            let width = (bits / 8) as usize;
            out[i as usize * width..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
        } else {
            let at = i * bits;
            let shifted = (value as u16) << (at % 8);
            out[(at / 8) as usize] |= shifted as u8;
            if shifted > 0xff {
                out[(at / 8) as usize + 1] |= (shifted >> 8) as u8;
            }
        }
    }
    out
}
