//! The ways to code a segment that are worth a plan: its words as they are, or behind steps that suit what a survey of its
//! values shows.

use super::chunk_limits::{ChunkLimits, least_common_multiple};
use super::contexts::MaskContexts;
use super::effort::Effort;
use super::field_coding::BYTE;
use super::fields::plan_fields;
use super::grid::find_grid;
use super::mask::plan_mask;
use super::packing::packing;
use super::plans::FieldPlan;
use super::plans::MaskPlan;
use super::survey::{Survey, distinct_of, survey};
use super::view::Source;
use crate::represent::{
    Codebook, CodebookMap, Grid, GroupValues, Groups, Map, Order, SegmentLayout, Steps, Unpack, Values, Word,
    kept_values, read_words, with_word,
};
use crate::spec::MAX_CODEBOOK_ENTRIES;
use crate::tensor::Dtype;

/// A mask has to leave out one of so many values.
const MASK_SHARE: usize = 16;
/// The same for values of few bits, which need no raw bits.
const MASK_SHARE_OF_SMALL: usize = 3;
/// A codebook's entry has to stand for so many values on average.
const VALUES_AN_ENTRY: usize = 2;
/// Up to so many entries a codebook is better than its values are.
const SMALL_CODEBOOK: usize = 256;
/// Entries of a row's own codebook.
const MOST_OF_ROW: usize = 256;
/// A segment of its own has to be worth what it takes.
const ALONE_BYTES: usize = 4 << 10;
/// Lengths of blocks in a row that may have scales of their own.
const BLOCKS: [u64; 6] = [256, 128, 64, 32, 16, 512];

/// A plan and where chunks may end under it.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) plan: FieldPlan,
    pub(super) limits: ChunkLimits,
}

/// The plans that are worth comparing.
pub(super) fn candidates(
    layout: &SegmentLayout<'_>,
    bytes: &[u8],
    limits: ChunkLimits,
    effort: &Effort,
) -> Vec<Candidate> {
    let dtype = layout.dtype;
    let bits = dtype.word_bits();
    let whole = Planner { layout, unpack: None, bytes, bits, limits, effort };
    let mut found = match () {
        () if dtype.words() > 1 => vec![whole.plain(bytes.len() * 8 / bits as usize)],
        () if bits < 8 => {
            // packed already: one a byte for the survey
            let values: Vec<u8> = read_words(bytes, bits);
            whole.of_values(Values::<u8>::new(&values))
        }
        () => with_word!(bits, T => whole.of_values(Values::<T>::new(bytes))),
    };
    if let Some(unpack) = packing(layout, bytes)
        && let Some(values) = unpack.apply(dtype, bytes)
    {
        let most = effort.chunk_elements / unpack.values_a_run() * u64::from(unpack.words);
        let limits = ChunkLimits { unit: unpack.unit(), most, ..limits };
        let layout = unpack.layout(layout);
        let search =
            Planner { layout: &layout, unpack: Some(unpack), bytes: &values, bits: unpack.bits, limits, effort };
        found.extend(search.of_values(Values::<u8>::new(&values)));
    }
    found.retain(|candidate| candidate.limits.are_possible());
    found
}

/// Whether a small tensor is better off alone than among others: pruned, or of few values.
pub(crate) fn stands_out(dtype: Dtype, bytes: &[u8]) -> bool {
    let bits = dtype.word_bits();
    if dtype.words() > 1 || bits < 16 || bytes.len() < ALONE_BYTES {
        return false;
    }
    let order = Order::of(dtype, false);
    let (Survey { frequent, distinct }, count) = with_word!(bits, T => {
        let values = Values::<T>::new(bytes);
        (survey(values, bits, order), values.len())
    });
    frequent.is_some_and(|(_, occurs)| occurs < count && 2 * occurs >= count)
        || distinct.is_some_and(|codebook| 16 * codebook.0.len() <= count)
}

/// What plans are made from.
#[derive(Debug, Clone, Copy)]
struct Planner<'a> {
    /// Of the values.
    layout: &'a SegmentLayout<'a>,
    unpack: Option<Unpack>,
    /// The elements; if they were unpacked the values, one a byte.
    bytes: &'a [u8],
    /// Of a value.
    bits: u32,
    limits: ChunkLimits,
    effort: &'a Effort,
}

impl Planner<'_> {
    fn dtype(&self) -> Dtype {
        self.layout.dtype
    }

    /// Plans with one word or value for each value.
    fn of_values<T: Word>(&self, values: Values<'_, T>) -> Vec<Candidate> {
        let count = values.len();
        let order = Order::of(self.dtype(), self.unpack.is_some());
        let Survey { frequent, distinct } = survey(values, self.bits, order);
        let mut found = Vec::new();
        let share = if self.bits > 8 { MASK_SHARE } else { MASK_SHARE_OF_SMALL };
        let masked = frequent.filter(|&(_, occurs)| occurs < count && occurs >= count / share);
        let masked = masked.map(|(omitted, occurs)| {
            let kept = kept_values(values.iter(), T::from_number(omitted));
            let chunk_len = |cost: u64| self.values_of(self.limits.chunk_len(cost));
            (plan_mask(self.layout, &kept, omitted, &chunk_len, self.effort), count - occurs)
        });
        let mask = masked.as_ref().map(|(plan, kept)| (plan, *kept));
        // small values are their own numbers
        let all = mask.map_or(count, |(_, kept)| kept);
        let is_few =
            |codebook: &Codebook| self.bits > 8 && codebook.0.len() > 1 && codebook.0.len() * VALUES_AN_ENTRY <= all;
        let distinct = distinct.filter(is_few);
        if let Some(codebook) = &distinct {
            let map = Map::Codebook(CodebookMap::new(Groups::ONE, order, self.bits, std::slice::from_ref(codebook)));
            let offering = mask.map(|(plan, _)| plan);
            found.push(self.plan_offered(None, offering, map, GroupValues::default(), count));
            if let Some((plan, kept)) = mask {
                let others = codebook.0.iter().copied().filter(|&value| value != plan.mask.omitted).collect();
                found.extend(self.coded_by(&[Codebook(others)], Groups::ONE, order, mask, kept));
            }
        }
        let mut is_on_grid = false;
        if let Some((map, shared)) = self.grid(values, None) {
            found.push(self.plan(None, map, shared, count));
            is_on_grid = true;
        }
        if let Some((plan, kept)) = mask
            && let Some((map, shared)) = self.grid(values, Some(T::from_number(plan.mask.omitted)))
        {
            found.push(self.plan(mask, map, shared, kept));
            is_on_grid = true;
        }
        // a grid or a small codebook spares the bits of the words themselves: nothing beats that
        let is_small = |codebook: &Codebook| codebook.0.len() <= SMALL_CODEBOOK && self.bits > 16;
        let is_clear = distinct.as_ref().is_some_and(is_small) || is_on_grid;
        if !is_clear {
            found.extend(self.codebooks_of_rows(values, order, mask, count));
            // nor does it pay to code raw bits of what is left out
            if self.bits <= 16 || mask.is_none_or(|(_, kept)| kept > count / 2) {
                found.push(self.plain(count));
            }
            found.extend(mask.map(|(_, kept)| self.plan(mask, Map::None, GroupValues::default(), kept)));
        }
        found
    }

    /// Values a chunk of so many elements.
    fn values_of(&self, elements: u64) -> u64 {
        self.unpack.map_or(elements, |unpack| unpack.values_before(elements))
    }

    /// Without mask and map.
    fn plain(&self, count: usize) -> Candidate {
        self.plan(None, Map::None, GroupValues::default(), count)
    }

    /// Plans what these steps leave, of which there are `kept` symbol words.
    fn plan(&self, mask: Option<(&MaskPlan, usize)>, map: Map, shared: GroupValues, kept: usize) -> Candidate {
        self.plan_offered(mask, mask.map(|(plan, _)| plan), map, shared, kept)
    }

    /// The same without that mask where its contexts are only offered.
    fn plan_offered(
        &self,
        mask: Option<(&MaskPlan, usize)>,
        offering: Option<&MaskPlan>,
        map: Map,
        shared: GroupValues,
        kept: usize,
    ) -> Candidate {
        let mut limits = self.limits;
        let steps = Steps { unpack: self.unpack, mask: mask.map(|(plan, _)| plan.mask.clone()), map };
        if let Some(groups) = steps.map.groups().filter(|groups| !groups.are_global()) {
            limits.unit = least_common_multiple(limits.unit, groups.unit());
            let most = shared.most_entries();
            let fit = (MAX_CODEBOOK_ENTRIES / most) as u64 * groups.block;
            limits.most = limits.most.min(fit / limits.unit * limits.unit).max(1);
        }
        if let Some((plan, _)) = mask.filter(|(plan, _)| plan.mask.shape.group > 1) {
            // symbols that chunks would part were not counted
            let run = self.unpack.map_or(1, |unpack| u64::from(unpack.words));
            limits.unit =
                least_common_multiple(limits.unit, run * u64::from(plan.mask.shape.group) * plan.mask.shape.stride);
        }
        let mut parameters = Vec::new();
        steps.write(&mut parameters);
        let values = self.layout.elements();
        steps.map.encode_groups(&shared, &(0..values), &mut parameters);
        let contexts = offering.and_then(MaskPlan::contexts);
        let mask_contexts = contexts.as_ref().map(|contexts| MaskContexts { contexts, is_paid: mask.is_some() });
        let source = Source { dtype: self.dtype(), bytes: self.bytes, steps: &steps, shared: &shared, kept };
        let chunk_len = |cost: u64| self.values_of(limits.chunk_len(cost));
        let mut plan = with_word!(steps.symbol_bits(self.dtype()), V => {
            plan_fields::<V>(self.layout, source, None, mask_contexts, &chunk_len, self.effort)
        });
        plan.cost += parameters.len() as u64 * BYTE + mask.map_or(0, |(plan, _)| plan.cost);
        Candidate { plan, limits }
    }

    fn coded_by(
        &self,
        codebooks: &[Codebook],
        groups: Groups,
        order: Order,
        mask: Option<(&MaskPlan, usize)>,
        kept: usize,
    ) -> Option<Candidate> {
        let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
        if groups.are_global() && entries > MAX_CODEBOOK_ENTRIES {
            return None;
        }
        let map = CodebookMap::new(groups, order, self.bits, codebooks);
        let shared = if groups.are_global() { GroupValues::None } else { GroupValues::Codebook(codebooks.to_vec()) };
        Some(self.plan(mask, Map::Codebook(map), shared, kept))
    }

    /// Codebooks of rows, of a single member whose rows have few values each.
    fn codebooks_of_rows<T: Word>(
        &self,
        values: Values<'_, T>,
        order: Order,
        mask: Option<(&MaskPlan, usize)>,
        count: usize,
    ) -> Option<Candidate> {
        let shape = self.layout.single().filter(|shape| shape.len() > 1 && self.bits > 8)?;
        let row = shape[1..].iter().product::<u64>() as usize;
        let groups = Groups { block: row as u64, period: 1 };
        if row as u64 > self.effort.chunk_elements || row < 4 * VALUES_AN_ENTRY {
            return None;
        }
        let most = MOST_OF_ROW.min(row / VALUES_AN_ENTRY);
        let omitted = mask.map(|(plan, _)| plan.mask.omitted);
        let of_row = |number: usize| {
            let values = (number * row..(number + 1) * row).map(|index| values.get(index));
            distinct_of(values, omitted, most, self.bits, order)
        };
        let codebooks = (0..count / row).map(of_row).collect::<Option<Vec<Codebook>>>()?;
        let kept = mask.map_or(count, |(_, kept)| kept);
        let entries: usize = codebooks.iter().map(|codebook| codebook.0.len()).sum();
        (entries * VALUES_AN_ENTRY <= kept).then(|| self.coded_by(&codebooks, groups, order, mask, kept)).flatten()
    }

    /// The grid on which the values lie, but for those left out.
    fn grid<T: Word>(&self, values: Values<'_, T>, omitted: Option<T>) -> Option<(Map, GroupValues)> {
        if self.unpack.is_some() || !Grid::is_for(self.dtype()) {
            return None;
        }
        let grid = find_grid(values, omitted, self.dtype(), &self.groups_of_scales())?;
        let map = Grid::new(grid.groups, self.dtype(), grid.lowest, grid.highest, &grid.scales)?;
        let shared = if grid.groups.are_global() { GroupValues::None } else { GroupValues::Grid(grid.scales) };
        Some((Map::Grid(map), shared))
    }

    /// Groups as quantisers have them, the largest first.
    fn groups_of_scales(&self) -> Vec<Groups> {
        let mut groups = vec![Groups::ONE];
        let Some([first @ .., last]) = self.layout.single() else { return groups };
        let row: u64 = first.iter().skip(1).product::<u64>() * last;
        let mut push = |block: u64, period: u64| groups.push(Groups { block, period });
        if !first.is_empty() && (1..=self.effort.chunk_elements).contains(&row) {
            push(row, 1);
        }
        if !first.is_empty() && (2..=1 << 20).contains(last) {
            push(0, *last);
        }
        for block in BLOCKS {
            if last.is_multiple_of(block) && *last > block {
                push(block, 1);
            }
            if let [rows] = first
                && rows.is_multiple_of(block)
                && *rows > block
                && block * last <= self.effort.chunk_elements
            {
                push(block, *last);
            }
        }
        groups
    }
}
