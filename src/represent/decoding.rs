//! Fields back to elements (section 8), block by block: what a block's streams give is put together while it is in the
//! processor's nearest cache.

use std::ops::Range;

use super::coding::{Coding, Field};
use super::context_source::{ContextReader, all_sums};
use super::fields::{Fields, Observer};
use super::joining::{Block, Joining};
use super::mask::{Kept, of_kept};
use super::scratch::Scratch;
use super::steps::{Shared, Steps};
use super::symbol_stream::SymbolStream;
use super::word::{Word, with_word};
use crate::error::Result;
use crate::kernel::Kernel;
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
        let chunk = ChunkOfFields {
            fields: self,
            count: if kept.is_some() && count == 0 { None } else { Some(count) },
            words_an_element: dtype.words() as usize,
            kept: kept.as_ref(),
            kernel,
        };
        if self.steps == Steps::NONE && dtype.word_bits() >= 8 {
            // words are elements: to their place at once
            return chunk.decode(cursor, &sums, scratch, observe, |block, words| {
                words.write::<V>(kernel, &mut out[block.start * V::SIZE..block.end * V::SIZE]);
            });
        }
        let mut words = vec![V::default(); count];
        chunk.decode(cursor, &sums, scratch, observe, |block, decoded| decoded.store(kernel, &mut words[block]))?;
        let inverted = self.steps.invert(dtype, &values, kept.as_ref(), &words, &shared, kernel, out);
        inverted.map_err(|error| start.place(error))
    }
}

/// The fields of a chunk.
struct ChunkOfFields<'a> {
    fields: &'a Fields,
    /// Words; if a mask keeps none, there is no field either.
    count: Option<usize>,
    words_an_element: usize,
    kept: Option<&'a Kept>,
    kernel: Kernel,
}

impl ChunkOfFields<'_> {
    /// Gives the words, block by block, to `sink`.
    fn decode(
        &self,
        mut cursor: Cursor<'_>,
        sums: &[Vec<u8>],
        scratch: &mut Scratch,
        mut observe: impl FnMut(usize, &Field, &[u16], &[u8]),
        mut sink: impl FnMut(Range<usize>, Block<'_>),
    ) -> Result<()> {
        let Some(count) = self.count else { return cursor.finish() };
        let Scratch { of_fields, symbols, .. } = scratch;
        let fields = &self.fields.fields[..];
        let mut streams = Vec::with_capacity(fields.len());
        for (field, room) in fields.iter().zip(of_fields) {
            let stream =
                SymbolStream::open(&mut cursor, &field.coding, field.width, count, self.kept, room, self.kernel)?;
            streams.push((stream, ContextReader::new(field.coding.source())));
        }
        cursor.finish()?;
        let in_blocks = streams.iter().all(|(stream, _)| stream.is_in_blocks());
        let block_len = if in_blocks { BLOCK.min(count.max(1)) } else { count.max(1) };
        // those of each field one after another
        symbols.resize(fields.len() * block_len, 0);
        let joining = Joining::new(self.fields);
        for (field, symbols) in fields.iter().zip(symbols.chunks_exact_mut(block_len)) {
            if let Coding::Constant(value) = field.coding {
                symbols.fill(value);
            }
        }
        for start in (0..count).step_by(block_len) {
            let block = start..count.min(start + block_len);
            for (index, (field, (stream, contexts))) in fields.iter().zip(&mut streams).enumerate() {
                let (before, own) = symbols.split_at_mut(index * block_len);
                let own = &mut own[..block.len()];
                let earlier = |number: usize| &before[number * block_len..][..block.len()];
                let contexts = contexts.read(sums, &block, self.words_an_element, earlier, self.kernel);
                stream.next(contexts, own)?;
                observe(index, field, own, contexts);
            }
            sink(block, Block { joining: &joining, symbols, stride: block_len });
        }
        streams.into_iter().try_for_each(|(stream, _)| stream.finish())
    }
}
