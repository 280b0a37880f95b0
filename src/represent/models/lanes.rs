//! Symbols coded by the lane coder (section 10).

use crate::coders::{
    AdaptiveCodeLength, CodeLengthMeter, LaneDecoder, LaneModel, LaneTables, encode_lanes, skip_lanes,
};
use crate::error::Result;
use crate::kernel::Kernel;
use crate::represent::stream::{StreamExtent, StreamSymbols, SymbolDecoder, SymbolModel};
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
        cursor: &mut Cursor<'c>,
        extent: StreamExtent<'a>,
        tables: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Box<dyn SymbolDecoder + 'a>> {
        Ok(Box::new(LaneDecoder::new(cursor, self, extent.count, tables, kernel)?))
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

impl SymbolDecoder for LaneDecoder<'_> {
    fn next(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        Self::next(self, contexts, symbols)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Self::finish(*self)
    }
}
