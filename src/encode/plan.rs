//! Which representation a segment gets: the one whose measured cost is the least. All costs are integers, in units of
//! 2^-16 bit, so that every machine chooses the same.

use super::candidates::{Candidate, candidates};
use super::field_coding::BYTE;
use super::options::Effort;
use crate::container::MAX_CHUNK_ELEMENTS;
use crate::error::Result;
use crate::represent::{InChunks, Representation, SegmentLayout};
use crate::tensor::{Dtype, bytes_of};

/// Bytes that zstd is tried on before it is tried on all.
const ZSTD_SAMPLE: usize = 128 << 10;

/// How a segment is to be coded.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) representation: Representation,
    /// What lies in the chunks beside fields.
    pub(super) in_chunks: InChunks,
    /// Elements a chunk.
    pub(super) chunk_len: u64,
}

impl Plan {
    /// The bytes as they are, cut in the same places.
    pub(super) fn raw(plan: &Self) -> Self {
        let chunk_len = plan.chunk_len.min(MAX_CHUNK_ELEMENTS);
        Self { representation: Representation::Raw, in_chunks: InChunks::default(), chunk_len }
    }
}

/// Plans the segment `bytes`, whose rows have `row` elements.
pub(super) fn plan(
    layout: &SegmentLayout<'_>,
    row: u64,
    bytes: &[u8],
    chunk_bytes: u64,
    effort: &Effort,
) -> Result<Plan> {
    let dtype = layout.dtype;
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    let cuts = Cuts { dtype, row, elements, chunk_bytes, unit: 1, most: MAX_CHUNK_ELEMENTS };
    let raw_cost = bytes.len() as u64 * BYTE;
    // what gains less than a thousandth is better borrowed from a map
    let least = raw_cost - raw_cost / 1024;
    let best = candidates(layout, bytes, cuts, effort).into_iter().min_by_key(|candidate| candidate.plan.cost);
    let best = best.filter(|best| best.plan.cost < least);
    let cost = best.as_ref().map_or(least, |best| best.plan.cost);
    if let Some(cost) = zstd_cost(dtype, bytes, cost, effort, &|cost| cuts.chunk_len(cost))? {
        let (representation, in_chunks) = (Representation::Zstd, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: cuts.chunk_len(cost) });
    }
    let Some(Candidate { plan, cuts }) = best else {
        let (representation, in_chunks) = (Representation::Raw, InChunks::default());
        return Ok(Plan { representation, in_chunks, chunk_len: cuts.chunk_len(least) });
    };
    let times = if plan.fields.is_mixed() { effort.mixed_chunks } else { 1 };
    // as if it cost less: longer chunks
    let chunk_len = cuts.chunk_len(cost / times);
    Ok(Plan { representation: Representation::Fields(Box::new(plan.fields)), in_chunks: plan.in_chunks, chunk_len })
}

/// Where a segment may be cut into chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cuts {
    pub(super) dtype: Dtype,
    /// Elements a row.
    pub(super) row: u64,
    pub(super) elements: u64,
    /// Coded bytes that a chunk aims at.
    pub(super) chunk_bytes: u64,
    /// Elements that cannot be parted.
    pub(super) unit: u64,
    /// Elements of a chunk at most.
    pub(super) most: u64,
}

impl Cuts {
    /// Whether the segment can be cut at all, or need not be.
    pub(super) fn are_possible(&self) -> bool {
        self.needed() <= self.most || self.elements <= self.most
    }

    /// Elements that a chunk has a multiple of, as its bytes are whole.
    fn needed(&self) -> u64 {
        least_common_multiple(self.unit, if self.dtype.bits() < 8 { 8 } else { 1 })
    }

    /// Elements a chunk, so that chunks take about `chunk_bytes` coded, are equal, and end with rows.
    pub(super) fn chunk_len(&self, cost: u64) -> u64 {
        let &Self { row, elements, chunk_bytes, most, .. } = self;
        let cost_of_element = (cost / elements.max(1)).max(1);
        let target = (chunk_bytes * BYTE / cost_of_element).max(1024).min(most);
        if elements <= target + target / 4 && elements <= most {
            return elements;
        }
        let even = elements.div_ceil(elements.div_ceil(target));
        let needed = self.needed();
        let unit = match least_common_multiple(needed, row) {
            unit if unit <= target => unit,
            _ if needed == 1 => 32,
            _ if needed <= most => needed,
            // one chunk of all
            _ => return elements,
        };
        even.next_multiple_of(unit).min(most / unit * unit)
    }
}

pub(super) fn least_common_multiple(one: u64, other: u64) -> u64 {
    let (mut a, mut b) = (one.max(1), other.max(1));
    while b > 0 {
        (a, b) = (b, a % b);
    }
    (one.max(1) / a).saturating_mul(other.max(1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_end_where_they_may() {
        let cuts = |row, elements, unit| Cuts {
            dtype: Dtype::F32,
            row,
            elements,
            chunk_bytes: 1 << 16,
            unit,
            most: MAX_CHUNK_ELEMENTS,
        };
        assert_eq!(cuts(100, 5000, 1).chunk_len(5000 * BYTE), 5000);
        assert_eq!(cuts(100, 500_000, 1).chunk_len(500_000 * BYTE) % 100, 0);
        assert_eq!(cuts(100, 600_000, 48).chunk_len(600_000 * BYTE) % 1200, 0);
        assert_eq!(cuts(99_999, 999_990, 48).chunk_len(999_990 * BYTE) % 48, 0);
        assert_eq!(cuts(1, 1 << 24, 1 << 23).chunk_len(BYTE << 24), 1 << 24);
        assert!(!cuts(1, 1 << 24, 1 << 23).are_possible());
        // whole bytes need twice as many
        let fours = Cuts { dtype: Dtype::F4, ..cuts(999_999, 12 * 999_999, 4 * 999_999) };
        assert!(!fours.are_possible());
    }
}
