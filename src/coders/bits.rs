//! A field coded in bits (sections 8.1 and 11.4): a tree of adaptive bits for the symbols of each context, new in every
//! chunk.

use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Narrow, Size, Wide};
use super::context::Tree;
use crate::error::{Error, Result};
use crate::spec::MAX_SLOTS;
use crate::wire::Cursor;

/// The coder's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WordSize {
    /// Words of 16 bits: for short streams.
    Narrow,
    /// Words of 32 bits: closer to the model when a bit is almost certain.
    Wide,
}

/// What the segment's head says about a field coded in bits, where its contexts come from included only by their number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BitsModel {
    pub(crate) word: WordSize,
    /// The most that a context counts: small follows fast, large is exact where nothing changes. At least 1.
    pub(crate) limit: u8,
    pub(crate) width: u32,
    /// At least 1.
    pub(crate) contexts: usize,
}

impl BitsModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32, contexts: usize) -> Result<Self> {
        check_symbol_width(width).map_err(|error| cursor.place(error))?;
        // section 11.4: adaptive bits of all trees, the unused first of each included
        if contexts == 0 || contexts > MAX_SLOTS >> width {
            return Err(cursor.place(Error::corrupt(format!("{contexts} trees of {width} bits"))));
        }
        let start = cursor.clone();
        let word = match cursor.u8()? {
            0 => WordSize::Narrow,
            1 => WordSize::Wide,
            other => return Err(start.place(Error::corrupt(format!("word size {other} of the bits coder")))),
        };
        let start = cursor.clone();
        let limit = cursor.u8()?;
        if limit == 0 {
            return Err(start.place(Error::corrupt("limit 0 of the bits coder")));
        }
        Ok(Self { word, limit, width, contexts })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.word {
            WordSize::Narrow => 0,
            WordSize::Wide => 1,
        });
        out.push(self.limit);
    }
}

/// Appends the stream of a chunk's symbols, each below 2^width. `contexts` has that of each symbol, or, if there is only
/// one, may be empty.
pub(crate) fn encode_bits(symbols: &[u16], contexts: &[u8], model: &BitsModel, out: &mut Vec<u8>) {
    match model.word {
        WordSize::Narrow => encode::<Narrow>(symbols, contexts, model, out),
        WordSize::Wide => encode::<Wide>(symbols, contexts, model, out),
    }
}

/// Reads as many symbols as `out` holds. `contexts` has that of each, or, if there is only one, may be empty.
pub(crate) fn decode_bits(cursor: &mut Cursor<'_>, model: &BitsModel, contexts: &[u8], out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    if model.contexts > 1 && contexts.len() != out.len() {
        return Err(start.place(Error::corrupt(format!("{} contexts for {} symbols", contexts.len(), out.len()))));
    }
    let decoded = match model.word {
        WordSize::Narrow => decode::<Narrow>(cursor, model, contexts, out),
        WordSize::Wide => decode::<Wide>(cursor, model, contexts, out),
    };
    decoded.map_err(|error| start.place(error))
}

/// Passes over a stream; the bytes that it takes.
pub(crate) fn skip_bits(cursor: &mut Cursor<'_>, model: &BitsModel) -> Result<usize> {
    let start = cursor.position();
    let word_bytes = match model.word {
        WordSize::Narrow => Narrow::WORD_BYTES,
        WordSize::Wide => Wide::WORD_BYTES,
    };
    let words = cursor.count(word_bytes, "words")?;
    cursor.bytes(words * word_bytes)?;
    Ok(cursor.position() - start)
}

fn encode<S: Size>(symbols: &[u16], contexts: &[u8], model: &BitsModel, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<S>::new();
    let mut trees = vec![Tree::new(model.width); model.contexts];
    if let [tree] = &mut trees[..] {
        symbols.iter().for_each(|&symbol| tree.encode(&mut encoder, symbol, model.limit));
    } else {
        assert_eq!(symbols.len(), contexts.len(), "a context for each symbol");
        for (&symbol, &context) in symbols.iter().zip(contexts) {
            trees[usize::from(context)].encode(&mut encoder, symbol, model.limit);
        }
    }
    encoder.finish(out);
}

fn decode<S: Size>(cursor: &mut Cursor<'_>, model: &BitsModel, contexts: &[u8], out: &mut [u16]) -> Result<()> {
    let mut decoder = BitsDecoder::<S>::new(cursor)?;
    let mut trees = vec![Tree::new(model.width); model.contexts];
    if let [tree] = &mut trees[..] {
        for symbol in &mut *out {
            *symbol = tree.decode(&mut decoder, model.limit)?;
        }
    } else {
        let no_tree = || Error::corrupt("a context without a tree");
        for (symbol, &context) in out.iter_mut().zip(contexts) {
            *symbol = trees.get_mut(usize::from(context)).ok_or_else(no_tree)?.decode(&mut decoder, model.limit)?;
        }
    }
    // An encoder that has coded nothing writes no word, so that two are missing; a chunk is never empty (section 6).
    if out.is_empty() { decoder.finish_empty() } else { decoder.finish() }
}

#[cfg(test)]
mod tests {
    use super::super::context::AdaptiveBit;
    use super::*;
    use proptest::prelude::*;

    /// A model, and symbols with their contexts; none if there is one context.
    fn coded() -> impl Strategy<Value = (BitsModel, Vec<u16>, Vec<u8>)> {
        (1u32..=12, 1usize..=32, any::<bool>(), 1u8.., any::<bool>()).prop_flat_map(
            |(width, most, one, limit, wide)| {
                let word = if wide { WordSize::Wide } else { WordSize::Narrow };
                let contexts = if one { 1 } else { most.min(MAX_SLOTS >> width) };
                let model = BitsModel { word, limit, width, contexts };
                let most = ((1u32 << width) - 1) as u16;
                let symbol = prop_oneof![0..=most, Just(0), Just(0), Just(0), Just(most)];
                let both = prop::collection::vec((symbol, 0..contexts as u8), 0..300);
                both.prop_map(move |both| {
                    let (symbols, of): (Vec<u16>, Vec<u8>) = both.into_iter().unzip();
                    (model, symbols, if model.contexts == 1 { Vec::new() } else { of })
                })
            },
        )
    }

    /// Section 11.4 as it stands, by the coder and the trees of each context.
    fn naive_encode<S: Size>(symbols: &[u16], contexts: &[u8], model: &BitsModel) -> Vec<u8> {
        let mut contexts_of = std::collections::HashMap::new();
        let mut encoder = BitsEncoder::<S>::new();
        for (i, symbol) in symbols.iter().enumerate() {
            let mut node = 1;
            for bit in (0..model.width).rev().map(|shift| symbol >> shift & 1) {
                let key = (contexts.get(i).copied().unwrap_or(0), node);
                let context = contexts_of.entry(key).or_insert(AdaptiveBit::NEW);
                context.encode(&mut encoder, bit == 1, model.limit);
                node = 2 * node + bit;
            }
        }
        let mut out = Vec::new();
        encoder.finish(&mut out);
        out
    }

    proptest! {
        #[test]
        fn symbols_come_back((model, symbols, contexts) in coded()) {
            let mut out = Vec::new();
            model.write(&mut out);
            encode_bits(&symbols, &contexts, &model, &mut out);
            prop_assert_eq!(&out[2..], match model.word {
                WordSize::Narrow => naive_encode::<Narrow>(&symbols, &contexts, &model),
                WordSize::Wide => naive_encode::<Wide>(&symbols, &contexts, &model),
            });
            let mut cursor = Cursor::unplaced(&out, "test");
            prop_assert_eq!(BitsModel::read(&mut cursor, model.width, model.contexts).unwrap(), model);
            let mut skipping = cursor.clone();
            let mut back = vec![1; symbols.len()];
            decode_bits(&mut cursor, &model, &contexts, &mut back).unwrap();
            cursor.finish().unwrap();
            prop_assert_eq!(&back, &symbols);
            prop_assert_eq!(skip_bits(&mut skipping, &model).unwrap(), out.len() - 2);
            skipping.finish().unwrap();
        }

        #[test]
        fn damage_does_no_harm((model, symbols, contexts) in coded(), flip in 1u8..) {
            let mut out = Vec::new();
            encode_bits(&symbols, &contexts, &model, &mut out);
            let mut back = vec![0; symbols.len()];
            for at in 0..out.len() {
                let cut = decode_bits(&mut Cursor::unplaced(&out[..at], "test"), &model, &contexts, &mut back);
                prop_assert!(cut.is_err());
                out[at] ^= flip;
                let _ = decode_bits(&mut Cursor::unplaced(&out, "test"), &model, &contexts, &mut back);
                prop_assert!(back.iter().all(|&symbol| u32::from(symbol) >> model.width == 0));
                out[at] ^= flip;
            }
        }

        #[test]
        fn noise_does_no_harm(
            bytes in prop::collection::vec(any::<u8>(), 0..80),
            noise in prop::collection::vec(any::<u8>(), 99..=101),
            (model, ..) in coded(),
        ) {
            let _ = decode_bits(&mut Cursor::unplaced(&bytes, "test"), &model, &noise, &mut [0; 100]);
            let _ = skip_bits(&mut Cursor::unplaced(&bytes, "test"), &model);
            let _ = BitsModel::read(&mut Cursor::unplaced(&bytes, "test"), model.width, model.contexts);
        }
    }

    #[test]
    fn impossible_models_are_refused() {
        let read =
            |bytes: &[u8], width, contexts| BitsModel::read(&mut Cursor::unplaced(bytes, "test"), width, contexts);
        assert!(read(&[0, 1], 1, 1).is_ok());
        assert!(read(&[1, 255], 12, 8).is_ok());
        assert!(read(&[1, 255], 10, 32).is_ok());
        assert!(read(&[1, 255], 12, 9).is_err());
        assert!(read(&[1, 255], 11, 17).is_err());
        assert!(read(&[1, 255], 1, 0).is_err());
        assert!(read(&[2, 1], 1, 1).is_err());
        assert!(read(&[0, 0], 1, 1).is_err());
        assert!(read(&[0, 1], 13, 1).is_err());
        assert!(read(&[0, 1], 0, 1).is_err());
        assert!(read(&[0], 1, 1).is_err());
    }

    #[test]
    fn bytes_are_pinned() {
        let symbols = [3, 3, 3, 0, 1, 2, 3];
        let model = BitsModel { word: WordSize::Narrow, limit: 30, width: 2, contexts: 1 };
        let mut out = Vec::new();
        encode_bits(&symbols, &[], &model, &mut out);
        encode_bits(&symbols, &[], &BitsModel { word: WordSize::Wide, ..model }, &mut out);
        assert_eq!(out, [2, 75, 220, 218, 210, 1, 0, 3, 83, 220]);
        out.clear();
        encode_bits(&symbols, &[0, 2, 2, 1, 1, 0, 2], &BitsModel { contexts: 3, ..model }, &mut out);
        assert_eq!(out, [1, 228, 246]);
    }
}
