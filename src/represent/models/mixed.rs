//! Symbols predicted by mixing: fields, mask bits, and kept values (section 12).

use crate::coders::{
    CodeLengthMeter, FieldPredictor, Geometry, KeptModel, KeptPredictor, LaneTables, MaskPredictor, MixedModel,
    MixingDecoder, Predictor, encode_kept, encode_mask, encode_mixed, mixing_meter, skip_mixed,
};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::represent::stream::{ChunksDecoder, StreamExtent, StreamSymbols, SymbolDecoder, SymbolModel, each_chunk};
use crate::represent::stream_bytes::StreamBytes;
use crate::represent::values::MaskBits;
use crate::wire::Cursor;

impl<P: Predictor> SymbolDecoder for MixingDecoder<'_, P> {
    fn next(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        Self::next(self, contexts, symbols)
    }

    fn finish(self) -> Result<()> {
        Self::finish(self)
    }
}

impl SymbolModel for MixedModel {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn is_mixed(&self) -> bool {
        true
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::write(self, out);
    }

    fn encode(&self, stream: StreamSymbols<'_>, _kernel: Kernel, out: &mut Vec<u8>) {
        encode_mixed(stream.symbols, stream.contexts, self, out);
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        _kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |cursor, extent| {
            MixingDecoder::new(cursor, FieldPredictor::new(self, extent.count))
        })
    }

    fn meter(&self, _mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        // the number of symbols only bounds memory
        Some(mixing_meter(FieldPredictor::new(self, usize::MAX)))
    }

    fn account(&self, cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        into.mixed_words += skip_mixed(cursor)? as u64;
        Ok(())
    }

    fn memory(&self) -> usize {
        size_of_val(&self.distances[..])
    }
}

impl SymbolModel for Geometry {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn is_mixed(&self) -> bool {
        true
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::write(*self, out);
    }

    fn encode(&self, stream: StreamSymbols<'_>, _kernel: Kernel, out: &mut Vec<u8>) {
        encode_mask(stream.symbols, *self, out);
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        _kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |cursor, extent| {
            MixingDecoder::new(cursor, MaskPredictor::new(*self, extent.count))
        })
    }

    fn meter(&self, _mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        // the number of symbols only bounds memory
        Some(mixing_meter(MaskPredictor::new(*self, usize::MAX)))
    }

    fn account(&self, cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        into.mixed_words += skip_mixed(cursor)? as u64;
        Ok(())
    }
}

impl SymbolModel for KeptModel {
    fn name(&self) -> &'static str {
        "mixed"
    }

    fn is_mixed(&self) -> bool {
        true
    }

    fn write(&self, out: &mut Vec<u8>) {
        Self::write(self, out);
    }

    fn encode(&self, stream: StreamSymbols<'_>, _kernel: Kernel, out: &mut Vec<u8>) {
        // only streams behind a mask have this model
        stream.mask_bits.into_iter().for_each(|mask_bits| encode_kept(stream.symbols, mask_bits, self, out));
    }

    fn open<'a, 'c: 'a>(
        &'a self,
        cursors: &mut [Cursor<'c>],
        extents: &[StreamExtent<'a>],
        _tables: &'a mut LaneTables,
        _kernel: Kernel,
    ) -> Result<Box<dyn ChunksDecoder + 'a>> {
        each_chunk(cursors, extents, |cursor, extent| {
            let mask_bits = extent.mask_bits.ok_or_else(|| cursor.place(Error::corrupt("coding 6 without a mask")))?;
            MixingDecoder::new(cursor, KeptPredictor::new(self, mask_bits))
        })
    }

    fn meter(&self, mask_bits: Option<&MaskBits>) -> Option<Box<dyn CodeLengthMeter + '_>> {
        mask_bits.map(|mask_bits| mixing_meter(KeptPredictor::new(self, mask_bits)))
    }

    fn account(&self, cursor: &mut Cursor<'_>, _extent: StreamExtent<'_>, into: &mut StreamBytes) -> Result<()> {
        into.mixed_words += skip_mixed(cursor)? as u64;
        Ok(())
    }
}
