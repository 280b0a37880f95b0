//! Chooses the representation of a segment: the one with the least cost. All costs are integers in units of 2^-16 bit,
//! so that every machine chooses the same.
//!
//! The search has four phases. None of them changes the results of an earlier one:
//! view (the values, a survey of them), propose (all bids), fields (a plan for each bid), refine (cheaper codings).

use super::chunk_limits::ChunkLimits;
use super::cost::BYTE;
use super::effort::Effort;
use super::hurdles::{CODING, SAMPLE};
use super::pricing::{Candidate, price};
use super::propose::{Bid, mask, propose};
use super::survey::{Survey, survey};
use super::templates::templates;
use super::view::SegmentView;
use crate::error::Result;
use crate::represent::{
    GridHint, InChunks, Order, Representation, SegmentLayout, Values, Word, find_packing, read_words, with_word,
};
use crate::spec::MAX_CHUNK_ELEMENTS;
use crate::tensor::{Dtype, bytes_of};

/// Bytes of a sample that zstd is tried on first.
const ZSTD_SAMPLE: usize = 128 << 10;
/// Smaller tensors do not repay a segment of their own.
const ALONE_BYTES: usize = 4 << 10;

/// The way in which a segment will be coded.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) representation: Representation,
    /// Data that the chunks hold besides their fields.
    pub(crate) in_chunks: InChunks,
    /// Elements of a chunk.
    pub(crate) chunk_len: u64,
}

impl Plan {
    /// Returns the plan that stores the bytes as they are, cut in the same places.
    pub(crate) fn raw(plan: &Self) -> Self {
        let chunk_len = plan.chunk_len.min(MAX_CHUNK_ELEMENTS);
        Self { representation: Representation::Raw, in_chunks: InChunks::default(), chunk_len }
    }
}

/// The bytes of a segment, and the limits that the caller sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentBytes<'a> {
    pub(crate) layout: &'a SegmentLayout<'a>,
    /// Elements of a row.
    pub(crate) row: u64,
    pub(crate) bytes: &'a [u8],
    /// Coded bytes that a chunk aims at.
    pub(crate) chunk_bytes: u64,
    /// The grid that the caller made the values on, if it did.
    pub(crate) hint: Option<&'a GridHint>,
}

/// Plans a segment.
pub(crate) fn plan(segment: SegmentBytes<'_>, effort: &Effort) -> Result<Plan> {
    let SegmentBytes { layout, row, bytes, chunk_bytes, hint } = segment;
    let dtype = layout.dtype;
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    let effort = &effort.for_segment(elements);
    let most = effort.chunk_elements(dtype.words());
    let limits = ChunkLimits { dtype, row, elements, chunk_bytes, unit: 1, most };
    let raw_cost = bytes.len() as u64 * BYTE;
    // If coding saves less than 0.1 %, store the tensor raw: a reader can then borrow its bytes from a memory map.
    let least = CODING.below(raw_cost);
    let best = candidates(layout, bytes, limits, effort, hint).into_iter().min_by_key(|candidate| candidate.cost);
    let best = best.filter(|best| best.cost < least);
    let cost = best.as_ref().map_or(least, |best| best.cost);
    let chunk_bytes = |cost: u64| bytes_of(dtype, limits.chunk_len(cost)) as usize;
    if effort.zstd
        && let Some(cost) = zstd_cost(bytes, cost, effort, &chunk_bytes)?
    {
        let (representation, in_chunks) = (Representation::Zstd, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: limits.chunk_len(cost) });
    }
    let Some(Candidate { fields, in_chunks, limits, .. }) = best else {
        let (representation, in_chunks) = (Representation::Raw, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: limits.chunk_len(least) });
    };
    // mixers learn anew in each chunk, so chunks with mixed fields are longer
    let times = if fields.is_mixed() { effort.mixed_chunks } else { 1 };
    let chunk_len = limits.chunk_len(cost / times);
    Ok(Plan { representation: Representation::Fields(Box::new(fields)), in_chunks, chunk_len })
}

/// Returns a plan for each bid, of the words as they are and of the values that they may be unpacked to.
fn candidates(
    layout: &SegmentLayout<'_>,
    bytes: &[u8],
    limits: ChunkLimits,
    effort: &Effort,
    hint: Option<&GridHint>,
) -> Vec<Candidate> {
    let dtype = layout.dtype;
    let bits = dtype.word_bits();
    let whole = SegmentView { layout, unpack: None, bytes, bits, limits, effort, hint };
    let mut found = match () {
        () if dtype.words() > 1 => vec![price(&whole, None, Bid::plain(bytes.len() * 8 / bits as usize))],
        () if bits < 8 => {
            // one value a byte for the survey
            let values: Vec<u8> = read_words(bytes, bits);
            candidates_of(&whole, Values::<u8>::new(&values))
        }
        () => with_word!(bits, T => candidates_of(&whole, Values::<T>::new(bytes))),
    };
    if let Some(unpack) = find_packing(layout, bytes)
        && let Some(values) = unpack.apply(dtype, bytes)
    {
        let most = effort.chunk_elements(1) / unpack.values_a_run() * u64::from(unpack.words);
        let limits = ChunkLimits { unit: unpack.unit(), most, ..limits };
        let layout = unpack.layout(layout);
        let (unpack, bits) = (Some(unpack), unpack.bits);
        let view = SegmentView { layout: &layout, unpack, bytes: &values, bits, limits, effort, hint: None };
        found.extend(candidates_of(&view, Values::<u8>::new(&values)));
    }
    found.retain(|candidate| candidate.limits.are_possible());
    found
}

/// Returns a plan for each bid of these values.
fn candidates_of<T: Word>(view: &SegmentView<'_>, values: Values<'_, T>) -> Vec<Candidate> {
    let survey = survey(values, view.bits, view.order(), view.hint.is_none());
    let mask = mask(view, values, &survey);
    let bids = propose(view, values, &survey, mask.as_ref());
    let mut candidates: Vec<Candidate> = bids.into_iter().map(|bid| price(view, mask.as_ref(), bid)).collect();
    if let Some(masked) = templates(view, values, &survey) {
        candidates.push(price(view, Some(&masked), Bid::behind_mask(masked.kept)));
    }
    candidates
}

/// Returns whether a small tensor should have its own segment, because it is pruned or has few distinct values.
pub(crate) fn stands_out(dtype: Dtype, bytes: &[u8]) -> bool {
    let bits = dtype.word_bits();
    if dtype.words() > 1 || bits < 16 || bytes.len() < ALONE_BYTES {
        return false;
    }
    let order = Order::of(dtype, false);
    let (Survey { frequent, distinct }, count) = with_word!(bits, T => {
        let values = Values::<T>::new(bytes);
        (survey(values, bits, order, true), values.len())
    });
    frequent.is_some_and(|(_, occurs)| occurs < count && 2 * occurs >= count)
        || distinct.is_some_and(|values| 16 * values.len() <= count)
}

/// Returns the cost under zstd, if it is below `best`. `chunk_bytes` gives, for a cost, the bytes of a chunk.
fn zstd_cost(bytes: &[u8], best: u64, effort: &Effort, chunk_bytes: &impl Fn(u64) -> usize) -> Result<Option<u64>> {
    // zstd is shorter than fields only where bytes repeat, and a sample at a low level shows that. Large segments often
    // begin with untypical values, so a second sample lies in the middle.
    let bound = SAMPLE.below(best);
    let middle = bytes.len() / 2;
    let samples = [&bytes[..bytes.len().min(ZSTD_SAMPLE)], &bytes[middle..bytes.len().min(middle + ZSTD_SAMPLE)]];
    let count = if bytes.len() > 8 * ZSTD_SAMPLE { 2 } else { 1 };
    let mut estimate = 0;
    for sample in &samples[..count] {
        let sample_len = zstd::bulk::compress(sample, effort.zstd_level.min(3))?.len() as u64;
        estimate =
            (u128::from(sample_len) * u128::from(BYTE) * bytes.len() as u128 / sample.len().max(1) as u128) as u64;
        if estimate > bound {
            return Ok(None);
        }
    }
    let chunk = chunk_bytes(estimate);
    let mut total = 0;
    for chunk in bytes.chunks(chunk.max(1)) {
        total += zstd::bulk::compress(chunk, effort.zstd_level)?.len() as u64 * BYTE;
    }
    Ok((total < best).then_some(total))
}
