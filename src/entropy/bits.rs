//! A field coded in bits (sections 8 and 11.4): one tree of adaptive bits for its symbols, new in every chunk.

use super::check_symbol_width;
use super::coder::{BitsDecoder, BitsEncoder, Narrow, Size, Wide};
use super::context::Tree;
use crate::error::{Error, Result};
use crate::wire::Cursor;

/// The coder's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WordSize {
    /// Words of 16 bits: for short streams.
    Narrow,
    /// Words of 32 bits: closer to the model when a bit is almost certain.
    Wide,
}

/// What the segment's head says about a field coded in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BitsModel {
    pub(crate) word: WordSize,
    /// The most that a context counts: small follows fast, large is exact where nothing changes. At least 1.
    pub(crate) limit: u8,
    pub(crate) width: u32,
}

impl BitsModel {
    pub(crate) fn read(cursor: &mut Cursor<'_>, width: u32) -> Result<Self> {
        check_symbol_width(width).map_err(|error| cursor.place(error))?;
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
        Ok(Self { word, limit, width })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.word {
            WordSize::Narrow => 0,
            WordSize::Wide => 1,
        });
        out.push(self.limit);
    }
}

/// Appends the stream of a chunk's symbols, each below 2^width.
pub(crate) fn encode_bits(symbols: &[u16], model: &BitsModel, out: &mut Vec<u8>) {
    match model.word {
        WordSize::Narrow => encode::<Narrow>(symbols, model, out),
        WordSize::Wide => encode::<Wide>(symbols, model, out),
    }
}

/// Reads as many symbols as `out` holds.
pub(crate) fn decode_bits(cursor: &mut Cursor<'_>, model: &BitsModel, out: &mut [u16]) -> Result<()> {
    let start = cursor.clone();
    let decoded = match model.word {
        WordSize::Narrow => decode::<Narrow>(cursor, model, out),
        WordSize::Wide => decode::<Wide>(cursor, model, out),
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

fn encode<S: Size>(symbols: &[u16], model: &BitsModel, out: &mut Vec<u8>) {
    let mut encoder = BitsEncoder::<S>::new();
    let mut tree = Tree::new(model.width);
    for &symbol in symbols {
        tree.encode(&mut encoder, symbol, model.limit);
    }
    encoder.finish(out);
}

fn decode<S: Size>(cursor: &mut Cursor<'_>, model: &BitsModel, out: &mut [u16]) -> Result<()> {
    let mut decoder = BitsDecoder::<S>::new(cursor)?;
    let mut tree = Tree::new(model.width);
    for symbol in &mut *out {
        *symbol = tree.decode(&mut decoder, model.limit)?;
    }
    // An encoder that has coded nothing writes no word, so that two are missing; a chunk is never empty (section 6).
    if out.is_empty() { decoder.finish_empty() } else { decoder.finish() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn symbols() -> impl Strategy<Value = (u32, Vec<u16>)> {
        (1u32..=12).prop_flat_map(|width| {
            let most = ((1u32 << width) - 1) as u16;
            let symbol = prop_oneof![0..=most, Just(0), Just(0), Just(0), Just(most)];
            (Just(width), prop::collection::vec(symbol, 0..300))
        })
    }

    fn word() -> impl Strategy<Value = WordSize> {
        prop_oneof![Just(WordSize::Narrow), Just(WordSize::Wide)]
    }

    proptest! {
        #[test]
        fn symbols_come_back((width, symbols) in symbols(), word in word(), limit in 1u8..) {
            let model = BitsModel { word, limit, width };
            let mut out = Vec::new();
            model.write(&mut out);
            encode_bits(&symbols, &model, &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            prop_assert_eq!(BitsModel::read(&mut cursor, width).unwrap(), model);
            let mut skipping = cursor.clone();
            let mut back = vec![1; symbols.len()];
            decode_bits(&mut cursor, &model, &mut back).unwrap();
            cursor.finish().unwrap();
            prop_assert_eq!(&back, &symbols);
            prop_assert_eq!(skip_bits(&mut skipping, &model).unwrap(), out.len() - 2);
            skipping.finish().unwrap();
        }

        #[test]
        fn damage_does_no_harm((width, symbols) in symbols(), word in word(), flip in 1u8..) {
            let model = BitsModel { word, limit: 20, width };
            let mut out = Vec::new();
            encode_bits(&symbols, &model, &mut out);
            let mut back = vec![0; symbols.len()];
            for at in 0..out.len() {
                prop_assert!(decode_bits(&mut Cursor::unplaced(&out[..at], "test"), &model, &mut back).is_err());
                out[at] ^= flip;
                let _ = decode_bits(&mut Cursor::unplaced(&out, "test"), &model, &mut back);
                prop_assert!(back.iter().all(|&symbol| u32::from(symbol) >> width == 0));
                out[at] ^= flip;
            }
        }

        #[test]
        fn noise_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..80), word in word(), width in 1u32..=12) {
            let model = BitsModel { word, limit: 255, width };
            let _ = decode_bits(&mut Cursor::unplaced(&bytes, "test"), &model, &mut [0; 100]);
            let _ = skip_bits(&mut Cursor::unplaced(&bytes, "test"), &model);
            let _ = BitsModel::read(&mut Cursor::unplaced(&bytes, "test"), width);
        }
    }

    #[test]
    fn impossible_models_are_refused() {
        let read = |bytes: &[u8], width| BitsModel::read(&mut Cursor::unplaced(bytes, "test"), width);
        assert!(read(&[0, 1], 1).is_ok());
        assert!(read(&[1, 255], 12).is_ok());
        assert!(read(&[2, 1], 1).is_err());
        assert!(read(&[0, 0], 1).is_err());
        assert!(read(&[0, 1], 13).is_err());
        assert!(read(&[0, 1], 0).is_err());
        assert!(read(&[0], 1).is_err());
    }

    #[test]
    fn bytes_are_pinned() {
        let mut out = Vec::new();
        encode_bits(&[3, 3, 3, 0, 1, 2, 3], &BitsModel { word: WordSize::Narrow, limit: 30, width: 2 }, &mut out);
        encode_bits(&[3, 3, 3, 0, 1, 2, 3], &BitsModel { word: WordSize::Wide, limit: 30, width: 2 }, &mut out);
        assert_eq!(out, [2, 75, 220, 218, 210, 1, 0, 3, 83, 220]);
    }
}
