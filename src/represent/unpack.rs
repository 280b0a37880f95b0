//! Unpacking (section 8.4): separates small integers that share larger words, and packs them again.

use std::borrow::Cow;

use super::step::{Step, StepInput};
use super::values::{SegmentLayout, Word, with_word};
use crate::error::{Error, Result};
use crate::spec::{MAX_PACKED_BITS, MAX_RUN_WORDS};
use crate::tensor::Dtype;
use crate::wire::Cursor;

/// The axis along which the words of a run follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// The last axis: the words are neighbours.
    Last,
    /// The first axis: the words are one row apart.
    First,
}

/// The arrangement of values in words: each value has `bits` bits, the first value the least significant ones, and a run of
/// values fills `words` words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unpack {
    pub(crate) bits: u32,
    pub(crate) words: u32,
    /// The distance between two neighbouring words of a run, in words.
    stride: u64,
    axis: Axis,
    word_bits: u32,
}

impl Step for Unpack {
    const FLAG: u8 = 1 << 0;

    fn read(cursor: &mut Cursor<'_>, input: &StepInput<'_>) -> Result<Self> {
        let start = cursor.clone();
        let [bits, words, axis] = [cursor.u8()?, cursor.u8()?, cursor.u8()?];
        let axis = [Axis::Last, Axis::First].get(usize::from(axis)).copied();
        let this = axis.and_then(|axis| Self::new(input.layout, bits.into(), words.into(), axis));
        this.ok_or_else(|| {
            start.place(Error::corrupt(format!("the elements cannot be values of {bits} bits in {words} words")))
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend([self.bits as u8, self.words as u8, self.axis as u8]);
    }

    fn describe(&self) -> String {
        match self.words {
            1 => format!("packed {} bits", self.bits),
            words => format!("packed {} bits in {words} words", self.bits),
        }
    }

    fn memory(&self) -> usize {
        0
    }
}

impl Unpack {
    /// Returns `None` if the elements of the segment cannot be packed in this way.
    pub(crate) fn new(layout: &SegmentLayout<'_>, bits: u32, words: u32, axis: Axis) -> Option<Self> {
        let word_bits = layout.dtype.word_bits();
        let is_sound = (1..=MAX_PACKED_BITS.min(word_bits - 1)).contains(&bits)
            && (1..=MAX_RUN_WORDS).contains(&words)
            && words * word_bits / bits >= 2
            && word_bits >= 8
            && layout.dtype.words() == 1;
        if !is_sound {
            return None;
        }
        let mut stride = 1;
        if words > 1 {
            let shape = layout.single()?;
            let along = match axis {
                Axis::Last => shape.last(),
                Axis::First if shape.len() < 2 => None,
                Axis::First => {
                    stride = shape[1..].iter().product();
                    shape.first()
                }
            };
            along.filter(|dimension| dimension.is_multiple_of(u64::from(words)))?;
        } else if axis == Axis::First {
            return None;
        }
        let this = Self { bits, words, stride, axis, word_bits };
        let elements: u64 = layout.elements();
        (elements / u64::from(words)).checked_mul(this.values_a_run()).filter(|&values| values < 1 << 63)?;
        Some(this)
    }

    /// Returns the number of values of a run: k of section 8.4.
    pub(crate) fn values_a_run(&self) -> u64 {
        u64::from(self.words * self.word_bits / self.bits)
    }

    /// Returns the number of elements of the smallest part that a chunk can begin with: complete runs, side by side.
    pub(crate) fn unit(&self) -> u64 {
        u64::from(self.words).saturating_mul(self.stride)
    }

    /// Returns the number of values before `element`, which must be the first element of a unit or one past the last element.
    pub(crate) fn values_before(&self, element: u64) -> u64 {
        element / u64::from(self.words) * self.values_a_run()
    }

    /// Returns the layout of the values.
    pub(crate) fn layout<'a>(&self, layout: &SegmentLayout<'a>) -> SegmentLayout<'a> {
        let of_values = |shape: &Cow<'a, [u64]>| {
            let mut shape = shape.to_vec();
            if self.words > 1 {
                let along = match self.axis {
                    Axis::Last => shape.last_mut(),
                    Axis::First => shape.first_mut(),
                };
                along.into_iter().for_each(|dimension| *dimension /= u64::from(self.words));
            }
            shape.push(self.values_a_run());
            Cow::Owned(shape)
        };
        SegmentLayout { dtype: layout.dtype, shapes: layout.shapes.iter().map(of_values).collect() }
    }

    /// Unpacks whole units to one value per byte. Returns `None` if a bit above the last value of a run is set.
    pub(crate) fn apply(&self, dtype: Dtype, bytes: &[u8]) -> Option<Vec<u8>> {
        with_word!(dtype.word_bits(), W => self.apply_words::<W>(bytes))
    }

    /// Packs values of whole units, one value per byte, to `out`, whose length must fit.
    pub(crate) fn invert(&self, dtype: Dtype, values: &[u8], out: &mut [u8]) {
        with_word!(dtype.word_bits(), W => self.invert_words::<W>(values, out));
    }

    fn apply_words<W: Word>(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (run, count) = (self.words as usize, self.values_a_run() as usize);
        let stride = self.stride as usize;
        let mask = (1u128 << self.bits) - 1;
        let mut values = Vec::with_capacity(bytes.len() / W::SIZE / run * count);
        for unit in bytes.chunks_exact(run * stride * W::SIZE) {
            for first in 0..stride {
                let mut word_of = (0..run).map(|word| {
                    let at = (first + word * stride) * W::SIZE;
                    u128::from(W::read(&unit[at..at + W::SIZE]).number())
                });
                let (mut held, mut held_bits) = (0u128, 0);
                for _ in 0..count {
                    if held_bits < self.bits {
                        held |= word_of.next().unwrap_or(0) << held_bits;
                        held_bits += self.word_bits;
                    }
                    values.push((held & mask) as u8);
                    held >>= self.bits;
                    held_bits -= self.bits;
                }
                if held != 0 || word_of.any(|word| word != 0) {
                    return None;
                }
            }
        }
        Some(values)
    }

    fn invert_words<W: Word>(&self, values: &[u8], out: &mut [u8]) {
        let (run, count) = (self.words as usize, self.values_a_run() as usize);
        let stride = self.stride as usize;
        for (values, unit) in values.chunks(count * stride).zip(out.chunks_mut(run * stride * W::SIZE)) {
            for (first, values) in values.chunks_exact(count).enumerate() {
                let mut values = values.iter();
                let (mut held, mut held_bits) = (0u128, 0);
                for word in 0..run {
                    while held_bits < self.word_bits {
                        let Some(&value) = values.next() else { break };
                        held |= u128::from(value) << held_bits;
                        held_bits += self.bits;
                    }
                    let at = (first + word * stride) * W::SIZE;
                    let word_mask = (1u128 << self.word_bits) - 1;
                    W::from_number((held & word_mask) as u64).write(&mut unit[at..at + W::SIZE]);
                    held >>= self.word_bits;
                    held_bits = held_bits.saturating_sub(self.word_bits);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_from(bytes: &[u8], layout: &SegmentLayout<'_>) -> Result<Unpack> {
        let input = StepInput { layout, bits: layout.dtype.word_bits(), is_unpacked: false, class_fields: 0 };
        Unpack::read(&mut Cursor::unplaced(bytes, "test"), &input)
    }

    proptest! {
        /// Compares with a literal implementation of section 8.4, bit by bit.
        #[test]
        fn values_are_as_specified(
            dtype in prop_oneof![Just(Dtype::U8), Just(Dtype::I16), Just(Dtype::I32), Just(Dtype::U64), Just(Dtype::F4)],
            bits in 1u32..=8, words in 1u32..=8, is_first: bool, rows in 1u64..4, columns in 1u64..4, seed: u64,
        ) {
            let axis = if is_first { Axis::First } else { Axis::Last };
            let (rows, columns) = match axis {
                Axis::First => (rows * u64::from(words), columns),
                Axis::Last => (rows, columns * u64::from(words)),
            };
            prop_assume!(dtype.bits() >= 8);
            let shape = [rows, columns];
            let layout = SegmentLayout::new(dtype, [&shape[..]]);
            let Some(unpack) = Unpack::new(&layout, bits, words, axis) else { return Ok(()) };
            let w = dtype.word_bits() as usize;
            let k = words as usize * w / bits as usize;
            let stride = if axis == Axis::First { columns as usize } else { 1 };
            let mut state = seed;
            let runs = (rows * columns) as usize / words as usize;
            let values: Vec<u8> = (0..runs * k).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8 & ((1u16 << bits) - 1) as u8
            }).collect();
            let mut expected = vec![0u8; (rows * columns) as usize * w / 8];
            for (i, value) in values.iter().enumerate() {
                let (run, j) = (i / k, i % k);
                let (block, within) = (run / stride, run % stride);
                for bit in 0..bits as usize {
                    let at = j * bits as usize + bit;
                    let word = block * stride * words as usize + within + at / w * stride;
                    expected[(word * w + at % w) / 8] |= (value >> bit & 1) << (at % 8);
                }
            }
            let mut out = vec![0xff; expected.len()];
            unpack.invert(dtype, &values, &mut out);
            prop_assert_eq!(&out, &expected);
            prop_assert_eq!(unpack.apply(dtype, &out), Some(values.clone()));
            prop_assert_eq!(unpack.layout(&layout).elements(), values.len() as u64);
            prop_assert_eq!(unpack.values_before(rows * columns), values.len() as u64);
            if k * (bits as usize) < words as usize * w {
                *out.last_mut().unwrap() |= 0x80;
                prop_assert_eq!(unpack.apply(dtype, &out), None);
            }
            let mut parameters = Vec::new();
            unpack.write(&mut parameters);
            prop_assert_eq!(read_from(&parameters, &layout).unwrap(), unpack);
        }
    }

    #[test]
    fn impossible_packings_are_refused() {
        let shape = [4, 6];
        let layout = SegmentLayout::new(Dtype::I32, [&shape[..]]);
        let read = |bytes: [u8; 3], layout: &SegmentLayout<'_>| read_from(&bytes, layout).is_ok();
        assert!(read([4, 1, 0], &layout) && read([3, 3, 0], &layout) && read([3, 4, 1], &layout));
        for bytes in [[0, 1, 0], [9, 1, 0], [4, 0, 0], [4, 9, 0], [4, 1, 1], [4, 1, 2], [3, 3, 1], [3, 4, 0]] {
            assert!(!read(bytes, &layout), "{bytes:?}");
        }
        assert!(!read([8, 1, 0], &SegmentLayout::new(Dtype::U8, [&shape[..]])), "a value is less than a word");
        assert!(!read([5, 1, 0], &SegmentLayout::new(Dtype::U8, [&shape[..]])), "one value");
        assert!(!read([3, 3, 0], &SegmentLayout::new(Dtype::I32, [&shape[..], &shape[..]])), "runs of several members");
        assert!(!read([4, 1, 0], &SegmentLayout::new(Dtype::C64, [&shape[..]])));
        for dtype in [Dtype::F4, Dtype::F6_E2M3, Dtype::F6_E3M2] {
            let layout = SegmentLayout::new(dtype, [&[4u64, 8][..]]);
            assert!(!read([2, 1, 0], &layout) && !read([3, 4, 0], &layout), "words of less than a byte");
        }
    }
}
