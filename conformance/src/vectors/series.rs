//! Values for mixed fields (section 12.2), and their symbols.

use crate::encoder::mixed_field::MixedField;
use crate::random::Random;

/// Draws values that resemble those `row` and about `row / 10` positions before. Their magnitude depends on the column.
pub(crate) fn series(random: &mut Random, count: usize, row: usize) -> Vec<f64> {
    let scales: Vec<f64> = (0..row).map(|_| 0.25 * (1 << random.below(4)) as f64).collect();
    let mut values: Vec<f64> = Vec::new();
    for i in 0..count {
        let noise: f64 = (0..4).map(|_| random.below(1 << 20) as f64 / (1 << 20) as f64 - 0.5).sum();
        let before = |distance: usize| i.checked_sub(distance).map_or(0.0, |at| values[at]);
        values.push(noise * scales[i % row] + 0.5 * before(row) + 0.25 * before(row / 10 + 1));
    }
    values
}

/// Returns the symbols of these values. Floats keep `fraction` bits of the mantissa, and their exponents are shifted so
/// that 1 is in the middle of the exponents that a symbol can have. Integers are in units of 4 / 2^magnitude_bits.
pub(crate) fn symbols_of(values: &[f64], of: &MixedField, width: u32) -> Vec<u16> {
    let magnitude_bits = of.magnitude_bits(width);
    let symbol = |&value: &f64| {
        if of.kind == 2 {
            let whole = (value * (1u32 << magnitude_bits) as f64 / 4.0) as i64;
            return whole.clamp(-1 << magnitude_bits, (1 << magnitude_bits) - 1) as u16 & ((1u32 << width) - 1) as u16;
        }
        let float = (value as f32).to_bits();
        let exponent = i64::from(float >> 23 & 255) - 127 + (1 << (magnitude_bits - u32::from(of.fraction)) >> 1);
        let cut = i64::from(float & 0x7f_ffff) >> (23 - of.fraction);
        let magnitude = (exponent << of.fraction | cut).clamp(0, (1 << magnitude_bits) - 1) as u16;
        if of.kind == 1 { ((float >> 31) as u16) << magnitude_bits | magnitude } else { magnitude }
    };
    values.iter().map(symbol).collect()
}

/// Moves the window so that 1 lies in its upper part.
pub(crate) fn near_one(of: MixedField, width: u32) -> MixedField {
    let half = 1u64 << (of.magnitude_bits(width) - u32::from(of.fraction)) >> 1;
    MixedField { base: half.saturating_sub(11).min(of.last_base(width)), ..of }
}
