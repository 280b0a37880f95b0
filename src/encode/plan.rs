//! Which representation a segment gets: the one whose measured cost is the least. All costs are integers, in units of
//! 2^-16 bit, so that every machine chooses the same.

use super::field_coding::BYTE;
use super::field_plan::plan_fields;
use super::options::Effort;
use crate::container::MAX_CHUNK_ELEMENTS;
use crate::error::Result;
use crate::represent::{Layout, Representation, with_word};
use crate::tensor::{Dtype, bytes_of};

/// Bytes that zstd is tried on before it is tried on all.
const ZSTD_SAMPLE: usize = 128 << 10;

/// How a segment is to be coded.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) representation: Representation,
    /// For each class field of the representation the classes of all rows.
    pub(super) row_classes: Vec<Vec<u8>>,
    /// Elements a chunk.
    pub(super) chunk_len: u64,
}

impl Plan {
    /// The bytes as they are, cut in the same places.
    pub(super) fn raw(plan: &Self) -> Self {
        Self { representation: Representation::Raw, row_classes: Vec::new(), chunk_len: plan.chunk_len }
    }
}

/// Plans the segment `bytes`, whose rows have `row` elements.
pub(super) fn plan(layout: &Layout<'_>, row: u64, bytes: &[u8], chunk_bytes: u64, effort: &Effort) -> Result<Plan> {
    let dtype = layout.dtype;
    let elements = bytes.len() as u64 * 8 / u64::from(dtype.bits());
    let chunk_len = |cost: u64| chunk_len(dtype, row, elements, cost, chunk_bytes);
    let raw_cost = bytes.len() as u64 * BYTE;
    let fields = with_word!(dtype, W => plan_fields::<W>(layout, bytes, &chunk_len, effort));
    // what gains less than a thousandth is better borrowed from a map
    let mut best = (Representation::Raw, Vec::new(), raw_cost - raw_cost / 1024);
    if fields.cost < best.2 {
        best = (Representation::Fields(fields.fields), fields.row_classes, fields.cost);
    }
    if let Some(zstd_cost) = zstd_cost(dtype, bytes, best.2, effort, &chunk_len)? {
        best = (Representation::Zstd, Vec::new(), zstd_cost);
    }
    let (representation, row_classes, cost) = best;
    let times = match &representation {
        Representation::Fields(fields) if fields.is_mixed() => effort.mixed_chunks,
        _ => 1,
    };
    // as if it cost less: longer chunks
    Ok(Plan { representation, row_classes, chunk_len: chunk_len(cost / times) })
}

/// Elements a chunk, so that chunks take about `chunk_bytes` coded, are equal, and end with rows.
fn chunk_len(dtype: Dtype, row: u64, elements: u64, cost: u64, chunk_bytes: u64) -> u64 {
    let cost_of_element = (cost / elements.max(1)).max(1);
    let target = (chunk_bytes * BYTE / cost_of_element).clamp(1024, MAX_CHUNK_ELEMENTS);
    if elements <= target + target / 4 && elements <= MAX_CHUNK_ELEMENTS {
        return elements;
    }
    let even = elements.div_ceil(elements.div_ceil(target));
    let byte_unit = if dtype.bits() < 8 { 8 } else { 1 };
    let unit = match row * byte_unit {
        unit if unit <= target => unit,
        _ => 32,
    };
    even.next_multiple_of(unit).min(MAX_CHUNK_ELEMENTS / unit * unit)
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
