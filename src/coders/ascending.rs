//! Lists of ascending numbers (section 8.6), coded by the narrow bits coder: how many, the first, and the differences.

use super::coder::{BitsDecoder, BitsEncoder, Narrow};
use super::context::Tree;
use crate::error::{Error, Result};
use crate::spec::{MAP_LIMIT, MAX_CODEBOOK_ENTRIES};
use crate::wire::Cursor;

/// Bits of the tree for the length of a difference.
const LENGTH_BITS: u32 = 7;

/// Appends a stream of lists; each has 1 to 2^`count_bits` numbers below 2^`bits`, ascending.
pub(crate) fn encode_ascending<'a>(
    lists: impl IntoIterator<Item = &'a [u64]>,
    count_bits: u32,
    bits: u32,
    out: &mut Vec<u8>,
) {
    let mut encoder = BitsEncoder::<Narrow>::new();
    let (mut counts, mut lengths) = (Tree::new(count_bits), Tree::new(LENGTH_BITS));
    for list in lists {
        counts.encode(&mut encoder, (list.len() - 1) as u16, MAP_LIMIT);
        let mut last = None;
        for &number in list {
            match last {
                None => encode_halves(&mut encoder, number, bits),
                Some(last) => {
                    let difference: u64 = number - last;
                    let length = 64 - difference.leading_zeros();
                    lengths.encode(&mut encoder, length as u16, MAP_LIMIT);
                    encode_halves(&mut encoder, difference, length - 1);
                }
            }
            last = Some(number);
        }
    }
    encoder.finish(out);
}

/// Reads a stream of `count` lists, at least one.
pub(crate) fn decode_ascending(
    cursor: &mut Cursor<'_>,
    count: usize,
    count_bits: u32,
    bits: u32,
) -> Result<Vec<Vec<u64>>> {
    let start = cursor.clone();
    let mut decode = || {
        let mut decoder = BitsDecoder::<Narrow>::new(cursor)?;
        let (mut counts, mut lengths) = (Tree::new(count_bits), Tree::new(LENGTH_BITS));
        let mut lists = Vec::new();
        let mut left = MAX_CODEBOOK_ENTRIES;
        for _ in 0..count {
            let entries = usize::from(counts.decode(&mut decoder, MAP_LIMIT)?) + 1;
            left = match left.checked_sub(entries) {
                Some(left) => left,
                None => return Err(Error::corrupt(format!("codebooks of more than {MAX_CODEBOOK_ENTRIES} entries"))),
            };
            let mut list: Vec<u64> = Vec::with_capacity(entries);
            for _ in 0..entries {
                let number = match list.last() {
                    None => decode_halves(&mut decoder, bits)?,
                    Some(&last) => {
                        let length = u32::from(lengths.decode(&mut decoder, MAP_LIMIT)?);
                        if !(1..=bits).contains(&length) {
                            return Err(Error::corrupt(format!("a difference of {length} bits in a codebook")));
                        }
                        let difference = 1 << (length - 1) | decode_halves(&mut decoder, length - 1)?;
                        let number: Option<u64> = last.checked_add(difference);
                        let number = number.filter(|number| bits == 64 || number >> bits == 0);
                        number.ok_or_else(|| Error::corrupt("a codebook leaves the range of its values"))?
                    }
                };
                list.push(number);
            }
            lists.push(list);
        }
        decoder.finish()?;
        Ok(lists)
    };
    decode().map_err(|error: Error| start.place(error))
}

/// The `count` low bits of a number, the most significant first.
pub(super) fn encode_halves(encoder: &mut BitsEncoder<Narrow>, number: u64, count: u32) {
    (0..count).rev().for_each(|bit| encoder.encode_half(number >> bit & 1 == 1));
}

pub(super) fn decode_halves(decoder: &mut BitsDecoder<'_, Narrow>, count: u32) -> Result<u64> {
    (0..count).try_fold(0, |number, _| Ok(number << 1 | u64::from(decoder.decode_half()?)))
}

/// Passes over a stream of codebooks or scales; the bytes that it takes.
pub(crate) fn skip_map(cursor: &mut Cursor<'_>) -> Result<usize> {
    let start = cursor.position();
    let words = cursor.count(2, "words")?;
    cursor.bytes(words * 2)?;
    Ok(cursor.position() - start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lists() -> impl Strategy<Value = (u32, Vec<Vec<u64>>)> {
        (1u32..=64).prop_flat_map(|bits| {
            let number =
                (any::<u64>(), 0u32..64).prop_map(move |(number, less)| (number >> (64 - bits)) >> (less % bits));
            let list = prop::collection::btree_set(number, 1..30).prop_map(|set| set.into_iter().collect());
            (Just(bits), prop::collection::vec(list, 1..5))
        })
    }

    proptest! {
        #[test]
        fn lists_come_back((bits, lists) in lists()) {
            let mut out = Vec::new();
            encode_ascending(lists.iter().map(Vec::as_slice), 5, bits, &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            let mut skipping = cursor.clone();
            prop_assert_eq!(decode_ascending(&mut cursor, lists.len(), 5, bits).unwrap(), lists);
            cursor.finish().unwrap();
            prop_assert_eq!(skip_map(&mut skipping).unwrap(), out.len());
        }

        #[test]
        fn damage_does_no_harm((bits, lists) in lists(), at: u16, flip in 1u8..) {
            let mut out = Vec::new();
            encode_ascending(lists.iter().map(Vec::as_slice), 5, bits, &mut out);
            let at = usize::from(at) % out.len();
            prop_assert!(decode_ascending(&mut Cursor::unplaced(&out[..at], "test"), lists.len(), 5, bits).is_err());
            out[at] ^= flip;
            if let Ok(back) = decode_ascending(&mut Cursor::unplaced(&out, "test"), lists.len(), 5, bits) {
                prop_assert!(back.iter().all(|list| list.is_sorted_by(|a, b| a < b)));
                prop_assert!(back.iter().flatten().all(|number| bits == 64 || number >> bits == 0));
            }
        }
    }

    #[test]
    fn entries_are_bounded() {
        let list: Vec<u64> = (0..4096).collect();
        for (count, fits) in [(16, true), (17, false)] {
            let mut out = Vec::new();
            encode_ascending(std::iter::repeat_n(&list[..], count), 12, 32, &mut out);
            let back = decode_ascending(&mut Cursor::unplaced(&out, "test"), count, 12, 32);
            assert_eq!(back.is_ok(), fits);
        }
    }

    #[test]
    fn bytes_are_pinned() {
        let mut out = Vec::new();
        encode_ascending([&[3u64, 4, 9, 200][..], &[0]], 3, 8, &mut out);
        assert_eq!(out, [4, 96, 96, 176, 53, 150, 89, 0, 0]);
    }
}
