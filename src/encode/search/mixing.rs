//! The highest levels: the top field, with the sign, coded by mixing, where that was measured to be shorter on a sample.

use super::effort::Effort;
use super::field_coding::BYTE;
use super::planes::plan_planes;
use super::plans::FieldPlan;
use super::plans::tidy;
use super::scale::Classes;
use super::view::{Source, Words};
use crate::coders::{MixedKind, MixedModel, mixed_cost};
use crate::represent::{Coding, ContextSource, Field, SegmentLayout, Steps, Transform, Word, take_field};
use crate::spec::{MAX_COLUMNS, MAX_DISTANCE, MAX_SYMBOL_BITS};

/// Fewer words do not repay what a mixer has to learn.
const MIN_WORDS: usize = 1 << 12;
/// From so many words on another mantissa bit pays.
pub(super) const FINE_WORDS: usize = 1 << 18;
/// Words on which the predictor's shift is chosen.
const SHIFT_WORDS: usize = 1 << 15;
/// Taps of the predictor within a kernel.
const KERNEL_TAPS: u64 = 16;

/// A plan with a mixed top field, if it saves enough over `plan`. `classes` and `source` are the contexts by scale.
pub(super) fn mixed_plan<W: Word>(
    source_of_words: Source<'_>,
    layout: &SegmentLayout<'_>,
    classes: Option<&Classes>,
    source: &ContextSource,
    plan: &FieldPlan,
    effort: &Effort,
) -> Option<FieldPlan> {
    let dtype = layout.dtype;
    let bits = dtype.word_bits();
    let words = Words::<W>::new(source_of_words, Transform::Identity);
    let shape = layout.single()?;
    if *source_of_words.steps != Steps::NONE {
        return None;
    }
    if effort.mixed_words == 0 || words.count() < MIN_WORDS || dtype.words() > 1 {
        return None;
    }
    let (kind, width) = match dtype.exponent_bits() {
        Some(exponent) if bits > 8 => {
            let most = MAX_SYMBOL_BITS.min(bits) - 1 - exponent;
            let fraction = most.min(if words.count() < FINE_WORDS { 2 } else { 3 });
            (MixedKind::Float { fraction }, 1 + exponent + fraction)
        }
        None if bits == 8 && dtype.is_signed_integer() => (MixedKind::Integer, bits),
        _ => return None,
    };
    let block = sample(words, effort.mixed_words, width);
    let contexts = match classes {
        Some(classes) => source.clamp(&classes.sums(block.start as u64..(block.start + block.symbols.len()) as u64)),
        None => Vec::new(),
    };
    let (period, distances) = neighbours(shape);
    let row: u64 = shape.get(1..).map_or(1, |axes| axes.iter().product());
    let columns = if shape.len() > 1 && row <= u64::from(MAX_COLUMNS) { row as u32 } else { 0 };
    let base = match kind {
        MixedKind::Float { fraction } => base(&block.symbols, width, fraction),
        _ => 0,
    };
    let model = |shift| MixedModel {
        width,
        contexts: source.contexts(),
        kind,
        base,
        shift,
        period,
        columns,
        distances: distances.clone(),
    };
    let head = block.symbols.len().min(SHIFT_WORDS);
    let cost_of_head =
        |shift: u32| mixed_cost(&block.symbols[..head], &contexts[..head.min(contexts.len())], &model(shift));
    let shift = effort.mixed_shifts.iter().copied().min_by_key(|&shift| match effort.mixed_shifts.len() {
        1 => 0,
        _ => cost_of_head(shift),
    })?;
    let model = model(shift);
    let sampled = mixed_cost(&block.symbols, &contexts, &model);
    let cost = (u128::from(sampled) * words.count() as u128 / block.symbols.len().max(1) as u128) as u64;
    let mut all_classes: Vec<Classes> = classes.into_iter().cloned().collect();
    let class_cost: u64 = all_classes.iter().map(|classes| classes.clone().with_best_order().1).sum();
    let mut fields = vec![Field { width, coding: Coding::Mixed(source.clone(), model) }];
    let planes_cost = plan_planes(words, layout, width, None, &mut all_classes, &mut fields, effort);
    let cost = cost + class_cost + planes_cost + 64 * BYTE;
    if cost >= plan.cost - plan.cost / effort.mixed_gain {
        return None;
    }
    let mut plan = FieldPlan::new(source_of_words, Transform::Identity, all_classes, fields, cost);
    tidy(&mut plan);
    Some(plan)
}

/// Symbols in one piece, as neighbours matter.
struct Sample {
    start: usize,
    symbols: Vec<u16>,
}

fn sample<W: Word>(words: Words<'_, W>, most: usize, width: u32) -> Sample {
    let count = words.count().min(most);
    let start = (words.count() - count) / 2 / 8 * 8;
    let words_read = words.read(start..start + count).words;
    let mut symbols = vec![0; count];
    take_field(&words_read, words.bits() - width, width, &mut symbols);
    Sample { start, symbols }
}

/// The period of kernels, and how far before a weight those lie that resemble it.
fn neighbours(shape: &[u64]) -> (u32, Vec<u32>) {
    let kernel: u64 = shape.get(2..).map_or(1, |axes| axes.iter().product());
    let row: u64 = shape.get(1..).map_or(1, |axes| axes.iter().product());
    let mut distances: Vec<u64> = if kernel > 1 {
        let taps = 1..=KERNEL_TAPS.min(kernel - 1);
        taps.chain([kernel, 2 * kernel, row, 2 * row]).collect()
    } else {
        vec![1, 2, row, 2 * row, 3 * row, 4 * row]
    };
    distances.retain(|&distance| distance > 0 && distance <= u64::from(MAX_DISTANCE));
    distances.sort_unstable();
    distances.dedup();
    let period = if kernel <= u64::from(MAX_DISTANCE) { kernel.max(1) as u32 } else { 1 };
    (period, distances.into_iter().map(|distance| distance as u32).collect())
}

/// The first of the sixteen exponents that occur most.
pub(super) fn base(symbols: &[u16], width: u32, fraction: u32) -> u16 {
    let exponents = 1usize << (width - 1 - fraction);
    let mut counts = vec![0u64; exponents];
    for symbol in symbols {
        counts[usize::from(symbol >> fraction) & (exponents - 1)] += 1;
    }
    let window = 16.min(exponents);
    let sum = |first: &usize| counts[*first..*first + window].iter().sum::<u64>();
    // of several the highest, as large weights cost more as escapes
    (0..=exponents - window).max_by_key(sum).unwrap_or(0) as u16
}
