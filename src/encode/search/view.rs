//! The symbol words of a segment, read block by block. All phases of the search read them through a [`WordView`].

use std::marker::PhantomData;
use std::ops::Range;

use super::chunk_limits::ChunkLimits;
use super::effort::Effort;
use crate::represent::{
    Forward, ForwardBlock, GridHint, GroupValues, MaskBits, Order, SegmentLayout, Steps, Transform, Unpack, Word,
};
use crate::tensor::Dtype;

/// Values that are read at a time.
const BLOCK_VALUES: usize = 1 << 16;

/// The values of a segment, and the steps that make symbol words of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueSource<'a> {
    /// The elements. If the steps unpack them: the values, one a byte.
    pub(super) bytes: &'a [u8],
    pub(super) steps: &'a Steps,
    pub(super) group_values: &'a GroupValues,
    /// Number of values that the mask keeps. Without a mask: of all values, and for C64 of all words.
    pub(super) kept: usize,
}

/// The source of the symbol words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'a> {
    Values(ValueSource<'a>),
    /// Mask bits, one a byte: words of one bit.
    MaskBits(&'a [u8]),
}

/// The symbol words of a segment behind a transform.
#[derive(Debug, Clone, Copy)]
pub(super) struct WordView<'a, W> {
    /// The layout of the values.
    pub(super) layout: &'a SegmentLayout<'a>,
    pub(super) effort: &'a Effort,
    pub(super) source: Source<'a>,
    pub(super) transform: Transform,
    word: PhantomData<W>,
}

impl<'a, W: Word> WordView<'a, W> {
    pub(super) fn new(
        layout: &'a SegmentLayout<'a>,
        effort: &'a Effort,
        source: Source<'a>,
        transform: Transform,
    ) -> Self {
        Self { layout, effort, source, transform, word: PhantomData }
    }

    /// Returns the same words behind another transform.
    pub(super) fn with_transform(self, transform: Transform) -> Self {
        Self { transform, ..self }
    }

    /// Returns the number of symbol words.
    pub(super) fn count(&self) -> usize {
        match self.source {
            Source::Values(source) => source.kept,
            Source::MaskBits(bits) => bits.len(),
        }
    }

    /// Returns the number of values, kept or not. For C64: of words.
    pub(super) fn values(&self) -> usize {
        match self.source {
            Source::Values(source) => {
                (source.bytes.len() as u64 * 8 / u64::from(self.stored_bits(source.steps))) as usize
            }
            Source::MaskBits(bits) => bits.len(),
        }
    }

    /// Returns the bits of a word.
    pub(super) fn bits(&self) -> u32 {
        match self.source {
            Source::Values(source) => source.steps.symbol_bits(self.layout.dtype),
            Source::MaskBits(_) => 1,
        }
    }

    /// Returns the number of words of an element.
    pub(super) fn words_of_element(&self) -> usize {
        self.layout.dtype.words() as usize
    }

    fn stored_bits(&self, steps: &Steps) -> u32 {
        if steps.unpack.is_some() { 8 } else { self.layout.dtype.word_bits() }
    }

    /// Reads the words of `values`, a range that begins at a multiple of 8 and ends at a multiple of 8 or at the last
    /// value.
    pub(super) fn read(&self, values: Range<usize>) -> ForwardBlock<W> {
        let numbers = values.start as u64..values.end as u64;
        let source = match self.source {
            Source::Values(source) => source,
            Source::MaskBits(bits) => {
                let words = bits[values].iter().map(|&bit| W::from_number(bit.into())).collect();
                return ForwardBlock { values: numbers, mask: None, words };
            }
        };
        let ValueSource { steps, group_values, .. } = source;
        let byte = |value: usize| (value as u64 * u64::from(self.stored_bits(steps)) / 8) as usize;
        let bytes = &source.bytes[byte(values.start)..byte(values.end)];
        let forward = Forward { dtype: self.layout.dtype, steps, transform: self.transform, group_values };
        match steps.unpack {
            Some(_) => forward.unpacked(numbers, bytes),
            None => forward.elements(numbers, bytes),
        }
    }

    /// Reads all words, block by block.
    pub(super) fn blocks(self) -> impl Iterator<Item = ForwardBlock<W>> {
        let count = self.values();
        (0..count).step_by(BLOCK_VALUES).map(move |start| self.read(start..count.min(start + BLOCK_VALUES)))
    }

    /// Reads about `most` words in blocks that are spread evenly.
    pub(super) fn sample(self, most: usize) -> Vec<ForwardBlock<W>> {
        const SAMPLE_BLOCK: usize = 1 << 10;
        let count = self.values();
        if self.count() <= most {
            return vec![self.read(0..count)];
        }
        let most = (most as u128 * count as u128 / self.count() as u128) as usize;
        let blocks = (most / SAMPLE_BLOCK).max(1);
        let stride = count / blocks;
        let start_of = |block: usize| (block * stride + (stride - SAMPLE_BLOCK.min(stride)) / 2) / 8 * 8;
        (0..blocks).map(|block| self.read(start_of(block)..(start_of(block) + SAMPLE_BLOCK).min(count))).collect()
    }
}

/// The mask bits of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaskView<'a> {
    /// The layout of the values.
    pub(super) layout: &'a SegmentLayout<'a>,
    pub(super) effort: &'a Effort,
    pub(super) kept: &'a MaskBits,
    /// The value that has 0 bits.
    pub(super) omitted: u64,
}

/// The values of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct SegmentView<'a> {
    /// The layout of the values.
    pub(super) layout: &'a SegmentLayout<'a>,
    pub(super) unpack: Option<Unpack>,
    /// The bytes of the elements; if they are unpacked, one byte for each value.
    pub(super) bytes: &'a [u8],
    /// Bits of a value.
    pub(super) bits: u32,
    pub(super) limits: ChunkLimits,
    pub(super) effort: &'a Effort,
    /// The grid that the caller made the values on, if it did.
    pub(super) hint: Option<&'a GridHint>,
}

impl SegmentView<'_> {
    pub(super) fn dtype(&self) -> Dtype {
        self.layout.dtype
    }

    pub(super) fn order(&self) -> Order {
        Order::of(self.dtype(), self.unpack.is_some())
    }

    /// Returns the number of values in `elements` elements of a chunk.
    pub(super) fn values_of(&self, elements: u64) -> u64 {
        self.unpack.map_or(elements, |unpack| unpack.values_before(elements))
    }
}
