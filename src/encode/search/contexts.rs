//! The contexts of the top field: the grouping of axes, and the resolution of their scales, that save most.

use super::effects::{Grouping, Sums};
use super::effort::Effort;
use super::field_coding::BYTE;
use super::magnitude::Magnitudes;
use super::scale::{Classes, Resolution, classes};
use super::view::{Block, Words};
use crate::coders::{BIT, entropy_cost};
use crate::represent::{ContextSource, SegmentLayout, Word};
use crate::spec::MAX_GROUP_CLASSES;

/// Bytes that a table of one more context takes, about.
const TABLE_BYTES: u64 = 10;

/// How often each symbol occurs in each context.
pub(super) type Counts = Vec<Vec<u64>>;

/// The contexts of a field: where they come from, and the class field behind them.
#[derive(Debug, Clone)]
pub(super) struct Contexts {
    pub(super) source: ContextSource,
    pub(super) classes: Option<Classes>,
    /// What the classes take.
    pub(super) cost: u64,
}

/// Contexts that were planned for the mask, which may suit the values too. Their class field has the number 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaskContexts<'a> {
    pub(super) contexts: &'a Contexts,
    /// Whether there is that mask, so that the classes are paid for.
    pub(super) is_paid: bool,
}

impl Contexts {
    pub(super) const NONE: Self = Self { source: ContextSource::None, classes: None, cost: 0 };

    /// Of these values, one word each.
    pub(super) fn of_values(&self, values: std::ops::Range<u64>) -> Vec<u8> {
        match &self.classes {
            Some(classes) => self.source.clamp(&classes.sums(values)),
            None => vec![0; (values.end - values.start) as usize],
        }
    }

    /// Classes of the groups of axes behind them.
    fn group_classes(&self) -> u64 {
        let groups = self.classes.iter().flat_map(|classes| &classes.field.groups);
        groups.map(|group| group.classes.len() as u64).sum()
    }

    /// Of the words of a block.
    pub(super) fn of_block<W>(&self, block: &Block<W>) -> Vec<u8> {
        block.of_kept(self.of_values(block.elements()))
    }
}

/// The contexts for the top field that save most on a sample. `mask_contexts` are others that may do.
pub(super) fn choose_contexts<W: Word>(
    words: Words<'_, W>,
    layout: &SegmentLayout<'_>,
    width: u32,
    sums: Option<Sums>,
    magnitudes: &Magnitudes,
    mask_contexts: Option<MaskContexts<'_>>,
    effort: &Effort,
) -> Contexts {
    let Some(sums) = sums else { return Contexts::NONE };
    let groupings = sums.groupings(&magnitudes.effect_kind);
    if groupings.is_empty() && mask_contexts.is_none() {
        return Contexts::NONE;
    }
    let count = words.count() as u64;
    let (shift, mask) = (words.bits() - width, ((1u32 << width) - 1) as u16);
    // the lowest mantissa bits say nothing about the scale
    let drop = width.saturating_sub(9);
    let symbols = |block: Block<W>| {
        let symbols: Vec<u16> = block.words.iter().map(|word| word.field(shift, mask) >> drop).collect();
        (block, symbols)
    };
    let blocks: Vec<(Block<W>, Vec<u16>)> = words.sample(effort.sample_words).into_iter().map(symbols).collect();
    let sampled: u64 = blocks.iter().map(|(block, _)| block.words.len() as u64).sum();
    let scale = |cost: u64| (u128::from(cost) * u128::from(count) / u128::from(sampled.max(1))) as u64;
    let cost_of = |contexts: &Contexts| {
        let mut counts = vec![vec![0u32; 1 << (width - drop)]; contexts.source.contexts()];
        for (block, symbols) in &blocks {
            let of_block = contexts.of_block(block);
            symbols.iter().zip(of_block).for_each(|(&symbol, context)| {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            });
        }
        let (mut entropy, mut tables) = (0, 0);
        for counts in counts {
            let used = counts.iter().filter(|&&count| count > 0).count() as u64;
            let counts: Vec<u64> = counts.into_iter().map(u64::from).collect();
            // Miller and Madow (1955): what a sample seems to save by chance
            entropy += entropy_cost(&counts) + used.saturating_sub(1) * BIT * 18 / 25;
            tables += TABLE_BYTES.min(used) * BYTE;
        }
        scale(entropy) + tables + contexts.cost
    };
    let least = cost_of(&Contexts::NONE);
    let number = mask_contexts.filter(|mask_contexts| mask_contexts.is_paid).map_or(0, |_| 1);
    // all class fields of a segment share the classes that groups may have
    let taken = mask_contexts
        .filter(|mask_contexts| mask_contexts.is_paid)
        .map_or(0, |mask_contexts| mask_contexts.contexts.group_classes());
    let fits = |contexts: &Contexts| contexts.group_classes() + taken <= MAX_GROUP_CLASSES;
    let candidates = groupings.iter().flat_map(|grouping| {
        effort
            .resolutions
            .iter()
            .filter_map(move |&resolution| contexts_of(grouping, layout, resolution, number).filter(fits))
    });
    let offered = mask_contexts.map(|mask_contexts| match mask_contexts.is_paid {
        true => Contexts { cost: 0, ..mask_contexts.contexts.clone() },
        false => mask_contexts.contexts.clone(),
    });
    let candidates = candidates.chain(offered);
    let best = candidates.map(|contexts| (cost_of(&contexts), contexts)).min_by_key(|(cost, _)| *cost);
    match best {
        // contexts take time: they have to earn it
        Some((cost, contexts)) if cost < least - least / 2048 => contexts,
        _ => Contexts::NONE,
    }
}

fn contexts_of(
    grouping: &Grouping,
    layout: &SegmentLayout<'_>,
    resolution: Resolution,
    field: usize,
) -> Option<Contexts> {
    let (classes, source) = classes(grouping, layout, resolution, field)?;
    let (classes, cost) = classes.with_best_order();
    Some(Contexts { source, classes: Some(classes), cost })
}

/// Counts of the `width` topmost bits in each context.
pub(super) fn count_top<W: Word>(words: Words<'_, W>, width: u32, contexts: &Contexts) -> Counts {
    let (shift, mask) = (words.bits() - width, ((1u32 << width) - 1) as u16);
    let mut counts = vec![0u32; contexts.source.contexts() << width];
    let mut sums: Counts = vec![vec![0; 1 << width]; contexts.source.contexts()];
    for (index, block) in words.blocks().enumerate() {
        let of_block = contexts.of_block(&block);
        block.words.iter().zip(of_block).for_each(|(word, context)| {
            counts[usize::from(context) << width | usize::from(word.field(shift, mask))] += 1;
        });
        // before they overflow
        if index % 1024 == 1023 {
            flush(&mut counts, &mut sums, width);
        }
    }
    flush(&mut counts, &mut sums, width);
    sums
}

fn flush(counts: &mut [u32], sums: &mut Counts, width: u32) {
    for (counts, sums) in counts.chunks_mut(1 << width).zip(sums) {
        counts.iter_mut().zip(sums).for_each(|(count, sum)| *sum += u64::from(std::mem::take(count)));
    }
}
