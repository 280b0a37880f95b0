//! Finds grids (section 8.7): floats that are small integers times the scale of their group, bit for bit.

use super::arithmetic::{has_grids, nearest, rounded, widened};
use crate::represent::grid_hint::GridHint;
use crate::represent::values::{Groups, SegmentLayout, Values, Word};
use crate::tensor::Dtype;

/// The least magnitude of a group is tried as 1 to this number times the scale.
const MOST_OF_LEAST: u32 = 16;
/// The largest integer of a grid that is worth finding.
const MOST_INTEGER: i64 = 1 << 15;
/// Values of a group that are tried before all values are.
const FIRST_VALUES: usize = 512;
/// Groups that are tried before all groups are.
const PROBES: usize = 4;
/// Lengths of blocks in a row that may have scales of their own.
const BLOCKS: [u64; 6] = [256, 128, 64, 32, 16, 512];

/// A grid on which all kept values lie: the groups, the range of the integers, and the scale of each group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundGrid {
    pub(super) groups: Groups,
    pub(super) lowest: i64,
    pub(super) highest: i64,
    pub(super) scales: Vec<f32>,
}

/// Returns the grid of the values that do not equal `omitted`, with the first of the `candidates` that fits.
pub(super) fn find_grid<T: Word>(
    values: Values<'_, T>,
    omitted: Option<T>,
    dtype: Dtype,
    candidates: &[Groups],
) -> Option<FoundGrid> {
    has_grids(dtype).then_some(())?;
    candidates.iter().find_map(|&groups| grid_of(values, omitted, dtype, groups))
}

/// Returns the grid of a hint if the values that do not equal `omitted` lie on it.
pub(super) fn hinted_grid<T: Word>(
    values: Values<'_, T>,
    omitted: Option<T>,
    dtype: Dtype,
    hint: &GridHint,
) -> Option<FoundGrid> {
    (has_grids(dtype) && hint.is_of(values.len() as u64)).then_some(())?;
    let (mut lowest, mut highest) = (0, 0);
    for (index, value) in values.iter().enumerate().filter(|(_, value)| Some(*value) != omitted) {
        // one scale for all is the usual case, and finding a group takes a division
        let scale = if let [scale] = hint.scales[..] { scale } else { hint.scales[hint.groups.of(index as u64)] };
        let integer = nearest(widened(value.number(), dtype), scale);
        if rounded(integer as f32 * scale, dtype) != value.number() {
            return None;
        }
        (lowest, highest) = (lowest.min(integer), highest.max(integer));
    }
    Some(FoundGrid { groups: hint.groups, lowest, highest, scales: hint.scales.clone() })
}

fn grid_of<T: Word>(values: Values<'_, T>, omitted: Option<T>, dtype: Dtype, groups: Groups) -> Option<FoundGrid> {
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
        indices.map(move |index| values.get(index)).filter(move |value| Some(*value) != omitted)
    };
    // if the values lie on no grid, a few groups show it
    let probe = |number: usize| group_scale(members(all.len() * number / PROBES), dtype).is_some();
    if !(0..PROBES.min(all.len())).all(probe) {
        return None;
    }
    let mut grid = FoundGrid { groups, lowest: 0, highest: 0, scales: Vec::with_capacity(all.len()) };
    for group in all {
        let (scale, lowest, highest) = group_scale(members(group), dtype)?;
        (grid.lowest, grid.highest) = (grid.lowest.min(lowest), grid.highest.max(highest));
        grid.scales.push(scale);
    }
    Some(grid)
}

/// Returns the scale of the values of a group, and the range of their integers. A group of zeros has the scale 0.
fn group_scale<T: Word>(values: impl Iterator<Item = T> + Clone, dtype: Dtype) -> Option<(f32, i64, i64)> {
    // if the first values lie on no grid, the group has no grid
    scale_of(values.clone().take(FIRST_VALUES / 8), dtype)?;
    let (scale, ..) = scale_of(values.clone().take(FIRST_VALUES), dtype)?;
    on_grid(values.clone(), scale, dtype).or_else(|| scale_of(values, dtype))
}

/// Returns the range of the integers of values, if all are multiples of `scale`.
fn on_grid<T: Word>(values: impl Iterator<Item = T>, scale: f32, dtype: Dtype) -> Option<(f32, i64, i64)> {
    let (mut lowest, mut highest) = (0, 0);
    for value in values {
        let integer = nearest(widened(value.number(), dtype), scale);
        if rounded(integer as f32 * scale, dtype) != value.number() {
            return None;
        }
        (lowest, highest) = (lowest.min(integer), highest.max(integer));
    }
    Some((scale, lowest, highest))
}

fn scale_of<T: Word>(values: impl Iterator<Item = T> + Clone, dtype: Dtype) -> Option<(f32, i64, i64)> {
    // larger multiples would take more bits than the floats have
    let most = match dtype {
        Dtype::BF16 => 1i64 << 7,
        Dtype::F16 => 1 << 10,
        _ => MOST_INTEGER,
    };
    let mut magnitudes = Vec::new();
    let sign = 1u64 << (dtype.bits() - 1);
    for value in values.clone().map(Word::number) {
        if !widened(value, dtype).is_finite() || value == sign {
            return None;
        }
        magnitudes.push(value & (sign - 1));
        // more magnitudes than multiples lie on no grid, so they need not all be remembered
        if magnitudes.len() >= 4 * most as usize {
            sort_distinct(&mut magnitudes);
            if magnitudes.len() > most as usize {
                return None;
            }
        }
    }
    sort_distinct(&mut magnitudes);
    if magnitudes.is_empty() {
        return Some((0.0, 0, 0));
    }
    let intervals: Vec<Interval> = magnitudes.iter().map(|&magnitude| Interval::of(magnitude, dtype)).collect();
    let of_least = (1..=MOST_OF_LEAST).map(|part| intervals[0].over(f64::from(part)));
    of_least.chain(step(&intervals, most)).find_map(|guess| {
        let scales = narrowed(guess, &intervals, most).map(Interval::floats);
        scales.into_iter().flatten().find_map(|scale| on_grid(values.clone(), scale, dtype))
    })
}

/// Sorts magnitudes, and removes repetitions and 0.
fn sort_distinct(magnitudes: &mut Vec<u64>) {
    magnitudes.sort_unstable();
    magnitudes.dedup();
    magnitudes.retain(|&magnitude| magnitude != 0);
}

/// The bounds of a number.
#[derive(Debug, Clone, Copy)]
struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    /// Returns the numbers that round to a float: up to the middle between it and its neighbours.
    fn of(magnitude: u64, dtype: Dtype) -> Self {
        let float = |magnitude: u64| f64::from(widened(magnitude, dtype));
        let value = float(magnitude);
        Self { low: (value + float(magnitude - 1)) / 2.0, high: (value + float(magnitude + 1)) / 2.0 }
    }

    fn over(self, divisor: f64) -> Self {
        Self { low: self.low / divisor, high: self.high / divisor }
    }

    fn center(self) -> f64 {
        (self.low + self.high) / 2.0
    }

    /// Returns the floats in the interval that are worth trying: floats with the most zero bits first, and the middle.
    fn floats(self) -> Vec<f32> {
        let center = (self.center() as f32).to_bits();
        let shortened = (0..=23u32).rev().map(|zero_bits| (center + (1 << zero_bits >> 1)) >> zero_bits << zero_bits);
        let beside = [center.wrapping_add(1), center.wrapping_sub(1), center.wrapping_add(2), center.wrapping_sub(2)];
        let mut floats: Vec<f32> = shortened.chain(beside).map(f32::from_bits).collect();
        floats.retain(|float| (self.low..=self.high).contains(&f64::from(*float)) && float.is_normal());
        floats.dedup();
        floats
    }
}

/// Returns the part of `guess` of which all of `of` can be multiples, at most `most` times. Small multiples come first,
/// because they narrow the guess so that the large ones are certain.
fn narrowed(mut guess: Interval, of: &[Interval], most: i64) -> Option<Interval> {
    for interval in of {
        let multiple = (interval.center() / guess.center()).round();
        if !(1.0..=most as f64).contains(&multiple) {
            return None;
        }
        guess.low = guess.low.max(interval.low / multiple);
        guess.high = guess.high.min(interval.high / multiple);
        if guess.low > guess.high {
            return None;
        }
    }
    Some(guess)
}

/// Estimates the step between values from their differences. Where small values were pruned, the least value is many
/// steps.
fn step(intervals: &[Interval], most: i64) -> Option<Interval> {
    let difference =
        |one: &Interval, other: &Interval| Interval { low: other.low - one.high, high: other.high - one.low };
    let pairs = intervals.windows(2).map(|pair| difference(&pair[0], &pair[1]));
    let least = pairs.min_by(|one, other| one.center().total_cmp(&other.center()))?;
    let least = Interval { low: least.low.max(least.high / 3.0), ..least };
    let from_first: Vec<Interval> = intervals[1..].iter().map(|interval| difference(&intervals[0], interval)).collect();
    narrowed(least, &from_first, most)
}

/// Returns groups that quantisers use and that fit into a chunk of `chunk_values` values, the largest first.
pub(super) fn groups_of_scales(layout: &SegmentLayout<'_>, chunk_values: u64) -> Vec<Groups> {
    let mut groups = vec![Groups::ONE];
    let Some([first @ .., last]) = layout.single() else { return groups };
    let row: u64 = first.iter().skip(1).product::<u64>() * last;
    let mut push = |block: u64, period: u64| groups.push(Groups { block, period });
    if !first.is_empty() && (1..=chunk_values).contains(&row) {
        push(row, 1);
    }
    if !first.is_empty() && (2..=1 << 20).contains(last) {
        push(0, *last);
    }
    for block in BLOCKS {
        if last.is_multiple_of(block) && *last > block {
            push(block, 1);
        }
        if let [rows] = first
            && rows.is_multiple_of(block)
            && *rows > block
            && block * last <= chunk_values
        {
            push(block, *last);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::represent::grid::Grid;
    use crate::represent::step::MapStep;
    use proptest::prelude::*;

    fn words(dtype: Dtype, values: impl Iterator<Item = f32>) -> Vec<u32> {
        values.map(|value| rounded(value, dtype) as u32).collect()
    }

    fn grid(values: &[u32], dtype: Dtype, groups: &[Groups]) -> Option<FoundGrid> {
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
            // scales with as many bits as quantisers use with these dtypes
            let scales: Vec<f32> = scales.iter().map(|scale| f32::from_bits(scale.to_bits() & !0x1fff)).collect();
            let values = words(dtype, (0..6 * 256).map(|i| integer() * scales[i / 256]));
            let found = grid(&values, dtype, &[Groups::ONE, Groups { block: 256, period: 1 }]);
            let grid = found.expect("a grid");
            let map = Grid::new(grid.groups, dtype, grid.lowest, grid.highest, &grid.scales).unwrap();
            let symbols: Vec<u32> = map.forward(&values, &grid.scales, &grid.groups.of_kept(0, 0, values.len(), None));
            let back = symbols.iter().enumerate().map(|(i, &symbol)| {
                map.inverse::<u32>(symbol.into(), &grid.scales[grid.groups.of(i as u64)]).unwrap()
            });
            prop_assert_eq!(back.collect::<Vec<u32>>(), values);
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
