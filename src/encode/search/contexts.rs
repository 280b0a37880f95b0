//! The contexts of the first field: the grouping of axes, and the resolution of their scales, that save most.

use std::sync::Arc;

use super::cost::BYTE;
use super::effects::Grouping;
use super::histograms::WordStatistics;
use super::hurdles::CONTEXTS;
use super::scale::{Classes, Resolution, classes};
use super::view::WordView;
use crate::coders::{BIT, entropy_cost};
use crate::represent::{ContextSource, ForwardBlock, SegmentLayout, Word};
use crate::spec::MAX_GROUP_CLASSES;

/// Estimated bytes of the table of one more context.
const TABLE_BYTES: u64 = 10;

/// How often each symbol occurs in each context.
pub(super) type Counts = Vec<Vec<u64>>;

/// The contexts of a field: where they come from, and the class field behind them.
#[derive(Debug, Clone)]
pub(super) struct Contexts {
    /// A source of classes names class field 0 until the plan is complete.
    pub(super) source: ContextSource,
    pub(super) classes: Option<Arc<Classes>>,
    /// The cost of the classes; 0 if another stream of the segment has paid it.
    pub(super) cost: u64,
}

/// The contexts of a mask, which may suit the values too.
#[derive(Debug, Clone)]
pub(super) struct MaskContexts {
    pub(super) contexts: Contexts,
    /// The class field of the mask, if the segment has that mask: its cost is then paid already.
    pub(super) stored: Option<Arc<Classes>>,
}

impl Contexts {
    pub(super) const NONE: Self = Self { source: ContextSource::None, classes: None, cost: 0 };

    /// Returns contexts without a class field.
    pub(super) fn from_source(source: ContextSource) -> Self {
        Self { source, ..Self::NONE }
    }

    /// Returns the contexts of these values, one word each.
    pub(super) fn of_values(&self, values: std::ops::Range<u64>) -> Vec<u8> {
        match &self.classes {
            Some(classes) => self.source.clamp(&classes.sums(values)),
            None => vec![0; (values.end - values.start) as usize],
        }
    }

    /// Returns the contexts of the words of a block.
    pub(super) fn of_block<W>(&self, block: &ForwardBlock<W>) -> Vec<u8> {
        block.of_kept(self.of_values(block.values.clone()))
    }
}

/// Returns the contexts of the first field that save most on a sample. The contexts of the mask are tried too.
pub(super) fn choose_contexts<W: Word>(
    view: WordView<'_, W>,
    width: u32,
    statistics: &WordStatistics,
    of_mask: Option<&MaskContexts>,
) -> Contexts {
    let (layout, effort) = (view.layout, view.effort);
    let Some(sums) = &statistics.sums else { return Contexts::NONE };
    let groupings = sums.groupings(&statistics.magnitudes.effect_kind);
    if groupings.is_empty() && of_mask.is_none() {
        return Contexts::NONE;
    }
    let sample = Sample::new(view, width, effort.sample_words);
    let least = sample.cost(&Contexts::NONE);
    // all class fields of a segment share the classes that groups may have
    let stored = of_mask.and_then(|of_mask| of_mask.stored.as_ref());
    let taken = stored.map_or(0, |classes| classes.group_classes());
    let fits = |contexts: &Contexts| {
        contexts.classes.as_ref().is_none_or(|classes| classes.group_classes() + taken <= MAX_GROUP_CLASSES)
    };
    let candidates = groupings.iter().flat_map(|grouping| {
        let resolutions = effort.resolutions.iter();
        resolutions.filter_map(move |&resolution| contexts_of(grouping, layout, resolution).filter(fits))
    });
    let candidates = candidates.chain(of_mask.map(|of_mask| of_mask.contexts.clone()));
    let best = candidates.map(|contexts| (sample.cost(&contexts), contexts)).min_by_key(|(cost, _)| *cost);
    match best {
        Some((cost, contexts)) if cost < CONTEXTS.below(least) => contexts,
        _ => Contexts::NONE,
    }
}

fn contexts_of(grouping: &Grouping, layout: &SegmentLayout<'_>, resolution: Resolution) -> Option<Contexts> {
    let (classes, source) = classes(grouping, layout, resolution)?;
    let cost = classes.cost();
    Some(Contexts { source, classes: Some(Arc::new(classes)), cost })
}

/// Words on which contexts are judged.
struct Sample<W> {
    /// Each block with the symbols of its first field.
    blocks: Vec<(ForwardBlock<W>, Vec<u16>)>,
    /// Bits of a symbol.
    width: u32,
    /// Words of the sample, and of the segment.
    words: (u64, u64),
}

impl<W: Word> Sample<W> {
    fn new(view: WordView<'_, W>, width: u32, most: usize) -> Self {
        let (shift, mask) = (view.bits() - width, ((1u32 << width) - 1) as u16);
        // the lowest mantissa bits say nothing about the scale
        let drop = width.saturating_sub(9);
        let symbols = |block: ForwardBlock<W>| {
            let symbols: Vec<u16> = block.words.iter().map(|word| word.field(shift, mask) >> drop).collect();
            (block, symbols)
        };
        let blocks: Vec<(ForwardBlock<W>, Vec<u16>)> = view.sample(most).into_iter().map(symbols).collect();
        let sampled = blocks.iter().map(|(block, _)| block.words.len() as u64).sum();
        Self { blocks, width: width - drop, words: (sampled, view.count() as u64) }
    }

    /// Estimates the cost of the field in these contexts, with tables and classes.
    fn cost(&self, contexts: &Contexts) -> u64 {
        let mut counts = vec![vec![0u32; 1 << self.width]; contexts.source.contexts()];
        for (block, symbols) in &self.blocks {
            let of_block = contexts.of_block(block);
            symbols.iter().zip(of_block).for_each(|(&symbol, context)| {
                counts[usize::from(context)][usize::from(symbol)] += 1;
            });
        }
        let (mut entropy, mut tables) = (0, 0);
        for counts in counts {
            let used = counts.iter().filter(|&&count| count > 0).count() as u64;
            let counts: Vec<u64> = counts.into_iter().map(u64::from).collect();
            // Miller and Madow (1955): the part of the saving on a sample that is due to chance
            entropy += entropy_cost(&counts) + used.saturating_sub(1) * BIT * 18 / 25;
            tables += TABLE_BYTES.min(used) * BYTE;
        }
        let (sampled, all) = self.words;
        let entropy = (u128::from(entropy) * u128::from(all) / u128::from(sampled.max(1))) as u64;
        entropy + tables + contexts.cost
    }
}

/// Counts the `width` topmost bits of all words in each context.
pub(super) fn count_top<W: Word>(view: WordView<'_, W>, width: u32, contexts: &Contexts) -> Counts {
    let (shift, mask) = (view.bits() - width, ((1u32 << width) - 1) as u16);
    let mut counts = vec![0u32; contexts.source.contexts() << width];
    let mut sums: Counts = vec![vec![0; 1 << width]; contexts.source.contexts()];
    for (index, block) in view.blocks().enumerate() {
        let of_block = contexts.of_block(&block);
        block.words.iter().zip(of_block).for_each(|(word, context)| {
            counts[usize::from(context) << width | usize::from(word.field(shift, mask))] += 1;
        });
        // before the counts overflow
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
