//! Grids (section 8.7).

use crate::encoder::bits::{Adaptive, BitsEncoder, new_tree};
use crate::encoder::groups::Groups;
use crate::wire::primitives::{put_varint, put_words, zigzag};

/// A grid step (section 8.7).
#[derive(Clone)]
pub struct Grid {
    pub groups: Groups,
    /// The number of bits of a symbol word (u).
    pub symbol_bits: u8,
    /// The integer of symbol word 0.
    pub lowest: i64,
    pub zero_bits: u8,
    /// The bits of the scale of each group of the segment.
    pub scales: Vec<u32>,
    /// The symbol word of each value of the segment. Omitted values have one too.
    pub symbols: Vec<u64>,
}

impl Grid {
    /// Returns the values of the segment as words of a dtype. A chunk has `chunk_values` values.
    pub fn values(&self, dtype: &str, chunk_values: usize) -> Vec<u64> {
        let mut values = Vec::new();
        for (number, symbols) in self.symbols.chunks(chunk_values).enumerate() {
            let own = self.groups.of_chunk(number * chunk_values, symbols.len());
            for (symbol, group) in symbols.iter().zip(&own.of_value) {
                let integer = self.lowest + *symbol as i64;
                let value = integer as f32 * f32::from_bits(self.scales[own.first + group]);
                values.push(rounded(value, dtype));
            }
        }
        values
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.groups.write(out);
        out.push(self.symbol_bits);
        put_varint(out, zigzag(self.lowest));
        out.push(self.zero_bits);
        if self.groups.block == 0 {
            put_words(&self.words(&self.scales), 2, out);
        }
    }

    /// Encodes scales in one stream. Returns its words as bytes.
    pub fn words(&self, scales: &[u32]) -> Vec<u8> {
        let mut coder = BitsEncoder::new(false);
        let (mut same, mut tree) = (Adaptive::NEW, new_tree(9));
        let mut before = 0;
        for &scale in scales {
            coder.adaptive(&mut same, scale == before, 60);
            if scale != before {
                coder.tree(&mut tree, (scale >> 23) as u16, 9, 60);
                (u32::from(self.zero_bits)..23).rev().for_each(|bit| coder.half(scale >> bit & 1 == 1));
            }
            before = scale;
        }
        coder.finish()
    }
}

/// Returns the word of a dtype that is nearest to `value`.
pub(crate) fn rounded(value: f32, dtype: &str) -> u64 {
    match dtype {
        "F32" => value.to_bits().into(),
        "BF16" => to_bf16(value).into(),
        _ => to_f16(value.into()).into(),
    }
}

/// Returns the word of BF16 or F16 that is nearest to `value`. This is wrong for a grid, whose products are first
/// rounded to 32 bits.
pub(crate) fn rounded_once(value: f64, dtype: &str) -> u64 {
    if dtype == "F16" {
        return to_f16(value).into();
    }
    // rounds to even and drops 45 bits of the mantissa; `value` is not subnormal
    let bits = value.to_bits();
    let rounded = f64::from_bits((bits + ((1 << 44) - 1) + (bits >> 45 & 1)) >> 45 << 45);
    to_bf16(rounded as f32).into()
}

/// Returns the nearest BF16; of two nearest ones, the even one.
fn to_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    // a carry out of the mantissa correctly increments the exponent, if necessary to infinity
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

/// Returns the nearest F16; of two nearest ones, the even one.
pub(crate) fn to_f16(value: f64) -> u16 {
    let sign = u16::from(value.is_sign_negative()) << 15;
    let magnitude = value.abs();
    if magnitude >= 65520.0 {
        return sign | 0x7c00;
    }
    let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(-14);
    let units = (magnitude / f64::from_bits(((exponent - 10 + 1023) as u64) << 52)).round_ties_even() as u16;
    // `units` is from 1024 to 2048; for a subnormal it is smaller
    sign | ((((exponent + 14) as u16) << 10) + units)
}
