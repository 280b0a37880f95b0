//! The average magnitude of the weights of each row, column, or index of other axes: main effects, as the analysis of
//! variance has them. In an array without gaps they are plain averages, so that one pass finds them all.

use std::ops::Range;

use crate::coders::{BIT, entropy_cost, log2_fixed};
use crate::represent::{MaskBits, Rows, SegmentLayout};
use crate::spec::{MAX_GROUP_CLASSES, MAX_GROUPS};

/// Inner axes from here on are worth a row for each index of all the others.
const MIN_LAST: u64 = 16;

/// Rows have to be so long on average.
const MIN_ROW: u64 = 8;

/// Axes that differ in more than one index: their first axis in the shape, and the one after.
type Axes = Range<usize>;

/// Averages by index, in 1/64 octave, after what chance alone would do is taken off.
#[derive(Debug, Clone)]
pub(super) struct Effect {
    pub(super) of_index: Vec<i32>,
    /// What knowing it saves a weight about, in millionths of a bit, classes not counted.
    pub(super) gain: i64,
}

impl Effect {
    /// From sums over `count` weights each on average.
    fn new(sums: &[i64], counts: &[u64], variance: i64) -> Self {
        let total: u64 = counts.iter().sum();
        let mean = sums.iter().sum::<i64>() / total.max(1) as i64;
        // in sixteenths, as averages of many weights are exact
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
        // James and Stein (1961): averages of few weights are drawn to their mean
        let shrunk = |(&average, &count): (&i64, &u64)| {
            let noise = 256 * variance / count.max(1) as i64;
            (average * real / (real + noise).max(1) / 16) as i32
        };
        let of_index = averages.iter().zip(counts).map(shrunk).collect();
        // a scale of variance t (in nats squared) saves about t nats
        let octaves = i128::from(real) * 1_000_000 / (256 * 64 * 64);
        Self { of_index, gain: (octaves * 693 / 1000) as i64 }
    }

    /// The logarithm of the odds that a weight is left out, less that of all.
    fn of_density(sums: &[i64], counts: &[u64]) -> Self {
        let unit = i64::from(MASK_UNIT);
        let all = (sums.iter().sum::<i64>() / unit) as u64;
        let total: u64 = counts.iter().sum();
        // in 1/64 octave
        let log_odds = |omitted: u64, kept: u64| ((log2_fixed(omitted) as i64 - log2_fixed(kept) as i64) >> 10) as i32;
        // as if each index had some weights more, of average density: few weights say little
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
        // chance alone saves half a nat for each index
        let saved = entropy(all, total).saturating_sub(apart).saturating_sub(sums.len() as u64 * BIT * 18 / 25);
        let gain = (i128::from(saved) * 1_000_000 / i128::from(total.max(1)) / i128::from(BIT)) as i64;
        Self { of_index, gain }
    }
}

/// What the sums are of, and how an average becomes an effect.
#[derive(Debug, Clone, Copy)]
pub(super) enum EffectKind {
    /// Of magnitudes with this variance.
    Magnitude { variance: i64 },
    /// Of mask bits, each [`MASK_UNIT`]: the effect is that of sparsity, in logarithms of odds.
    Density,
}

/// The effect of an index all of whose weights are left out.
pub(super) const CERTAIN: i32 = i32::MAX;

/// What a mask bit of 1 counts.
pub(super) const MASK_UNIT: i16 = 1 << 10;

impl EffectKind {
    fn effect(&self, sums: &[i64], counts: &[u64]) -> Effect {
        match self {
            Self::Magnitude { variance } => Effect::new(sums, counts, *variance),
            Self::Density => Effect::of_density(sums, counts),
        }
    }
}

/// Sums of magnitudes by index, to be filled from the first weight to the last.
#[derive(Debug)]
pub(super) struct Sums {
    /// Of the dimensions of a single member those above 1, with their axes.
    axes: Vec<(Axes, u64)>,
    rows: Rows,
    row_sums: Vec<i64>,
    row_counts: Vec<u64>,
    /// By the index of all axes but the first; empty if there are too many, or several members.
    rest_sums: Vec<i32>,
    /// Weights behind them, if some were left out.
    rest_counts: Vec<u32>,
    /// Rows by all axes but the last; of several members: a row each.
    outer: Option<(Rows, Vec<i64>, Vec<u64>)>,
    /// Weights so far.
    position: u64,
}

impl Sums {
    /// None if no index is worth telling from another.
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
        // a class for each row would cost more than it saves, and sums for each much memory
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

    /// The magnitudes of the weights among these elements, of all or of those that are kept. Blocks come in order.
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

    /// Groupings that may pay, each with the effects of its rows and groups; the best guess first.
    pub(super) fn groupings(&self, effect_kind: &EffectKind) -> Vec<Grouping> {
        let elements = self.position;
        let rows = effect_kind.effect(&self.row_sums, &self.row_counts);
        let pays = |effect: &Effect| {
            // a class takes two bits at least where it says anything
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

/// Rows and groups of axes whose effects add up.
#[derive(Debug, Clone)]
pub(super) struct Grouping {
    /// Leading axes that number the rows, and the rows' effect.
    pub(super) rows: Option<(u8, Effect)>,
    pub(super) groups: Vec<(Axes, Effect)>,
}
