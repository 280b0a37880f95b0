//! Which representation a segment gets: the one whose measured cost is the least. All costs are integers, in units of
//! 2^-16 bit, so that every machine chooses the same.

use super::chunk_limits::ChunkLimits;
use super::effort::Effort;
use super::field_coding::BYTE;
use super::propose::{Candidate, candidates};
use crate::error::Result;
use crate::represent::{InChunks, Representation, SegmentLayout};
use crate::spec::MAX_CHUNK_ELEMENTS;
use crate::tensor::{Dtype, bytes_of};

/// Bytes that zstd is tried on before it is tried on all.
const ZSTD_SAMPLE: usize = 128 << 10;

/// How a segment is to be coded.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) representation: Representation,
    /// What lies in the chunks beside fields.
    pub(crate) in_chunks: InChunks,
    /// Elements a chunk.
    pub(crate) chunk_len: u64,
}

impl Plan {
    /// The bytes as they are, cut in the same places.
    pub(crate) fn raw(plan: &Self) -> Self {
        let chunk_len = plan.chunk_len.min(MAX_CHUNK_ELEMENTS);
        Self { representation: Representation::Raw, in_chunks: InChunks::default(), chunk_len }
    }
}

/// Plans the segment `bytes`, whose rows have `row` elements.
pub(crate) fn plan(
    layout: &SegmentLayout<'_>,
    row: u64,
    bytes: &[u8],
    chunk_bytes: u64,
    effort: &Effort,
) -> Result<Plan> {
    let dtype = layout.dtype;
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    let effort = &effort.for_segment(elements);
    let limits = ChunkLimits { dtype, row, elements, chunk_bytes, unit: 1, most: effort.chunk_elements };
    let raw_cost = bytes.len() as u64 * BYTE;
    // what gains less than a thousandth is better borrowed from a map
    let least = raw_cost - raw_cost / 1024;
    let best = candidates(layout, bytes, limits, effort).into_iter().min_by_key(|candidate| candidate.plan.cost);
    let best = best.filter(|best| best.plan.cost < least);
    let cost = best.as_ref().map_or(least, |best| best.plan.cost);
    if effort.zstd
        && let Some(cost) = zstd_cost(dtype, bytes, cost, effort, &|cost| limits.chunk_len(cost))?
    {
        let (representation, in_chunks) = (Representation::Zstd, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: limits.chunk_len(cost) });
    }
    let Some(Candidate { plan, limits }) = best else {
        let (representation, in_chunks) = (Representation::Raw, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: limits.chunk_len(least) });
    };
    let times = if plan.fields.is_mixed() { effort.mixed_chunks } else { 1 };
    // as if it cost less: longer chunks
    let chunk_len = limits.chunk_len(cost / times);
    Ok(Plan { representation: Representation::Fields(Box::new(plan.fields)), in_chunks: plan.in_chunks, chunk_len })
}

/// The cost under zstd, if it is below `best`.
fn zstd_cost(
    dtype: Dtype,
    bytes: &[u8],
    best: u64,
    effort: &Effort,
    chunk_len: &impl Fn(u64) -> u64,
) -> Result<Option<u64>> {
    // without repetitions it is no shorter than fields, and with them a sample at a low level shows it; of large segments a
    // second one has to, as they often begin with what is not like the rest
    let bound = best - best / 64;
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
    let chunk = bytes_of(dtype, chunk_len(estimate)) as usize;
    let mut total = 0;
    for chunk in bytes.chunks(chunk.max(1)) {
        total += zstd::bulk::compress(chunk, effort.zstd_level)?.len() as u64 * BYTE;
    }
    Ok((total < best).then_some(total))
}
