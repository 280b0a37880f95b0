//! Streams coded by mixing: one routine of a predictor encodes, decodes and measures.

use super::super::range::{BitDecoder, BitEncoder, Wide, skip_stream};
use super::super::sink::{CodeLength, CodeLengthMeter, Cost, Sink, infallible};
use crate::error::Result;
use crate::wire::Cursor;

/// Predicts the symbols of a chunk, block by block. Used for one chunk only, as all state starts anew in every chunk.
pub(crate) trait Predictor {
    /// Codes the next symbols of a chunk in place: a decoder replaces them by the symbols that it reads.
    ///
    /// `contexts` has one context for each symbol, or is empty if all are 0.
    fn code<S: Sink>(&mut self, sink: &mut S, contexts: &[u8], symbols: &mut [u16]) -> Result<(), S::Error>;
}

/// Appends the stream of a chunk.
pub(super) fn encode(mut predictor: impl Predictor, contexts: &[u8], symbols: &[u16], out: &mut Vec<u8>) {
    let mut encoder = BitEncoder::<Wide>::new();
    infallible(predictor.code(&mut encoder, contexts, &mut symbols.to_vec()));
    encoder.finish(out);
}

/// Decodes the stream of a chunk into `out`.
#[cfg(any(test, feature = "internals"))]
pub(super) fn decode(
    predictor: impl Predictor,
    cursor: &mut Cursor<'_>,
    contexts: &[u8],
    out: &mut [u16],
) -> Result<()> {
    let mut decoder = MixingDecoder::new(cursor, predictor)?;
    decoder.next(contexts, out)?;
    decoder.finish()
}

/// Decodes the stream of a chunk block by block.
pub(crate) struct MixingDecoder<'a, P> {
    bits: BitDecoder<'a, Wide>,
    predictor: P,
    start: Cursor<'a>,
    /// The number of symbols decoded so far.
    count: usize,
}

impl<'a, P: Predictor> MixingDecoder<'a, P> {
    /// Moves `cursor` past the stream. `predictor` is new.
    pub(crate) fn new(cursor: &mut Cursor<'a>, predictor: P) -> Result<Self> {
        let start = cursor.clone();
        let bits = BitDecoder::new(cursor).map_err(|error| start.place(error))?;
        Ok(Self { bits, predictor, start, count: 0 })
    }

    /// Decodes the next symbols; `contexts` is as in [`Predictor::code`].
    pub(crate) fn next(&mut self, contexts: &[u8], out: &mut [u16]) -> Result<()> {
        out.fill(0);
        self.count += out.len();
        self.predictor.code(&mut self.bits, contexts, out).map_err(|error| self.start.place(error))
    }

    /// Checks the end of the stream, after the last symbol.
    pub(crate) fn finish(self) -> Result<()> {
        self.bits.finish_chunk(self.count).map_err(|error| self.start.place(error))
    }
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(super) fn cost(mut predictor: impl Predictor, contexts: &[u8], symbols: &[u16]) -> u64 {
    let mut cost = Cost::ONE;
    infallible(predictor.code(&mut cost, contexts, &mut symbols.to_vec()));
    cost.total()
}

/// The exact code length of a stream in bits.
struct MixingMeter<P> {
    predictor: P,
    length: CodeLength<Wide>,
}

impl<P: Predictor> CodeLengthMeter for MixingMeter<P> {
    fn add(&mut self, symbols: &[u16], contexts: &[u8]) {
        infallible(self.predictor.code(&mut self.length, contexts, &mut symbols.to_vec()));
    }

    fn finish(self: Box<Self>) -> f64 {
        self.length.bits()
    }
}

/// Returns a meter of the exact code length of a chunk. `predictor` is new.
pub(crate) fn mixing_meter<'a>(predictor: impl Predictor + 'a) -> Box<dyn CodeLengthMeter + 'a> {
    Box::new(MixingMeter { predictor, length: CodeLength::ONE })
}

/// Skips a stream; returns its size in bytes.
pub(crate) fn skip_mixed(cursor: &mut Cursor<'_>) -> Result<usize> {
    skip_stream::<Wide>(cursor)
}
