//! Contexts of low mantissa bits that have structure: rows that came through a narrower format, and values on a grid, where
//! the exponent tells how many bits are zero.

use super::contexts::Counts;
use super::effort::Effort;
use super::field_coding::plan_field;
use super::scale::Classes;
use super::view::{Block, Words};
use crate::coders::{BIT, ClassCoding, adaptive_cost, log2_fixed};
use crate::represent::{ClassField, Coding, ContextSource, Rows, SegmentLayout, Word, take_field};
use crate::spec::MAX_CONTEXTS;

/// Contexts that an exponent may give: more would need tables of less precision.
const MAX_EXPONENT_CONTEXTS: usize = 8;
/// Rows have to be so long on average.
const MIN_ROW: u64 = 32;
/// Kinds of rows told apart.
const MAX_KINDS: usize = 4;
/// Words that the gain of exponents is judged on.
const SAMPLE_WORDS: usize = 1 << 16;

/// Gives the field of the bits from `shift`, whose symbols occur `counts` times, contexts where that pays. `first` is the width of
/// the first field.
#[expect(clippy::too_many_arguments, reason = "all of them are the state of one plan")]
pub(super) fn improve_plane<W: Word>(
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    shift: u32,
    counts: &[u64],
    first: u32,
    effort: &Effort,
    all_classes: &mut Vec<Classes>,
    coding: &mut Coding,
    cost: &mut u64,
) {
    let width = counts.len().ilog2();
    let total: u64 = counts.iter().sum();
    let raw_cost = total * u64::from(width) * BIT;
    // where the symbols look evenly spread, contexts have nothing to tell apart
    if matches!(coding, Coding::Constant(_)) || adaptive_cost(counts) > raw_cost - raw_cost / 400 || total < 1024 {
        return;
    }
    let gain = effort.plane_gain;
    let mut consider = |counts: &Counts, source: &ContextSource, context_cost: u64| {
        let (new, new_cost) = plan_field(counts, width, source, context_cost, gain, effort.tables);
        let is_better = new_cost < *cost - *cost / (2 * gain) && !matches!(new.source(), ContextSource::None);
        if is_better {
            (*coding, *cost) = (new, new_cost);
        }
        is_better
    };
    if let Some(source) = exponent_source(words, shift, width, first) {
        let top = words.bits() - first;
        let mask = ((1u32 << first) - 1) as u16;
        let contexts =
            |block: &Block<W>| source.resolve(&[], |_| block.words.iter().map(|word| word.field(top, mask)), 1);
        consider(&count_in_contexts(words, shift, width, source.contexts(), contexts), &source, 0);
    }
    if layout.dtype.words() > 1 {
        return;
    }
    let mut is_known = false;
    for (field, classes) in all_classes.iter().enumerate().filter(|(_, classes)| classes.of_kinds) {
        let source = ContextSource::Classes { field, shift: 0, contexts: classes.kinds() };
        let contexts = |block: &Block<W>| block.of_kept(classes.sums(block.elements()));
        is_known |= consider(&count_in_contexts(words, shift, width, source.contexts(), contexts), &source, 0);
    }
    if is_known {
        return;
    }
    if let Some(classes) = row_kinds(words, layout, shift, width, counts) {
        let (classes, class_cost) = classes.with_best_order();
        let source = ContextSource::Classes { field: all_classes.len(), shift: 0, contexts: classes.kinds() };
        let contexts = |block: &Block<W>| block.of_kept(classes.sums(block.elements()));
        let counts = count_in_contexts(words, shift, width, source.contexts(), contexts);
        if consider(&counts, &source, class_cost) {
            all_classes.push(classes);
        }
    }
}

/// Counts of a plane's symbols in the contexts that `contexts_of` gives to a block.
fn count_in_contexts<W: Word>(
    words: Words<'_, W>,
    shift: u32,
    width: u32,
    contexts: usize,
    contexts_of: impl Fn(&Block<W>) -> Vec<u8>,
) -> Counts {
    let mut counts = vec![vec![0u64; 1 << width]; contexts];
    for block in words.blocks() {
        let of_block = contexts_of(&block);
        for (symbol, context) in plane_symbols(&block.words, shift, width).into_iter().zip(of_block) {
            counts[usize::from(context)][usize::from(symbol)] += 1;
        }
    }
    counts
}

/// Thresholds of the first field, at whole octaves, that tell most about the plane.
fn exponent_source<W: Word>(words: Words<'_, W>, shift: u32, width: u32, first: u32) -> Option<ContextSource> {
    let top = words.bits() - first;
    let mask = ((1u32 << first) - 1) as u16;
    let drop = first.saturating_sub(9);
    let mut joint: Vec<Vec<u64>> = vec![Vec::new(); 1 << (first - drop)];
    for Block { words, .. } in words.sample(SAMPLE_WORDS) {
        for (word, symbol) in words.iter().zip(plane_symbols(&words, shift, width)) {
            let counts = &mut joint[usize::from(word.field(top, mask) >> drop)];
            counts.resize(1 << width, 0);
            counts[usize::from(symbol)] += 1;
        }
    }
    // neighbours are joined, where that loses least, until few are left
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
    // a sample that hardly gains says that all will not
    let apart: u64 = costs.iter().sum();
    let together = adaptive_cost(&parts.iter().fold(vec![0; 1 << width], |sum, (_, counts)| joined(&sum, counts)));
    if apart > together - together / 512 {
        return None;
    }
    let thresholds: Vec<u16> = parts.iter().skip(1).map(|(symbol, _)| *symbol).collect();
    (!thresholds.is_empty()).then_some(ContextSource::Field { field: 0, thresholds })
}

/// Rows of a few kinds, by what their symbols cost: at first two, split where it separates best; then each row goes where it is
/// cheapest.
fn row_kinds<W: Word>(
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    shift: u32,
    width: u32,
    counts: &[u64],
) -> Option<Classes> {
    let depth = match layout.single() {
        Some(shape) => shape.iter().position(|&dimension| dimension > 1)? + 1,
        None => 1,
    };
    if layout.single().is_some_and(|shape| depth >= shape.len()) {
        return None;
    }
    let rows = Rows::new(layout, u8::try_from(depth).ok().filter(|&depth| depth < 255)?);
    let count = rows.numbers(&(0..words.values() as u64)).end;
    // kinds of short rows would cost more than they save, and what is known of each much memory
    if count * MIN_ROW > words.count() as u64 {
        return None;
    }
    let count = count as usize;
    let code = |counts: &[u64]| {
        let total = counts.iter().sum::<u64>() + counts.len() as u64;
        let whole = log2_fixed(2 * total);
        counts.iter().map(|&count| (whole - log2_fixed(2 * count + 1)).min(30 * BIT) as u32).collect::<Vec<u32>>()
    };
    if !rows_differ(words, &rows, shift, width, &code(counts)) {
        return None;
    }
    // each row is summed up under each kind
    let costs_under = |kinds: &[Vec<u32>]| {
        let mut costs = vec![[0u64; MAX_KINDS]; count];
        let mut sizes = vec![0u64; count];
        for block in words.blocks() {
            let symbols = plane_symbols(&block.words, shift, width);
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
    let (costs, sizes) = costs_under(&[code(counts)]);
    let average: Vec<u64> = costs.iter().zip(&sizes).map(|(cost, &size)| cost[0] / size.max(1)).collect();
    let (least, most) = (*average.iter().min()?, *average.iter().max()?);
    if most - least < BIT / 4 {
        return None;
    }
    let mut kind_of: Vec<u8> = average.iter().map(|&cost| u8::from(2 * cost > least + most)).collect();
    let mut kinds = 2;
    for round in 0..3 {
        let counts = count_in_contexts(words, shift, width, kinds, |block| {
            let rows = block.rows(&rows).into_iter();
            rows.flat_map(|(row, len)| std::iter::repeat_n(kind_of[row], len)).collect()
        });
        let mut codes: Vec<Vec<u32>> = counts.iter().map(|counts| code(counts)).collect();
        if round == 0 && kinds < MAX_KINDS {
            // a mixture of what was found, for rows in between
            let mixture: Vec<u64> = (0..1 << width).map(|symbol| counts[0][symbol] + counts[1][symbol] / 4).collect();
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
    Some(Classes { field, of_rows: kind_of, of_kinds: true })
}

/// Whether parts of rows in a sample cost differently under one code.
fn rows_differ<W: Word>(words: Words<'_, W>, rows: &Rows, shift: u32, width: u32, code: &[u32]) -> bool {
    let (mut least, mut most) = (u64::MAX, 0);
    for block in words.sample(SAMPLE_WORDS) {
        let symbols = plane_symbols(&block.words, shift, width);
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

/// The symbols of the `width` bits from bit `shift`.
fn plane_symbols<W: Word>(words: &[W], shift: u32, width: u32) -> Vec<u16> {
    let mut symbols = vec![0; words.len()];
    take_field(words, shift, width, &mut symbols);
    symbols
}

impl Classes {
    /// Number of kinds.
    fn kinds(&self) -> usize {
        usize::from(self.of_rows.iter().copied().max().unwrap_or(0)).max(1) + 1
    }
}
