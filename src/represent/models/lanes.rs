//! Symbols coded by the lane coder (section 10).

use crate::coders::{
    AdaptiveCodeLength, CodeLengthMeter, LaneDecoder, LaneModel, LanePiece, LaneTables, encode_lanes, skip_lanes,
};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::stream::{ChunksDecoder, StreamExtent, StreamPiece, StreamSymbols, SymbolModel};
use crate::represent::stream_bytes::StreamBytes;
use crate::represent::values::MaskBits;
use crate::wire::Cursor;

impl SymbolModel for LaneModel {
    fn name(&self) -> &'static str {
        "lanes"
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::write(self, out);
    }

    fn encode(&self, stream: StreamSymbols<'_>, kernel: Kernel, out: &mut Vec<u8>) {
        encode_lanes(stream.symbols, stream.contexts, self, kernel, out);
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        let counts: Vec<usize> = extents.iter().map(|extent| extent.count).collect();
        Ok(Box::new(LaneStreams(LaneDecoder::open(cursors, self, &counts, tables, kernel)?)))
    }

    fn account(&self, cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        let sizes = skip_lanes(cursor, self)?;
        into.lengths += sizes.counts as u64;
        into.lane_states += sizes.states as u64;
        into.lane_words += sizes.words as u64;
        into.escapes += sizes.escapes as u64;
        Ok(())
    }

    fn meter(&self, _mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        AdaptiveCodeLength::new(self).map(|meter| Box::new(meter) as Box<dyn CodeLengthMeter>)
    }

    fn memory(&self) -> usize {
        self.tables.memory()
    }
}

/// Decodes a stream in chunks at the same time.
struct LaneStreams<'a>(Vec<LaneDecoder<'a>>);

impl ChunksDecoder for LaneStreams<'_> {
    fn next(&mut self, pieces: &mut [StreamPiece<'_>]) -> Result<()> {
        let pieces = self.0.iter_mut().zip(pieces).filter(|(_, piece)| !piece.symbols.is_empty());
        let pieces =
            pieces.map(|(decoder, piece)| LanePiece { decoder, contexts: piece.contexts, out: &mut *piece.symbols });
        let mut pieces = pieces.peekable();
        // two chunks that are equally far go together
        while let Some(first) = pieces.next() {
            match pieces.next_if(|piece| piece.is_beside(&first)) {
                Some(second) => LaneDecoder::next([first, second])?,
                None => LaneDecoder::next([first])?,
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.into_iter().try_for_each(LaneDecoder::finish)
    }
}
