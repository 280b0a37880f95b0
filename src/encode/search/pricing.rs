//! Prices bids: plans the fields of each, and refines the plan.

use super::chunk_limits::{ChunkLimits, least_common_multiple};
use super::contexts::Contexts;
use super::cost::BYTE;
use super::fields::{FirstField, plan_fields};
use super::mixing::mixed_first_field;
use super::mixing_behind_mask::mixed_behind_mask;
use super::plans::{FieldPlan, MaskPlan};
use super::propose::{Bid, Masked};
use super::view::{SegmentView, Source, ValueSource, WordView};
use crate::represent::{Fields, InChunks, Mask, MaskUse, Steps, Word, with_word};
use crate::spec::MAX_CODEBOOK_ENTRIES;

/// A plan for a segment and its cost.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) fields: Fields,
    pub(super) in_chunks: InChunks,
    pub(super) limits: ChunkLimits,
    /// The cost in units of 2^-16 bit.
    pub(super) cost: u64,
}

/// A plan of fields, and everything that its refinements use.
struct Priced<'a, W> {
    view: WordView<'a, W>,
    /// The mask, if it is a step.
    mask: Option<&'a MaskPlan>,
    /// The contexts of the first field that were chosen.
    contexts: Contexts,
    plan: FieldPlan,
}

/// Returns a better plan, if there is one.
type Refinement<W> = fn(&Priced<'_, W>) -> Option<FieldPlan>;

impl<W: Word> Priced<'_, W> {
    const REFINEMENTS: [Refinement<W>; 2] = [
        |priced| match priced.mask {
            None => mixed_first_field(priced.view, &priced.contexts, &priced.plan),
            Some(_) => None,
        },
        |priced| mixed_behind_mask(priced.view, priced.mask?.classes.as_ref(), &priced.plan),
    ];

    fn refined(mut self) -> FieldPlan {
        for refinement in Self::REFINEMENTS {
            if let Some(plan) = refinement(&self) {
                self.plan = plan;
            }
        }
        self.plan
    }
}

/// Plans the fields of a bid, and returns the plan with the cost of all that the segment stores.
pub(super) fn price(view: &SegmentView<'_>, masked: Option<&Masked>, bid: Bid) -> Candidate {
    let dtype = view.dtype();
    let mask = masked.filter(|_| bid.mask == MaskUse::Step).map(|masked| &masked.plan);
    let steps = Steps { unpack: view.unpack, mask: mask.map(|plan| plan.mask.clone()), map: bid.map };
    let limits = limits_of(view, &steps, &bid.group_values);
    let mut parameters = Vec::new();
    steps.write(&mut parameters);
    steps.map.encode_groups(&bid.group_values, &(0..view.layout.elements()), &mut parameters);
    let source = ValueSource { bytes: view.bytes, steps: &steps, group_values: &bid.group_values, kept: bid.kept };
    let of_mask = match bid.mask {
        MaskUse::None => None,
        _ => masked.and_then(|masked| masked.plan.contexts(mask.is_some())),
    };
    let chunk_len = |cost: u64| view.values_of(limits.chunk_len(cost));
    let plan = with_word!(steps.symbol_bits(dtype), V => {
        let first = FirstField::of_values(view.layout, source, view.effort);
        let words = WordView::<V>::new(view.layout, view.effort, Source::Values(source), first.transform);
        let (plan, contexts) = plan_fields(words, first, of_mask.as_ref(), &chunk_len);
        Priced { view: words, mask, contexts, plan }.refined()
    });
    let cost = plan.cost + parameters.len() as u64 * BYTE + mask.map_or(0, |plan| plan.cost);
    let (fields, row_classes) = plan.into_fields(steps, mask.and_then(|plan| plan.classes.as_ref()));
    Candidate { fields, in_chunks: InChunks { row_classes, group_values: bid.group_values }, limits, cost }
}

/// Returns where a segment with these steps may be cut into chunks.
fn limits_of(view: &SegmentView<'_>, steps: &Steps, group_values: &crate::represent::GroupValues) -> ChunkLimits {
    let mut limits = view.limits;
    if let Some(groups) = steps.map.groups().filter(|groups| !groups.are_global()) {
        limits.unit = least_common_multiple(limits.unit, groups.unit());
        let most = group_values.most_entries();
        let fit = (MAX_CODEBOOK_ENTRIES / most) as u64 * groups.block;
        limits.most = limits.most.min(fit / limits.unit * limits.unit).max(1);
    }
    if let Some(unit) = steps.mask.as_ref().map(Mask::unit).filter(|&unit| unit > 1) {
        // chunks must not part the bits of a mask symbol
        let run = view.unpack.map_or(1, |unpack| u64::from(unpack.words));
        limits.unit = least_common_multiple(limits.unit, run * unit);
    }
    limits
}
