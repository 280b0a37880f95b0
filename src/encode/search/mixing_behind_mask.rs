//! The highest levels, behind a mask: mask bits, and the values that are kept, coded by mixing where that was measured to be
//! shorter.

use super::effort::Effort;
use super::field_coding::BYTE;
use super::mixing::{FINE_WORDS, base};
use super::planes::plan_planes;
use super::plans::FieldPlan;
use super::plans::MaskPlan;
use super::plans::tidy;
use super::view::{Source, Words};
use crate::coders::{Geometry, KeptKind, KeptModel, kept_cost, mask_cost};
use crate::represent::{
    Coding, Field, Map, Mask, MaskBits, SegmentLayout, SymbolShape, Transform, Word, take_field, with_word,
};
use crate::spec::{MAX_CHUNK_ELEMENTS, MAX_MASK_ROW, MAX_SYMBOL_BITS};

/// Fewer values do not repay what a mixer has to learn.
const MIN_VALUES: usize = 1 << 12;
/// Values on which a geometry is chosen.
const GEOMETRY_VALUES: usize = 1 << 20;
/// Bits of an integer that is coded whole.
const MAX_INTEGER_BITS: u32 = 9;

/// How a shape may be looked at: kernels in rows, or rows of the last axis.
fn geometries(shape: &[u64]) -> Vec<Geometry> {
    let most = u64::from(MAX_MASK_ROW);
    let product = |from: usize| shape[from.min(shape.len())..].iter().product::<u64>();
    let row = (1..=shape.len()).map(product).find(|&row| row <= most).unwrap_or(1).max(1);
    let kernel = if shape.len() > 2 { product(2) } else { 1 };
    let kernel = if kernel <= row { kernel.max(1) } else { 1 };
    let last = shape.last().copied().unwrap_or(1).clamp(1, most);
    let mut geometries = vec![Geometry { row: row as u32, kernel: kernel as u32 }];
    let of_last = Geometry { row: last as u32, kernel: 1 };
    if last >= 16 && of_last != geometries[0] {
        geometries.push(of_last);
    }
    geometries
}

/// The mask mixed, if that saves enough over `plan`.
pub(super) fn mixed_mask(
    layout: &SegmentLayout<'_>,
    kept: &MaskBits,
    plan: &MaskPlan,
    effort: &Effort,
) -> Option<MaskPlan> {
    let shape = layout.single()?;
    if effort.mixed_words == 0 || kept.len() < MIN_VALUES {
        return None;
    }
    let bits = SymbolShape::SINGLE.symbols(kept);
    let head = &bits[..bits.len().min(GEOMETRY_VALUES)];
    let geometries = geometries(shape);
    let geometry = geometries.iter().copied().min_by_key(|&geometry| match geometries.len() {
        1 => 0,
        _ => mask_cost(head, geometry),
    })?;
    let chunks = bits.chunks(MAX_CHUNK_ELEMENTS as usize);
    let cost = chunks.map(|bits| mask_cost(bits, geometry) + 8 * BYTE).sum::<u64>() + 4 * BYTE;
    let mask = Mask { omitted: plan.mask.omitted, shape: SymbolShape::SINGLE, coding: Coding::MixedMask(geometry) };
    (cost < plan.cost - plan.cost / effort.mixed_gain).then_some(MaskPlan { mask, classes: None, cost })
}

/// A plan whose first field is mixed behind the mask, if it saves enough over `plan`.
pub(super) fn mixed_kept(
    source: Source<'_>,
    layout: &SegmentLayout<'_>,
    plan: &FieldPlan,
    effort: &Effort,
) -> Option<FieldPlan> {
    let shape = layout.single()?;
    let mask = source.steps.mask.as_ref()?;
    if effort.mixed_words == 0 || source.kept < MIN_VALUES / 4 {
        return None;
    }
    let dtype = source.dtype;
    let mut steps = source.steps.clone();
    let value_bits = steps.value_bits(dtype);
    // how many symbol words stand for less than what is left out
    let below = match &mut steps.map {
        Map::None if dtype.exponent_bits().is_some() && steps.unpack.is_none() => None,
        Map::None => Some((0u64.wrapping_sub(mask.omitted), 1 << (value_bits - 1))),
        map => {
            let (below, others) = map.words_around(mask.omitted)?;
            let most = below.max(others);
            map.widen((65 - (most - 1).leading_zeros()).max(2));
            Some((0u64.wrapping_sub(below), most))
        }
    };
    let bits = steps.symbol_bits(dtype);
    let geometries = geometries(shape);
    let mask_s = match &mask.coding {
        Coding::MixedMask(geometry) => *geometry,
        _ => geometries[0],
    };
    let (transform, width, kind) = match below {
        Some(_) if !(2..=MAX_INTEGER_BITS).contains(&bits) => return None,
        Some((offset, _)) => {
            let offset = offset & ((1 << bits) - 1);
            let transform = if offset == 0 { Transform::Identity } else { Transform::Offset(offset) };
            (transform, bits, KeptKind::Integer)
        }
        None => {
            let exponent = dtype.exponent_bits().filter(|_| bits > 8)?;
            let fraction = (MAX_SYMBOL_BITS - 1 - exponent).min(if source.kept < FINE_WORDS { 2 } else { 3 });
            let width = 1 + exponent + fraction;
            (Transform::Identity, width, KeptKind::Float { fraction, base: 0 })
        }
    };
    let source = Source { steps: &steps, ..source };
    with_word!(bits, V => mixed_words::<V>(source, layout, transform, width, kind, mask_s, plan, effort))
}

#[expect(clippy::too_many_arguments, reason = "what the plan has found so far")]
fn mixed_words<V: Word>(
    source: Source<'_>,
    layout: &SegmentLayout<'_>,
    transform: Transform,
    width: u32,
    kind: KeptKind,
    geometry: Geometry,
    plan: &FieldPlan,
    effort: &Effort,
) -> Option<FieldPlan> {
    let words = Words::<V>::new(source, transform);
    let shift = words.bits() - width;
    let symbols_of = |words: &[V]| {
        let mut symbols = vec![0; words.len()];
        take_field(words, shift, width, &mut symbols);
        symbols
    };
    let kind = match kind {
        KeptKind::Integer => kind,
        KeptKind::Float { fraction, .. } => {
            let sample: Vec<u16> = words.sample(1 << 18).iter().flat_map(|block| symbols_of(&block.words)).collect();
            KeptKind::Float { fraction, base: base(&sample, width, fraction) }
        }
    };
    let model = KeptModel { width, kind, geometry };
    if !model.is_sound() {
        return None;
    }
    let mut cost = 16 * BYTE;
    for start in (0..words.values()).step_by(MAX_CHUNK_ELEMENTS as usize) {
        let block = words.read(start..words.values().min(start + MAX_CHUNK_ELEMENTS as usize));
        if let Some(kept) = &block.kept
            && !block.words.is_empty()
        {
            cost += kept_cost(&symbols_of(&block.words), kept, &model) + 8 * BYTE;
        }
    }
    let mut fields = vec![Field { width, coding: Coding::MixedKept(model) }];
    let mut all_classes = plan.classes_of_mask();
    cost += plan_planes(words, layout, width, None, &mut all_classes, &mut fields, effort);
    if cost >= plan.cost - plan.cost / effort.mixed_gain {
        return None;
    }
    let mut plan = FieldPlan::new(source, transform, all_classes, fields, cost);
    tidy(&mut plan);
    Some(plan)
}
