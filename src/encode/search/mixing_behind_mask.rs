//! Levels 8 and 9, behind a mask: the mask bits and the kept values are coded by mixing if that is measured to be
//! shorter.

use std::sync::Arc;

use super::cost::BYTE;
use super::mixing::{FINE_WORDS, base};
use super::planes::plan_planes;
use super::plans::{FieldPlan, MaskPlan, PlannedField};
use super::scale::Classes;
use super::view::{MaskView, Source, ValueSource, WordView};
use crate::coders::{Geometry, KeptKind, KeptModel, kept_cost, mask_cost};
use crate::represent::{Coding, Map, Mask, Omitted, Steps, SymbolShape, Transform, Word, take_field, with_word};
use crate::spec::{MAX_CHUNK_ELEMENTS, MAX_MASK_ROW, MAX_SYMBOL_BITS};
use crate::tensor::Dtype;

/// Fewer values do not repay the learning of a mixer.
const MIN_VALUES: usize = 1 << 12;
/// Values on which a geometry is chosen.
const GEOMETRY_VALUES: usize = 1 << 20;
/// The most bits of an integer that is coded whole.
const MAX_INTEGER_BITS: u32 = 9;

/// Returns the geometries that a shape may be given: kernels in rows, or rows of the last axis.
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

/// Returns the mask coded by mixing, if that saves enough over `plan`.
pub(super) fn mixed_mask(view: MaskView<'_>, plan: &MaskPlan) -> Option<MaskPlan> {
    let MaskView { layout, effort, kept, omitted } = view;
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
    let omitted = Omitted::Value { value: omitted, shape: SymbolShape::SINGLE };
    let mask = Mask { omitted, coding: Coding::MixedMask(geometry) };
    (cost < effort.hurdles.mixing.below(plan.cost)).then_some(MaskPlan { mask, classes: None, cost })
}

/// Returns a plan whose first field is mixed behind the mask, if it saves enough over `plan`. `of_mask` is the class
/// field of the mask.
pub(super) fn mixed_behind_mask<W: Word>(
    view: WordView<'_, W>,
    of_mask: Option<&Arc<Classes>>,
    plan: &FieldPlan,
) -> Option<FieldPlan> {
    let Source::Values(source) = view.source else { return None };
    let (layout, effort) = (view.layout, view.effort);
    let shape = layout.single()?;
    let mask = source.steps.mask.as_ref()?;
    if effort.mixed_words == 0 || source.kept < MIN_VALUES / 4 {
        return None;
    }
    let dtype = layout.dtype;
    let mut steps = source.steps.clone();
    let below = below_omitted(&mut steps, mask.omitted_value()?, dtype)?;
    let bits = steps.symbol_bits(dtype);
    let (transform, width, kind) = match below {
        Below::Offset(_) if !(2..=MAX_INTEGER_BITS).contains(&bits) => return None,
        Below::Offset(offset) => {
            let offset = offset & ((1 << bits) - 1);
            let transform = if offset == 0 { Transform::Identity } else { Transform::Offset(offset) };
            (transform, bits, KeptKind::Integer)
        }
        Below::Float => {
            let exponent = dtype.exponent_bits().filter(|_| bits > 8)?;
            let fraction = (MAX_SYMBOL_BITS - 1 - exponent).min(if source.kept < FINE_WORDS { 2 } else { 3 });
            (Transform::Identity, 1 + exponent + fraction, KeptKind::Float { fraction, base: 0 })
        }
    };
    let geometry = match &mask.coding {
        Coding::MixedMask(geometry) => *geometry,
        _ => geometries(shape)[0],
    };
    let model = KeptModel { width, kind, geometry };
    let source = Source::Values(ValueSource { steps: &steps, ..source });
    let (fields, cost) = with_word!(bits, V => {
        mixed_fields(WordView::<V>::new(layout, effort, source, transform), model, of_mask)?
    });
    if cost >= effort.hurdles.mixing.below(plan.cost) {
        return None;
    }
    let mut plan = FieldPlan { transform, fields, wider_map: Some(steps.map), cost };
    plan.join_raw_fields();
    Some(plan)
}

/// How the symbol words below the omitted value are told from those above it.
enum Below {
    /// Words are floats, and have a sign.
    Float,
    /// This offset makes the words below negative.
    Offset(u64),
}

/// Finds the words below the omitted value, and widens the symbol words of the map so that an offset can make them
/// negative.
fn below_omitted(steps: &mut Steps, omitted: u64, dtype: Dtype) -> Option<Below> {
    let below = match &mut steps.map {
        Map::None if dtype.exponent_bits().is_some() && steps.unpack.is_none() => return Some(Below::Float),
        Map::None => omitted,
        map => {
            let (below, others) = map.words_around(omitted)?;
            map.widen((65 - (below.max(others) - 1).leading_zeros()).max(2));
            below
        }
    };
    Some(Below::Offset(0u64.wrapping_sub(below)))
}

/// Returns fields of which the first has this model, and their cost; `None` if the model cannot code the words.
fn mixed_fields<V: Word>(
    view: WordView<'_, V>,
    mut model: KeptModel,
    of_mask: Option<&Arc<Classes>>,
) -> Option<(Vec<PlannedField>, u64)> {
    let width = model.width;
    let shift = view.bits() - width;
    let symbols_of = |words: &[V]| {
        let mut symbols = vec![0; words.len()];
        take_field(words, shift, width, &mut symbols);
        symbols
    };
    if let KeptKind::Float { fraction, base: first } = &mut model.kind {
        let sample: Vec<u16> = view.sample(1 << 18).iter().flat_map(|block| symbols_of(&block.words)).collect();
        *first = base(&sample, width, *fraction);
    }
    if !model.is_sound() {
        return None;
    }
    let mut cost = 16 * BYTE;
    for start in (0..view.values()).step_by(MAX_CHUNK_ELEMENTS as usize) {
        let block = view.read(start..view.values().min(start + MAX_CHUNK_ELEMENTS as usize));
        if let Some(kept) = block.mask.as_ref().map(|mask| &mask.kept)
            && !block.words.is_empty()
        {
            cost += kept_cost(&symbols_of(&block.words), kept, &model) + 8 * BYTE;
        }
    }
    let known = of_mask.into_iter().cloned().collect();
    let (planes, planes_cost) = plan_planes(view, width, None, known);
    let first = PlannedField { width, coding: Coding::MixedKept(model), classes: None };
    Some((std::iter::once(first).chain(planes).collect(), cost + planes_cost))
}
