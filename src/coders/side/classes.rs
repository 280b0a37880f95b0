//! Vectors of classes (section 8.2): small integers, one for each index of some axes.

use super::super::context::Tree;
use super::super::range::{BitDecoder, BitEncoder, Narrow, skip_stream};
use super::super::sink::{QuickCost, Sink, infallible};
use crate::error::{Error, Result};
use crate::spec::{CLASS_LIMIT, MAX_CLASS_BITS};
use crate::wire::Cursor;

/// The way in which classes are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClassCoding {
    /// The number of bits of a class, 1 to [`MAX_CLASS_BITS`].
    pub(crate) width: u32,
    /// Whether each class is coded in the context of the class before it.
    pub(crate) is_ordered: bool,
}

impl ClassCoding {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Result<Self> {
        let start = cursor.clone();
        let (width, order) = (u32::from(cursor.u8()?), cursor.u8()?);
        if !(1..=MAX_CLASS_BITS).contains(&width) || order > 1 {
            return Err(
                start.place(Error::corrupt(format!("classes of {width} bits and order {order} are not allowed")))
            );
        }
        Ok(Self { width, is_ordered: order == 1 })
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend([self.width as u8, u8::from(self.is_ordered)]);
    }

    /// Appends a stream of vectors, whose classes are below 2^width.
    pub(crate) fn encode<'a>(self, vectors: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
        let mut encoder = BitEncoder::<Narrow>::new();
        for vector in vectors {
            infallible(self.code_known(vector, &mut encoder));
        }
        encoder.finish(out);
    }

    /// Reads a stream of vectors of these lengths, not all of which are 0.
    pub(crate) fn decode(self, cursor: &mut Cursor<'_>, lengths: &[usize]) -> Result<Vec<Vec<u8>>> {
        let start = cursor.clone();
        let mut decode = || {
            let mut decoder = BitDecoder::<Narrow>::new(cursor)?;
            let mut vectors = Vec::with_capacity(lengths.len());
            for &length in lengths {
                let mut trees = Trees::new(self);
                let mut vector = Vec::new();
                for _ in 0..length {
                    vector.push(trees.code(&mut decoder, 0)?);
                }
                vectors.push(vector);
            }
            decoder.finish()?;
            Ok(vectors)
        };
        decode().map_err(|error: Error| start.place(error))
    }

    /// Reads a stream of one vector from each cursor; no length is 0. The streams take turns, because each bit of a
    /// stream waits for the bit before.
    pub(crate) fn decode_each(self, cursors: &mut [Cursor<'_>], lengths: &[usize]) -> Result<Vec<Vec<u8>>> {
        let mut streams = Vec::with_capacity(lengths.len());
        for (cursor, &length) in cursors.iter_mut().zip(lengths) {
            let start = cursor.clone();
            let decoder = BitDecoder::<Narrow>::new(cursor).map_err(|error| start.place(error))?;
            streams.push((decoder, Trees::new(self), Vec::new(), length, start));
        }
        for i in 0..lengths.iter().copied().max().unwrap_or(0) {
            for (decoder, trees, vector, length, start) in &mut streams {
                if i < *length {
                    vector.push(trees.code(decoder, 0).map_err(|error| start.place(error))?);
                }
            }
        }
        let finish = |(decoder, _, vector, _, start): (BitDecoder<'_, Narrow>, _, _, _, Cursor<'_>)| {
            decoder.finish().map_err(|error| start.place(error))?;
            Ok(vector)
        };
        streams.into_iter().map(finish).collect()
    }

    /// Returns the cost of a vector, in units of 2^-16 bit.
    pub(crate) fn cost(self, vector: &[u8]) -> u64 {
        let mut cost = QuickCost::default();
        infallible(self.code_known(vector, &mut cost));
        cost.total
    }

    fn code_known<S: Sink>(self, vector: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let mut trees = Trees::new(self);
        vector.iter().try_for_each(|&class| trees.code(sink, class).map(|_| ()))
    }
}

/// Skips a stream of classes; returns its size in bytes.
pub(crate) fn skip_classes(cursor: &mut Cursor<'_>) -> Result<usize> {
    skip_stream::<Narrow>(cursor)
}

/// The contexts of one vector.
struct Trees {
    trees: Vec<Tree>,
    last: u8,
    is_ordered: bool,
}

impl Trees {
    fn new(coding: ClassCoding) -> Self {
        let count = if coding.is_ordered { 1 << coding.width } else { 1 };
        Self { trees: vec![Tree::new(coding.width); count], last: 0, is_ordered: coding.is_ordered }
    }

    /// Codes the next class and returns it.
    #[inline(always)]
    fn code<S: Sink>(&mut self, sink: &mut S, class: u8) -> Result<u8, S::Error> {
        let context = if self.is_ordered { usize::from(self.last) } else { 0 };
        self.last = self.trees[context].code(sink, class.into(), CLASS_LIMIT)? as u8;
        Ok(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vectors() -> impl Strategy<Value = (ClassCoding, [Vec<u8>; 3])> {
        (1..=MAX_CLASS_BITS, any::<bool>()).prop_flat_map(|(width, is_ordered)| {
            let vector = |least| prop::collection::vec(0..1u8 << width, least..100);
            (Just(ClassCoding { width, is_ordered }), [vector(1), vector(0), vector(0)])
        })
    }

    proptest! {
        #[test]
        fn classes_come_back((coding, vectors) in vectors()) {
            let mut out = Vec::new();
            coding.write(&mut out);
            coding.encode(vectors.iter().map(Vec::as_slice), &mut out);
            let mut cursor = Cursor::unplaced(&out, "test");
            prop_assert_eq!(ClassCoding::read(&mut cursor).unwrap(), coding);
            let mut skipping = cursor.clone();
            let back = coding.decode(&mut cursor, &[0, 1, 2].map(|i: usize| vectors[i].len())).unwrap();
            cursor.finish().unwrap();
            prop_assert_eq!(&back[..], &vectors[..]);
            skip_classes(&mut skipping).unwrap();
            skipping.finish().unwrap();
            let alone = vectors[..2].iter().filter(|vector| !vector.is_empty()).map(|vector| {
                let mut stream = Vec::new();
                coding.encode([&vector[..]], &mut stream);
                (stream, vector)
            });
            let alone: Vec<_> = alone.collect();
            let mut cursors: Vec<_> = alone.iter().map(|(stream, _)| Cursor::unplaced(stream, "test")).collect();
            let lengths: Vec<_> = alone.iter().map(|(_, vector)| vector.len()).collect();
            let back = coding.decode_each(&mut cursors, &lengths).unwrap();
            prop_assert!(back.iter().eq(alone.iter().map(|(_, vector)| *vector)));
            cursors.iter().try_for_each(Cursor::finish).unwrap();
            let cost: u64 = vectors.iter().map(|vector| coding.cost(vector)).sum();
            prop_assert!((cost >> 16).abs_diff(out.len() as u64 * 8 - 24) < 40, "{} {}", cost >> 16, out.len() * 8);
        }

        #[test]
        fn damage_does_no_harm((coding, vectors) in vectors(), flip in 1u8..) {
            let mut out = Vec::new();
            coding.encode(vectors.iter().map(Vec::as_slice), &mut out);
            let lengths = [0, 1, 2].map(|i: usize| vectors[i].len());
            for at in 0..out.len() {
                prop_assert!(coding.decode(&mut Cursor::unplaced(&out[..at], "test"), &lengths).is_err());
                out[at] ^= flip;
                if let Ok(back) = coding.decode(&mut Cursor::unplaced(&out, "test"), &lengths) {
                    prop_assert!(back.iter().flatten().all(|&class| class >> coding.width == 0));
                }
                out[at] ^= flip;
            }
        }
    }

    #[test]
    fn codings_are_checked() {
        for width in 0..=255 {
            for order in 0..=255 {
                let read = ClassCoding::read(&mut Cursor::unplaced(&[width, order], "test"));
                assert_eq!(read.is_ok(), (1..=6).contains(&width) && order < 2);
            }
        }
    }

    #[test]
    fn bytes_are_pinned() {
        let mut out = Vec::new();
        ClassCoding { width: 3, is_ordered: false }.encode([&[1u8, 2, 1, 1, 7, 0][..], &[3]], &mut out);
        ClassCoding { width: 3, is_ordered: true }.encode([&[1u8, 2, 1, 1, 7, 0][..], &[3]], &mut out);
        assert_eq!(out, [2, 224, 54, 147, 5, 2, 145, 40, 49, 90]);
    }
}
