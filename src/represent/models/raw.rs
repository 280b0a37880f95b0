//! Raw bits: symbols packed one after another.

use crate::coders::{LaneTables, pack, packed_len, unpack};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::stream::{ChunksDecoder, StreamExtent, StreamSymbols, SymbolDecoder, SymbolModel, each_chunk};
use crate::represent::stream_bytes::StreamBytes;
use crate::wire::Cursor;

/// The model of raw bits, which has no parameters.
#[derive(Debug)]
pub(crate) struct RawBits;

impl SymbolModel for RawBits {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn write(&self, _out: &mut Vec<u8>) {}

    fn encode(&self, stream: StreamSymbols<'_>, _kernel: Kernel, out: &mut Vec<u8>) {
        pack(stream.symbols, stream.width, out);
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |cursor, extent| {
            let start = cursor.clone();
            let rest = cursor.bytes(packed_len(extent.count, extent.width))?;
            Ok(Packed { rest, width: extent.width, start, kernel })
        })
    }

    fn account(&self, cursor: &mut Cursor<'_>, extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        into.raw_bits += cursor.bytes(packed_len(extent.count, extent.width))?.len() as u64;
        Ok(())
    }
}

/// Packed symbols that have not been decoded yet.
struct Packed<'a> {
    rest: &'a [u8],
    width: u32,
    start: Cursor<'a>,
    kernel: Kernel,
}

impl SymbolDecoder for Packed<'_> {
    fn next(&mut self, _contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        // a multiple of 8 symbols is a number of whole bytes
        let (own, rest) = self.rest.split_at(packed_len(symbols.len(), self.width).min(self.rest.len()));
        // the kernel may read bytes of later symbols
        let done = self.kernel.unpack(self.rest, self.width, symbols);
        let used = packed_len(done, self.width).min(own.len());
        unpack(&own[used..], self.width, &mut symbols[done..]).map_err(|error| self.start.place(error))?;
        self.rest = rest;
        Ok(())
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
