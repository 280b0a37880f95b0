//! Section 10 as it stands against the fast coders, and what damage does.

use super::super::adapt::{MAX_INTERVAL, MAX_RATE, MIN_INTERVAL, normalise};
use super::super::{decode_lanes, encode_lanes};
use super::*;
use crate::error::ErrorKind;
use proptest::prelude::*;

fn bit_field(bytes: &[u8], at: usize, width: usize) -> u16 {
    (0..width).map(|bit| u16::from(bytes[(at + bit) / 8] >> ((at + bit) % 8) & 1) << bit).sum()
}

/// Symbols of `stream`, by the text of the specification; None where it says must.
fn naive_decode(stream: &[u8], model: &LaneModel, count: usize) -> Option<Vec<u16>> {
    let mut cursor = Cursor::unplaced(stream, "naive");
    let words = cursor.varint().ok()? as usize;
    let escapes = cursor.varint().ok()? as usize;
    let mut states: Vec<u64> = Vec::new();
    for _ in 0..32 {
        states.push(cursor.u32().ok()?.into());
    }
    if states.iter().any(|&state| state < 1 << 16) {
        return None;
    }
    let words = cursor.bytes(words.checked_mul(2)?).ok()?;
    let width = model.table.width() as usize;
    let packed = cursor.bytes(escapes.checked_mul(width)?.div_ceil(8)).ok()?;
    if (escapes * width..packed.len() * 8).any(|bit| bit_field(packed, bit, 1) == 1) {
        return None;
    }

    let table = &model.table;
    let mut frequencies: Vec<u64> = table.frequencies().iter().map(|&frequency| frequency.into()).collect();
    let mut weights: Vec<u64> = frequencies.iter().map(|frequency| frequency << 12).collect();
    let mut counts = vec![0u64; weights.len()];
    let Adaptation { interval, rate } = model.adaptation;
    let (mut next_word, mut next_escape) = (0, 0);
    let mut symbols = Vec::new();
    for i in 0..count {
        let state = &mut states[i % 32];
        let slot = *state % 4096;
        let start = |k: usize| frequencies[..k].iter().sum::<u64>();
        let k = (0..frequencies.len()).find(|&k| start(k) <= slot && slot < start(k) + frequencies[k]).unwrap();
        *state = frequencies[k] * (*state >> 12) + slot - start(k);
        if *state < 1 << 16 {
            let word = words.get(2 * next_word..2 * next_word + 2)?;
            *state = *state << 16 | u64::from(word[1]) << 8 | u64::from(word[0]);
            next_word += 1;
        }
        if k < table.symbols().len() {
            symbols.push(table.symbols()[k]);
        } else {
            if next_escape == escapes {
                return None;
            }
            let symbol = bit_field(packed, next_escape * width, width);
            next_escape += 1;
            if table.symbols().contains(&symbol) {
                return None;
            }
            symbols.push(symbol);
        }
        counts[k] += 1;
        if interval > 0 && (i + 1) % (1 << interval) == 0 {
            for (weight, count) in weights.iter_mut().zip(&mut counts) {
                *weight = *weight - (*weight >> rate) + ((*count << (24 - interval)) >> rate);
                *count = 0;
            }
            let narrow: Vec<u32> = weights.iter().map(|&weight| weight as u32).collect();
            let mut normalised = vec![0; narrow.len()];
            normalise(&narrow, &mut normalised);
            frequencies = normalised.iter().map(|&frequency| frequency.into()).collect();
        }
    }
    let all_used = 2 * next_word == words.len() && next_escape == escapes;
    (all_used && states.iter().all(|&state| state == 1 << 16)).then_some(symbols)
}

fn decode(stream: &[u8], model: &LaneModel, count: usize) -> Result<Vec<u16>> {
    let mut out = vec![0; count];
    let mut cursor = Cursor::unplaced(stream, "test");
    decode_lanes(&mut cursor, model, &mut out)?;
    cursor.finish()?;
    Ok(out)
}

fn encode(symbols: &[u16], model: &LaneModel) -> Vec<u8> {
    let mut out = Vec::new();
    encode_lanes(symbols, model, &mut out);
    out
}

/// There and back, by both decoders and past the stream; returns its length.
fn check(symbols: &[u16], model: &LaneModel, naive: bool) -> usize {
    let mut head = Vec::new();
    model.write(&mut head);
    let mut cursor = Cursor::unplaced(&head, "test");
    assert_eq!(&LaneModel::read(&mut cursor, model.table.width()).unwrap(), model);
    cursor.finish().unwrap();
    let stream = encode(symbols, model);
    assert!(decode(&stream, model, symbols.len()).unwrap() == symbols);
    if naive {
        assert!(naive_decode(&stream, model, symbols.len()).unwrap() == symbols);
    }
    let mut cursor = Cursor::unplaced(&stream, "test");
    let sizes = skip_lanes(&mut cursor, model).unwrap();
    cursor.finish().unwrap();
    assert_eq!(sizes.counts + sizes.states + sizes.words + sizes.escapes, stream.len());
    assert_eq!(sizes.states, 128);
    stream.len()
}

fn counts_of(symbols: &[u16], width: u32) -> Vec<u64> {
    let mut counts = vec![0; 1 << width];
    symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
    counts
}

fn adaptation() -> impl Strategy<Value = Adaptation> {
    prop_oneof![
        Just(Adaptation::STATIC),
        (MIN_INTERVAL..=MAX_INTERVAL, 1..=MAX_RATE).prop_map(|(interval, rate)| Adaptation { interval, rate })
    ]
}

/// Symbols of a width, more or less skewed around a centre that moves, and a model for them.
fn coded(lengths: impl Strategy<Value = usize>) -> impl Strategy<Value = (Vec<u16>, LaneModel)> {
    (1u32..=12, lengths, 0u32..12, any::<u64>(), adaptation(), any::<bool>()).prop_map(
        |(width, length, skew, seed, adaptation, sparse)| {
            let mask = (1u32 << width) - 1;
            let mut random = seed;
            let mut symbol = |i: usize| {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let narrow = (random >> 33) as u32 & mask >> (random >> 20).trailing_zeros().max(skew).min(width);
                ((narrow + (i / 700) as u32) & mask) as u16
            };
            let symbols: Vec<u16> = (0..length).map(&mut symbol).collect();
            let mut counts = counts_of(&symbols, width);
            if symbols.is_empty() {
                counts[1] = 1;
            }
            if sparse {
                // As if the tensor were longer: rare symbols become escapes.
                let most = counts.iter_mut().max().unwrap();
                *most += 1_000_000;
            }
            (symbols, LaneModel { table: Table::from_counts(&counts, width), adaptation })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn short_streams_come_back((symbols, model) in coded(0..3 * LANES + 5)) {
        check(&symbols, &model, true);
    }

    #[test]
    fn long_streams_come_back((symbols, model) in coded(0usize..3000)) {
        check(&symbols, &model, true);
    }

    #[test]
    fn damage_is_judged_as_specified(
        (symbols, model) in coded(0..3 * LANES + 5),
        flip in 1u8..,
        noise in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let mut stream = encode(&symbols, &model);
        let agree = |stream: &[u8]| {
            let decoded = decode(stream, &model, symbols.len()).ok();
            assert_eq!(decoded, naive_decode(stream, &model, symbols.len()));
            let _ = skip_lanes(&mut Cursor::unplaced(stream, "test"), &model);
        };
        for at in 0..stream.len() {
            prop_assert!(decode(&stream[..at], &model, symbols.len()).is_err());
            stream[at] ^= flip;
            // A changed count moves the end; the naive decoder does not look at what is left over.
            if at >= 2 {
                agree(&stream);
            } else {
                let _ = decode(&stream, &model, symbols.len());
            }
            stream[at] ^= flip;
        }
        let _ = decode(&noise, &model, symbols.len());
        // Noise in place of the words.
        for (byte, noise) in stream.iter_mut().skip(140).zip(noise.iter().cycle()) {
            *byte ^= noise;
        }
        agree(&stream);
        // Another number of symbols than were coded.
        prop_assert!(symbols.is_empty() || decode(&encode(&symbols, &model), &model, symbols.len() + 1000).is_err()
            || model.table.len() == 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn very_long_streams_come_back((symbols, model) in coded(60_000usize..200_000)) {
        check(&symbols, &model, false);
    }
}

#[test]
fn all_intervals_and_rates() {
    let symbols: Vec<u16> = (1..140_000u32).map(|i| (i.trailing_zeros() + i / 30_000) as u16).collect();
    let table = Table::from_counts(&counts_of(&symbols, 5), 5);
    for interval in MIN_INTERVAL..=MAX_INTERVAL {
        for rate in 1..=MAX_RATE {
            let model = LaneModel { table: table.clone(), adaptation: Adaptation { interval, rate } };
            check(&symbols, &model, rate == 3);
        }
    }
}

#[test]
fn one_symbol_takes_no_words() {
    for adaptation in [Adaptation::STATIC, Adaptation { interval: 8, rate: 1 }] {
        for length in [0, 1, 31, 32, 33, 100_000] {
            let model = LaneModel { table: Table::from_counts(&[0, 0, 9, 0], 2), adaptation };
            assert_eq!(check(&vec![2; length], &model, true), 130);
        }
    }
}

#[test]
fn two_symbols_take_a_bit() {
    let symbols: Vec<u16> = (0..64_000u32).map(|i| (i.count_ones() % 2) as u16).collect();
    let model = LaneModel { table: Table::from_counts(&[1, 1000], 1), adaptation: Adaptation::STATIC };
    check(&symbols, &model, true);
    let model = LaneModel { table: Table::from_counts(&[500, 500], 1), adaptation: Adaptation::STATIC };
    let length = check(&symbols, &model, true);
    assert!((8000..8200).contains(&length), "{length}");
}

#[test]
fn escapes_alone() {
    let symbols: Vec<u16> = (0..999).collect();
    let counts = vec![10; 1 << 12];
    let named = Table::from_counts(&counts, 12);
    assert_eq!((named.len(), named.has_escape()), (4096, false));
    check(&symbols, &LaneModel { table: named, adaptation: Adaptation { interval: 8, rate: 2 } }, true);
    let table = Table::from_counts(&[1; 2], 1);
    assert_eq!((table.len(), table.has_escape()), (1, true));
    for adaptation in [Adaptation::STATIC, Adaptation { interval: 9, rate: 8 }] {
        check(
            &symbols.iter().map(|symbol| symbol % 2).collect::<Vec<_>>(),
            &LaneModel { table: table.clone(), adaptation },
            true,
        );
    }
}

#[test]
fn rules_of_the_end() {
    let symbols: Vec<u16> = (0..100).map(|i| if i % 4 == 0 { i % 3 } else { i + 3 }).collect();
    let mut counts = vec![0; 256];
    counts[..3].fill(1_000_000);
    counts[3..].fill(1);
    let model = LaneModel { table: Table::from_counts(&counts, 8), adaptation: Adaptation::STATIC };
    assert_eq!(model.table.len(), 4);
    let stream = encode(&symbols, &model);
    let (words, escapes) = (usize::from(stream[0]), usize::from(stream[1]));
    assert!(words > 3 && escapes > 3);
    let rejected = |stream: &[u8]| {
        let error = decode(stream, &model, symbols.len()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.what().to_owned()
    };
    // A word and an escape more and less.
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
    more[1] += 1;
    more.push(77);
    assert_eq!(rejected(&more), "1 escapes left over");
    let mut less = stream.clone();
    less[1] -= 1;
    less.pop();
    assert_eq!(rejected(&less), "escaped symbols are missing");
    // An escape that has a frequency.
    let mut named = stream.clone();
    *named.last_mut().unwrap() = 2;
    assert_eq!(rejected(&named), "an escaped symbol that has a frequency");
    // A state that is too small, and one that does not end as it should.
    let mut small = stream.clone();
    small[2..6].copy_from_slice(&65_535u32.to_le_bytes());
    assert_eq!(rejected(&small), "a lane's state is too small");
    // More escapes than symbols.
    let mut many = stream.clone();
    many[1] = 101;
    assert!(rejected(&many).contains("among 100 symbols"));
}

#[test]
fn unearned_counts_are_refused() {
    let model = LaneModel { table: Table::from_counts(&[3, 1], 1), adaptation: Adaptation::STATIC };
    for (words, escapes) in [(u64::MAX, 0), (0, u64::MAX), (1 << 40, 0), (0, 1 << 62), (u64::MAX / 2, u64::MAX / 2)] {
        let mut stream = Vec::new();
        put_varint(&mut stream, words);
        put_varint(&mut stream, escapes);
        stream.extend([1; 200]);
        assert!(decode(&stream, &model, 10).is_err());
        assert!(skip_lanes(&mut Cursor::unplaced(&stream, "test"), &model).is_err());
    }
}

#[test]
fn bytes_are_pinned() {
    let symbols: Vec<u16> = (0..96).map(|i| [0, 0, 1, 0, 3, 2][i % 6]).collect();
    let table = Table::from_counts(&counts_of(&symbols, 2), 2);
    let stream = encode(&symbols, &LaneModel { table, adaptation: Adaptation::STATIC });
    assert_eq!(crate::wire::checksum(&stream), 1582489493);
}
