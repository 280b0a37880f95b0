//! Encodes elements to streams: elements, values, mask bits, symbol words, fields, symbols with their contexts.
//!
//! A [`ForwardBlock`] holds some values after the steps and the transform. Encoding takes a chunk as one block; the
//! planner reads a segment in its own blocks.

use std::ops::Range;

use super::ChunkExtent;
use crate::kernel::Kernel;
use crate::represent::coding::{Coding, Field};
use crate::represent::contexts::{ContextSource, all_sums};
use crate::represent::fields::{Fields, InChunks};
use crate::represent::mask::ChunkMask;
use crate::represent::steps::{GroupValues, Steps};
use crate::represent::stream::StreamSymbols;
use crate::represent::transform::Transform;
use crate::represent::values::{Rows, Word, of_kept, with_word};
use crate::tensor::Dtype;

/// Some values of a segment: their mask bits, and the transformed symbol words of the kept values.
#[derive(Debug)]
pub(crate) struct ForwardBlock<V> {
    /// The numbers of the values in the segment; for C64, the numbers of the words.
    pub(crate) values: Range<u64>,
    /// The mask of the values, if there is one.
    pub(crate) mask: Option<ChunkMask>,
    pub(crate) words: Vec<V>,
}

/// Turns elements into transformed words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward<'a> {
    pub(crate) dtype: Dtype,
    pub(crate) steps: &'a Steps,
    pub(crate) transform: Transform,
    /// The group values of all groups of the segment.
    pub(crate) group_values: &'a GroupValues,
}

/// The bits of a field in a symbol word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldPlace {
    /// The position of the lowest bit.
    pub(crate) lowest: u32,
    pub(crate) width: u32,
}

impl Forward<'_> {
    /// Returns the block of `values`, the values of the elements in `bytes`. If the steps unpack, the elements must be
    /// a whole chunk.
    pub(crate) fn elements<V: Word>(&self, values: Range<u64>, bytes: &[u8]) -> ForwardBlock<V> {
        let (mask, words) = self.steps.forward::<V>(self.dtype, values.start, bytes, self.group_values);
        self.transformed(values, mask, words)
    }

    /// Returns the block of `values`, which are already unpacked to one byte each.
    pub(crate) fn unpacked<V: Word>(&self, values: Range<u64>, bytes: &[u8]) -> ForwardBlock<V> {
        let (mask, words) = self.steps.forward_values::<u8, V>(bytes, values.start, self.group_values);
        self.transformed(values, mask, words)
    }

    fn transformed<V: Word>(&self, values: Range<u64>, mask: Option<ChunkMask>, mut words: Vec<V>) -> ForwardBlock<V> {
        self.transform.apply(&mut words, self.steps.symbol_bits(self.dtype));
        ForwardBlock { values, mask, words }
    }
}

impl<V> ForwardBlock<V> {
    /// Keeps the items of `all` that belong to kept values; `all` has one item for each value.
    pub(crate) fn of_kept(&self, all: Vec<u8>) -> Vec<u8> {
        match &self.mask {
            Some(mask) => of_kept(&all, &mask.kept),
            None => all,
        }
    }

    /// Returns, for each row that has values here, its number and how many of the values are kept.
    pub(crate) fn rows(&self, rows: &Rows) -> Vec<(usize, usize)> {
        let first = rows.numbers(&self.values).start as usize;
        let mut start = 0;
        let lengths = rows.lengths(self.values.clone()).map(|len| {
            let end = start + len;
            let kept = self.mask.as_ref().map_or(len, |mask| mask.kept[start..end].count_ones());
            start = end;
            kept
        });
        (first..).zip(lengths).collect()
    }
}

impl<V: Word> ForwardBlock<V> {
    /// Copies the symbols of the field at `place` to `symbols`, which has as many items as there are words.
    pub(crate) fn symbols(&self, place: FieldPlace, symbols: &mut [u16]) {
        take_field(&self.words, place.lowest, place.width, symbols);
    }

    /// Returns the context of each word, or nothing if `source` has only one context. `sums` has, for each class field,
    /// the class sums of the words' values; a value has `words_of_element` words. `place_of` gives the place of an
    /// earlier field by its number.
    pub(crate) fn contexts(
        &self,
        source: &ContextSource,
        sums: &[Vec<u8>],
        place_of: impl Fn(usize) -> FieldPlace,
        words_of_element: usize,
    ) -> Vec<u8> {
        let symbols_of = |earlier: usize| {
            let FieldPlace { lowest, width } = place_of(earlier);
            let mask = ((1u32 << width) - 1) as u16;
            self.words.iter().map(move |word| word.field(lowest, mask))
        };
        source.resolve(sums, symbols_of, words_of_element)
    }

    /// Calls `take` with the number, the symbols and the contexts of each field that is not constant. `sums` has, for
    /// each class field, the class sums of the words' values; a value has `words_of_element` words.
    fn each_field(
        &self,
        fields: &[Field],
        sums: &[Vec<u8>],
        words_of_element: usize,
        mut take: impl FnMut(usize, &[u16], &[u8]),
    ) {
        let places = places(fields);
        let mut symbols = vec![0u16; self.words.len()];
        for (index, field) in fields.iter().enumerate() {
            if matches!(field.coding, Coding::Constant(_)) {
                continue;
            }
            let contexts = self.contexts(field.coding.source(), sums, |earlier| places[earlier], words_of_element);
            self.symbols(places[index], &mut symbols);
            take(index, &symbols, &contexts);
        }
    }
}

/// Returns the place of each field; the first field has the topmost bits.
fn places(fields: &[Field]) -> Vec<FieldPlace> {
    let mut lowest = fields.iter().map(|field| field.width).sum();
    let place = |field: &Field| {
        lowest -= field.width;
        FieldPlace { lowest, width: field.width }
    };
    fields.iter().map(place).collect()
}

/// Copies the field of `width` bits at bit `shift` of each word to `symbols`.
pub(crate) fn take_field<W: Word>(words: &[W], shift: u32, width: u32, symbols: &mut [u16]) {
    let mask = (((1u32 << width) - 1) & 0xffff) as u16;
    words.iter().zip(symbols).for_each(|(word, symbol)| *symbol = word.field(shift, mask));
}

/// Appends the coded bytes of a chunk whose elements are `bytes`.
pub(crate) fn encode(
    fields: &Fields,
    chunk: &ChunkExtent,
    bytes: &[u8],
    in_chunks: &InChunks,
    kernel: Kernel,
    out: &mut Vec<u8>,
) {
    let values = fields.steps.values(&chunk.elements);
    let mut sums = encode_row_classes(fields, &values, in_chunks, out);
    let forward = Forward {
        dtype: chunk.dtype,
        steps: &fields.steps,
        transform: fields.transform,
        group_values: &in_chunks.group_values,
    };
    with_word!(fields.symbol_bits(), V => {
        let words_of_element = u64::from(chunk.dtype.words());
        let block = forward.elements::<V>(values.start * words_of_element..values.end * words_of_element, bytes);
        if let (Some(mask), Some(of_chunk)) = (&fields.steps.mask, &block.mask) {
            mask.encode(of_chunk, &sums, kernel, out);
            if block.words.is_empty() {
                return;
            }
            sums = sums.into_iter().map(|sums| block.of_kept(sums)).collect();
        }
        fields.steps.map.encode_groups(&in_chunks.group_values, &values, out);
        block.each_field(&fields.fields, &sums, words_of_element as usize, |index, symbols, contexts| {
            let field = &fields.fields[index];
            let mask_bits = block.mask.as_ref().map(|mask| &mask.kept);
            let stream = StreamSymbols { symbols, contexts, width: field.width, mask_bits };
            field.coding.model().encode(stream, kernel, out);
        });
    });
}

/// Appends the row classes of a chunk with these values, and returns the class sums of the values for each class field.
fn encode_row_classes(fields: &Fields, values: &Range<u64>, in_chunks: &InChunks, out: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut of_chunk = Vec::with_capacity(in_chunks.row_classes.len());
    for (field, classes) in fields.class_fields.iter().zip(&in_chunks.row_classes) {
        field.encode_rows(values, classes, out);
        of_chunk.push(field.rows_of_chunk(values, classes));
    }
    all_sums(&fields.class_fields, values, &of_chunk)
}
