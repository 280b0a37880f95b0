//! The average magnitude of the weights of each row, column, or index of other axes: main effects, as the analysis of
//! variance has them. In an array without gaps they are plain averages, so that one pass finds them all.

use std::ops::Range;

use super::magnitude::Magnitudes;
use crate::represent::{Layout, MAX_GROUP_CLASSES, Rows};

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
        let averages: Vec<i64> =
            sums.iter().zip(counts).map(|(&sum, &count)| (16 * sum) / count.max(1) as i64 - 16 * mean).collect();
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
    /// Rows by all axes but the last; of several members: a row each.
    outer: Option<(Rows, Vec<i64>, Vec<u64>)>,
    position: u64,
}

impl Sums {
    /// None if no index is worth telling from another.
    pub(super) fn new(layout: &Layout<'_>) -> Option<Self> {
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
            outer,
            position: 0,
        })
    }

    /// The next weights.
    pub(super) fn add(&mut self, symbols: &[u16], magnitudes: &Magnitudes, scratch: &mut Vec<i16>) {
        scratch.clear();
        scratch.extend(symbols.iter().map(|&symbol| magnitudes.of_symbol[usize::from(symbol)]));
        let elements = self.position..self.position + scratch.len() as u64;
        self.position = elements.end;
        add_rows(&self.rows, &elements, scratch, &mut self.row_sums, &mut self.row_counts);
        if let Some((rows, sums, counts)) = &mut self.outer {
            add_rows(rows, &elements, scratch, sums, counts);
        }
        if self.rest_sums.is_empty() {
            return;
        }
        let mut at = (elements.start % self.rest_sums.len() as u64) as usize;
        let mut rest = &scratch[..];
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.rest_sums.len() - at));
            self.rest_sums[at..].iter_mut().zip(now).for_each(|(sum, &magnitude)| *sum += i32::from(magnitude));
            (rest, at) = (later, 0);
        }
    }

    /// Groupings that may pay, each with the effects of its rows and groups; the best guess first.
    pub(super) fn groupings(&self, variance: i64) -> Vec<Grouping> {
        let elements = self.position;
        let rows = Effect::new(&self.row_sums, &self.row_counts, variance);
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
            let each = elements / self.rest_sums.len() as u64;
            let rest_sums: Vec<i64> = self.rest_sums.iter().map(|&sum| i64::from(sum)).collect();
            let inner = &self.axes[1..];
            let mut stride = 1;
            for (axes, dimension) in inner.iter().rev() {
                let mut sums = vec![0; *dimension as usize];
                for (index, &sum) in rest_sums.iter().enumerate() {
                    sums[index / stride % *dimension as usize] += sum;
                }
                let counts = vec![elements / dimension; *dimension as usize];
                let effect = Effect::new(&sums, &counts, variance);
                if pays(&effect) {
                    singles.push((axes.clone(), effect));
                }
                stride *= *dimension as usize;
            }
            singles.reverse();
            if inner.len() > 1 {
                let all = inner[0].0.start..inner[inner.len() - 1].0.end;
                let effect = Effect::new(&rest_sums, &vec![each; rest_sums.len()], variance);
                if pays(&effect) {
                    push(row_part.clone(), vec![(all, effect)]);
                }
            }
        }
        if let Some((outer, sums, counts)) = &self.outer {
            let effect = Effect::new(sums, counts, variance);
            let last = self.axes.last().map_or(0, |(axes, _)| axes.start);
            let inner = singles.iter().filter(|(axes, _)| axes.start >= last).cloned().collect();
            if pays(&effect) {
                push(Some((outer.depth, effect)), inner);
            }
        }
        singles.sort_by_key(|(_, effect)| std::cmp::Reverse(effect.gain));
        singles.truncate(crate::represent::MAX_GROUPS);
        singles.sort_by_key(|(axes, _)| axes.start);
        push(row_part, singles);
        groupings
    }
}

fn add_rows(rows: &Rows, elements: &Range<u64>, magnitudes: &[i16], sums: &mut [i64], counts: &mut [u64]) {
    let first = rows.numbers(elements).start as usize;
    let mut rest = magnitudes;
    for (row, len) in (first..).zip(rows.lengths(elements.clone())) {
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
