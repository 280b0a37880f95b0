//! Streams coded by mixing: one routine of a predictor encodes, decodes and measures.

use super::super::range::{BitDecoder, BitEncoder, Wide, skip_stream};
use super::super::sink::{CodeLength, Cost, Sink, infallible};
use crate::error::Result;
use crate::wire::Cursor;

/// Predicts the symbols of a chunk. Used for one chunk only, as all state starts anew in every chunk.
pub(super) trait Predictor {
    /// Codes all symbols of a chunk in place: a decoder replaces them by the symbols that it reads.
    fn code<S: Sink>(self, sink: &mut S, symbols: &mut [u16]) -> Result<(), S::Error>;
}

/// Appends the stream of a chunk.
pub(super) fn encode(predictor: impl Predictor, symbols: &[u16], out: &mut Vec<u8>) {
    let mut encoder = BitEncoder::<Wide>::new();
    infallible(predictor.code(&mut encoder, &mut symbols.to_vec()));
    encoder.finish(out);
}

/// Decodes the stream of a chunk into `out`.
pub(super) fn decode(predictor: impl Predictor, cursor: &mut Cursor<'_>, out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let decode = || {
        let mut decoder = BitDecoder::<Wide>::new(cursor)?;
        out.fill(0);
        predictor.code(&mut decoder, out)?;
        decoder.finish_chunk(out.len())
    };
    decode().map_err(|error| start.place(error))
}

/// Returns the cost of a chunk in units of 2^-16 bit.
pub(super) fn cost(predictor: impl Predictor, symbols: &[u16]) -> u64 {
    let mut cost = Cost::ONE;
    infallible(predictor.code(&mut cost, &mut symbols.to_vec()));
    cost.total()
}

/// Returns the exact code length of a chunk in bits.
pub(super) fn code_length(predictor: impl Predictor, symbols: &[u16]) -> f64 {
    let mut length = CodeLength::<Wide>::ONE;
    infallible(predictor.code(&mut length, &mut symbols.to_vec()));
    length.bits()
}

/// Skips a stream; returns its size in bytes.
pub(crate) fn skip_mixed(cursor: &mut Cursor<'_>) -> Result<usize> {
    skip_stream::<Wide>(cursor)
}
