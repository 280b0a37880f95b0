//! From the effects of rows and other axes to a class field whose sums are the contexts of symbols.

use super::effects::{CERTAIN, Effect, Grouping};
use super::magnitude::OCTAVE;
use crate::coders::ClassCoding;
use crate::represent::{AxisGroup, ClassField, ContextSource, Rows, SegmentLayout};
use crate::spec::{MAX_CLASS_BITS, MAX_CONTEXTS};

/// Effects beyond so many octaves count as so many.
const MAX_OCTAVES: i32 = 4;

/// A class field with the classes of its rows.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    pub(super) field: ClassField,
    /// Of all rows; empty if there are none.
    pub(super) of_rows: Vec<u8>,
    /// Whether classes are kinds of rows, not scales.
    pub(super) of_kinds: bool,
}

impl Classes {
    /// Chooses the order and tells what groups and rows take, in units of 2^-16 bit.
    pub(super) fn with_best_order(mut self) -> (Self, u64) {
        let cost = |is_ordered: bool| {
            let coding = ClassCoding { is_ordered, ..self.field.coding };
            let groups = self.field.groups.iter().map(|group| &group.classes[..]);
            groups.chain([&self.of_rows[..]]).map(|classes| coding.cost(classes)).sum::<u64>()
        };
        let costs = [cost(false), cost(true)];
        self.field.coding.is_ordered = costs[1] < costs[0];
        (self, costs[0].min(costs[1]))
    }

    /// Class sums of these elements.
    pub(super) fn sums(&self, elements: std::ops::Range<u64>) -> Vec<u8> {
        let rows = self.field.rows_of_chunk(&elements, &self.of_rows);
        self.field.sums(elements, rows)
    }
}

/// How finely effects are told apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolution {
    /// 1/64 octaves a class.
    pub(crate) unit: i32,
    /// Sums of classes in units of 2^shift are contexts.
    pub(crate) shift: u8,
}

/// Class field and source of contexts for a grouping; `field` will be its number. None if there is but one context.
pub(super) fn classes(
    grouping: &Grouping,
    layout: &SegmentLayout<'_>,
    resolution: Resolution,
    field: usize,
) -> Option<(Classes, ContextSource)> {
    let Resolution { unit, shift } = resolution;
    let certain = |effect: &Effect| effect.of_index.contains(&CERTAIN);
    let parts =
        || grouping.rows.iter().map(|(_, effect)| effect).chain(grouping.groups.iter().map(|(_, effect)| effect));
    let class_of = |effect: i32, bound: i32| (effect.clamp(-bound, bound) + unit / 2).div_euclid(unit);
    let ends: Vec<[i32; 2]> = parts()
        .map(|effect| {
            let known = || effect.of_index.iter().filter(|&&effect| effect != CERTAIN);
            [known().min(), known().max()].map(|end| end.copied().unwrap_or(0))
        })
        .collect();
    let bounds = |bound: i32| ends.iter().map(move |ends| ends.map(|end| class_of(end, bound)));
    // an index that is certain to be left out has a class of its own, which outweighs all others
    let has_certain = parts().any(certain);
    let beyond = if has_certain { 1 << shift } else { 0 };
    let mut bound = MAX_OCTAVES * OCTAVE;
    let fits = |bound: i32| {
        let spans: Vec<i32> = bounds(bound).map(|[low, high]| high - low).collect();
        let total = spans.iter().sum::<i32>() + beyond;
        spans.iter().all(|span| span >> MAX_CLASS_BITS == 0)
            && (total >> shift) < MAX_CONTEXTS as i32
            && (!has_certain || total >> MAX_CLASS_BITS == 0)
    };
    while !fits(bound) {
        bound = bound * 7 / 8;
    }
    let (lows, highs): (Vec<i32>, Vec<i32>) = bounds(bound).map(|[low, high]| (low, high)).unzip();
    let span = |part: usize| highs[part] - lows[part];
    let total: i32 = (0..lows.len()).map(span).sum();
    let contexts = ((total + beyond) >> shift) as usize + 1;
    if contexts < 2 {
        return None;
    }
    let vector = |effect: &Effect, part: usize| -> Vec<u8> {
        let class = |&effect: &i32| match effect {
            CERTAIN => (total + beyond) as u8,
            effect => (class_of(effect, bound) - lows[part]) as u8,
        };
        effect.of_index.iter().map(class).collect()
    };
    let most = (0..lows.len()).map(span).max().unwrap_or(1).max(1);
    let most = if has_certain { total + beyond } else { most };
    let coding = ClassCoding { width: most.ilog2() + 1, is_ordered: false };
    let mut part = 0;
    let mut of_rows = Vec::new();
    let mut rows = None;
    if let Some((depth, effect)) = &grouping.rows
        && (span(0) > 0 || certain(effect))
    {
        of_rows = vector(effect, 0);
        rows = Some(Rows::new(layout, *depth));
    }
    part += usize::from(grouping.rows.is_some());
    let mut groups = Vec::new();
    for (axes, effect) in &grouping.groups {
        if span(part) > 0 || certain(effect) {
            let (mut group, _) = AxisGroup::new(layout.single()?, axes.start, axes.len())?;
            group.classes = vector(effect, part);
            groups.push(group);
        }
        part += 1;
    }
    let classes = Classes { field: ClassField { coding, rows, groups }, of_rows, of_kinds: false };
    Some((classes, ContextSource::Classes { field, shift, contexts }))
}
