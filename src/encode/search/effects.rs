//! The average magnitude of the weights of each row, column, or index of another axis: the main effects of an analysis
//! of variance. In an array without gaps they are plain averages, so one pass finds all of them.

use std::ops::Range;

use crate::coders::{BIT, entropy_cost, log2_fixed};
use crate::represent::{MaskBits, Rows, SegmentLayout};
use crate::spec::{MAX_GROUP_CLASSES, MAX_GROUPS};

/// If the last axis has at least this length, each index of all other axes may be a row.
const MIN_LAST: u64 = 16;

/// The least average number of elements of a row.
const MIN_ROW: u64 = 8;

/// Neighbouring axes of a shape, from the first up to but without the end.
type Axes = Range<usize>;

/// The effect of each index in 1/64 octave, without the part that is due to chance.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) of_index: Vec<i32>,
    /// The estimated saving for each weight in 10^-6 bit, without the cost of classes.
    pub(super) gain: i64,
}

impl Effect {
    /// Estimates the effects from the sums of the magnitudes of each index, whose weights have this variance.
    fn new(sums: &[i64], counts: &[u64], variance: i64) -> Self {
        let total: u64 = counts.iter().sum();
        let mean = sums.iter().sum::<i64>() / total.max(1) as i64;
        // in sixteenths of a unit, as averages of many weights are that exact
        let average = |(&sum, &count): (&i64, &u64)| match count {
            0 => 0,
            _ => (16 * sum) / count as i64 - 16 * mean,
        };
        let averages: Vec<i64> = sums.iter().zip(counts).map(average).collect();
        let weighted =
            averages.iter().zip(counts).map(|(&average, &count)| i128::from(average * average) * i128::from(count));
        let observed = (weighted.sum::<i128>() / i128::from(total.max(1))) as i64;
        // each average has the variance of one weight over the number of weights
        let noise = (i128::from(256 * variance) * sums.len() as i128 / i128::from(total.max(1))) as i64;
        let real = (observed - noise).max(0);
        // James and Stein (1961): averages of few weights are shrunk to the mean of all
        let shrunk = |(&average, &count): (&i64, &u64)| {
            let noise = 256 * variance / count.max(1) as i64;
            (average * real / (real + noise).max(1) / 16) as i32
        };
        let of_index = averages.iter().zip(counts).map(shrunk).collect();
        // scales whose logarithms have the variance t (in nats squared) save about t nats
        let octaves = i128::from(real) * 1_000_000 / (256 * 64 * 64);
        Self { of_index, gain: (octaves * 693 / 1000) as i64 }
    }

    /// Estimates the logarithm of the odds that a weight of each index is omitted, minus that of all weights.
    fn of_density(sums: &[i64], counts: &[u64]) -> Self {
        let unit = i64::from(MASK_UNIT);
        let all = (sums.iter().sum::<i64>() / unit) as u64;
        let total: u64 = counts.iter().sum();
        // in 1/64 octave
        let log_odds = |omitted: u64, kept: u64| ((log2_fixed(omitted) as i64 - log2_fixed(kept) as i64) >> 10) as i32;
        // as if each index had some more weights of average density, because few weights say little
        let prior = 8;
        let mean = log_odds((total - all).max(1), all.max(1));
        let entropy = |kept: u64, count: u64| entropy_cost(&[kept, count - kept]);
        let mut apart = 0;
        let of_index = sums.iter().zip(counts).map(|(&sum, &count)| {
            let kept = (sum / unit) as u64;
            apart += entropy(kept, count);
            let smoothed = |part: u64, of_all: u64| (256 * part + 256 * prior * of_all / total.max(1)).max(1);
            match (kept, count) {
                (0, 64..) => CERTAIN,
                _ => log_odds(smoothed(count - kept, total - all), smoothed(kept, all)) - mean,
            }
        });
        let of_index = of_index.collect();
        // chance alone seems to save half a nat for each index
        let saved = entropy(all, total).saturating_sub(apart).saturating_sub(sums.len() as u64 * BIT * 18 / 25);
        let gain = (i128::from(saved) * 1_000_000 / i128::from(total.max(1)) / i128::from(BIT)) as i64;
        Self { of_index, gain }
    }
}

/// The kind of the summed numbers: it says how an average becomes an effect.
#[derive(Debug, Clone, Copy)]
pub(super) enum EffectKind {
    /// Magnitudes of weights with this variance.
    Magnitude { variance: i64 },
    /// Mask bits, of which a 1 counts [`MASK_UNIT`]: the effect is the logarithm of the odds of an omitted value.
    Density,
}

/// The effect of an index whose weights are all omitted.
pub(super) const CERTAIN: i32 = i32::MAX;

/// The number that stands for a mask bit of 1.
pub(super) const MASK_UNIT: i16 = 1 << 10;

impl EffectKind {
    fn effect(&self, sums: &[i64], counts: &[u64]) -> Effect {
        match self {
            Self::Magnitude { variance } => Effect::new(sums, counts, *variance),
            Self::Density => Effect::of_density(sums, counts),
        }
    }
}

/// Sums of magnitudes by index. The weights are added from the first to the last.
#[derive(Debug)]
pub(super) struct AxisSums {
    /// The axes of a single member whose dimensions are above 1, and these dimensions. Empty if there are several
    /// members.
    axes: Vec<(Axes, u64)>,
    rows: Rows,
    row_sums: Vec<i64>,
    row_counts: Vec<u64>,
    /// Sums by the index of all axes but the first. Empty if there are too many of them, or several members.
    rest_sums: Vec<i32>,
    /// The number of weights behind each of these sums, if a mask omits some.
    rest_counts: Vec<u32>,
    /// Sums and counts for rows by all axes but the last. If there are several members, each is one row.
    outer: Option<(Rows, Vec<i64>, Vec<u64>)>,
    /// The number of weights so far.
    position: u64,
}

impl AxisSums {
    /// Returns `None` if the segment has no indices that are worth a class.
    pub(super) fn new(layout: &SegmentLayout<'_>) -> Option<Self> {
        let axes: Vec<(Axes, u64)> = match layout.single() {
            Some(shape) => {
                shape.iter().enumerate().filter(|(_, d)| **d > 1).map(|(axis, &d)| (axis..axis + 1, d)).collect()
            }
            None => Vec::new(),
        };
        let elements: u64 = layout.shapes.iter().map(|shape| shape.iter().product::<u64>()).sum();
        let depth = match &axes[..] {
            _ if layout.single().is_none() => 1,
            [] | [_] => return None,
            [(first, _), ..] => u8::try_from(first.end).ok().filter(|&depth| depth < 255)?,
        };
        let rows = Rows::new(layout, depth);
        let count = rows.numbers(&(0..elements)).end;
        // classes of short rows would cost more than they save, and the sums of many rows take much memory
        if count * MIN_ROW > elements {
            return None;
        }
        let count = count as usize;
        let rest: u64 = axes.iter().skip(1).map(|(_, d)| d).product();
        let is_countable = axes.len() > 1 && rest <= MAX_GROUP_CLASSES && axes[0].1 < 1 << 20;
        let outer = match &axes[..] {
            _ if layout.single().is_none() => {
                let rows = Rows::new(layout, 0);
                Some((rows, vec![0; layout.shapes.len()], vec![0; layout.shapes.len()]))
            }
            [_, .., (last, d)] if axes.len() > 2 && *d >= MIN_LAST => {
                let rows = Rows::new(layout, u8::try_from(last.start).ok().filter(|&depth| depth < 255)?);
                let count = (elements / d) as usize;
                Some((rows, vec![0; count], vec![0; count]))
            }
            _ => None,
        };
        Some(Self {
            axes,
            rows,
            row_sums: vec![0; count],
            row_counts: vec![0; count],
            rest_sums: vec![0; if is_countable { rest as usize } else { 0 }],
            rest_counts: Vec::new(),
            outer,
            position: 0,
        })
    }

    /// Adds the magnitudes of the kept weights among these elements. Blocks come in order.
    pub(super) fn add(&mut self, elements: Range<u64>, magnitudes: &[i16], kept: Option<&MaskBits>) {
        self.position += magnitudes.len() as u64;
        add_rows(&self.rows, &elements, magnitudes, kept, &mut self.row_sums, &mut self.row_counts);
        if let Some((rows, sums, counts)) = &mut self.outer {
            add_rows(rows, &elements, magnitudes, kept, sums, counts);
        }
        if self.rest_sums.is_empty() {
            return;
        }
        if let Some(kept) = kept {
            self.rest_counts.resize(self.rest_sums.len(), 0);
            let first = (elements.start % self.rest_sums.len() as u64) as usize;
            for (index, &magnitude) in kept.iter_ones().zip(magnitudes) {
                let at = (first + index) % self.rest_sums.len();
                self.rest_sums[at] += i32::from(magnitude);
                self.rest_counts[at] += 1;
            }
            return;
        }
        let mut at = (elements.start % self.rest_sums.len() as u64) as usize;
        let mut rest = magnitudes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.rest_sums.len() - at));
            self.rest_sums[at..].iter_mut().zip(now).for_each(|(sum, &magnitude)| *sum += i32::from(magnitude));
            (rest, at) = (later, 0);
        }
    }

    /// Returns the groupings that may pay, the most promising one first.
    pub(super) fn groupings(&self, effect_kind: &EffectKind) -> Vec<Grouping> {
        let elements = self.position;
        let rows = effect_kind.effect(&self.row_sums, &self.row_counts);
        let pays = |effect: &Effect| {
            // a class that says anything costs 1.5 bits at least
            effect.gain as i128 * i128::from(elements) > 1_500_000 * effect.of_index.len() as i128
        };
        let row_part = pays(&rows).then_some((self.rows.depth, rows));
        let mut groupings = Vec::new();
        let mut push = |rows: Option<(u8, Effect)>, groups: Vec<(Axes, Effect)>| {
            if rows.is_some() || !groups.is_empty() {
                groupings.push(Grouping { rows, groups });
            }
        };
        let mut singles = Vec::new();
        if !self.rest_sums.is_empty() {
            let rest_sums: Vec<i64> = self.rest_sums.iter().map(|&sum| i64::from(sum)).collect();
            let rest_counts: Vec<u64> = match &self.rest_counts[..] {
                [] => vec![elements / rest_sums.len() as u64; rest_sums.len()],
                counts => counts.iter().map(|&count| u64::from(count)).collect(),
            };
            let inner = &self.axes[1..];
            let mut stride = 1;
            for (axes, dimension) in inner.iter().rev() {
                let mut sums = vec![0; *dimension as usize];
                let mut counts = vec![0; *dimension as usize];
                for (index, (&sum, &count)) in rest_sums.iter().zip(&rest_counts).enumerate() {
                    sums[index / stride % *dimension as usize] += sum;
                    counts[index / stride % *dimension as usize] += count;
                }
                let effect = effect_kind.effect(&sums, &counts);
                if pays(&effect) {
                    singles.push((axes.clone(), effect));
                }
                stride *= *dimension as usize;
            }
            singles.reverse();
            if inner.len() > 1 {
                let all = inner[0].0.start..inner[inner.len() - 1].0.end;
                let effect = effect_kind.effect(&rest_sums, &rest_counts);
                if pays(&effect) {
                    push(row_part.clone(), vec![(all, effect)]);
                }
            }
        }
        if let Some((outer, sums, counts)) = &self.outer {
            let effect = effect_kind.effect(sums, counts);
            let last = self.axes.last().map_or(0, |(axes, _)| axes.start);
            let inner = singles.iter().filter(|(axes, _)| axes.start >= last).cloned().collect();
            if pays(&effect) {
                push(Some((outer.depth, effect)), inner);
            }
        }
        singles.sort_by_key(|(_, effect)| std::cmp::Reverse(effect.gain));
        singles.truncate(MAX_GROUPS);
        singles.sort_by_key(|(axes, _)| axes.start);
        push(row_part, singles);
        groupings
    }
}

fn add_rows(
    rows: &Rows,
    elements: &Range<u64>,
    magnitudes: &[i16],
    kept: Option<&MaskBits>,
    sums: &mut [i64],
    counts: &mut [u64],
) {
    let first = rows.numbers(elements).start as usize;
    let mut rest = magnitudes;
    let mut start = 0;
    for (row, len) in (first..).zip(rows.lengths(elements.clone())) {
        let end = start + len;
        let len = kept.map_or(len, |kept| kept[start..end].count_ones());
        start = end;
        let (now, later) = rest.split_at(len);
        sums[row] += i64::from(now.iter().map(|&magnitude| i32::from(magnitude)).sum::<i32>());
        counts[row] += len as u64;
        rest = later;
    }
}

/// Rows and groups of axes whose effects are added.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    /// The number of leading axes that number the rows, and the effect of the rows.
    pub(super) rows: Option<(u8, Effect)>,
    pub(super) groups: Vec<(Axes, Effect)>,
}
