//! Codebooks (section 8.6): lists of ascending numbers, stored as their length, the first number, and differences.

use super::super::context::Tree;
use super::super::range::{BitDecoder, BitEncoder, Narrow, skip_stream};
use super::super::sink::{Sink, infallible};
use crate::error::{Error, Result};
use crate::spec::{MAP_LIMIT, MAX_CODEBOOK_ENTRIES};
use crate::wire::Cursor;

/// The width of the tree that codes the bit lengths of differences.
const LENGTH_BITS: u32 = 7;

/// Appends a stream of codebooks. Each has 1 to 2^`count_bits` ascending numbers below 2^`bits`.
pub(crate) fn encode_codebooks<'a>(
    lists: impl IntoIterator<Item = &'a [u64]>,
    count_bits: u32,
    bits: u32,
    out: &mut Vec<u8>,
) {
    let mut encoder = BitEncoder::<Narrow>::new();
    let mut model = ListModel::new(count_bits, bits);
    for list in lists {
        infallible(model.counts.code(&mut encoder, (list.len() - 1) as u16, MAP_LIMIT));
        let mut last = None;
        for &number in list {
            match last {
                None => infallible(encoder.code_halves(number, bits)),
                Some(last) => {
                    let difference: u64 = number - last;
                    let length = 64 - difference.leading_zeros();
                    infallible(model.lengths.code(&mut encoder, length as u16, MAP_LIMIT));
                    infallible(encoder.code_halves(difference, length - 1))
                }
            };
            last = Some(number);
        }
    }
    encoder.finish(out);
}

/// Reads a stream of `count` codebooks, at least one.
pub(crate) fn decode_codebooks(
    cursor: &mut Cursor<'_>,
    count: usize,
    count_bits: u32,
    bits: u32,
) -> Result<Vec<Vec<u64>>> {
    let start = cursor.clone();
    let mut decode = || {
        let mut decoder = BitDecoder::<Narrow>::new(cursor)?;
        let mut model = ListModel::new(count_bits, bits);
        let mut lists = Vec::new();
        let mut left = MAX_CODEBOOK_ENTRIES;
        for _ in 0..count {
            let entries = usize::from(model.counts.code(&mut decoder, 0, MAP_LIMIT)?) + 1;
            left = match left.checked_sub(entries) {
                Some(left) => left,
                None => return Err(Error::corrupt(format!("codebooks of more than {MAX_CODEBOOK_ENTRIES} entries"))),
            };
            let mut list: Vec<u64> = Vec::with_capacity(entries);
            for _ in 0..entries {
                let number = match list.last() {
                    None => decoder.code_halves(0, bits)?,
                    Some(&last) => model.decode_next(&mut decoder, last)?,
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

/// The contexts of a stream of codebooks.
struct ListModel {
    counts: Tree,
    /// The contexts of the bit lengths of differences.
    lengths: Tree,
    bits: u32,
}

impl ListModel {
    fn new(count_bits: u32, bits: u32) -> Self {
        Self { counts: Tree::new(count_bits), lengths: Tree::new(LENGTH_BITS), bits }
    }

    /// Decodes the number that follows `last`.
    fn decode_next(&mut self, decoder: &mut BitDecoder<'_, Narrow>, last: u64) -> Result<u64> {
        let length = u32::from(self.lengths.code(decoder, 0, MAP_LIMIT)?);
        if !(1..=self.bits).contains(&length) {
            return Err(Error::corrupt(format!("a difference of {length} bits in a codebook")));
        }
        let difference = 1 << (length - 1) | decoder.code_halves(0, length - 1)?;
        let number = last.checked_add(difference).filter(|number| self.bits == 64 || number >> self.bits == 0);
        number.ok_or_else(|| Error::corrupt("a number of a codebook is out of range"))
    }
}

/// Skips a stream of codebooks or scales; returns its size in bytes.
pub(crate) fn skip_map(cursor: &mut Cursor<'_>) -> Result<usize> {
    skip_stream::<Narrow>(cursor)
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
            encode_codebooks(lists.iter().map(Vec::as_slice), 5, bits, &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            let mut skipping = cursor.clone();
            prop_assert_eq!(decode_codebooks(&mut cursor, lists.len(), 5, bits).unwrap(), lists);
            cursor.finish().unwrap();
            prop_assert_eq!(skip_map(&mut skipping).unwrap(), out.len());
        }

        #[test]
        fn damage_does_no_harm((bits, lists) in lists(), at: u16, flip in 1u8..) {
            let mut out = Vec::new();
            encode_codebooks(lists.iter().map(Vec::as_slice), 5, bits, &mut out);
            let at = usize::from(at) % out.len();
            prop_assert!(decode_codebooks(&mut Cursor::unplaced(&out[..at], "test"), lists.len(), 5, bits).is_err());
            out[at] ^= flip;
            if let Ok(back) = decode_codebooks(&mut Cursor::unplaced(&out, "test"), lists.len(), 5, bits) {
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
            encode_codebooks(std::iter::repeat_n(&list[..], count), 12, 32, &mut out);
            let back = decode_codebooks(&mut Cursor::unplaced(&out, "test"), count, 12, 32);
            assert_eq!(back.is_ok(), fits);
        }
    }

    #[test]
    fn bytes_are_pinned() {
        let mut out = Vec::new();
        encode_codebooks([&[3u64, 4, 9, 200][..], &[0]], 3, 8, &mut out);
        assert_eq!(out, [4, 96, 96, 176, 53, 150, 89, 0, 0]);
    }
}
