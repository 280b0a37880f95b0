//! Normalising (section 10.3): from the values of a table's entries to its frequencies.

use crate::spec::MAX_ENTRIES;

/// Sets `frequencies`, each at least 1, to add up to 2^precision, in proportion to `values` as far as possible.
///
/// There is one frequency for each value, 1 to [`MAX_ENTRIES`]; the precision is 9 to 12. Nothing overflows: `excess`
/// is below 2^44, its sum below 2^52, and the ratio times a partial sum at most 2^44.
pub(in crate::coders) fn normalise(values: &[u32], precision: u32, frequencies: &mut [u16]) {
    debug_assert!((1..=MAX_ENTRIES).contains(&values.len()) && values.len() == frequencies.len());
    let whole = 1u64 << precision;
    let total: u64 = values.iter().map(|&value| u64::from(value)).sum();
    let excess = |value: u32| (u64::from(value) << precision).saturating_sub(total);
    let excess_sum: u64 = values.iter().map(|&value| excess(value)).sum();
    let ratio = ((whole - values.len() as u64) << 32).checked_div(excess_sum).unwrap_or(0);
    let mut scaled = 0;
    let mut start = 0;
    let Some((last, all_but_last)) = frequencies.split_last_mut() else { return };
    for ((&value, frequency), next) in values.iter().zip(all_but_last).zip(1..) {
        scaled += ratio * excess(value);
        let end = next + (scaled >> 32);
        *frequency = (end - start) as u16;
        start = end;
    }
    *last = (whole - start) as u16;
}

#[cfg(test)]
pub(in crate::coders) mod tests {
    use super::*;
    use crate::spec::{MAX_PRECISION, MIN_PRECISION};
    use proptest::prelude::*;

    /// A literal implementation of section 10.3.
    pub(in crate::coders) fn naive_normalise(v: &[u32], precision: u32) -> Vec<u16> {
        let m = v.len();
        let total: u64 = v.iter().map(|&v| u64::from(v)).sum();
        let e: Vec<u64> = v.iter().map(|&v| (u64::from(v) << precision).max(total) - total).collect();
        let excess: u64 = e.iter().sum();
        let ratio = (((1 << precision) - m as u64) << 32).checked_div(excess).unwrap_or(0);
        let mut s: Vec<u64> = (0..m).map(|k| k as u64 + ((ratio * e[..k].iter().sum::<u64>()) >> 32)).collect();
        s.push(1 << precision);
        s.windows(2).map(|pair| (pair[1] - pair[0]) as u16).collect()
    }

    /// Values of entries.
    pub(in crate::coders) fn values() -> impl Strategy<Value = Vec<u32>> {
        (1usize..=MAX_ENTRIES, 0u32..32).prop_flat_map(|(length, skew)| {
            prop::collection::vec((any::<u32>(), 0..=skew).prop_map(|(value, shift)| value >> shift), length)
        })
    }

    pub(in crate::coders) fn check_sum(frequencies: &[u16], precision: u32) {
        assert_eq!(frequencies.iter().map(|&frequency| u32::from(frequency)).sum::<u32>(), 1 << precision);
        assert!(frequencies.iter().all(|&frequency| frequency >= 1));
    }

    fn check(values: &[u32], precision: u32) {
        let mut frequencies = vec![0; values.len()];
        normalise(values, precision, &mut frequencies);
        assert_eq!(frequencies, naive_normalise(values, precision));
        check_sum(&frequencies, precision);
    }

    proptest! {
        #[test]
        fn values_are_normalised_as_specified(values in values(), precision in MIN_PRECISION..=MAX_PRECISION) {
            check(&values, precision);
        }
    }

    #[test]
    fn extremes_are_normalised_as_specified() {
        for precision in MIN_PRECISION..=MAX_PRECISION {
            for values in [
                vec![0],
                vec![1],
                vec![u32::MAX],
                vec![0; 100],
                vec![1; 256],
                vec![u32::MAX; 256],
                vec![u32::MAX, 0],
                vec![0, u32::MAX],
                vec![1 << 24; 4],
                (0..256).collect(),
                (0..255).map(|i| if i == 7 { 1 << 20 } else { 16 }).collect(),
            ] {
                check(&values, precision);
            }
        }
    }
}
