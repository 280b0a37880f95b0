//! Compares the coder with a literal implementation of sections 11.1 and 11.2, and the decoder with constriction's.

use super::*;
use proptest::prelude::*;

/// Sections 11.1 and 11.2 literally; all arithmetic is modulo 2^(2B), in u128.
struct Naive {
    word_bits: u32,
    precision: u32,
}

const NARROW: Naive = Naive { word_bits: 16, precision: 12 };
const WIDE: Naive = Naive { word_bits: 32, precision: 16 };

impl Naive {
    fn modulus(&self) -> u128 {
        1 << (2 * self.word_bits)
    }

    /// Returns the decoded bits and the number of missing words, or `None` if the words must be rejected.
    fn decode(&self, words: &[u128], probabilities: &[u16]) -> Option<(Vec<bool>, usize)> {
        let modulus = self.modulus();
        let mut taken = 0;
        let mut next = || {
            taken += 1;
            words.get(taken - 1).copied().unwrap_or(0)
        };
        let (mut lower, mut range) = (0, modulus - 1);
        let mut point = next() << self.word_bits;
        point |= next();
        let mut bits = Vec::new();
        for &q in probabilities {
            let q = u128::from(q);
            let scale = range >> self.precision;
            let quantile = (point + modulus - lower) % modulus / scale;
            if quantile >= 1 << self.precision {
                return None;
            }
            if quantile < q {
                bits.push(false);
                range = scale * q;
            } else {
                bits.push(true);
                lower = (lower + scale * q) % modulus;
                range = scale * ((1 << self.precision) - q);
            }
            if range < 1 << self.word_bits {
                lower = (lower << self.word_bits) % modulus;
                range <<= self.word_bits;
                point = ((point << self.word_bits) % modulus) | next();
            }
        }
        if taken < words.len() {
            return None;
        }
        Some((bits, taken - words.len()))
    }

    /// Returns the words and the length of the longest run of held-back words.
    fn encode(&self, decisions: &[(bool, u16)]) -> (Vec<u128>, usize) {
        let modulus = self.modulus();
        let word_modulus = 1u128 << self.word_bits;
        let (mut lower, mut range) = (0u128, modulus - 1);
        let mut words = Vec::new();
        let mut held: Vec<u128> = Vec::new();
        let mut longest = 0;
        let resolve = |held: &mut Vec<u128>, words: &mut Vec<u128>, wrapped: bool| {
            for (i, word) in held.drain(..).enumerate() {
                words.push(match (i, wrapped) {
                    (0, true) => word + 1,
                    (0, false) => word,
                    (_, true) => 0,
                    (_, false) => word_modulus - 1,
                });
            }
        };
        for &(bit, q) in decisions {
            let q = u128::from(q);
            let scale = range >> self.precision;
            let before = lower;
            if bit {
                lower = (lower + scale * q) % modulus;
                range = scale * ((1 << self.precision) - q);
            } else {
                range = scale * q;
            }
            if lower + range < modulus {
                resolve(&mut held, &mut words, lower < before);
            }
            if range < word_modulus {
                let word = lower >> self.word_bits;
                lower = (lower << self.word_bits) % modulus;
                range <<= self.word_bits;
                if !held.is_empty() || lower + range >= modulus {
                    held.push(word);
                } else {
                    words.push(word);
                }
                longest = longest.max(held.len());
            }
        }
        if !decisions.is_empty() {
            let point = (lower + word_modulus - 1) % modulus;
            resolve(&mut held, &mut words, point < lower);
            words.push(point >> self.word_bits);
            if point >> self.word_bits == ((lower + range) % modulus) >> self.word_bits {
                words.push(0);
            }
        }
        (words, longest)
    }
}

fn words_of<W: CoderWidth>(bytes: &[u8]) -> Vec<u128> {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u128::from(byte));
    bytes.chunks_exact(W::WORD_BYTES).map(word).collect()
}

fn encode<W: CoderWidth>(decisions: &[(bool, u16)]) -> Vec<u8> {
    let mut encoder = W::Encoder::default();
    for &(bit, q) in decisions {
        W::encode(&mut encoder, Decision(NonZeroU16::new(q).unwrap()), bit);
    }
    W::finish(encoder)
}

/// Decodes with our decoder; returns the same as [`Naive::decode`].
fn decode<W: CoderWidth>(bytes: &[u8], probabilities: &[u16]) -> Option<(Vec<bool>, usize)> {
    let mut decoder = W::decoder(bytes);
    let mut bits = Vec::new();
    for &q in probabilities {
        bits.push(W::decode(&mut decoder, Decision(NonZeroU16::new(q).unwrap()))?);
    }
    let reader = W::reader(decoder);
    (reader.bytes.len() < W::WORD_BYTES).then_some((bits, reader.missing))
}

/// Probabilities of all sizes; the extremes are frequent.
fn probability(precision: u32) -> impl Strategy<Value = u16> {
    let most = ((1u32 << precision) - 1) as u16;
    prop_oneof![1..=most, Just(1), Just(most), 1u16..20, (most - 20)..=most, Just(1 << (precision - 1))]
}

fn decisions(precision: u32) -> impl Strategy<Value = Vec<(bool, u16)>> {
    prop::collection::vec((any::<bool>(), probability(precision)), 0..300)
}

fn compare<W: CoderWidth>(naive: &Naive, decisions: &[(bool, u16)]) -> usize {
    let bytes = encode::<W>(decisions);
    let (words, held) = naive.encode(decisions);
    assert_eq!(words_of::<W>(&bytes), words);
    let (bits, probabilities): (Vec<bool>, Vec<u16>) = decisions.iter().copied().unzip();
    let (naive_bits, missing) = naive.decode(&words, &probabilities).unwrap();
    assert_eq!(naive_bits, bits);
    assert!(missing <= 1 || decisions.is_empty());
    assert_eq!(decode::<W>(&bytes, &probabilities), Some((bits, missing)));
    held
}

/// Chooses bits so that `lower + range` stays just above a wrap, which makes the encoder hold back words.
fn provoke<W: CoderWidth>(naive: &Naive, seed: u64, carry: bool) -> usize {
    let modulus = naive.modulus();
    let (mut lower, mut range) = (0u128, modulus - 1);
    let mut random = seed;
    let mut decisions = Vec::new();
    for step in 0..200 {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let scale = range >> naive.precision;
        // Split the interval as near as possible to the point where it crosses the next multiple of 2^(2B),
        let distance = (modulus - lower) % modulus;
        let whole = 1u128 << naive.precision;
        let target = (distance / scale).clamp(1, whole - 1);
        let q = if step < 3 { (random >> 33) as u128 % (whole - 1) + 1 } else { target };
        // and take the half that contains this point.
        let bit = if step < 3 {
            random >> 20 & 1 == 1
        } else if step > 150 {
            carry
        } else {
            distance >= scale * q
        };
        decisions.push((bit, q as u16));
        if bit {
            lower = (lower + scale * q) % modulus;
            range = scale * (whole - q);
        } else {
            range = scale * q;
        }
        if range < 1 << naive.word_bits {
            lower = (lower << naive.word_bits) % modulus;
            range <<= naive.word_bits;
        }
    }
    // Each prefix ends the stream in a different state.
    (0..=decisions.len()).map(|end| compare::<W>(naive, &decisions[..end])).max().unwrap()
}

proptest! {
    #[test]
    fn narrow_is_as_specified(decisions in decisions(12)) {
        compare::<Narrow>(&NARROW, &decisions);
    }

    #[test]
    fn wide_is_as_specified(decisions in decisions(16)) {
        compare::<Wide>(&WIDE, &decisions);
    }

    #[test]
    fn any_words_decode_as_specified(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(255)], 0..40),
        narrow in prop::collection::vec(probability(12), 0..200),
        wide in prop::collection::vec(probability(16), 0..200),
    ) {
        let bytes = &bytes[..bytes.len() / 4 * 4];
        prop_assert_eq!(decode::<Narrow>(bytes, &narrow), NARROW.decode(&words_of::<Narrow>(bytes), &narrow));
        prop_assert_eq!(decode::<Wide>(bytes, &wide), WIDE.decode(&words_of::<Wide>(bytes), &wide));
    }

    #[test]
    fn the_end_is_checked(bits in prop::collection::vec(any::<bool>(), 1..100)) {
        let mut encoder = BitEncoder::<Narrow>::new();
        bits.iter().for_each(|&bit| encoder.encode(bit, 9000));
        let mut out = Vec::new();
        encoder.finish(&mut out);
        let finish = |out: &[u8]| {
            let mut decoder = BitDecoder::<Narrow>::new(&mut Cursor::unplaced(out, "test"))?;
            for &bit in &bits {
                if decoder.decode(9000)? != bit {
                    return Err(Error::corrupt("other bits"));
                }
            }
            decoder.finish()
        };
        finish(&out).unwrap();
        for words in 0..=3 {
            // Too many words, and too few.
            let mut longer = out.clone();
            longer[0] += 1 + words;
            longer.extend(std::iter::repeat_n(0, 2 * (1 + usize::from(words))));
            // One extra word of 0 is allowed if one word was missing.
            prop_assert!(words == 0 || finish(&longer).is_err());
            let mut shorter = out.clone();
            if out[0] > words {
                shorter[0] -= 1 + words;
                shorter.truncate(out.len() - 2 * (1 + usize::from(words)));
                prop_assert!(words == 0 || finish(&shorter).is_err());
            }
        }
    }
}

#[test]
fn words_are_held_back_as_specified() {
    let mut longest = [0; 4];
    for seed in 0..200 {
        for carry in [false, true] {
            let index = usize::from(carry);
            longest[index] = longest[index].max(provoke::<Narrow>(&NARROW, seed, carry));
            longest[2 + index] = longest[2 + index].max(provoke::<Wide>(&WIDE, seed, carry));
        }
    }
    // Make sure that the test has covered runs of held-back words.
    assert!(longest.iter().all(|&held| held >= 3), "{longest:?}");
}

#[test]
fn one_word_may_be_missing_but_not_two() {
    // Words of 0 decode to bits of 0. Bits of probability one half take 2 words, and one more word every 16 bits.
    let finish = |words: u8, bits: usize| {
        let stream = [&[words][..], &vec![0; 2 * usize::from(words)]].concat();
        let mut decoder = BitDecoder::<Narrow>::new(&mut Cursor::unplaced(&stream, "test")).unwrap();
        (0..bits).for_each(|_| assert!(!decoder.decode(1 << 15).unwrap()));
        decoder.finish().is_ok()
    };
    let accepted = |bits| (0..6).filter(|&words| finish(words, bits)).collect::<Vec<u8>>();
    assert_eq!(accepted(1), [1, 2]);
    assert_eq!(accepted(15), [1, 2]);
    assert_eq!(accepted(17), [2, 3]);
    assert_eq!(accepted(33), [3, 4]);
}

#[test]
fn nothing_is_no_words() {
    assert!(encode::<Narrow>(&[]).is_empty());
    assert!(encode::<Wide>(&[]).is_empty());
}

/// Decodes with constriction's decoder.
macro_rules! by_constriction {
    ($size:ty, $word:ty, $state:ty, $precision:literal, $bytes:expr, $probabilities:expr) => {{
        let words = WordReader { bytes: $bytes, missing: 0 };
        let Ok(mut decoder) = constriction::stream::queue::RangeDecoder::<$word, $state, _>::with_backend(words);
        let bit = |&q: &u16| {
            let model = Decision(NonZeroU16::new(q).unwrap());
            constriction::stream::Decode::<$precision>::decode_symbol(&mut decoder, model).ok()
        };
        $probabilities.iter().map_while(bit).collect::<Vec<bool>>()
    }};
}

fn bits_until_the_end<W: CoderWidth>(bytes: &[u8], probabilities: &[u16]) -> Vec<bool> {
    let mut decoder = W::decoder(bytes);
    let bit = |&q: &u16| W::decode(&mut decoder, Decision(NonZeroU16::new(q).unwrap()));
    probabilities.iter().map_while(bit).collect()
}

proptest! {
    /// For any words, valid or not.
    #[test]
    fn decoders_agree_with_constriction(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        narrow in prop::collection::vec(probability(12), 0..300),
        wide in prop::collection::vec(probability(16), 0..300),
    ) {
        let constriction = by_constriction!(Narrow, u16, u32, 12, &bytes, narrow);
        prop_assert_eq!(bits_until_the_end::<Narrow>(&bytes, &narrow), constriction);
        let constriction = by_constriction!(Wide, u32, u64, 16, &bytes, wide);
        prop_assert_eq!(bits_until_the_end::<Wide>(&bytes, &wide), constriction);
    }
}
