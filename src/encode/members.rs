//! Encodes the members of a segment: together, or each kind in a segment of its own.

use super::EncodeOptions;
use super::kinds::divide;
use super::segment::{CodedSegment, SegmentInput, encode_segment};
use crate::error::Result;
use crate::progress::Progress;
use crate::workers::Workers;

/// Lower levels do not try segments for kinds, because that takes time.
const LEAST_LEVEL: u8 = 4;
/// What a segment costs outside its frame, in bytes: its line in the index, and the numbers of its members' segments.
const INDEX_BYTES: u64 = 12;

/// Encodes the members of an input as one segment, or each kind as one if their sizes add up to less.
pub(super) fn encode_members<'a>(
    input: &'a SegmentInput<'_>,
    options: &EncodeOptions,
    workers: &Workers,
) -> Result<Vec<CodedSegment<'a>>> {
    let whole = encode_segment(input, options, workers)?;
    let parts = if options.level >= LEAST_LEVEL { divide(input) } else { None };
    let Some(parts) = parts else { return Ok(vec![whole]) };
    // progress has counted these bytes
    let options = options.clone().with_progress(Progress::default());
    let coded = workers.map(parts, |part| Ok(encode_segment(&part, &options, workers)?.into_owned()))?;
    let size = |coded: &CodedSegment<'_>| coded.bytes() + INDEX_BYTES;
    let is_less = coded.iter().map(size).sum::<u64>() < size(&whole);
    Ok(if is_less { coded } else { vec![whole] })
}
