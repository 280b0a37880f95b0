//! Decodes streams to elements (section 8), block by block, so that the symbols of a block are still in the first cache
//! when they are joined to words.

use super::ChunkExtent;
use super::join::{Block, Joining};
use super::scratch::Scratch;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::coding::Coding;
use crate::represent::contexts::{ChunkClasses, ContextReader};
use crate::represent::fields::Fields;
use crate::represent::map_inverse::MapInverse;
use crate::represent::mask::ChunkMask;
use crate::represent::steps::{GroupValues, Steps};
use crate::represent::stream::{BLOCK, StreamExtent};
use crate::represent::values::{KeptPlaces, MaskBits, PlacedValues, ValuePlaces, Word, with_word, write_words};
use crate::wire::Cursor;

/// The decoded symbols of a stream in a chunk, or in a block of a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamObservation<'a> {
    /// The number of the stream: the mask, if there is one, then the fields.
    pub(crate) stream: usize,
    pub(crate) symbols: &'a [u16],
    /// The context of each symbol; empty if the stream has one context.
    pub(crate) contexts: &'a [u8],
    /// The mask bits of the chunk, for a field behind a mask.
    pub(crate) kept: Option<&'a MaskBits>,
}

/// Receives the decoded symbols of each stream, block by block, in stream order.
pub(crate) type Observer<'o> = dyn FnMut(StreamObservation<'_>) + 'o;

/// Decodes a chunk to `out`, which has the length of the chunk's elements. The caller has called [`Scratch::enter`] for
/// the segment. `observe` receives the symbols of each stream.
pub(crate) fn decode(
    fields: &Fields,
    chunk: &ChunkExtent,
    mut cursor: Cursor<'_>,
    out: &mut [u8],
    scratch: &mut Scratch,
    observe: &mut Observer<'_>,
) -> Result<()> {
    let (dtype, kernel) = (chunk.dtype, scratch.kernel);
    let values = fields.steps.values(&chunk.elements);
    let mut count = (values.end - values.start) as usize * dtype.words() as usize;
    let classes = fields.class_fields.iter().map(|field| ChunkClasses::read(field, &mut cursor, &values));
    let classes = classes.collect::<Result<Vec<_>>>()?;
    let mut chunk_mask: Option<ChunkMask> = None;
    if let Some(mask) = &fields.steps.mask {
        let observe =
            |symbols: &[u16], contexts: &[u8]| observe(StreamObservation { stream: 0, symbols, contexts, kept: None });
        let of_chunk = mask.decode(&mut cursor, &classes, count, &mut scratch.of_mask, kernel, observe)?;
        count = of_chunk.kept.count_ones();
        chunk_mask = Some(of_chunk);
    }
    let kept = chunk_mask.as_ref().map(|mask| &mask.kept);
    let mut group_values = GroupValues::default();
    if kept.is_none() || count > 0 {
        group_values = fields.steps.map.decode_groups(&mut cursor, &values)?;
    }
    let first_number = usize::from(kept.is_some());
    let mut observe = |index, symbols: &[u16], contexts: &[u8]| {
        observe(StreamObservation { stream: first_number + index, symbols, contexts, kept });
    };
    let streams = ChunkStreams {
        fields,
        count: if kept.is_some() && count == 0 { None } else { Some(count) },
        words_an_element: dtype.words() as usize,
        kept,
        kernel,
    };
    let mut decode = |sink: &mut Sink<'_>| streams.decode(cursor.clone(), &classes, scratch, &mut observe, sink);
    let (symbol_bits, word_bits) = (fields.symbol_bits(), dtype.word_bits());
    if fields.steps == Steps::NONE && word_bits >= 8 {
        // words are elements, so they are written directly
        return with_word!(word_bits, V => decode(&mut |places, words| {
            let ValuePlaces::From(start) = places else { return Ok(()) };
            words.write::<V>(kernel, &mut out[start * V::SIZE..(start + words.count) * V::SIZE]);
            Ok(())
        }));
    }
    let value_bits = fields.steps.value_bits(dtype);
    let is_packed = fields.steps.unpack.is_some() || word_bits < 8;
    with_word!(value_bits, T => {
        // values that are not elements are packed at the end
        let mut all: Vec<u8> = Vec::new();
        if is_packed {
            all.resize((values.end - values.start) as usize * T::SIZE, 0);
        }
        let target = if is_packed { &mut all[..] } else { &mut *out };
        let omitted = fields.steps.mask.as_ref().zip(chunk_mask.as_ref());
        let omitted = omitted.map(|(mask, of_chunk)| mask.filler::<T>(values.start, of_chunk));
        let mut target = PlacedValues::new(target, omitted);
        let mut inverse = MapInverse::<T>::new(&fields.steps.map, &values, &group_values);
        let mut of_block: Vec<T> = Vec::new();
        with_word!(symbol_bits, V => {
            let mut words: Vec<V> = Vec::new();
            decode(&mut |places, block| {
                words.resize(block.count, V::default());
                of_block.resize(block.count, T::default());
                block.store(kernel, &mut words);
                inverse.apply(&words, places, kernel, &mut of_block)?;
                target.place(&of_block, places)
            })?;
        });
        target.finish();
        match &fields.steps.unpack {
            // values of at most 8 bits are bytes
            Some(unpack) => unpack.invert(dtype, &all, out),
            None if is_packed => write_words(&all, word_bits, out)?,
            None => {}
        }
    });
    Ok(())
}

/// Receives the number of a field, its symbols in a block and their contexts.
type ObserveField<'a> = dyn FnMut(usize, &[u16], &[u8]) + 'a;

/// Receives the words of a block and the places of their values.
type Sink<'a> = dyn FnMut(ValuePlaces<'_>, Block<'_>) -> Result<()> + 'a;

/// The streams of a chunk's fields.
struct ChunkStreams<'a> {
    fields: &'a Fields,
    /// The number of words. `None` if the mask keeps no value; then the chunk has no fields.
    count: Option<usize>,
    words_an_element: usize,
    kept: Option<&'a MaskBits>,
    kernel: Kernel,
}

impl ChunkStreams<'_> {
    /// Passes the words to `sink`, block by block.
    fn decode(
        &self,
        mut cursor: Cursor<'_>,
        classes: &[ChunkClasses<'_>],
        scratch: &mut Scratch,
        observe: &mut ObserveField<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<()> {
        let start = cursor.clone();
        let Some(count) = self.count else { return cursor.finish() };
        let Scratch { of_fields, symbols, .. } = scratch;
        let fields = &self.fields.fields[..];
        let mut streams = Vec::with_capacity(fields.len());
        for (field, room) in fields.iter().zip(of_fields) {
            let extent = StreamExtent { count, width: field.width, mask_bits: self.kept };
            let stream = field.coding.model().open(&mut cursor, extent, room, self.kernel)?;
            streams.push((stream, ContextReader::new(field.coding.source())));
        }
        cursor.finish()?;
        let block_len = BLOCK.min(count.max(1));
        // the symbols of the fields follow one another
        symbols.resize(fields.len() * block_len, 0);
        let joining = Joining::new(self.fields);
        for (field, symbols) in fields.iter().zip(symbols.chunks_exact_mut(block_len)) {
            if let Coding::Constant(value) = field.coding {
                symbols.fill(value);
            }
        }
        let mut kept_places = self.kept.map(KeptPlaces::new);
        for first in (0..count).step_by(block_len) {
            let block = first..count.min(first + block_len);
            let places = match &mut kept_places {
                Some(places) => ValuePlaces::At(places.next(block.len())),
                None => ValuePlaces::From(first),
            };
            for (index, (stream, contexts)) in streams.iter_mut().enumerate() {
                let (before, own) = symbols.split_at_mut(index * block_len);
                let own = &mut own[..block.len()];
                let earlier = |number: usize| &before[number * block_len..][..block.len()];
                let contexts = contexts.read(classes, places, block.len(), self.words_an_element, earlier, self.kernel);
                stream.next(contexts, own)?;
                observe(index, own, contexts);
            }
            let words = Block { joining: &joining, symbols, stride: block_len, count: block.len() };
            sink(places, words).map_err(|error| start.place(error))?;
        }
        streams.into_iter().try_for_each(|(stream, _)| stream.finish())
    }
}
