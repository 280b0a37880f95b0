//! From elements to coded streams.

use super::ChunkExtent;
use crate::kernel::Kernel;
use crate::represent::coding::Coding;
use crate::represent::contexts::all_sums;
use crate::represent::fields::{Fields, InChunks};
use crate::represent::values::{Word, of_kept, with_word};
use crate::tensor::Dtype;

/// Appends the coded bytes of a chunk whose elements are `bytes`.
pub(crate) fn encode(
    fields: &Fields,
    chunk: &ChunkExtent,
    bytes: &[u8],
    in_chunks: &InChunks,
    kernel: Kernel,
    out: &mut Vec<u8>,
) {
    with_word!(fields.symbol_bits(), V => encode_words::<V>(fields, chunk, bytes, in_chunks, kernel, out));
}

fn encode_words<V: Word>(
    fields: &Fields,
    chunk: &ChunkExtent,
    bytes: &[u8],
    in_chunks: &InChunks,
    kernel: Kernel,
    out: &mut Vec<u8>,
) {
    let bits = fields.symbol_bits();
    let values = fields.steps.values(&chunk.elements);
    let mut of_chunk = Vec::with_capacity(in_chunks.row_classes.len());
    for (field, classes) in fields.class_fields.iter().zip(&in_chunks.row_classes) {
        field.encode_rows(&values, classes, out);
        of_chunk.push(field.rows_of_chunk(&values, classes));
    }
    let mut sums = all_sums(&fields.class_fields, &values, &of_chunk);
    let (kept, mut words) = fields.steps.forward::<V>(chunk.dtype, values.start, bytes, &in_chunks.group_values);
    if let (Some(mask), Some(kept)) = (&fields.steps.mask, &kept) {
        mask.encode(kept, &sums, kernel, out);
        if words.is_empty() {
            return;
        }
        sums.iter_mut().for_each(|sums| *sums = of_kept(sums, kept));
    }
    fields.steps.map.encode_groups(&in_chunks.group_values, &values, out);
    fields.transform.apply(&mut words, bits);
    let mut symbols = vec![0u16; words.len()];
    let mut shift = bits;
    for (index, field) in fields.fields.iter().enumerate() {
        shift -= field.width;
        if matches!(field.coding, Coding::Constant(_)) {
            continue;
        }
        let contexts = contexts_of_field(fields, index, &sums, &words, chunk.dtype);
        take_field(&words, shift, field.width, &mut symbols);
        field.coding.encode(&symbols, &contexts, field.width, kept.as_ref(), kernel, out);
    }
}

/// Returns the contexts of the symbols of field `index` in `words`; empty if it has one context. `sums` has, for each class
/// field, the class sums of the words' values.
pub(crate) fn contexts_of_field<W: Word>(
    fields: &Fields,
    index: usize,
    sums: &[Vec<u8>],
    words: &[W],
    dtype: Dtype,
) -> Vec<u8> {
    let symbols_of = |number: usize| {
        let shift = fields.fields[number + 1..].iter().map(|field| field.width).sum::<u32>();
        let mask = ((1u32 << fields.fields[number].width) - 1) as u16;
        words.iter().map(move |word| word.field(shift, mask))
    };
    fields.fields[index].coding.source().resolve(sums, symbols_of, dtype.words() as usize)
}

/// Copies the field of `width` bits at bit `shift` of each word to `symbols`.
pub(crate) fn take_field<W: Word>(words: &[W], shift: u32, width: u32, symbols: &mut [u16]) {
    let mask = (((1u32 << width) - 1) & 0xffff) as u16;
    words.iter().zip(symbols).for_each(|(word, symbol)| *symbol = word.field(shift, mask));
}
