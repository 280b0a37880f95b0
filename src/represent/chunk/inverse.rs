//! Decodes streams to elements (section 8), block by block, so that the symbols of a block are still in the first cache
//! when they are joined to words.

use std::ops::Range;

use super::ChunkExtent;
use super::join::{Block, Joining};
use super::scratch::Scratch;
use crate::coders::CHUNKS_AT_ONCE;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::coding::Coding;
use crate::represent::contexts::{ChunkClasses, ContextReader};
use crate::represent::fields::Fields;
use crate::represent::map_inverse::MapInverse;
use crate::represent::mask::ChunkMask;
use crate::represent::steps::{GroupValues, Steps};
use crate::represent::stream::{BLOCK, StreamExtent, StreamPiece};
use crate::represent::values::{KeptPlaces, MaskBits, PlacedValues, ValuePlaces, Word, with_word, write_words};
use crate::tensor::Dtype;
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

/// A coded chunk, and the place of its elements.
#[derive(Debug)]
pub(crate) struct CodedChunk<'a> {
    pub(crate) extent: ChunkExtent,
    pub(crate) coded: Cursor<'a>,
    /// Has the length of the chunk's elements.
    pub(crate) out: &'a mut [u8],
}

/// Decodes chunks of one segment at the same time, at most [`CHUNKS_AT_ONCE`](crate::coders::CHUNKS_AT_ONCE). The caller
/// has called [`Scratch::enter`] for the segment. `observe` receives the symbols of each stream; the chunks are not told
/// apart.
pub(crate) fn decode(
    fields: &Fields,
    chunks: Vec<CodedChunk<'_>>,
    scratch: &mut Scratch,
    observe: &mut Observer<'_>,
) -> Result<()> {
    let Some(dtype) = chunks.first().map(|chunk| chunk.extent.dtype) else { return Ok(()) };
    let kernel = scratch.kernel;
    let mut opened = Vec::with_capacity(chunks.len());
    let mut outs = Vec::with_capacity(chunks.len());
    let values: Vec<Range<u64>> = chunks.iter().map(|chunk| fields.steps.values(&chunk.extent.elements)).collect();
    let mut cursors: Vec<Cursor<'_>> = chunks.iter().map(|chunk| chunk.coded.clone()).collect();
    let mut classes: Vec<Vec<ChunkClasses<'_>>> = chunks.iter().map(|_| Vec::new()).collect();
    for field in &fields.class_fields {
        let read = ChunkClasses::read(field, &mut cursors, &values)?;
        classes.iter_mut().zip(read).for_each(|(classes, of_field)| classes.push(of_field));
    }
    for (((chunk, values), classes), cursor) in chunks.into_iter().zip(values).zip(classes).zip(cursors) {
        opened.push(OpenedChunk::new(fields, dtype, values, classes, cursor, scratch, observe)?);
        outs.push(chunk.out);
    }
    let (without_streams, with_streams): (Vec<_>, Vec<_>) =
        opened.iter().enumerate().partition(|(_, chunk)| !chunk.has_streams);
    without_streams.iter().try_for_each(|(_, chunk)| chunk.streams.clone().finish())?;
    let streams = ChunkStreams { fields, chunks: with_streams, words_an_element: dtype.words() as usize, kernel };
    let mut decode = |sink: &mut Sink<'_>| streams.decode(scratch, observe, sink);
    let (symbol_bits, word_bits) = (fields.symbol_bits(), dtype.word_bits());
    if fields.steps == Steps::NONE && word_bits >= 8 {
        // words are elements, so they are written directly
        return with_word!(word_bits, V => decode(&mut |chunk, places, words| {
            let ValuePlaces::From(start) = places else { return Ok(()) };
            words.write::<V>(kernel, &mut outs[chunk][start * V::SIZE..(start + words.count) * V::SIZE]);
            Ok(())
        }));
    }
    let value_bits = fields.steps.value_bits(dtype);
    let is_packed = fields.steps.unpack.is_some() || word_bits < 8;
    with_word!(value_bits, T => {
        // values that are not elements are packed at the end
        let room = |chunk: &OpenedChunk<'_>| vec![0; if is_packed { chunk.value_count() * T::SIZE } else { 0 }];
        let mut all: Vec<Vec<u8>> = opened.iter().map(room).collect();
        let targets = all.iter_mut().zip(&mut outs).map(|(all, out)| if is_packed { &mut all[..] } else { &mut **out });
        let mut placed: Vec<_> = opened.iter().zip(targets).map(|(chunk, target)| chunk.places::<T>(fields, target)).collect();
        let mut of_block: Vec<T> = Vec::new();
        with_word!(symbol_bits, V => {
            let mut words: Vec<V> = Vec::new();
            decode(&mut |chunk, places, block| {
                words.resize(block.count, V::default());
                of_block.resize(block.count, T::default());
                block.store(kernel, &mut words);
                let (inverse, target) = &mut placed[chunk];
                inverse.apply(&words, places, kernel, &mut of_block)?;
                target.place(&of_block, places)
            })?;
        });
        placed.into_iter().for_each(|(_, target)| target.finish());
        for (all, out) in all.iter().zip(outs) {
            match &fields.steps.unpack {
                // values of at most 8 bits are bytes
                Some(unpack) => unpack.invert(dtype, all, out),
                None if is_packed => write_words(all, word_bits, out)?,
                None => {}
            }
        }
    });
    Ok(())
}

/// A chunk up to the streams of its fields.
struct OpenedChunk<'a> {
    values: Range<u64>,
    classes: Vec<ChunkClasses<'a>>,
    mask: Option<ChunkMask>,
    group_values: GroupValues,
    /// The number of words in each field.
    count: usize,
    /// Whether there are streams. A chunk has none if its mask keeps no value.
    has_streams: bool,
    streams: Cursor<'a>,
}

impl<'a> OpenedChunk<'a> {
    /// Reads a chunk from the end of its classes to its streams.
    fn new(
        fields: &Fields,
        dtype: Dtype,
        values: Range<u64>,
        classes: Vec<ChunkClasses<'a>>,
        mut cursor: Cursor<'a>,
        scratch: &mut Scratch,
        observe: &mut Observer<'_>,
    ) -> Result<Self> {
        let mut count = (values.end - values.start) as usize * dtype.words() as usize;
        let mut chunk_mask: Option<ChunkMask> = None;
        if let Some(mask) = &fields.steps.mask {
            let observe = |symbols: &[u16], contexts: &[u8]| {
                observe(StreamObservation { stream: 0, symbols, contexts, kept: None });
            };
            let of_chunk = mask.decode(&mut cursor, &classes, count, &mut scratch.of_mask, scratch.kernel, observe)?;
            count = of_chunk.kept.count_ones();
            chunk_mask = Some(of_chunk);
        }
        let has_streams = chunk_mask.is_none() || count > 0;
        let mut group_values = GroupValues::default();
        if has_streams {
            group_values = fields.steps.map.decode_groups(&mut cursor, &values)?;
        }
        Ok(Self { values, classes, mask: chunk_mask, group_values, count, has_streams, streams: cursor })
    }

    fn value_count(&self) -> usize {
        (self.values.end - self.values.start) as usize
    }

    fn kept(&self) -> Option<&MaskBits> {
        self.mask.as_ref().map(|mask| &mask.kept)
    }

    fn extent(&self, width: u32) -> StreamExtent<'_> {
        StreamExtent { count: self.count, width, mask_bits: self.kept() }
    }

    /// Returns the inverse of the map, and the places of the values in `target`.
    fn places<'o, T: Word + 'o>(
        &'o self,
        fields: &'o Fields,
        target: &'o mut [u8],
    ) -> (MapInverse<'o, T>, PlacedValues<'o, T>) {
        let omitted = fields.steps.mask.as_ref().zip(self.mask.as_ref());
        let omitted = omitted.map(|(mask, of_chunk)| mask.filler::<T>(self.values.start, of_chunk));
        let inverse = MapInverse::new(&fields.steps.map, &self.values, &self.group_values);
        (inverse, PlacedValues::new(target, omitted))
    }
}

/// Receives the words of a block and the places of their values in the chunk with this number.
type Sink<'a> = dyn FnMut(usize, ValuePlaces<'_>, Block<'_>) -> Result<()> + 'a;

/// The streams of the fields of some chunks, all of which have streams.
struct ChunkStreams<'a> {
    fields: &'a Fields,
    /// The chunks and their numbers.
    chunks: Vec<(usize, &'a OpenedChunk<'a>)>,
    words_an_element: usize,
    kernel: Kernel,
}

/// A block of a chunk.
#[derive(Clone, Copy)]
struct BlockExtent<'b> {
    places: ValuePlaces<'b>,
    /// The number of words; 0 after the end of the chunk.
    count: usize,
}

impl ChunkStreams<'_> {
    /// Passes the words to `sink`, block by block.
    fn decode(&self, scratch: &mut Scratch, observe: &mut Observer<'_>, sink: &mut Sink<'_>) -> Result<()> {
        let Scratch { of_fields, symbols, .. } = scratch;
        let fields = &self.fields.fields[..];
        let longest = self.chunks.iter().map(|(_, chunk)| chunk.count).max().unwrap_or(0);
        let block_len = BLOCK.min(longest.max(1));
        let mut cursors: Vec<Cursor<'_>> = self.chunks.iter().map(|(_, chunk)| chunk.streams.clone()).collect();
        let mut streams = Vec::with_capacity(fields.len());
        for (field, tables) in fields.iter().zip(of_fields) {
            let extents: Vec<_> = self.chunks.iter().map(|(_, chunk)| chunk.extent(field.width)).collect();
            let stream = field.coding.model().open(&mut cursors, &extents, tables, self.kernel)?;
            let contexts: Vec<_> = self.chunks.iter().map(|_| ContextReader::new(field.coding.source())).collect();
            streams.push((stream, contexts));
        }
        cursors.iter().try_for_each(Cursor::finish)?;
        // the symbols of the fields of a chunk follow one another, and those of the chunks too
        let chunk_len = fields.len() * block_len;
        symbols.resize(self.chunks.len() * chunk_len, 0);
        let joining = Joining::new(self.fields);
        for (symbols, number) in symbols.chunks_exact_mut(block_len).zip((0..fields.len()).cycle()) {
            if let Coding::Constant(value) = fields[number].coding {
                symbols.fill(value);
            }
        }
        let mut kept: Vec<_> = self.chunks.iter().map(|(_, chunk)| chunk.kept().map(KeptPlaces::new)).collect();
        for first in (0..longest).step_by(block_len) {
            let blocks = self.blocks(first, block_len, &mut kept);
            for (index, (stream, contexts)) in streams.iter_mut().enumerate() {
                let mut pieces: [StreamPiece<'_>; CHUNKS_AT_ONCE] = Default::default();
                let rooms = symbols.chunks_exact_mut(chunk_len).zip(contexts).zip(&self.chunks).zip(&blocks);
                for (piece, (((room, contexts), (_, chunk)), block)) in pieces.iter_mut().zip(rooms) {
                    let (before, own) = room.split_at_mut(index * block_len);
                    let &BlockExtent { places, count } = block;
                    let earlier = |number: usize| &before[number * block_len..][..count];
                    let words = self.words_an_element;
                    let contexts = contexts.read(&chunk.classes, places, count, words, earlier, self.kernel);
                    *piece = StreamPiece { contexts, symbols: &mut own[..count] };
                }
                let pieces = &mut pieces[..self.chunks.len()];
                stream.next(pieces)?;
                for (piece, (_, chunk)) in
                    pieces.iter().zip(&self.chunks).filter(|(piece, _)| !piece.symbols.is_empty())
                {
                    let kept = chunk.kept();
                    let stream = usize::from(kept.is_some()) + index;
                    observe(StreamObservation { stream, symbols: piece.symbols, contexts: piece.contexts, kept });
                }
            }
            let of_chunks = self.chunks.iter().zip(symbols.chunks_exact(chunk_len)).zip(&blocks);
            for (((number, chunk), symbols), block) in of_chunks.filter(|(_, block)| block.count > 0) {
                let words = Block { joining: &joining, symbols, stride: block_len, count: block.count };
                sink(*number, block.places, words).map_err(|error| chunk.streams.place(error))?;
            }
        }
        streams.into_iter().try_for_each(|(stream, _)| stream.finish())
    }

    /// Returns the block of each chunk that begins at the word `first`.
    fn blocks<'b>(
        &self,
        first: usize,
        block_len: usize,
        kept: &'b mut [Option<KeptPlaces<'_>>],
    ) -> Vec<BlockExtent<'b>> {
        let block = |((_, chunk), kept): (&(usize, &OpenedChunk<'_>), &'b mut Option<KeptPlaces<'_>>)| {
            let count = chunk.count.saturating_sub(first).min(block_len);
            let places = match kept {
                Some(kept) => ValuePlaces::At(kept.next(count)),
                None => ValuePlaces::From(first),
            };
            BlockExtent { places, count }
        };
        self.chunks.iter().zip(kept).map(block).collect()
    }
}
