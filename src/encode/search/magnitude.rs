//! The magnitudes of the weights that a symbol stands for. Scales are averages of these logarithms.

use super::effects::{EffectKind, MASK_UNIT};
use crate::coders::log2_fixed;

/// An octave in units of a magnitude.
pub(super) const OCTAVE: i32 = 64;

/// The magnitude of each symbol of a field relative to the average, in units of 1/64 octave, at
/// most 12 octaves above or below it.
#[derive(Debug)]
pub(super) struct Magnitudes {
    pub(super) of_symbol: Vec<i16>,
    /// How averages of the magnitudes become effects.
    pub(super) effect_kind: EffectKind,
}

/// The meaning of the symbols of a first field.
#[derive(Debug, Clone, Copy)]
pub(super) enum SymbolMeaning {
    /// An exponent and some mantissa bits.
    Float { mantissa_bits: u32 },
    /// Unsigned integers around their median.
    Unsigned,
    /// Signed integers, of which the least has the symbol 0.
    Signed,
    /// Zigzagged integers, or the upper bits of them.
    Zigzag,
    /// Mask bits.
    Mask,
}

impl Magnitudes {
    /// Estimates the magnitudes from the counts of the symbols of `width` bits.
    pub(super) fn new(counts: &[u64], width: u32, meaning: SymbolMeaning) -> Self {
        if matches!(meaning, SymbolMeaning::Mask) {
            return Self { of_symbol: vec![0, MASK_UNIT], effect_kind: EffectKind::Density };
        }
        let total: u64 = counts.iter().sum();
        let median = quantile(counts, total / 2) as i64;
        let log2 = |numerator: u64, denominator: u64| {
            ((log2_fixed(numerator) as i64 - log2_fixed(denominator) as i64) >> 10) as i32
        };
        let of = |symbol: usize| match meaning {
            SymbolMeaning::Float { mantissa_bits } => {
                let one = 1u64 << mantissa_bits;
                let mantissa = symbol as u64 & (one - 1);
                // the middle of the interval that the symbol stands for
                OCTAVE * (symbol >> mantissa_bits) as i32 + log2(2 * (one + mantissa) + 1, 2 * one)
            }
            SymbolMeaning::Unsigned => log2(2 * (symbol as i64 - median).unsigned_abs() + 1, 1),
            SymbolMeaning::Signed => {
                let half = 1i64 << (width - 1);
                log2(2 * (symbol as i64 - half).unsigned_abs() + 1, 1)
            }
            SymbolMeaning::Zigzag | SymbolMeaning::Mask => log2(symbol as u64 + 1, 1),
        };
        let magnitudes: Vec<i32> = (0..counts.len()).map(of).collect();
        // zeros and subnormals would outweigh all others, so the lowest percent counts as equal
        let mut by_magnitude: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
        by_magnitude.sort_by_key(|&symbol| magnitudes[symbol]);
        let mut before = 0;
        let lowest = by_magnitude.iter().find(|&&symbol| {
            before += counts[symbol];
            before * 100 >= total
        });
        let floor = lowest.map_or(0, |&symbol| magnitudes[symbol]);
        let weighted = |value: &dyn Fn(i64) -> i64| {
            let sum: i128 = counts
                .iter()
                .zip(&magnitudes)
                .map(|(&count, &magnitude)| i128::from(count) * i128::from(value(i64::from(magnitude.max(floor)))))
                .sum();
            (sum / i128::from(total.max(1))) as i64
        };
        let mean = weighted(&|magnitude| magnitude);
        let variance = weighted(&|magnitude| (magnitude - mean).pow(2)).max(1);
        let relative = |&magnitude: &i32| {
            (i64::from(magnitude.max(floor)) - mean).clamp(i64::from(-12 * OCTAVE), i64::from(12 * OCTAVE)) as i16
        };
        Self { of_symbol: magnitudes.iter().map(relative).collect(), effect_kind: EffectKind::Magnitude { variance } }
    }
}

/// Returns the symbol before which `rank` symbols lie.
fn quantile(counts: &[u64], rank: u64) -> usize {
    let mut before = 0;
    let reached = |&count: &u64| {
        before += count;
        before > rank
    };
    counts.iter().position(reached).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_as_large_is_an_octave_more() {
        let counts = vec![1; 1 << 10];
        let float = Magnitudes::new(&counts, 10, SymbolMeaning::Float { mantissa_bits: 2 });
        assert_eq!(float.of_symbol[515] - float.of_symbol[511], OCTAVE as i16);
        let signed = Magnitudes::new(&vec![1; 256], 8, SymbolMeaning::Signed).of_symbol;
        assert_eq!(signed[128 + 20], signed[128 - 20]);
        assert!((i32::from(signed[128 + 80] - signed[128 + 40]) - OCTAVE).abs() <= 1);
        let mut counts = vec![0; 256];
        counts[119..140].fill(1);
        let unsigned = Magnitudes::new(&counts, 8, SymbolMeaning::Unsigned).of_symbol;
        assert_eq!(unsigned[129 - 7], unsigned[129 + 7]);
    }
}
