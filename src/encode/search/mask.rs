//! How a mask is coded: bit by bit in the context of how sparse rows and columns are, or several bits at a time, which is
//! faster and suits patterns.

use super::effort::Effort;
use super::field_coding::{BYTE, LANE_OVERHEAD, LEAST_GAIN, plan_field};
use super::fields::plan_fields;
use super::magnitude::SymbolMeaning;
use super::mixing_behind_mask::mixed_mask;
use super::plans::MaskPlan;
use super::scale::Classes;
use super::view::Source;
use crate::coders::{BitsModel, WordSize, bits_cost, entropy_cost};
use crate::represent::{
    Coding, ContextSource, GroupValues, Map, Mask, MaskBits, SegmentLayout, Steps, SymbolShape, Unpack,
};
use crate::tensor::Dtype;

/// Mask bits on which shapes of symbols are judged first.
const SAMPLE_VALUES: usize = 1 << 18;

/// Symbols of several mask bits that a chunk has, about, where much lies behind the mask.
const SYMBOLS_A_CHUNK: usize = 1 << 15;

/// Plans the mask of the values of a segment: `kept` says which are not `omitted`.
pub(super) fn plan_mask(
    layout: &SegmentLayout<'_>,
    kept: &MaskBits,
    omitted: u64,
    chunk_len: &impl Fn(u64) -> u64,
    effort: &Effort,
) -> MaskPlan {
    let single = plan_bits(layout, kept, omitted, chunk_len, effort);
    // several bits at a time are decoded in fewer steps: one bit has to be worth its time
    // at decoder level 1 a block of symbols must fit into a chunk
    let fits = |shape: &SymbolShape| {
        effort.decoder_level > 1 || u64::from(shape.group) * shape.stride <= effort.chunk_elements
    };
    let shapes = shapes(layout).into_iter().filter(fits);
    let several = shapes.filter(|&shape| is_promising(shape, kept, single.cost));
    let best = several.map(|shape| plan_symbols(shape, kept, omitted, effort)).min_by_key(|plan| plan.cost);
    let best = match best {
        Some(best) if best.cost <= single.cost + single.cost / 256 => best,
        _ => single,
    };
    mixed_mask(layout, kept, &best, effort).unwrap_or(best)
}

/// Shapes of symbols of several bits: neighbours, and neighbours along the other axes.
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

/// Whether symbols of this shape seem, on a sample, to cost little more than `best` at most.
fn is_promising(shape: SymbolShape, kept: &MaskBits, best: u64) -> bool {
    let unit = shape.group as usize * shape.stride as usize;
    let units = kept.len() / unit;
    let count = (SAMPLE_VALUES / unit).clamp(1, units.max(1)) * unit;
    if count >= kept.len() {
        return true;
    }
    // at a byte, so that it is copied fast
    let start = (kept.len() - count) / 2 / 8 * 8;
    let sample = MaskBits::from_bitslice(&kept[start..start + count]);
    let mut counts = vec![0; 1 << shape.group];
    shape.symbols(&sample).into_iter().for_each(|symbol| counts[usize::from(symbol)] += 1);
    let cost = u128::from(entropy_cost(&counts)) * kept.len() as u128 / count as u128;
    cost <= u128::from(best + best / 16)
}

fn plan_symbols(shape: SymbolShape, kept: &MaskBits, omitted: u64, effort: &Effort) -> MaskPlan {
    let mut counts = vec![0; 1 << shape.group];
    let symbols = shape.symbols(kept);
    symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
    let (mut coding, mut cost) = plan_field(&[counts], shape.group, &ContextSource::None, 0, LEAST_GAIN, effort.tables);
    // slow, and nearer to the entropy: a mask is a small part of its chunks, which the states of the lanes are much of
    if effort.mixed_words > 0 && !matches!(coding, Coding::Constant(_)) {
        let model = BitsModel { word: WordSize::Wide, limit: 255, width: shape.group, contexts: 1 };
        let in_bits = bits_cost(&symbols, &[], &model) + 10 * BYTE;
        let chunks = (symbols.len() / SYMBOLS_A_CHUNK) as u64;
        if in_bits < cost + chunks * LANE_OVERHEAD {
            (coding, cost) = (Coding::Bits(ContextSource::None, model), in_bits);
        }
    }
    MaskPlan { mask: Mask { omitted, shape, coding }, classes: None, cost }
}

/// Bit by bit: mask bits are fields of one bit, planned as any other.
fn plan_bits(
    layout: &SegmentLayout<'_>,
    kept: &MaskBits,
    omitted: u64,
    chunk_len: &impl Fn(u64) -> u64,
    effort: &Effort,
) -> MaskPlan {
    let bits: Vec<u8> = kept.iter().by_vals().map(u8::from).collect();
    let layout = SegmentLayout { dtype: Dtype::U8, shapes: layout.shapes.clone() };
    // as if eight of them lay in each byte
    let of_bytes = SegmentLayout::new(Dtype::U8, [&[1][..]]);
    let steps =
        Steps { unpack: Unpack::new(&of_bytes, 1, 1, crate::represent::Axis::Last), mask: None, map: Map::None };
    let shared = GroupValues::default();
    let source = Source { dtype: Dtype::U8, bytes: &bits, steps: &steps, shared: &shared, kept: bits.len() };
    let plan = plan_fields::<u8>(&layout, source, Some(SymbolMeaning::Mask), None, chunk_len, effort);
    let coding = plan.fields.fields.into_iter().next().map_or(Coding::Raw, |field| field.coding);
    let classes = plan.fields.class_fields.into_iter().zip(plan.in_chunks.row_classes).next();
    let classes = classes.map(|(field, of_rows)| Classes { field, of_rows, of_kinds: false });
    MaskPlan { mask: Mask { omitted, shape: SymbolShape::SINGLE, coding }, classes, cost: plan.cost + 4 * BYTE }
}
