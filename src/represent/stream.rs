//! The stream of a field or a mask in a chunk: the trait of all models of symbols, and decoding block by block. This
//! file knows no particular model.

use std::fmt::Debug;

use super::stream_bytes::StreamBytes;
use super::values::MaskBits;
use crate::coders::{CodeLengthMeter, LaneTables};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::wire::Cursor;

/// The number of symbols of a block, a multiple of the 32 symbols of a round of the lane coder.
pub(crate) const BLOCK: usize = 2048;

/// The symbols of a stream in a chunk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamSymbols<'a> {
    pub(crate) symbols: &'a [u16],
    /// The context of each symbol; empty if the stream has one context.
    pub(crate) contexts: &'a [u8],
    /// Bits of a symbol.
    pub(crate) width: u32,
    /// The mask bits of the chunk, for the stream of a field behind a mask.
    pub(crate) mask_bits: Option<&'a MaskBits>,
}

/// The extent of a stream, which a decoder knows before it reads the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamExtent<'a> {
    /// The number of symbols.
    pub(crate) count: usize,
    /// Bits of a symbol.
    pub(crate) width: u32,
    /// The mask bits of the chunk, for the stream of a field behind a mask.
    pub(crate) mask_bits: Option<&'a MaskBits>,
}

/// A model of symbols with its parameters.
pub(crate) trait SymbolModel: Debug {
    /// Returns the name that is shown in tables and in JSON.
    fn name(&self) -> &'static str;

    /// Whether symbols are predicted by mixing.
    fn is_mixed(&self) -> bool {
        false
    }

    /// Appends the parameters.
    fn write(&self, out: &mut Vec<u8>);

    /// Appends the coded stream.
    fn encode(&self, stream: StreamSymbols<'_>, kernel: Kernel, out: &mut Vec<u8>);

    /// Returns the decoder of the stream in some chunks, at most [`CHUNKS_AT_ONCE`](crate::coders::CHUNKS_AT_ONCE). Each
    /// chunk has a cursor, which moves past the stream, and an extent. `tables` belong to this stream, or have been told to
    /// forget.
    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>>;

    /// Moves `cursor` past the stream and adds the sizes of its parts to `into`.
    fn account(&self, cursor: &mut Cursor<'_>, extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()>;

    /// Returns a meter of the exact code length of a chunk, for a model whose code length does not follow from the counts
    /// of symbols. `mask_bits` are those of the chunk, for the stream of a field behind a mask.
    fn meter(&self, _mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        None
    }

    /// Estimates the heap memory in bytes.
    fn memory(&self) -> usize {
        0
    }
}

/// The next symbols of a stream in one chunk.
#[derive(Debug, Default)]
pub(crate) struct StreamPiece<'p> {
    /// The context of each symbol; empty if the stream has one context.
    pub(crate) contexts: &'p [u8],
    /// Room for the symbols: a multiple of 32, except at the end of the chunk. Empty after the end.
    pub(crate) symbols: &'p mut [u16],
}

/// Decodes a stream in chunks that are decoded at the same time.
pub(crate) trait ChunksDecoder {
    /// Decodes the next symbols. There is a piece for each chunk, in their order.
    fn next(&mut self, pieces: &mut [StreamPiece<'_>]) -> Result<()>;

    /// Checks the end of the stream in each chunk. Called after the last symbols.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// Decodes a stream in one chunk.
pub(crate) trait SymbolDecoder {
    /// Decodes the next symbols, a multiple of 32 except at the end. `contexts` has the context of each symbol, or is
    /// empty if the stream has one context.
    fn next(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()>;

    /// Checks the end of the stream. Called after the last symbol.
    fn finish(self) -> Result<()>;
}

/// Decodes a stream in chunks, one chunk after another.
struct EachChunk<D>(Vec<D>);

/// Returns a decoder that decodes one chunk after another. `open` opens the stream in a chunk.
pub(crate) fn each_chunk<'a, 'c, D: SymbolDecoder + 'a>(
    cursors: &mut [Cursor<'c>],
    extents: &[StreamExtent<'a>],
    open: impl Fn(&mut Cursor<'c>, StreamExtent<'a>) -> Result<D>,
) -> Result<Box<dyn ChunksDecoder + 'a>> {
    let decoders = cursors.iter_mut().zip(extents).map(|(cursor, &extent)| open(cursor, extent));
    Ok(Box::new(EachChunk(decoders.collect::<Result<Vec<D>>>()?)))
}

impl<D: SymbolDecoder> ChunksDecoder for EachChunk<D> {
    fn next(&mut self, pieces: &mut [StreamPiece<'_>]) -> Result<()> {
        let mut chunks = self.0.iter_mut().zip(pieces).filter(|(_, piece)| !piece.symbols.is_empty());
        chunks.try_for_each(|(decoder, piece)| decoder.next(piece.contexts, piece.symbols))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.into_iter().try_for_each(D::finish)
    }
}
