//! Plans the coding of a mask: bit by bit, in contexts of the density of rows and columns, or several bits at a time,
//! which is faster and suits patterns.

use super::contexts::Contexts;
use super::cost::{BYTE, LANE_OVERHEAD};
use super::field_coding::plan_field;
use super::fields::{FirstField, plan_fields};
use super::hurdles::{FIRST_FIELD, MASK_SAMPLE, MASK_SYMBOLS};
use super::magnitude::SymbolMeaning;
use super::mixing_behind_mask::mixed_mask;
use super::plans::MaskPlan;
use super::view::{MaskView, Source, WordView};
use crate::coders::{BitsModel, WordSize, bits_cost, entropy_cost};
use crate::represent::{Coding, ContextSource, Mask, MaskBits, Omitted, SegmentLayout, SymbolShape, Transform};

/// Mask bits on which shapes of symbols are judged first.
const SAMPLE_VALUES: usize = 1 << 18;

/// The estimated number of mask symbols of a chunk, where symbols have several bits and much data lies behind the mask.
const SYMBOLS_A_CHUNK: usize = 1 << 15;

/// Plans the mask. `chunk_len` gives, for a cost, the values of a chunk.
pub(super) fn plan_mask(view: MaskView<'_>, chunk_len: &impl Fn(u64) -> u64) -> MaskPlan {
    let single = plan_bits(view, chunk_len);
    // at decoder level 1 a block of mask symbols must fit into a chunk
    let effort = view.effort;
    let fits = |shape: &SymbolShape| {
        effort.decoder_level > 1 || u64::from(shape.group) * shape.stride <= effort.chunk_elements(1)
    };
    let shapes = shapes(view.layout).into_iter().filter(fits);
    let several = shapes.filter(|&shape| is_promising(shape, view.kept, single.cost));
    let best = several.map(|shape| plan_symbols(view, shape)).min_by_key(|plan| plan.cost);
    let best = match best {
        Some(best) if best.cost <= MASK_SYMBOLS.above(single.cost) => best,
        _ => single,
    };
    mixed_mask(view, &best).unwrap_or(best)
}

/// Returns the shapes of symbols of several bits: neighbours, and neighbours along the other axes.
fn shapes(layout: &SegmentLayout<'_>) -> Vec<SymbolShape> {
    let mut shapes = vec![SymbolShape { group: 4, stride: 1 }, SymbolShape { group: 8, stride: 1 }];
    let mut stride = 1u64;
    for &dimension in layout.single().unwrap_or(&[]).iter().skip(1).rev() {
        stride = stride.saturating_mul(dimension);
        if dimension > 1 && stride <= 1 << 20 {
            shapes.extend([4, 8].map(|group| SymbolShape { group, stride }));
        }
    }
    shapes
}

/// Returns whether symbols of this shape seem, on a sample, to cost little more than `best` at most.
fn is_promising(shape: SymbolShape, kept: &MaskBits, best: u64) -> bool {
    let unit = shape.group as usize * shape.stride as usize;
    let units = kept.len() / unit;
    let count = (SAMPLE_VALUES / unit).clamp(1, units.max(1)) * unit;
    if count >= kept.len() {
        return true;
    }
    // at a byte, so that the copy is fast
    let start = (kept.len() - count) / 2 / 8 * 8;
    let sample = MaskBits::from_bitslice(&kept[start..start + count]);
    let mut counts = vec![0; 1 << shape.group];
    shape.symbols(&sample).into_iter().for_each(|symbol| counts[usize::from(symbol)] += 1);
    let cost = u128::from(entropy_cost(&counts)) * kept.len() as u128 / count as u128;
    cost <= u128::from(MASK_SAMPLE.above(best))
}

/// Plans symbols of several bits.
fn plan_symbols(view: MaskView<'_>, shape: SymbolShape) -> MaskPlan {
    let mut counts = vec![0; 1 << shape.group];
    let symbols = shape.symbols(view.kept);
    symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
    let (field, mut cost) = plan_field(&[counts], shape.group, &Contexts::NONE, FIRST_FIELD, view.effort.tables);
    let mut coding = field.coding;
    // Bit coding is slower but tighter. A mask stream is short, so the lane states would be a large share of it.
    if view.effort.mixed_words > 0 && !matches!(coding, Coding::Constant(_)) {
        let model = BitsModel { word: WordSize::Wide, limit: 255, width: shape.group, contexts: 1 };
        let in_bits = bits_cost(&symbols, &[], &model) + 10 * BYTE;
        let chunks = (symbols.len() / SYMBOLS_A_CHUNK) as u64;
        if in_bits < cost + chunks * LANE_OVERHEAD {
            (coding, cost) = (Coding::Bits(ContextSource::None, model), in_bits);
        }
    }
    let omitted = Omitted::Value { value: view.omitted, shape };
    MaskPlan { mask: Mask { omitted, coding }, classes: None, cost }
}

/// Plans symbols of one bit, as a field of one bit.
fn plan_bits(view: MaskView<'_>, chunk_len: &impl Fn(u64) -> u64) -> MaskPlan {
    let bits: Vec<u8> = view.kept.iter().by_vals().map(u8::from).collect();
    let words = WordView::<u8>::new(view.layout, view.effort, Source::MaskBits(&bits), Transform::Identity);
    let first = FirstField { transform: Transform::Identity, widths: 1..=1, meaning: SymbolMeaning::Mask };
    let (plan, _) = plan_fields(words, first, None, chunk_len);
    let (coding, classes) =
        plan.fields.into_iter().next().map_or((Coding::Raw, None), |field| (field.coding, field.classes));
    let omitted = Omitted::Value { value: view.omitted, shape: SymbolShape::SINGLE };
    let mask = Mask { omitted, coding };
    MaskPlan { mask, classes, cost: plan.cost + 4 * BYTE }
}
