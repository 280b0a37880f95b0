//! Contexts of low mantissa bits that have structure: in rows that were converted from a narrower format, and in values
//! on a grid, where the exponent determines how many bits are zero.

use std::sync::Arc;

use super::contexts::{Contexts, Counts};
use super::field_coding::plan_field;
use super::hurdles::{EXPONENT_SAMPLE, STRUCTURE};
use super::plans::PlannedField;
use super::scale::Classes;
use super::view::WordView;
use crate::coders::{BIT, ClassCoding, adaptive_cost, log2_fixed};
use crate::represent::{ClassField, Coding, ContextSource, ForwardBlock, Rows, Word, take_field};
use crate::spec::MAX_CONTEXTS;

/// The most contexts that an exponent may give. More would need tables of less precision.
const MAX_EXPONENT_CONTEXTS: usize = 8;
/// The least average number of words of a row.
const MIN_ROW: u64 = 32;
/// The most kinds of rows.
const MAX_KINDS: usize = 4;
/// Words on which the saving by exponents is judged.
const SAMPLE_WORDS: usize = 1 << 16;

/// Some of the low bits of a word.
pub(super) struct Plane<'a> {
    /// The lowest of the bits.
    pub(super) shift: u32,
    pub(super) width: u32,
    /// Bits of the first field of the word.
    pub(super) first: u32,
    /// How often each symbol of the plane occurs.
    pub(super) counts: &'a [u64],
}

/// Returns the field of a plane with contexts, if they save enough over `plain`, and its cost. `known` are the class
/// fields that the segment has so far.
pub(super) fn with_contexts<W: Word>(
    view: WordView<'_, W>,
    plane: &Plane<'_>,
    known: &[Arc<Classes>],
    plain: (PlannedField, u64),
) -> (PlannedField, u64) {
    let hurdle = view.effort.hurdles.plane;
    let &Plane { width, counts, .. } = plane;
    let total: u64 = counts.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    // where the symbols look evenly spread, contexts have nothing to tell apart
    let is_constant = matches!(plain.0.coding, Coding::Constant(_));
    if is_constant || adaptive_cost(counts) > STRUCTURE.below(raw_cost) || total < 1024 {
        return plain;
    }
    let mut best = plain;
    let mut consider = |counts: &Counts, contexts: &Contexts| {
        let (field, cost) = plan_field(counts, width, contexts, hurdle, view.effort.tables);
        let is_better = cost < hurdle.half().below(best.1) && !matches!(field.coding.source(), ContextSource::None);
        if is_better {
            best = (field, cost);
        }
        is_better
    };
    if let Some(source) = exponent_source(view, plane) {
        let (top, mask) = plane.first_field(view);
        let of_block =
            |block: &ForwardBlock<W>| source.resolve(&[], |_| block.words.iter().map(|word| word.field(top, mask)), 1);
        let counts = plane.count(view, source.contexts(), of_block);
        consider(&counts, &Contexts::from_source(source));
    }
    if view.words_of_element() > 1 {
        return best;
    }
    let mut consider_kinds = |classes: &Arc<Classes>, cost: u64| {
        let source = ContextSource::Classes { field: 0, shift: 0, contexts: classes.kinds() };
        let of_block = |block: &ForwardBlock<W>| block.of_kept(classes.sums(block.values.clone()));
        let counts = plane.count(view, source.contexts(), of_block);
        consider(&counts, &Contexts { source, classes: Some(Arc::clone(classes)), cost })
    };
    let mut is_known = false;
    for classes in known.iter().filter(|classes| classes.of_kinds) {
        is_known |= consider_kinds(classes, 0);
    }
    if !is_known && let Some(classes) = row_kinds(view, plane) {
        let cost = classes.cost();
        consider_kinds(&Arc::new(classes), cost);
    }
    best
}

impl Plane<'_> {
    /// Returns the lowest bit of the first field, and the mask of its bits.
    fn first_field<W: Word>(&self, view: WordView<'_, W>) -> (u32, u16) {
        (view.bits() - self.first, ((1u32 << self.first) - 1) as u16)
    }

    /// Returns the symbols of words.
    fn symbols<W: Word>(&self, words: &[W]) -> Vec<u16> {
        let mut symbols = vec![0; words.len()];
        take_field(words, self.shift, self.width, &mut symbols);
        symbols
    }

    /// Counts the symbols in the contexts that `contexts_of` gives to a block.
    fn count<W: Word>(
        &self,
        view: WordView<'_, W>,
        contexts: usize,
        contexts_of: impl Fn(&ForwardBlock<W>) -> Vec<u8>,
    ) -> Counts {
        let mut counts = vec![vec![0u64; 1 << self.width]; contexts];
        for block in view.blocks() {
            let of_block = contexts_of(&block);
            for (symbol, context) in self.symbols(&block.words).into_iter().zip(of_block) {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            }
        }
        counts
    }
}

/// Returns the thresholds of the first field, at whole octaves, that tell most about the plane.
fn exponent_source<W: Word>(view: WordView<'_, W>, plane: &Plane<'_>) -> Option<ContextSource> {
    let (top, mask) = plane.first_field(view);
    let drop = plane.first.saturating_sub(9);
    let mut joint: Vec<Vec<u64>> = vec![Vec::new(); 1 << (plane.first - drop)];
    for ForwardBlock { words, .. } in view.sample(SAMPLE_WORDS) {
        for (word, symbol) in words.iter().zip(plane.symbols(&words)) {
            let counts = &mut joint[usize::from(word.field(top, mask) >> drop)];
            counts.resize(1 << plane.width, 0);
            counts[usize::from(symbol)] += 1;
        }
    }
    // join the neighbours that lose least by it, until few are left
    let mut parts: Vec<(u16, Vec<u64>)> = (0u16..)
        .zip(joint)
        .filter(|(_, counts)| !counts.is_empty())
        .map(|(key, counts)| (key << drop, counts))
        .collect();
    let joined = |one: &[u64], other: &[u64]| one.iter().zip(other).map(|(a, b)| a + b).collect::<Vec<u64>>();
    let mut costs: Vec<u64> = parts.iter().map(|(_, counts)| adaptive_cost(counts)).collect();
    let loss = |parts: &[(u16, Vec<u64>)], costs: &[u64], at: usize| {
        adaptive_cost(&joined(&parts[at].1, &parts[at + 1].1)) as i64 - costs[at] as i64 - costs[at + 1] as i64
    };
    let mut losses: Vec<i64> = (0..parts.len().saturating_sub(1)).map(|at| loss(&parts, &costs, at)).collect();
    while let Some((at, &least)) = losses.iter().enumerate().min_by_key(|(_, loss)| **loss) {
        if least > 0 && parts.len() <= MAX_EXPONENT_CONTEXTS {
            break;
        }
        let (_, counts) = parts.remove(at + 1);
        parts[at].1 = joined(&parts[at].1, &counts);
        costs.remove(at + 1);
        costs[at] = adaptive_cost(&parts[at].1);
        losses.remove(at);
        for (near, changed) in losses.iter_mut().enumerate().skip(at.saturating_sub(1)).take(2) {
            *changed = loss(&parts, &costs, near);
        }
    }
    // if the sample saves hardly anything, the whole will not either
    let apart: u64 = costs.iter().sum();
    let together =
        adaptive_cost(&parts.iter().fold(vec![0; 1 << plane.width], |sum, (_, counts)| joined(&sum, counts)));
    if apart > EXPONENT_SAMPLE.below(together) {
        return None;
    }
    let thresholds: Vec<u16> = parts.iter().skip(1).map(|(symbol, _)| *symbol).collect();
    (!thresholds.is_empty()).then_some(ContextSource::Field { field: 0, thresholds })
}

/// Divides rows into a few kinds by the cost of their symbols: at first into two halves of the range of costs; then
/// each row goes to the kind under whose code it is cheapest.
fn row_kinds<W: Word>(view: WordView<'_, W>, plane: &Plane<'_>) -> Option<Classes> {
    let layout = view.layout;
    let depth = match layout.single() {
        Some(shape) => shape.iter().position(|&dimension| dimension > 1)? + 1,
        None => 1,
    };
    if layout.single().is_some_and(|shape| depth >= shape.len()) {
        return None;
    }
    let rows = Rows::new(layout, u8::try_from(depth).ok().filter(|&depth| depth < 255)?);
    let count = rows.numbers(&(0..view.values() as u64)).end;
    // kinds of short rows would cost more than they save, and the sums of many rows take much memory
    if count * MIN_ROW > view.count() as u64 {
        return None;
    }
    let count = count as usize;
    let code = |counts: &[u64]| {
        let total = counts.iter().sum::<u64>() + counts.len() as u64;
        let whole = log2_fixed(2 * total);
        counts.iter().map(|&count| (whole - log2_fixed(2 * count + 1)).min(30 * BIT) as u32).collect::<Vec<u32>>()
    };
    if !rows_differ(view, plane, &rows, &code(plane.counts)) {
        return None;
    }
    // sum the costs of each row under each kind
    let costs_under = |kinds: &[Vec<u32>]| {
        let mut costs = vec![[0u64; MAX_KINDS]; count];
        let mut sizes = vec![0u64; count];
        for block in view.blocks() {
            let symbols = plane.symbols(&block.words);
            let mut rest = &symbols[..];
            for (row, len) in block.rows(&rows) {
                let (now, later) = rest.split_at(len);
                for (kind, cost) in kinds.iter().zip(&mut costs[row]) {
                    *cost += now.iter().map(|&symbol| u64::from(kind[usize::from(symbol)])).sum::<u64>();
                }
                sizes[row] += len as u64;
                rest = later;
            }
        }
        (costs, sizes)
    };
    let (costs, sizes) = costs_under(&[code(plane.counts)]);
    let average: Vec<u64> = costs.iter().zip(&sizes).map(|(cost, &size)| cost[0] / size.max(1)).collect();
    let (least, most) = (*average.iter().min()?, *average.iter().max()?);
    if most - least < BIT / 4 {
        return None;
    }
    let mut kind_of: Vec<u8> = average.iter().map(|&cost| u8::from(2 * cost > least + most)).collect();
    let mut kinds = 2;
    for round in 0..3 {
        let counts = plane.count(view, kinds, |block| {
            let rows = block.rows(&rows).into_iter();
            rows.flat_map(|(row, len)| std::iter::repeat_n(kind_of[row], len)).collect()
        });
        let mut codes: Vec<Vec<u32>> = counts.iter().map(|counts| code(counts)).collect();
        if round == 0 && kinds < MAX_KINDS {
            // a mixture of both kinds, for the rows in between
            let mixture: Vec<u64> =
                (0..1 << plane.width).map(|symbol| counts[0][symbol] + counts[1][symbol] / 4).collect();
            codes.push(code(&mixture));
            kinds += 1;
        }
        let (costs, _) = costs_under(&codes);
        let cheapest =
            |costs: &[u64; MAX_KINDS]| (0..kinds as u8).min_by_key(|&kind| costs[usize::from(kind)]).unwrap_or(0);
        let now: Vec<u8> = costs.iter().map(cheapest).collect();
        let is_same = now == kind_of;
        kind_of = now;
        if is_same && round > 0 {
            break;
        }
    }
    let width = kinds.next_power_of_two().ilog2();
    debug_assert!(kinds <= MAX_CONTEXTS);
    let coding = ClassCoding { width, is_ordered: false };
    let field = ClassField { coding, rows: Some(rows), groups: Vec::new() };
    Some(Classes::new(field, kind_of, true))
}

/// Returns whether parts of rows in a sample cost differently under one code.
fn rows_differ<W: Word>(view: WordView<'_, W>, plane: &Plane<'_>, rows: &Rows, code: &[u32]) -> bool {
    let (mut least, mut most) = (u64::MAX, 0);
    for block in view.sample(SAMPLE_WORDS) {
        let symbols = plane.symbols(&block.words);
        let mut rest = &symbols[..];
        for (_, len) in block.rows(rows) {
            let (now, later) = rest.split_at(len);
            let cost: u64 = now.iter().map(|&symbol| u64::from(code[usize::from(symbol)])).sum();
            // few symbols may differ by chance
            if len >= 64 {
                (least, most) = (least.min(cost / len as u64), most.max(cost / len as u64));
            }
            rest = later;
        }
    }
    most > least.saturating_add(BIT / 4)
}

impl Classes {
    /// Returns the number of kinds.
    fn kinds(&self) -> usize {
        usize::from(self.of_rows.iter().copied().max().unwrap_or(0)).max(1) + 1
    }
}
