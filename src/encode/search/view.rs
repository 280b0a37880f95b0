//! A segment's symbol words, block by block, as fields see them.

use std::marker::PhantomData;
use std::ops::Range;

use crate::represent::{GroupValues, MaskBits, Rows, Steps, Transform, Word, of_kept};
use crate::tensor::Dtype;

/// Values that are looked at at a time.
pub(super) const BLOCK_VALUES: usize = 1 << 16;

/// The values of a segment and the steps that lead to symbol words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) dtype: Dtype,
    /// Elements; if they are to be unpacked their values, one a byte.
    pub(super) bytes: &'a [u8],
    pub(super) steps: &'a Steps,
    pub(super) shared: &'a GroupValues,
    /// Values that the mask keeps; without one all, and for C64 words.
    pub(super) kept: usize,
}

impl Source<'_> {
    fn stored_bits(&self) -> u32 {
        if self.steps.unpack.is_some() { 8 } else { self.dtype.word_bits() }
    }

    /// MaskBits or not; for C64 words.
    pub(super) fn values(&self) -> usize {
        (self.bytes.len() as u64 * 8 / u64::from(self.stored_bits())) as usize
    }

    /// The bytes of these values; the range begins at a multiple of 8 and ends at one or at the end.
    pub(super) fn bytes(&self, values: Range<usize>) -> &[u8] {
        let byte = |value: usize| (value as u64 * u64::from(self.stored_bits()) / 8) as usize;
        &self.bytes[byte(values.start)..byte(values.end)]
    }
}

/// Symbol words behind a transform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a, W> {
    pub(super) source: Source<'a>,
    pub(super) transform: Transform,
    word: PhantomData<W>,
}

/// Some of them.
#[derive(Debug)]
pub(super) struct Block<W> {
    pub(super) values: Range<usize>,
    /// Of the values those that are kept; none: all.
    pub(super) kept: Option<MaskBits>,
    /// Of the kept values.
    pub(super) words: Vec<W>,
}

impl<W> Block<W> {
    pub(super) fn elements(&self) -> Range<u64> {
        self.values.start as u64..self.values.end as u64
    }

    /// Of what belongs to each value what belongs to kept ones.
    pub(super) fn of_kept(&self, all: Vec<u8>) -> Vec<u8> {
        match &self.kept {
            Some(kept) => of_kept(&all, kept),
            None => all,
        }
    }

    /// MaskBits values in each of the rows that have values here, with the row's number.
    pub(super) fn rows(&self, rows: &Rows) -> Vec<(usize, usize)> {
        let first = rows.numbers(&self.elements()).start as usize;
        let mut start = 0;
        let lengths = rows.lengths(self.elements()).map(|len| {
            let end = start + len;
            let kept = self.kept.as_ref().map_or(len, |kept| kept[start..end].count_ones());
            start = end;
            kept
        });
        (first..).zip(lengths).collect()
    }
}

impl<'a, W: Word> Words<'a, W> {
    pub(super) fn new(source: Source<'a>, transform: Transform) -> Self {
        Self { source, transform, word: PhantomData }
    }

    /// Symbol words.
    pub(super) fn count(&self) -> usize {
        self.source.kept
    }

    /// Values, kept or not.
    pub(super) fn values(&self) -> usize {
        self.source.values()
    }

    /// Bits of a word.
    pub(super) fn bits(&self) -> u32 {
        self.source.steps.symbol_bits(self.source.dtype)
    }

    /// Transformed words; the range, of values, begins at a multiple of 8 and ends at one or at the end.
    pub(super) fn read(&self, values: Range<usize>) -> Block<W> {
        let Source { dtype, steps, shared, .. } = self.source;
        let bytes = self.source.bytes(values.clone());
        let start = values.start as u64;
        let (kept, mut words) = match steps.unpack {
            Some(_) => steps.forward_values::<u8, W>(bytes, start, shared),
            None => steps.forward::<W>(dtype, start, bytes, shared),
        };
        self.transform.apply(&mut words, self.bits());
        Block { values, kept, words }
    }

    /// All words, block by block.
    pub(super) fn blocks(self) -> impl Iterator<Item = Block<W>> {
        let count = self.values();
        (0..count).step_by(BLOCK_VALUES).map(move |start| self.read(start..count.min(start + BLOCK_VALUES)))
    }

    /// About `most` words in blocks spread evenly.
    pub(super) fn sample(self, most: usize) -> Vec<Block<W>> {
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
