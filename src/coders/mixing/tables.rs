//! Logarithms of odds and learning rates (section 12.1), computed once from integers.

use std::sync::LazyLock;

use super::super::price::log2_fixed;

/// The bound of log odds: 13 octaves in units of 2^-8.
pub(super) const STRETCH_LIMIT: i32 = 13 * 256;

pub(super) struct MixerTables {
    /// The log odds of probabilities in units of 2^-12, each taken at the middle of its unit.
    pub(super) stretch: [i16; 4096],
    /// The inverse: by log odds plus [`STRETCH_LIMIT`], a probability in units of 2^-16.
    pub(super) squash: [u16; 2 * STRETCH_LIMIT as usize],
    /// By count: the rate at which a slot follows a bit, in units of 2^-16.
    pub(super) rates: [u32; 1024],
}

pub(super) static TABLES: LazyLock<Box<MixerTables>> = LazyLock::new(|| {
    let mut tables =
        Box::new(MixerTables { stretch: [0; 4096], squash: [0; 2 * STRETCH_LIMIT as usize], rates: [0; 1024] });
    for (i, stretch) in (0u64..).zip(&mut tables.stretch) {
        *stretch = log_odds(2 * i + 1, 8192) as i16;
    }
    let mut probability = 16;
    for (z, squash) in (-STRETCH_LIMIT..).zip(&mut tables.squash) {
        while probability < 65_520 && log_odds(probability, 65_536) < z {
            probability += 1;
        }
        *squash = probability as u16;
    }
    for (count, rate) in (0u32..).zip(&mut tables.rates) {
        *rate = 131_072 / (2 * count + 3);
    }
    tables
});

/// Returns log2(x / (total - x)) in units of 2^-8, rounded down.
fn log_odds(x: u64, total: u64) -> i32 {
    ((log2_fixed(x) as i64 - log2_fixed(total - x) as i64) >> 8) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_as_specified() {
        let squash = |z: i32| TABLES.squash[(z + STRETCH_LIMIT) as usize];
        let stretch = &TABLES.stretch;
        assert_eq!([stretch[0], stretch[1], stretch[2047], stretch[2048], stretch[4095]], STRETCHES);
        assert_eq!(
            [squash(-3328), squash(-2000), squash(-1), squash(0), squash(1), squash(256), squash(3327)],
            SQUASHES
        );
        assert!(stretch.is_sorted());
        assert!(TABLES.squash.is_sorted());
        assert_eq!(
            TABLES.stretch.iter().fold(0u32, |sum, &s| sum.wrapping_mul(31).wrapping_add(s as u32)),
            STRETCH_SUM
        );
        assert_eq!(TABLES.squash.iter().fold(0u32, |sum, &s| sum.wrapping_mul(31).wrapping_add(s.into())), SQUASH_SUM);
    }

    const STRETCHES: [i16; 5] = [-3328, -2923, -1, 0, 3327];
    const SQUASHES: [u16; 7] = [16, 291, 32724, 32768, 32813, 43691, 65520];
    const STRETCH_SUM: u32 = 366770487;
    const SQUASH_SUM: u32 = 2043947721;
}
