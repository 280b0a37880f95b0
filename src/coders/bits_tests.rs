//! Compares the bits coder with a literal implementation of section 11.4. Tests its costs, its code lengths and damaged
//! streams.

use super::super::context::AdaptiveBit;
use super::super::price::BIT;
use super::super::testing::drifting;
use super::*;
use proptest::prelude::*;

/// A model, and symbols with their contexts; no contexts if there is only one.
fn coded() -> impl Strategy<Value = (BitsModel, Vec<u16>, Vec<u8>)> {
    (1u32..=12, 1usize..=32, any::<bool>(), 1u8.., any::<bool>()).prop_flat_map(|(width, most, one, limit, wide)| {
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
    })
}

/// Encodes as section 11.4 says, by one adaptive bit for each context and node.
fn naive_encode<W: CoderWidth>(symbols: &[u16], contexts: &[u8], model: &BitsModel) -> Vec<u8> {
    let mut contexts_of = std::collections::HashMap::new();
    let mut encoder = BitEncoder::<W>::new();
    for (i, symbol) in symbols.iter().enumerate() {
        let mut node = 1;
        for bit in (0..model.width).rev().map(|shift| symbol >> shift & 1) {
            let key = (contexts.get(i).copied().unwrap_or(0), node);
            let context = contexts_of.entry(key).or_insert(AdaptiveBit::NEW);
            infallible(context.code(&mut encoder, bit == 1, model.limit));
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
    let read = |bytes: &[u8], width, contexts| BitsModel::read(&mut Cursor::unplaced(bytes, "test"), width, contexts);
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

#[test]
fn costs_and_code_lengths_are_close_to_the_size() {
    for context_count in [1, 5] {
        let (symbols, contexts) = drifting(50_000, context_count);
        for limit in [4, 30, 60, 255] {
            for word in [WordSize::Narrow, WordSize::Wide] {
                let model = BitsModel { word, limit, width: 6, contexts: context_count };
                let cost = bits_cost(&symbols, &contexts, &model) as f64 / BIT as f64;
                let mut meter = bits_meter(&model);
                for start in (0..symbols.len()).step_by(32) {
                    let block = start..symbols.len().min(start + 32);
                    meter.add(&symbols[block.clone()], contexts.get(block).unwrap_or(&[]));
                }
                let length = meter.finish();
                // The cost rounds probabilities to 12 bits.
                assert!((length / cost - 1.0).abs() < 2e-3, "{limit} {word:?}: {length} {cost}");
                let mut out = Vec::new();
                encode_bits(&symbols, &contexts, &model, &mut out);
                let over = 8.0 * out.len() as f64 / length - 1.0;
                // The narrow coder's range has only 4 bits more than its probabilities.
                let most = if word == WordSize::Narrow { 0.02 } else { 0.0005 };
                assert!((0.0..most).contains(&over), "{limit} {word:?}: {over}");
            }
        }
    }
}
