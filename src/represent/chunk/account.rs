//! Divides the coded bytes of a chunk among its streams.

use std::slice;

use super::ChunkExtent;
use crate::coders::{LaneTables, skip_map};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::contexts::ChunkClasses;
use crate::represent::fields::Fields;
use crate::represent::stream::StreamExtent;
use crate::represent::stream_bytes::StreamBytes;
use crate::wire::Cursor;

/// Adds the sizes of a chunk's streams to `into`. Decodes only the row classes and the mask, which tell where the other
/// streams begin.
pub(crate) fn account(fields: &Fields, chunk: &ChunkExtent, coded: &[u8], into: &mut StreamBytes) -> Result<()> {
    let mut cursor = Cursor::unplaced(coded, "chunk");
    let values = fields.steps.values(&chunk.elements);
    let mut count = (values.end - values.start) as usize * chunk.dtype.words() as usize;
    let mut classes = Vec::new();
    for field in &fields.class_fields {
        let mut reading = cursor.clone();
        into.classes += field.skip_rows(&mut cursor)? as u64;
        if fields.steps.mask.is_some() {
            classes.extend(ChunkClasses::read(field, slice::from_mut(&mut reading), slice::from_ref(&values))?);
        }
    }
    if let Some(mask) = &fields.steps.mask {
        let extent = StreamExtent { count: mask.symbol_count(count), width: mask.symbol_bits(), mask_bits: None };
        let mut reading = cursor.clone();
        let mut of_mask = StreamBytes::default();
        mask.coding.model().account(&mut cursor, extent, &mut of_mask)?;
        into.mask += of_mask.sum();
        into.add_to_stream(0, of_mask.sum() - of_mask.lengths);
        count = mask
            .decode(&mut reading, &classes, count, &mut LaneTables::default(), Kernel::PORTABLE, |_, _| ())?
            .kept
            .count_ones();
        if count == 0 {
            return cursor.finish();
        }
    }
    if fields.steps.map.is_in_chunks() {
        let bytes = skip_map(&mut cursor)? as u64;
        fields.steps.map.account(bytes, into);
    }
    let first_number = usize::from(fields.steps.mask.is_some());
    for (number, field) in (first_number..).zip(&fields.fields) {
        let before = into.sum() - into.lengths;
        let extent = StreamExtent { count, width: field.width, mask_bits: None };
        field.coding.model().account(&mut cursor, extent, into)?;
        into.add_to_stream(number, into.sum() - into.lengths - before);
    }
    cursor.finish()
}
