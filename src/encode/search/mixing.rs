//! Levels 8 and 9: the first field, with the sign, is coded by mixing if that is shorter on a sample.

use super::contexts::Contexts;
use super::cost::BYTE;
use super::planes::plan_planes;
use super::plans::{FieldPlan, PlannedField};
use super::view::{Source, WordView};
use crate::coders::{MixedKind, MixedModel, mixed_cost};
use crate::represent::{Coding, Steps, Transform, Word, take_field};
use crate::spec::{MAX_COLUMNS, MAX_DISTANCE, MAX_SYMBOL_BITS};

/// Fewer words do not repay the learning of a mixer.
const MIN_WORDS: usize = 1 << 12;
/// The number of words from which on another mantissa bit pays.
pub(super) const FINE_WORDS: usize = 1 << 18;
/// The number of words on which the shift of the predictor is chosen.
const SHIFT_WORDS: usize = 1 << 15;
/// The number of taps of the predictor within a kernel.
const KERNEL_TAPS: u64 = 16;

/// Returns a plan whose first field is mixed, if it saves enough. `contexts` are the contexts by scale.
pub(super) fn mixed_first_field<W: Word>(
    view: WordView<'_, W>,
    contexts: &Contexts,
    plan: &FieldPlan,
) -> Option<FieldPlan> {
    let effort = view.effort;
    let Source::Values(source) = view.source else { return None };
    let view = view.with_transform(Transform::Identity);
    let shape = view.layout.single()?;
    let is_too_small = effort.mixed_words == 0 || view.count() < MIN_WORDS;
    if *source.steps != Steps::NONE || is_too_small || view.words_of_element() > 1 {
        return None;
    }
    let (kind, width) = kind_of(view)?;
    let block = sample(view, effort.mixed_words, width);
    let of_block = match &contexts.classes {
        Some(_) => contexts.of_values(block.start as u64..(block.start + block.symbols.len()) as u64),
        None => Vec::new(),
    };
    let (period, distances) = neighbours(shape);
    let row: u64 = shape.get(1..).map_or(1, |axes| axes.iter().product());
    let columns = if shape.len() > 1 && row <= u64::from(MAX_COLUMNS) { row as u32 } else { 0 };
    let base = match kind {
        MixedKind::Float { fraction } => base(&block.symbols, width, fraction),
        _ => 0,
    };
    let source = &contexts.source;
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
        |shift: u32| mixed_cost(&block.symbols[..head], &of_block[..head.min(of_block.len())], &model(shift));
    let shift = effort.mixed_shifts.iter().copied().min_by_key(|&shift| match effort.mixed_shifts.len() {
        1 => 0,
        _ => cost_of_head(shift),
    })?;
    let model = model(shift);
    let sampled = mixed_cost(&block.symbols, &of_block, &model);
    let first_cost = (u128::from(sampled) * view.count() as u128 / block.symbols.len().max(1) as u128) as u64;
    let classes = contexts.classes.clone();
    let class_cost = classes.as_ref().map_or(0, |classes| classes.cost());
    let (planes, planes_cost) = plan_planes(view, width, None, classes.iter().cloned().collect());
    let cost = first_cost + class_cost + planes_cost + 64 * BYTE;
    if cost >= effort.hurdles.mixing.below(plan.cost) {
        return None;
    }
    let first = PlannedField { width, coding: Coding::Mixed(source.clone(), model), classes };
    let fields = std::iter::once(first).chain(planes).collect();
    let mut plan = FieldPlan { transform: Transform::Identity, fields, wider_map: None, cost };
    plan.join_raw_fields();
    Some(plan)
}

/// Returns how symbols are mixed, and the width of the first field with its sign; `None` for values that are not mixed.
fn kind_of<W: Word>(view: WordView<'_, W>) -> Option<(MixedKind, u32)> {
    let dtype = view.layout.dtype;
    let bits = dtype.word_bits();
    match dtype.exponent_bits() {
        Some(exponent) if bits > 8 => {
            let most = MAX_SYMBOL_BITS.min(bits) - 1 - exponent;
            let fraction = most.min(if view.count() < FINE_WORDS { 2 } else { 3 });
            Some((MixedKind::Float { fraction }, 1 + exponent + fraction))
        }
        None if bits == 8 && dtype.is_signed_integer() => Some((MixedKind::Integer, bits)),
        _ => None,
    }
}

/// Symbols in one piece, as the mixer predicts from neighbours.
struct Sample {
    start: usize,
    symbols: Vec<u16>,
}

fn sample<W: Word>(view: WordView<'_, W>, most: usize, width: u32) -> Sample {
    let count = view.count().min(most);
    let start = (view.count() - count) / 2 / 8 * 8;
    let words = view.read(start..start + count).words;
    let mut symbols = vec![0; count];
    take_field(&words, view.bits() - width, width, &mut symbols);
    Sample { start, symbols }
}

/// Returns the period of kernels, and the distances back to the weights that resemble a weight.
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

/// Returns the first exponent of the window of sixteen that occur most.
pub(super) fn base(symbols: &[u16], width: u32, fraction: u32) -> u16 {
    let exponents = 1usize << (width - 1 - fraction);
    let mut counts = vec![0u64; exponents];
    for symbol in symbols {
        counts[usize::from(symbol >> fraction) & (exponents - 1)] += 1;
    }
    let window = 16.min(exponents);
    let sum = |first: &usize| counts[*first..*first + window].iter().sum::<u64>();
    // of windows that are equally good, the highest one, because large weights cost more as escapes
    (0..=exponents - window).max_by_key(sum).unwrap_or(0) as u16
}
