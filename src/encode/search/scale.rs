//! Makes a class field of the effects of rows and other axes. The sums of its classes are the contexts of symbols.

use super::effects::{CERTAIN, Effect, Grouping};
use super::magnitude::OCTAVE;
use crate::coders::ClassCoding;
use crate::represent::{AxisGroup, ClassField, ContextSource, Rows, SegmentLayout};
use crate::spec::{MAX_CLASS_BITS, MAX_CONTEXTS};

/// The maximum magnitude of an effect in octaves. Larger effects are clamped.
const MAX_OCTAVES: i32 = 4;

/// A class field with the classes of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Classes {
    pub(super) field: ClassField,
    /// The classes of all rows; empty if rows have none.
    pub(super) of_rows: Vec<u8>,
    /// Whether the classes are kinds of rows, and not scales.
    pub(super) of_kinds: bool,
}

impl Classes {
    /// Makes a class field, and codes its classes in order if that is cheaper.
    pub(super) fn new(mut field: ClassField, of_rows: Vec<u8>, of_kinds: bool) -> Self {
        field.coding.is_ordered = true;
        let mut this = Self { field, of_rows, of_kinds };
        let ordered = this.cost();
        this.field.coding.is_ordered = false;
        this.field.coding.is_ordered = ordered < this.cost();
        this
    }

    /// Returns the cost of the classes of groups and rows, in units of 2^-16 bit.
    pub(super) fn cost(&self) -> u64 {
        let groups = self.field.groups.iter().map(|group| &group.classes[..]);
        groups.chain([&self.of_rows[..]]).map(|classes| self.field.coding.cost(classes)).sum()
    }

    /// Returns the number of classes in groups of axes.
    pub(super) fn group_classes(&self) -> u64 {
        self.field.groups.iter().map(|group| group.classes.len() as u64).sum()
    }

    /// Returns the class sums of these elements.
    pub(super) fn sums(&self, elements: std::ops::Range<u64>) -> Vec<u8> {
        let rows = self.field.rows_of_chunk(&elements, &self.of_rows);
        self.field.sums(elements, rows)
    }
}

/// How finely effects are quantised.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolution {
    /// The width of a class in 1/64 octave.
    pub(crate) unit: i32,
    /// Contexts are sums of classes in units of 2^shift.
    pub(crate) shift: u8,
}

/// Returns the class field and the source of contexts for a grouping, or `None` if there is only one context.
pub(super) fn classes(
    grouping: &Grouping,
    layout: &SegmentLayout<'_>,
    resolution: Resolution,
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
    // an index whose weights are all omitted has its own class, which outweighs all others
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
    let classes = Classes::new(ClassField { coding, rows, groups }, of_rows, false);
    // the class field gets its number when the plan is complete
    Some((classes, ContextSource::Classes { field: 0, shift, contexts }))
}
