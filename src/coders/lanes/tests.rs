//! The lane coders against a literal implementation of section 10, and damaged streams.

use super::super::tables::Tables;
use super::super::testing::{count_symbols, generator};
use super::model::read_counts;
use super::naive::naive_decode;
use super::*;
use crate::error::{ErrorKind, Result};
use crate::kernel::Kernel;
use crate::spec::{LANES, MAX_CONTEXTS, MAX_INTERVAL, MAX_PRECISION, MAX_RATE, MAX_SLOTS, MIN_INTERVAL, MIN_PRECISION};
use crate::wire::{Cursor, put_varint};
use proptest::prelude::*;

/// Symbols, their contexts (none if there is only one), and a model for them.
#[derive(Clone, Debug)]
struct Coded {
    symbols: Vec<u16>,
    contexts: Vec<u8>,
    model: LaneModel,
}

/// Decodes by every kernel, at once, in pieces, and twice at the same time, and checks that all agree.
fn decode(stream: &[u8], model: &LaneModel, contexts: &[u8], count: usize) -> Result<Vec<u16>> {
    let mut first: Option<Result<Vec<u16>>> = None;
    for kernel in Kernel::available() {
        for block_len in [usize::MAX, 96] {
            let decoded = decode_by(kernel, block_len, stream, model, contexts, count);
            let twice = decode_two(kernel, block_len, [stream; 2], model, [contexts; 2], count);
            let [one, other] = twice.map_or([None, None], |both| both.map(Some));
            assert!(one.as_ref() == decoded.as_ref().ok() && one == other, "{kernel} {block_len}");
            match &first {
                None => first = Some(decoded),
                Some(first) => assert_eq!(decoded.as_ref().ok(), first.as_ref().ok(), "{kernel} {block_len}"),
            }
        }
    }
    first.unwrap()
}

fn decode_by(
    kernel: Kernel,
    block_len: usize,
    stream: &[u8],
    model: &LaneModel,
    contexts: &[u8],
    count: usize,
) -> Result<Vec<u16>> {
    let mut out = vec![0; count];
    // A separate allocation, so that tools notice reads beyond its end.
    let stream = stream.to_vec().into_boxed_slice();
    let mut cursor = Cursor::unplaced(&stream, "test");
    if block_len >= count || !contexts.len().is_multiple_of(count) {
        decode_lanes(&mut cursor, model, contexts, kernel, &mut out)?;
    } else {
        let mut tables = LaneTables::default();
        let cursors = std::slice::from_mut(&mut cursor);
        let mut decoder = LaneDecoder::open(cursors, model, &[count], &mut tables, kernel)?.remove(0);
        for (i, out) in out.chunks_mut(block_len).enumerate() {
            let contexts = contexts.get(i * block_len..i * block_len + out.len()).unwrap_or_default();
            LaneDecoder::next([LanePiece { decoder: &mut decoder, contexts, out }])?;
        }
        decoder.finish()?;
    }
    cursor.finish()?;
    Ok(out)
}

/// Decodes two streams of one model at the same time.
fn decode_two(
    kernel: Kernel,
    block_len: usize,
    streams: [&[u8]; 2],
    model: &LaneModel,
    contexts: [&[u8]; 2],
    count: usize,
) -> Result<[Vec<u16>; 2]> {
    let mut out = [vec![0; count], vec![0; count]];
    let streams = streams.map(|stream| stream.to_vec().into_boxed_slice());
    let mut cursors = streams.each_ref().map(|stream| Cursor::unplaced(stream, "test"));
    let mut tables = LaneTables::default();
    let mut decoders = LaneDecoder::open(&mut cursors, model, &[count; 2], &mut tables, kernel)?;
    let [first, second] = &mut decoders[..] else { panic!("two streams have two decoders") };
    let [one, other] = &mut out;
    let is_whole = contexts.iter().any(|contexts| contexts.len() != count);
    let block_len = if is_whole { count.max(1) } else { block_len.min(count.max(1)) };
    for (i, (one, other)) in one.chunks_mut(block_len).zip(other.chunks_mut(block_len)).enumerate() {
        let range = i * block_len..i * block_len + one.len();
        let [a, b] = contexts.map(|contexts| if is_whole { contexts } else { &contexts[range.clone()] });
        let pieces = [
            LanePiece { decoder: first, contexts: a, out: one },
            LanePiece { decoder: second, contexts: b, out: other },
        ];
        assert!(pieces[0].is_beside(&pieces[1]));
        LaneDecoder::next(pieces)?;
    }
    decoders.into_iter().try_for_each(LaneDecoder::finish)?;
    cursors.iter().try_for_each(Cursor::finish)?;
    Ok(out)
}

fn encode(coded: &Coded) -> Vec<u8> {
    let by = |kernel| {
        let mut out = Vec::new();
        encode_lanes(&coded.symbols, &coded.contexts, &coded.model, kernel, &mut out);
        out
    };
    let stream = by(Kernel::PORTABLE);
    for kernel in Kernel::available() {
        assert!(by(kernel) == stream, "{kernel}");
    }
    stream
}

/// Decodes the stream of other symbols beside a stream: none of the two gets anything that belongs to the other.
fn check_beside(coded: &Coded, stream: &[u8]) {
    let Coded { symbols, contexts, model } = coded;
    let reversed = |all: &[_]| all.iter().rev().copied().collect::<Vec<_>>();
    let other =
        Coded { symbols: reversed(symbols), contexts: contexts.iter().rev().copied().collect(), model: model.clone() };
    let other_stream = encode(&other);
    for kernel in Kernel::available() {
        for block_len in [usize::MAX, 96] {
            let streams = [stream, &other_stream[..]];
            let of_both = [&contexts[..], &other.contexts[..]];
            let both = decode_two(kernel, block_len, streams, model, of_both, symbols.len()).unwrap();
            assert!(both[0] == *symbols && both[1] == other.symbols, "{kernel} {block_len}");
        }
    }
}

/// Encodes, decodes with both decoders and skips; returns the size of the stream.
fn check(coded: &Coded, naive: bool) -> usize {
    let Coded { symbols, contexts, model } = coded;
    let mut head = Vec::new();
    model.write(&mut head);
    let mut cursor = Cursor::unplaced(&head, "test");
    let read = LaneModel::read(&mut cursor, model.tables.width(), model.tables.contexts()).unwrap();
    assert_eq!(&read, model);
    cursor.finish().unwrap();
    let stream = encode(coded);
    assert!(decode(&stream, model, contexts, symbols.len()).unwrap() == *symbols);
    check_beside(coded, &stream);
    if naive {
        assert!(naive_decode(&stream, model, contexts, symbols.len()).unwrap() == *symbols);
    }
    if model.tables.contexts() == 1 {
        let zeros = vec![0; symbols.len()];
        let mut out = Vec::new();
        encode_lanes(symbols, &zeros, model, Kernel::PORTABLE, &mut out);
        assert!(out == stream);
        assert!(decode(&stream, model, &zeros, symbols.len()).unwrap() == *symbols);
    }
    let mut cursor = Cursor::unplaced(&stream, "test");
    let sizes = skip_lanes(&mut cursor, model).unwrap();
    cursor.finish().unwrap();
    assert_eq!(sizes.counts + sizes.states + sizes.words + sizes.escapes, stream.len());
    assert_eq!(sizes.states, 128);
    stream.len()
}

/// Symbols of one context, with tables for them.
fn one_context(symbols: Vec<u16>, width: u32, precision: u32, adaptation: Adaptation) -> Coded {
    let tables = Tables::from_counts(&count_symbols(&symbols, &[], 1, width), width, precision);
    Coded { symbols, contexts: Vec::new(), model: LaneModel { tables, adaptation } }
}

fn adaptation() -> impl Strategy<Value = Adaptation> {
    prop_oneof![
        Just(Adaptation::STATIC),
        (MIN_INTERVAL..=MAX_INTERVAL, 1..=MAX_RATE).prop_map(|(interval, rate)| Adaptation { interval, rate })
    ]
}

/// A number of contexts and a precision that are allowed together.
fn dimensions() -> impl Strategy<Value = (usize, u32)> {
    let contexts = prop_oneof![Just(1), 2..=MAX_CONTEXTS];
    (contexts, MIN_PRECISION..=MAX_PRECISION)
        .prop_map(|(contexts, precision)| (contexts.min(MAX_SLOTS >> precision), precision))
}

/// Symbols of any width, more or less skewed around a centre that moves and depends on the context.
fn coded(lengths: impl Strategy<Value = usize>) -> impl Strategy<Value = Coded> {
    (1u32..=12, lengths, 0u32..12, any::<u64>(), adaptation(), any::<bool>(), dimensions()).prop_map(
        |(width, length, skew, seed, adaptation, sparse, (context_count, precision))| {
            let mask = (1u32 << width) - 1;
            let mut random = generator(seed);
            let mut next = || random() >> 20;
            // Some contexts are rare.
            let contexts: Vec<u8> = match context_count {
                1 => Vec::new(),
                _ => (0..length).map(|_| (next() % (next() % context_count as u64 + 1)) as u8).collect(),
            };
            let mut symbol = |i: usize| {
                let random = next();
                let narrow = (random >> 13) as u32 & mask >> random.trailing_zeros().max(skew).min(width);
                let context = contexts.get(i).map_or(0, |&context| u32::from(context));
                ((narrow + (i / 700) as u32 + 3 * context) & mask) as u16
            };
            let symbols: Vec<u16> = (0..length).map(&mut symbol).collect();
            let mut counts = count_symbols(&symbols, &contexts, context_count, width);
            if symbols.is_empty() {
                counts[0][1] = 1;
            }
            if sparse {
                // As if the tensor were longer, so that rare symbols become escapes.
                for counts in &mut counts {
                    counts.iter_mut().for_each(|count| *count += 1);
                    *counts.iter_mut().max().unwrap() += 1_000_000;
                }
            }
            let tables = Tables::from_counts(&counts, width, precision);
            Coded { symbols, contexts, model: LaneModel { tables, adaptation } }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn short_streams_come_back(coded in coded(0..3 * LANES + 5)) {
        check(&coded, true);
    }

    #[test]
    fn long_streams_come_back(coded in coded(0usize..6000)) {
        check(&coded, true);
    }

    #[test]
    fn damage_is_judged_as_specified(
        coded in coded(0..3 * LANES + 5),
        flip in 1u8..,
        noise in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let mut stream = encode(&coded);
        let Coded { symbols, contexts, model } = &coded;
        let agree = |stream: &[u8]| {
            let decoded = decode(stream, model, contexts, symbols.len()).ok();
            assert_eq!(decoded, naive_decode(stream, model, contexts, symbols.len()));
            let _ = skip_lanes(&mut Cursor::unplaced(stream, "test"), model);
        };
        for at in 0..stream.len() {
            prop_assert!(decode(&stream[..at], model, contexts, symbols.len()).is_err());
            stream[at] ^= flip;
            // A changed count moves the end, and the naive decoder does not look for bytes left over.
            if at >= 2 {
                agree(&stream);
            } else {
                let _ = decode(&stream, model, contexts, symbols.len());
            }
            stream[at] ^= flip;
        }
        let _ = decode(&noise, model, contexts, symbols.len());
        // Contexts out of range, and too few contexts.
        let wrong: Vec<u8> = noise.iter().copied().cycle().take(symbols.len()).collect();
        let _ = decode(&stream, model, &wrong, symbols.len());
        if model.tables.contexts() > 1 && !symbols.is_empty() {
            prop_assert!(decode(&stream, model, &contexts[1..], symbols.len()).is_err());
            prop_assert!(decode(&stream, model, &[], symbols.len()).is_err());
        }
        // Noise in place of the words.
        for (byte, noise) in stream.iter_mut().skip(140).zip(noise.iter().cycle()) {
            *byte ^= noise;
        }
        agree(&stream);
        // More symbols than were coded.
        let more: Vec<u8> = contexts.iter().copied().cycle().take(symbols.len() + 1000).collect();
        prop_assert!(symbols.is_empty() || decode(&encode(&coded), model, &more, symbols.len() + 1000).is_err()
            || model.tables.iter().any(|table| table.len() == 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn very_long_streams_come_back(coded in coded(60_000usize..200_000)) {
        check(&coded, false);
    }
}

#[test]
fn all_intervals_and_rates() {
    let symbols: Vec<u16> = (1..140_000u32).map(|i| (i.trailing_zeros() + i / 30_000) as u16).collect();
    let contexts: Vec<u8> = (0..symbols.len()).map(|i| (i.count_ones() / 3 % 5) as u8).collect();
    for (contexts, context_count) in [(Vec::new(), 1), (contexts, 5)] {
        let tables = Tables::from_counts(&count_symbols(&symbols, &contexts, context_count, 5), 5, 11);
        for interval in MIN_INTERVAL..=MAX_INTERVAL {
            for rate in 1..=MAX_RATE {
                let model = LaneModel { tables: tables.clone(), adaptation: Adaptation { interval, rate } };
                check(&Coded { symbols: symbols.clone(), contexts: contexts.clone(), model }, rate == 3);
            }
        }
    }
}

#[test]
fn one_symbol_takes_no_words() {
    for adaptation in [Adaptation::STATIC, Adaptation { interval: 8, rate: 1 }] {
        for length in [0, 1, 31, 32, 33, 100_000] {
            for precision in MIN_PRECISION..=MAX_PRECISION {
                let tables = Tables::from_counts(&[vec![0, 0, 9, 0]], 2, precision);
                let model = LaneModel { tables, adaptation };
                assert_eq!(check(&Coded { symbols: vec![2; length], contexts: Vec::new(), model }, true), 130);
            }
            let tables = Tables::from_counts(&[vec![0, 0, 9, 0], vec![5, 0, 0, 0]], 2, 12);
            let contexts: Vec<u8> = (0..length).map(|i| (i / 3 % 2) as u8).collect();
            let symbols = contexts.iter().map(|&context| if context == 0 { 2 } else { 0 }).collect();
            let model = LaneModel { tables, adaptation };
            assert_eq!(check(&Coded { symbols, contexts, model }, true), 130);
        }
    }
}

#[test]
fn two_symbols_take_a_bit() {
    let symbols: Vec<u16> = (0..64_000u32).map(|i| (i.count_ones() % 2) as u16).collect();
    for precision in MIN_PRECISION..=MAX_PRECISION {
        let of = |counts: &[u64]| Coded {
            symbols: symbols.clone(),
            contexts: Vec::new(),
            model: LaneModel {
                tables: Tables::from_counts(&[counts.to_vec()], 1, precision),
                adaptation: Adaptation::STATIC,
            },
        };
        check(&of(&[1, 1000]), true);
        let length = check(&of(&[500, 500]), true);
        assert!((8000..8200).contains(&length), "{length}");
    }
}

/// More symbols than a table can have entries.
#[test]
fn wide_alphabets() {
    for adaptation in [Adaptation::STATIC, Adaptation { interval: 8, rate: 2 }, Adaptation { interval: 9, rate: 8 }] {
        let coded = one_context((0..5000).map(|i| i % 1999).collect(), 12, 12, adaptation);
        assert!(coded.model.tables.table(0).has_escape());
        check(&coded, true);
    }
}

#[test]
#[should_panic = "a symbol without a code"]
fn a_symbol_without_a_code_is_no_stream() {
    let mut coded = one_context(vec![1; 40], 2, 9, Adaptation::STATIC);
    assert!(!coded.model.tables.table(0).has_escape());
    coded.symbols[7] = 2;
    encode(&coded);
}

/// Counts of symbols of 12 bits: large for the frequent ones, 1 for all others.
fn mostly(frequent: std::ops::Range<usize>) -> Vec<u64> {
    let mut counts = vec![1; 1 << 12];
    counts[frequent].fill(1_000_000);
    counts
}

#[test]
fn rules_of_the_end() {
    let model = LaneModel { tables: Tables::from_counts(&[mostly(0..3)], 12, 12), adaptation: Adaptation::STATIC };
    let named = model.tables.table(0).symbols();
    let escaped: Vec<u16> = (0..1 << 12).filter(|symbol| !named.contains(symbol)).collect();
    let symbols: Vec<u16> = (0..104).map(|i| if i % 4 == 0 { i as u16 % 3 } else { escaped[7 * i] }).collect();
    let coded = Coded { symbols, contexts: Vec::new(), model };
    let stream = encode(&coded);
    let (words, escapes) = (usize::from(stream[0]), usize::from(stream[1]));
    assert!((4..127).contains(&words) && escapes == 78);
    let rejected = |stream: &[u8]| {
        let error = decode(stream, &coded.model, &[], coded.symbols.len()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.what().to_owned()
    };
    // One word more and one word less; two escapes more and two less. Two escapes take three bytes.
    let words_end = 130 + 2 * words;
    let mut more = stream.clone();
    more[0] += 1;
    more.splice(words_end..words_end, [0, 0]);
    assert!(rejected(&more).contains("words of the lanes taken"));
    let mut less = stream.clone();
    less[0] -= 1;
    less.splice(words_end - 2..words_end, []);
    rejected(&less);
    let mut more = stream.clone();
    more[1] += 2;
    more.extend([255; 3]);
    assert_eq!(rejected(&more), "2 escapes left over");
    let mut less = stream.clone();
    less[1] -= 2;
    less.truncate(stream.len() - 3);
    assert_eq!(rejected(&less), "escaped symbols are missing");
    // An escape that has a frequency.
    assert_eq!(rejected(&with_last_escape(&stream, 2)), "an escaped symbol that has a frequency");
    // A state that is too small.
    let mut small = stream.clone();
    small[2..6].copy_from_slice(&65_535u32.to_le_bytes());
    assert_eq!(rejected(&small), "the initial state of a lane is too small");
    // More escapes than symbols.
    let mut many = stream.clone();
    many[1] = 105;
    assert!(rejected(&many).contains("among 104 symbols"));
}

/// Replaces the last of an even number of escapes of 12 bits.
fn with_last_escape(stream: &[u8], symbol: u16) -> Vec<u8> {
    let mut stream = stream.to_vec();
    let [.., before, last] = &mut stream[..] else { unreachable!("there are escapes") };
    *before = *before & 15 | (symbol << 4) as u8;
    *last = (symbol >> 4) as u8;
    stream
}

/// An escaped symbol may have a frequency in another context, but not in its own.
#[test]
fn escapes_are_judged_in_their_context() {
    let tables = Tables::from_counts(&[mostly(0..200), mostly(100..300)], 12, 11);
    let is_named = |context: usize, symbol: u16| tables.table(context).symbols().contains(&symbol);
    assert!(is_named(0, 99) && !is_named(1, 99) && is_named(1, 299) && !is_named(0, 299));
    for adaptation in [Adaptation::STATIC, Adaptation { interval: 8, rate: 3 }] {
        let contexts: Vec<u8> = (0..600).map(|i| (i % 7 % 2) as u8).collect();
        let symbol = |(i, &context): (usize, &u8)| match i % 10 {
            0 if context == 0 => 299,
            0 => 99,
            _ => 100 + (i % 80) as u16,
        };
        let symbols = contexts.iter().enumerate().map(symbol).collect();
        let coded = Coded { symbols, contexts, model: LaneModel { tables: tables.clone(), adaptation } };
        check(&coded, true);
        // The last of 60 escapes is symbol 590, in context 0.
        let stream = encode(&coded);
        assert_eq!(read_counts(&mut Cursor::unplaced(&stream, "test")).unwrap().1, 60);
        assert_eq!(coded.contexts[590], 0);
        for other in [0, 99, 100, 250, 298, 299, 300, 4095] {
            let stream = with_last_escape(&stream, other);
            let decoded = decode(&stream, &coded.model, &coded.contexts, 600);
            assert_eq!(decoded.is_ok(), !is_named(0, other), "{other}");
            assert_eq!(decoded.ok(), naive_decode(&stream, &coded.model, &coded.contexts, 600));
        }
    }
}

#[test]
fn unearned_counts_are_refused() {
    let model = LaneModel { tables: Tables::from_counts(&[vec![3, 1]], 1, 9), adaptation: Adaptation::STATIC };
    for (words, escapes) in [(u64::MAX, 0), (0, u64::MAX), (1 << 40, 0), (0, 1 << 62), (u64::MAX / 2, u64::MAX / 2)] {
        let mut stream = Vec::new();
        put_varint(&mut stream, words);
        put_varint(&mut stream, escapes);
        stream.extend([1; 200]);
        assert!(decode(&stream, &model, &[], 10).is_err());
        assert!(skip_lanes(&mut Cursor::unplaced(&stream, "test"), &model).is_err());
    }
}

#[test]
fn bytes_are_pinned() {
    // Flat tables, which do not depend on how tables are fitted.
    let symbols: Vec<u16> = (0..3000).map(|i| [0, 0, 1, 0, 3, 2][i / 7 % 6]).collect();
    let contexts: Vec<u8> = (0..3000).map(|i| (i / 3 % 3) as u8).collect();
    let checksum = |contexts: &[u8], count, adaptation| {
        let tables = Tables::from_counts(&vec![vec![9; 4]; count], 2, 10);
        let model = LaneModel { tables, adaptation };
        crate::wire::checksum(&encode(&Coded { symbols: symbols.clone(), contexts: contexts.to_vec(), model }))
    };
    assert_eq!(
        [
            checksum(&[], 1, Adaptation::STATIC),
            checksum(&[], 1, Adaptation { interval: 8, rate: 2 }),
            checksum(&contexts, 3, Adaptation { interval: 8, rate: 2 }),
        ],
        [591065316, 3947118688, 590966201]
    );
}
