//! Finds affine grids (section 8.7): floats that are small integers times the scale of their group, bit for bit.

use crate::represent::{AffineMap, Groups, Values, Word, nearest, rounded, widened};
use crate::tensor::Dtype;

/// The least value of a group is tried as 1 to so many times the scale.
const MOST_OF_LEAST: u32 = 16;
/// Integers beyond this are no grid worth finding.
const MOST_INTEGER: i64 = 1 << 15;
/// Groups that are looked at before all are.
const PROBES: usize = 4;

/// A grid on which all kept values lie: where the groups are, the integers' range, and the scales of all groups.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Grid {
    pub(super) groups: Groups,
    pub(super) lowest: i64,
    pub(super) highest: i64,
    pub(super) scales: Vec<f32>,
}

/// The grid of `values`, in which each may be left out that equals `left_out`, with the fewest groups among `candidates`.
pub(super) fn find_grid<T: Word>(
    values: Values<'_, T>,
    left_out: Option<T>,
    dtype: Dtype,
    candidates: &[Groups],
) -> Option<Grid> {
    AffineMap::is_for(dtype).then_some(())?;
    candidates.iter().find_map(|&groups| grid_of(values, left_out, dtype, groups))
}

fn grid_of<T: Word>(values: Values<'_, T>, left_out: Option<T>, dtype: Dtype, groups: Groups) -> Option<Grid> {
    let all = groups.numbers(&(0..values.len() as u64));
    let members = |group: usize| {
        let period = groups.period as usize;
        let (start, end) = match groups.block as usize {
            0 => (group, values.len()),
            block => {
                let start = group / period * period * block + group % period;
                (start, (group / period + 1) * period * block)
            }
        };
        let indices = (start..end.min(values.len())).step_by(period);
        indices.map(move |index| values.get(index)).filter(move |value| Some(*value) != left_out)
    };
    // most groups of what is no grid are none
    let probe = |number: usize| group_scale(members(all.len() * number / PROBES), dtype).is_some();
    if !(0..PROBES.min(all.len())).all(probe) {
        return None;
    }
    let mut grid = Grid { groups, lowest: 0, highest: 0, scales: Vec::with_capacity(all.len()) };
    for group in all {
        let (scale, lowest, highest) = group_scale(members(group), dtype)?;
        (grid.lowest, grid.highest) = (grid.lowest.min(lowest), grid.highest.max(highest));
        grid.scales.push(scale);
    }
    Some(grid)
}

/// The scale of a group's values, and the range of their integers. A group of nothing but zeros has the scale 0.
fn group_scale<T: Word>(values: impl Iterator<Item = T> + Clone, dtype: Dtype) -> Option<(f32, i64, i64)> {
    let (mut least, mut most) = (f32::INFINITY, 0f32);
    for value in values.clone() {
        let float = widened(value.number(), dtype);
        if !float.is_finite() || (float == 0.0 && float.is_sign_negative()) {
            return None;
        }
        if float != 0.0 {
            (least, most) = (least.min(float.abs()), most.max(float.abs()));
        }
    }
    if most == 0.0 {
        return Some((0.0, 0, 0));
    }
    (1..=MOST_OF_LEAST).find_map(|of_least| {
        let scales = scales_near(values.clone(), f64::from(least) / f64::from(of_least), dtype);
        scales.into_iter().find_map(|scale| {
            let (mut lowest, mut highest) = (0, 0);
            for value in values.clone() {
                let integer = nearest(widened(value.number(), dtype), scale);
                if rounded(integer as f32 * scale, dtype) != value.number() {
                    return None;
                }
                (lowest, highest) = (lowest.min(integer), highest.max(integer));
            }
            Some((scale, lowest, highest))
        })
    })
}

/// Scales near `guess` that all values may be multiples of, those with the most zero bits first: from where the ranges overlap
/// that each value, being rounded, leaves to it.
fn scales_near<T: Word>(values: impl Iterator<Item = T> + Clone, guess: f64, dtype: Dtype) -> Vec<f32> {
    // larger multiples would take more bits than the floats have
    let (sign, most) = match dtype {
        Dtype::BF16 => (1 << 15, 1i64 << 7),
        Dtype::F16 => (1 << 15, 1 << 10),
        _ => (1 << 31, MOST_INTEGER),
    };
    let (mut low, mut high) = (guess * 0.99, guess * 1.01);
    // small multiples first: they tell the large ones
    for (limit, is_last) in [(8.0, false), (32.0, false), (most as f64, true)] {
        for value in values.clone() {
            // what rounds to the value: up to the middle between it and its neighbours
            let magnitude = value.number() & (sign - 1);
            let float = |magnitude: u64| f64::from(widened(magnitude, dtype));
            let value = float(magnitude);
            let integer = (2.0 * value / (low + high)).round();
            if value == 0.0 || (integer > limit && !is_last) {
                continue;
            }
            if integer < 1.0 || integer > limit {
                return Vec::new();
            }
            low = low.max((value + float(magnitude - 1)) / 2.0 / integer);
            high = high.min((value + float(magnitude + 1)) / 2.0 / integer);
            if low > high {
                return Vec::new();
            }
        }
    }
    let center = (((low + high) / 2.0) as f32).to_bits();
    let shortened = (0..=23u32).rev().map(|zero_bits| (center + (1 << zero_bits >> 1)) >> zero_bits << zero_bits);
    let beside = [center.wrapping_add(1), center.wrapping_sub(1), center.wrapping_add(2), center.wrapping_sub(2)];
    let mut scales: Vec<f32> = shortened.chain(beside).map(f32::from_bits).collect();
    scales.retain(|scale| (low..=high).contains(&f64::from(*scale)) && scale.is_normal());
    scales.dedup();
    scales
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(dtype: Dtype, values: impl Iterator<Item = f32>) -> Vec<u32> {
        values.map(|value| rounded(value, dtype) as u32).collect()
    }

    fn grid(values: &[u32], dtype: Dtype, groups: &[Groups]) -> Option<Grid> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        find_grid(Values::<u32>::new(&bytes), None, dtype, groups)
    }

    proptest! {
        #[test]
        fn grids_are_found(
            seed: u64,
            scales in prop::collection::vec(1e-4f32..1e-2, 6),
            dtype in prop_oneof![Just(Dtype::F32), Just(Dtype::BF16), Just(Dtype::F16)],
            bits in 2u32..=7,
        ) {
            let mut state = seed;
            let mut integer = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                ((state >> 40) as i64 % (1 << (bits - 1))) as f32
            };
            // scales as quantisers have them beside such dtypes
            let scales: Vec<f32> = scales.iter().map(|scale| f32::from_bits(scale.to_bits() & !0x1fff)).collect();
            let values = words(dtype, (0..6 * 256).map(|i| integer() * scales[i / 256]));
            let found = grid(&values, dtype, &[Groups::ONE, Groups { block: 256, period: 1 }]);
            let grid = found.expect("a grid");
            let map = AffineMap::new(grid.groups, dtype, grid.lowest, grid.highest, &grid.scales).unwrap();
            let symbols: Vec<u32> = map.apply(&grid.scales, (0, 0), &values, None);
            prop_assert_eq!(map.invert::<u32, u32>(&grid.scales, (0, 0), &symbols, None), values);
        }
    }

    #[test]
    fn no_grid_is_invented() {
        let groups = [Groups::ONE, Groups { block: 64, period: 1 }];
        let weights = (0..4096u32).map(|i| ((i as f32) * 0.37).sin() * 0.05);
        assert_eq!(grid(&words(Dtype::F32, weights.clone()), Dtype::F32, &groups), None);
        assert_eq!(grid(&words(Dtype::F16, weights.clone()), Dtype::F16, &groups), None);
        assert_eq!(grid(&words(Dtype::BF16, weights), Dtype::BF16, &groups), None);
        // nearly on a grid, and a negative zero
        let mut near = words(Dtype::F32, (0..256u32).map(|i| (i % 15) as f32 * 0.01));
        assert!(grid(&near, Dtype::F32, &groups).is_some());
        near[100] += 2;
        assert_eq!(grid(&near, Dtype::F32, &groups[..1]), None);
        near[100] = (-0.0f32).to_bits();
        assert_eq!(grid(&near, Dtype::F32, &groups[..1]), None);
    }
}
