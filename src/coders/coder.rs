//! The range coder for binary decisions (sections 11.1 and 11.2), in two sizes, over bytes: constriction's encoder, and a decoder
//! that agrees with constriction's, but compares where that, for any number of symbols, divides.

use std::hint::select_unpredictable;
use std::num::NonZeroU16;

use constriction::stream::Encode;
use constriction::stream::model::{EncoderModel, EntropyModel};
use constriction::stream::queue::RangeEncoder;

use crate::error::{Error, Result};
use crate::wire::{Cursor, put_varint};

/// One of the coder's two sizes.
pub(crate) trait Size {
    const WORD_BYTES: usize;
    /// P: probabilities are in units of 2^-P.
    const PRECISION: u32;
    type Encoder: Default;
    type Decoder<'a>;

    fn encode(encoder: &mut Self::Encoder, model: Decision, bit: bool);
    /// The words that were written, as bytes.
    fn finish(encoder: Self::Encoder) -> Vec<u8>;
    fn decoder(bytes: &[u8]) -> Self::Decoder<'_>;
    /// None: the quantile is beyond the whole.
    fn decode(decoder: &mut Self::Decoder<'_>, model: Decision) -> Option<bool>;
    fn reader(decoder: Self::Decoder<'_>) -> WordReader<'_>;
}

/// Words of 16 bits, states of 32, probabilities of 12.
#[derive(Debug)]
pub(crate) struct Narrow;

/// Words of 32 bits, states of 64, probabilities of 16.
#[derive(Debug)]
pub(crate) struct Wide;

// A macro, as a precision that is an associated constant cannot be a const argument.
macro_rules! size {
    ($size:ident, $word:ty, $state:ty, $precision:literal) => {
        impl Size for $size {
            const WORD_BYTES: usize = size_of::<$word>();
            const PRECISION: u32 = $precision;
            type Encoder = RangeEncoder<$word, $state>;
            type Decoder<'a> = Reading<'a, $state>;

            #[inline(always)]
            fn encode(encoder: &mut Self::Encoder, model: Decision, bit: bool) {
                let coded = Encode::<$precision>::encode_symbol(encoder, bit, model);
                debug_assert!(coded.is_ok(), "both bits have a probability, and a Vec takes any word");
            }

            fn finish(encoder: Self::Encoder) -> Vec<u8> {
                let Ok(words) = encoder.into_compressed();
                words.into_iter().flat_map(<$word>::to_le_bytes).collect()
            }

            fn decoder(bytes: &[u8]) -> Self::Decoder<'_> {
                let mut reader = WordReader { bytes, missing: 0 };
                let mut word = || <$state>::from(ReadWord::<$word>::word(&mut reader));
                let above = word() << <$word>::BITS | word();
                Reading { above, range: <$state>::MAX, reader }
            }

            #[inline(always)]
            fn decode(decoder: &mut Self::Decoder<'_>, model: Decision) -> Option<bool> {
                let scale = decoder.range >> $precision;
                if decoder.above >= scale << $precision {
                    return None;
                }
                let zero = scale * <$state>::from(model.0.get());
                let bit = decoder.above >= zero;
                // without a branch, which for random bits would be taken wrongly half the time
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

        // what the decoder is compared with
        #[cfg(test)]
        impl constriction::backends::ReadWords<$word, constriction::Queue> for WordReader<'_> {
            type ReadError = std::convert::Infallible;

            /// Always a word: saying "none" instead would have the coder ask for one of its first two words only, and the count
            /// be wrong.
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

size!(Narrow, u16, u32, 12);
size!(Wide, u32, u64, 16);

/// Section 11.1: where a decoder is.
pub(crate) struct Reading<'a, T> {
    /// point − lower, modulo 2^(2B): nothing else is ever asked of the two.
    above: T,
    range: T,
    reader: WordReader<'a>,
}

/// A binary model: q, the probability of a 0, at least 1 and below 2^P.
///
/// Both probabilities are never 0: a range, at least 2^B before a bit, is at least 2^(B-P) after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decision(NonZeroU16);

impl Decision {
    /// Start and probability of `bit`.
    #[inline(always)]
    fn part(self, bit: bool, precision: u32) -> (u16, NonZeroU16) {
        if bit {
            // 2^16 is 0 in 16 bits, and the difference is right all the same.
            let rest = ((1u32 << precision) as u16).wrapping_sub(self.0.get());
            (self.0.get(), NonZeroU16::new(rest).unwrap_or(NonZeroU16::MIN))
        } else {
            (0, self.0)
        }
    }
}

/// The next word; 0 where they end (11.1).
trait ReadWord<T> {
    fn word(&mut self) -> T;
}

/// Words over bytes, which counts those that were asked for in vain.
#[derive(Debug)]
pub(crate) struct WordReader<'a> {
    bytes: &'a [u8],
    missing: usize,
}

/// Writes binary decisions.
pub(crate) struct BitsEncoder<S: Size> {
    encoder: S::Encoder,
}

impl<S: Size> BitsEncoder<S> {
    pub(crate) fn new() -> Self {
        Self { encoder: S::Encoder::default() }
    }

    /// `probability` of a 0, in units of 2^-16, 16 to 65520.
    #[inline(always)]
    pub(crate) fn encode(&mut self, bit: bool, probability: u16) {
        S::encode(&mut self.encoder, decision::<S>(probability), bit);
    }

    /// A bit of probability one half (11.3).
    pub(crate) fn encode_half(&mut self, bit: bool) {
        self.encode(bit, HALF);
    }

    /// Appends the number of words, as a varint, and the words.
    pub(crate) fn finish(self, out: &mut Vec<u8>) {
        let bytes = S::finish(self.encoder);
        put_varint(out, (bytes.len() / S::WORD_BYTES) as u64);
        out.extend_from_slice(&bytes);
    }
}

/// Reads binary decisions.
pub(crate) struct BitsDecoder<'a, S: Size> {
    decoder: S::Decoder<'a>,
}

impl<'a, S: Size> BitsDecoder<'a, S> {
    /// Takes the number of words and the words from `cursor`.
    pub(crate) fn new(cursor: &mut Cursor<'a>) -> Result<Self> {
        let count = cursor.count(S::WORD_BYTES, "words")?;
        Ok(Self { decoder: S::decoder(cursor.bytes(count * S::WORD_BYTES)?) })
    }

    /// `probability` of a 0 as in [`BitsEncoder::encode`].
    #[inline(always)]
    pub(crate) fn decode(&mut self, probability: u16) -> Result<bool> {
        S::decode(&mut self.decoder, decision::<S>(probability)).ok_or_else(impossible)
    }

    /// A bit of probability one half (11.3).
    pub(crate) fn decode_half(&mut self) -> Result<bool> {
        self.decode(HALF)
    }

    /// The end-of-stream rule of section 11.2.
    pub(crate) fn finish(self) -> Result<()> {
        let reader = S::reader(self.decoder);
        match (reader.bytes.len() / S::WORD_BYTES, reader.missing) {
            (0, 0..=1) => Ok(()),
            (0, missing) => Err(Error::corrupt(format!("{} words of the bits coder are missing", missing - 1))),
            (left, _) => Err(Error::corrupt(format!("{left} words of the bits coder are left over"))),
        }
    }

    /// The same for a stream of no bits at all, which has no words.
    pub(crate) fn finish_empty(self) -> Result<()> {
        match S::reader(self.decoder).missing {
            2 => Ok(()),
            _ => Err(Error::corrupt("words of the bits coder where nothing is coded")),
        }
    }
}

const HALF: u16 = 1 << 15;

/// Section 11.3: q from a probability in units of 2^-16.
#[inline(always)]
fn decision<S: Size>(probability: u16) -> Decision {
    Decision(NonZeroU16::new(probability >> (16 - S::PRECISION)).unwrap_or(NonZeroU16::MIN))
}

#[cold]
fn impossible() -> Error {
    Error::corrupt("words that the bits coder cannot have written")
}

#[cfg(test)]
#[path = "coder_tests.rs"]
mod tests;
