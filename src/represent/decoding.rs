//! Fields back to elements (section 8), block by block: what a block's streams give is put together while it is in the
//! processor's nearest cache.

use std::ops::Range;

use super::coding::Field;
use super::context_source::{ContextReader, all_sums};
use super::fields::{Fields, Observer, Transform};
use super::mask::{Kept, of_kept};
use super::scratch::Scratch;
use super::steps::{Shared, Steps};
use super::symbol_stream::SymbolStream;
use super::word::{Word, with_word, write_words};
use crate::entropy::LaneRoom;
use crate::error::Result;
use crate::kernel::{Job, Kernel};
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// Symbols of a block; a multiple of what lanes decode at a time.
const BLOCK: usize = 2048;

impl Fields {
    /// Decodes a chunk, the elements `elements` of the segment, to `out`, which has its length. The scratch has entered the
    /// segment.
    pub(crate) fn decode(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        cursor: Cursor<'_>,
        out: &mut [u8],
        scratch: &mut Scratch,
        observe: impl Observer,
    ) -> Result<()> {
        with_word!(self.symbol_bits(), V => self.decode_words::<V>(dtype, elements, cursor, out, scratch, observe))
    }

    fn decode_words<V: Word>(
        &self,
        dtype: Dtype,
        elements: &Range<u64>,
        mut cursor: Cursor<'_>,
        out: &mut [u8],
        scratch: &mut Scratch,
        mut observe: impl Observer,
    ) -> Result<()> {
        let start = cursor.clone();
        let kernel = scratch.kernel;
        let values = self.steps.values(elements);
        let mut count = (values.end - values.start) as usize * dtype.words() as usize;
        let row_classes = self.class_fields.iter().map(|field| field.decode_rows(&mut cursor, &values));
        let row_classes = row_classes.collect::<Result<Vec<_>>>()?;
        let mut sums = all_sums(&self.class_fields, &values, &row_classes);
        let mut kept: Option<Kept> = None;
        if let Some(mask) = &self.steps.mask {
            let observe =
                |symbols: &[u16], contexts: &[u8]| observe(0, mask.shape.group, &mask.coding, symbols, contexts);
            let bits = mask.decode(&mut cursor, &sums, count, &mut scratch.of_mask, kernel, observe)?;
            count = bits.count_ones();
            sums.iter_mut().for_each(|sums| *sums = of_kept(sums, &bits));
            kept = Some(bits);
        }
        let mut shared = Shared::default();
        if kept.is_none() || count > 0 {
            shared = self.steps.map.decode_shared(&mut cursor, &values)?;
        }
        let first_number = usize::from(kept.is_some());
        let observe = |index, field: &Field, symbols: &[u16], contexts: &[u8]| {
            observe(first_number + index, field.width, &field.coding, symbols, contexts);
        };
        let mut chunk = ChunkOfFields {
            fields: &self.fields,
            transform: self.transform,
            bits: self.symbol_bits(),
            count: if kept.is_some() && count == 0 { None } else { Some(count) },
            words_an_element: dtype.words() as usize,
            kernel,
        };
        if self.steps == Steps::NONE && dtype.word_bits() >= 8 {
            // words are elements: to their place at once
            return chunk.decode::<V>(cursor, &sums, None, &mut scratch.of_fields, observe, |block, words| {
                let bytes = block.start * V::SIZE..block.end * V::SIZE;
                write_words(words, dtype.word_bits(), &mut out[bytes])
            });
        }
        let mut words = vec![V::default(); count];
        chunk.decode::<V>(cursor, &sums, kept.as_ref(), &mut scratch.of_fields, observe, |block, decoded| {
            words[block].copy_from_slice(decoded);
            Ok(())
        })?;
        let inverted = self.steps.invert(dtype, &values, kept.as_ref(), &words, &shared, kernel, out);
        inverted.map_err(|error| start.place(error))
    }
}

/// The fields of a chunk.
struct ChunkOfFields<'a> {
    fields: &'a [Field],
    transform: Transform,
    /// Of a word.
    bits: u32,
    /// Words; if a mask keeps none, there is no field either.
    count: Option<usize>,
    words_an_element: usize,
    kernel: Kernel,
}

impl ChunkOfFields<'_> {
    /// Gives the words, block by block, to `sink`.
    fn decode<V: Word>(
        &mut self,
        mut cursor: Cursor<'_>,
        sums: &[Vec<u8>],
        kept: Option<&Kept>,
        rooms: &mut [LaneRoom],
        mut observe: impl FnMut(usize, &Field, &[u16], &[u8]),
        mut sink: impl FnMut(Range<usize>, &[V]) -> Result<()>,
    ) -> Result<()> {
        let Some(count) = self.count else { return cursor.finish() };
        let kernel = self.kernel;
        let mut streams = Vec::with_capacity(self.fields.len());
        for (field, room) in self.fields.iter().zip(rooms) {
            let stream = SymbolStream::open(&mut cursor, &field.coding, field.width, count, kept, room, kernel)?;
            let contexts = ContextReader::new(field.coding.source(), self.fields.iter().map(|field| field.width));
            streams.push((field, stream, contexts));
        }
        cursor.finish()?;
        let in_blocks = streams.iter().all(|(_, stream, _)| stream.is_in_blocks());
        let block_len = if in_blocks { BLOCK.min(count.max(1)) } else { count.max(1) };
        let mut words = vec![V::default(); block_len];
        let mut symbols = vec![0u16; block_len];
        for start in (0..count).step_by(block_len) {
            let block = start..count.min(start + block_len);
            let (words, symbols) = (&mut words[..block.len()], &mut symbols[..block.len()]);
            let mut bits_before = 0;
            for (index, (field, stream, contexts)) in streams.iter_mut().enumerate() {
                let contexts = contexts.read(sums, &block, self.words_an_element, words, bits_before, kernel);
                stream.next(contexts, symbols)?;
                observe(index, field, symbols, contexts);
                kernel.run(Push { words, symbols, width: field.width, is_first: index == 0 });
                bits_before += field.width;
            }
            kernel.run(Invert { transform: self.transform, bits: self.bits, words });
            sink(block, words)?;
        }
        streams.into_iter().try_for_each(|(_, stream, _)| stream.finish())
    }
}

/// Appends a field's symbols to the words.
struct Push<'a, V> {
    words: &'a mut [V],
    symbols: &'a [u16],
    width: u32,
    is_first: bool,
}

impl<V: Word> Job for Push<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pairs = self.words.iter_mut().zip(self.symbols);
        match self.is_first {
            // a first field may be as wide as the word: nothing to shift by
            true => pairs.for_each(|(word, &symbol)| *word = V::from_symbol(symbol)),
            false => pairs.for_each(|(word, &symbol)| *word = word.push(self.width, symbol)),
        }
    }
}

/// Takes a transform back.
struct Invert<'a, V> {
    transform: Transform,
    bits: u32,
    words: &'a mut [V],
}

impl<V: Word> Job for Invert<'_, V> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.transform.invert(self.words, self.bits);
    }
}
