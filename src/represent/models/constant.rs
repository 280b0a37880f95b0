//! Constant streams: all symbols are the same, and the chunks store nothing.

use crate::coders::LaneTables;
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::stream::{ChunksDecoder, StreamExtent, StreamSymbols, SymbolDecoder, SymbolModel, each_chunk};
use crate::represent::stream_bytes::StreamBytes;
use crate::wire::{Cursor, put_varint};

/// The model is the symbol itself.
impl SymbolModel for u16 {
    fn name(&self) -> &'static str {
        "constant"
    }

    fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, u64::from(*self));
    }

    fn encode(&self, _stream: StreamSymbols<'_>, _kernel: Kernel, _out: &mut Vec<u8>) {}

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        _kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |_, _| Ok(Constant(*self)))
    }

    fn account(&self, _cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, _into: &mut StreamBytes) -> Result<()> {
        Ok(())
    }
}

struct Constant(u16);

impl SymbolDecoder for Constant {
    fn next(&mut self, _contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        symbols.fill(self.0);
        Ok(())
    }

    fn finish(self) -> Result<()> {
        Ok(())
    }
}
