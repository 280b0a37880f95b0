//! Symbols coded by the bits coder (section 11).

use crate::coders::{BitsDecoder, BitsModel, CodeLengthMeter, LaneTables, bits_meter, encode_bits, skip_bits};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::stream::{ChunksDecoder, StreamExtent, StreamSymbols, SymbolDecoder, SymbolModel, each_chunk};
use crate::represent::stream_bytes::StreamBytes;
use crate::represent::values::MaskBits;
use crate::wire::Cursor;

impl SymbolModel for BitsModel {
    fn name(&self) -> &'static str {
        "bits"
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::write(self, out);
    }

    fn encode(&self, stream: StreamSymbols<'_>, _kernel: Kernel, out: &mut Vec<u8>) {
        encode_bits(stream.symbols, stream.contexts, self, out);
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        _kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |cursor, _| BitsDecoder::new(cursor, self))
    }

    fn account(&self, cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        let before = cursor.position();
        let words = skip_bits(cursor, self)? as u64;
        into.bits_words += words;
        into.lengths += (cursor.position() - before) as u64 - words;
        Ok(())
    }

    fn meter(&self, _mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        Some(bits_meter(self))
    }
}

impl SymbolDecoder for BitsDecoder<'_, '_> {
    fn next(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        Self::next(self, contexts, symbols)
    }

    fn finish(self) -> Result<()> {
        Self::finish(self)
    }
}
