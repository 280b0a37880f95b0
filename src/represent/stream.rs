//! The stream of a field in a chunk, decoded block by block where its coding can be.

use super::coding::Coding;
use super::values::MaskBits;
use crate::coders::{
    LaneDecoder, LaneTables, decode_bits, decode_kept, decode_mask, decode_mixed, packed_len, skip_bits, skip_mixed,
    unpack,
};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::wire::Cursor;

/// Symbols of a block; a multiple of what lanes decode at a time.
pub(crate) const BLOCK: usize = 2048;

/// A stream whose extent is known.
#[derive(Debug)]
pub(crate) enum SymbolStream<'a> {
    Raw {
        packed: Packed<'a>,
        kernel: Kernel,
    },
    Constant(u16),
    Lanes(Box<LaneDecoder<'a>>),
    /// Decoded as one block.
    Whole {
        coding: &'a Coding,
        stream: Cursor<'a>,
        kept: Option<&'a MaskBits>,
    },
}

/// Packed values not taken yet.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    rest: &'a [u8],
    width: u32,
    start: Cursor<'a>,
}

impl<'a> SymbolStream<'a> {
    /// Passes over the stream of `count` symbols; of those behind a mask `kept` is its mask bits.
    pub(crate) fn open<'c: 'a>(
        cursor: &mut Cursor<'c>,
        coding: &'a Coding,
        width: u32,
        count: usize,
        kept: Option<&'a MaskBits>,
        room: &'a mut LaneTables,
        kernel: Kernel,
    ) -> Result<Self> {
        let start = cursor.clone();
        match coding {
            Coding::Raw => {
                let rest = cursor.bytes(packed_len(count, width))?;
                return Ok(Self::Raw { packed: Packed { rest, width, start }, kernel });
            }
            Coding::Constant(value) => return Ok(Self::Constant(*value)),
            Coding::Lanes(_, model) => {
                return LaneDecoder::new(cursor, model, count, room, kernel).map(|lanes| Self::Lanes(Box::new(lanes)));
            }
            Coding::Bits(_, model) => skip_bits(cursor, model)?,
            Coding::Mixed(..) | Coding::MixedMask(_) | Coding::MixedKept(_) => skip_mixed(cursor)?,
        };
        Ok(Self::Whole { coding, stream: start, kept })
    }

    /// Whether [`next`](Self::next) may be called more than once.
    pub(crate) fn is_in_blocks(&self) -> bool {
        !matches!(self, Self::Whole { .. })
    }

    /// The next symbols, a multiple of 32 but for the last ones. `contexts` has that of each, or, if there is only one, may be
    /// empty.
    pub(crate) fn next(&mut self, contexts: &[u8], symbols: &mut [u16]) -> Result<()> {
        match self {
            Self::Raw { packed, kernel } => packed.next(*kernel, symbols),
            Self::Constant(value) => {
                symbols.fill(*value);
                Ok(())
            }
            Self::Lanes(lanes) => lanes.next(contexts, symbols),
            Self::Whole { coding, stream, kept } => match coding {
                Coding::Bits(_, model) => decode_bits(stream, model, contexts, symbols),
                Coding::Mixed(_, model) => decode_mixed(stream, model, contexts, symbols),
                Coding::MixedMask(geometry) => decode_mask(stream, *geometry, symbols),
                Coding::MixedKept(model) => match kept {
                    Some(kept) => decode_kept(stream, model, kept, symbols),
                    None => Err(stream.place(Error::corrupt("coding 6 without a mask"))),
                },
                Coding::Raw | Coding::Constant(_) | Coding::Lanes(..) => Ok(()),
            },
        }
    }

    /// After the last symbol.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Lanes(lanes) => lanes.finish(),
            Self::Raw { .. } | Self::Constant(_) | Self::Whole { .. } => Ok(()),
        }
    }
}

impl Packed<'_> {
    fn next(&mut self, kernel: Kernel, values: &mut [u16]) -> Result<()> {
        // a multiple of 8 values are whole bytes
        let (own, rest) = self.rest.split_at(packed_len(values.len(), self.width).min(self.rest.len()));
        // the kernel may look ahead
        let done = kernel.unpack(self.rest, self.width, values);
        let used = packed_len(done, self.width).min(own.len());
        unpack(&own[used..], self.width, &mut values[done..]).map_err(|error| self.start.place(error))?;
        self.rest = rest;
        Ok(())
    }
}
