//! The range coder for binary decisions (sections 11.1 and 11.2), in two widths.
//!
//! The encoder is that of the crate `constriction`. The decoder is our own: with two symbols it can compare where
//! constriction's decoder, which takes any number of symbols, has to divide.

use std::hint::select_unpredictable;
use std::num::NonZeroU16;

use constriction::stream::Encode;
use constriction::stream::model::{EncoderModel, EntropyModel};
use constriction::stream::queue::RangeEncoder;

use crate::error::{Error, Result};
use crate::wire::{Cursor, put_varint};

/// One of the coder's two widths.
pub(crate) trait CoderWidth {
    const WORD_BYTES: usize;
    /// Probabilities are in units of 2^-PRECISION.
    const PRECISION: u32;
    type Encoder: Default;
    type Decoder<'a>;

    fn encode(encoder: &mut Self::Encoder, model: Decision, bit: bool);
    /// Returns the words as bytes.
    fn finish(encoder: Self::Encoder) -> Vec<u8>;
    fn decoder(bytes: &[u8]) -> Self::Decoder<'_>;
    /// Returns `None` if the words cannot come from an encoder: the quantile is 2^PRECISION or more.
    fn decode(decoder: &mut Self::Decoder<'_>, model: Decision) -> Option<bool>;
    fn reader(decoder: Self::Decoder<'_>) -> WordReader<'_>;
}

/// 16-bit words, 32-bit states, 12-bit probabilities.
#[derive(Debug)]
pub(crate) struct Narrow;

/// 32-bit words, 64-bit states, 16-bit probabilities.
#[derive(Debug)]
pub(crate) struct Wide;

// A macro, because an associated constant cannot be the const argument that constriction asks for.
macro_rules! coder_width {
    ($width:ident, $word:ty, $state:ty, $precision:literal) => {
        impl CoderWidth for $width {
            const WORD_BYTES: usize = size_of::<$word>();
            const PRECISION: u32 = $precision;
            type Encoder = RangeEncoder<$word, $state>;
            type Decoder<'a> = DecoderState<'a, $state>;

            #[inline(always)]
            fn encode(encoder: &mut Self::Encoder, model: Decision, bit: bool) {
                let coded = Encode::<$precision>::encode_symbol(encoder, bit, model);
                debug_assert!(coded.is_ok(), "both bits have a probability, and a Vec accepts every word");
            }

            fn finish(encoder: Self::Encoder) -> Vec<u8> {
                let Ok(words) = encoder.into_compressed();
                words.into_iter().flat_map(<$word>::to_le_bytes).collect()
            }

            fn decoder(bytes: &[u8]) -> Self::Decoder<'_> {
                let mut reader = WordReader { bytes, missing: 0 };
                let mut word = || <$state>::from(ReadWord::<$word>::word(&mut reader));
                let above = word() << <$word>::BITS | word();
                DecoderState { above, range: <$state>::MAX, reader }
            }

            #[inline(always)]
            fn decode(decoder: &mut Self::Decoder<'_>, model: Decision) -> Option<bool> {
                let scale = decoder.range >> $precision;
                if decoder.above >= scale << $precision {
                    return None;
                }
                let zero = scale * <$state>::from(model.0.get());
                let bit = decoder.above >= zero;
                // No branch: on random bits, the processor would mispredict every other one.
                let one = (scale << $precision) - zero;
                let range = select_unpredictable(bit, one, zero);
                (decoder.range, decoder.above) = (range, decoder.above - select_unpredictable(bit, zero, 0));
                if range >> <$word>::BITS == 0 {
                    decoder.range = range << <$word>::BITS;
                    let word = <$state>::from(ReadWord::<$word>::word(&mut decoder.reader));
                    decoder.above = decoder.above << <$word>::BITS | word;
                }
                Some(bit)
            }

            fn reader(decoder: Self::Decoder<'_>) -> WordReader<'_> {
                decoder.reader
            }
        }

        impl ReadWord<$word> for WordReader<'_> {
            #[inline(always)]
            fn word(&mut self) -> $word {
                if let Some((word, rest)) = self.bytes.split_first_chunk() {
                    self.bytes = rest;
                    return <$word>::from_le_bytes(*word);
                }
                self.missing = self.missing.saturating_add(1);
                0
            }
        }

        // For tests that compare our decoder with constriction's.
        #[cfg(test)]
        impl constriction::backends::ReadWords<$word, constriction::Queue> for WordReader<'_> {
            type ReadError = std::convert::Infallible;

            /// Past the end returns 0, never `None`: on `None` constriction reads only one of its first two words, and our
            /// count of missing words would be off.
            fn read(&mut self) -> Result<Option<$word>, std::convert::Infallible> {
                Ok(Some(self.word()))
            }
        }

        impl EntropyModel<$precision> for Decision {
            type Symbol = bool;
            type Probability = u16;
        }

        impl EncoderModel<$precision> for Decision {
            #[inline(always)]
            fn left_cumulative_and_probability(
                &self,
                bit: impl std::borrow::Borrow<bool>,
            ) -> Option<(u16, NonZeroU16)> {
                Some(self.part(*bit.borrow(), $precision))
            }
        }

        #[cfg(test)]
        impl constriction::stream::model::DecoderModel<$precision> for Decision {
            fn quantile_function(&self, quantile: u16) -> (bool, u16, NonZeroU16) {
                let bit = quantile >= self.0.get();
                let (start, probability) = self.part(bit, $precision);
                (bit, start, probability)
            }
        }
    };
}

coder_width!(Narrow, u16, u32, 12);
coder_width!(Wide, u32, u64, 16);

/// The state of a decoder (section 11.1).
pub(crate) struct DecoderState<'a, T> {
    /// `point − lower`, modulo 2^(2B). Neither of the two is needed alone.
    above: T,
    range: T,
    reader: WordReader<'a>,
}

/// A binary model: q, the probability of a 0, at least 1 and below 2^P.
///
/// Neither bit has probability 0. So a range of at least 2^B before a bit is at least 2^(B-P) after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision(NonZeroU16);

impl Decision {
    /// Returns the start and the probability of `bit`.
    #[inline(always)]
    fn part(self, bit: bool, precision: u32) -> (u16, NonZeroU16) {
        if bit {
            // 2^16 wraps to 0 in 16 bits; the wrapping difference is still correct.
            let rest = ((1u32 << precision) as u16).wrapping_sub(self.0.get());
            (self.0.get(), NonZeroU16::new(rest).unwrap_or(NonZeroU16::MIN))
        } else {
            (0, self.0)
        }
    }
}

trait ReadWord<T> {
    /// Returns the next word, or 0 past the end (section 11.1).
    fn word(&mut self) -> T;
}

/// Reads words from bytes, and counts the words read past the end.
#[derive(Debug)]
pub(crate) struct WordReader<'a> {
    bytes: &'a [u8],
    missing: usize,
}

/// Encodes binary decisions.
pub(crate) struct BitEncoder<W: CoderWidth> {
    encoder: W::Encoder,
}

impl<W: CoderWidth> BitEncoder<W> {
    pub(crate) fn new() -> Self {
        Self { encoder: W::Encoder::default() }
    }

    /// Encodes `bit`. `probability` is the probability of a 0 in units of 2^-16, from 16 to 65520.
    #[inline(always)]
    pub(crate) fn encode(&mut self, bit: bool, probability: u16) {
        W::encode(&mut self.encoder, decision::<W>(probability), bit);
    }

    /// Appends the number of words, as a varint, and the words.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        let bytes = W::finish(self.encoder);
        put_varint(out, (bytes.len() / W::WORD_BYTES) as u64);
        out.extend_from_slice(&bytes);
    }
}

/// Decodes binary decisions.
pub(crate) struct BitDecoder<'a, W: CoderWidth> {
    decoder: W::Decoder<'a>,
}

impl<'a, W: CoderWidth> BitDecoder<'a, W> {
    /// Reads the number of words and the words from `cursor`.
    pub(crate) fn new(cursor: &mut Cursor<'a>) -> Result<Self> {
        Ok(Self { decoder: W::decoder(read_words::<W>(cursor)?) })
    }

    /// Decodes a bit; `probability` is as in [`BitEncoder::encode`].
    #[inline(always)]
    pub(crate) fn decode(&mut self, probability: u16) -> Result<bool> {
        W::decode(&mut self.decoder, decision::<W>(probability)).ok_or_else(impossible)
    }

    /// Checks the end of the stream (section 11.2), after at least one bit.
    pub(crate) fn finish(self) -> Result<()> {
        let reader = W::reader(self.decoder);
        match (reader.bytes.len() / W::WORD_BYTES, reader.missing) {
            (0, 0..=1) => Ok(()),
            (0, missing) => Err(Error::corrupt(format!("{} words of the bits coder are missing", missing - 1))),
            (left, _) => Err(Error::corrupt(format!("{left} words of the bits coder are left over"))),
        }
    }

    /// Checks the end of the stream of a chunk with `symbols` symbols.
    ///
    /// Without symbols there must be no words: an encoder that coded nothing writes none, so two are missing.
    pub(crate) fn finish_chunk(self, symbols: usize) -> Result<()> {
        if symbols > 0 {
            return self.finish();
        }
        match W::reader(self.decoder).missing {
            2 => Ok(()),
            _ => Err(Error::corrupt("the bits coder has words although nothing is coded")),
        }
    }
}

/// Reads the number of words and returns the words as bytes.
fn read_words<'a, W: CoderWidth>(cursor: &mut Cursor<'a>) -> Result<&'a [u8]> {
    let count = cursor.count(W::WORD_BYTES, "words")?;
    cursor.bytes(count * W::WORD_BYTES)
}

/// Skips a stream; returns its size in bytes.
pub(crate) fn skip_stream<W: CoderWidth>(cursor: &mut Cursor<'_>) -> Result<usize> {
    let start = cursor.position();
    read_words::<W>(cursor)?;
    Ok(cursor.position() - start)
}

/// Converts a probability in units of 2^-16 to q of section 11.3.
#[inline(always)]
fn decision<W: CoderWidth>(probability: u16) -> Decision {
    Decision(NonZeroU16::new(probability >> (16 - W::PRECISION)).unwrap_or(NonZeroU16::MIN))
}

#[cold]
fn impossible() -> Error {
    Error::corrupt("no encoder writes these words of the bits coder")
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
