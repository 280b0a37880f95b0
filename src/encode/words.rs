//! A segment's words, block by block, as fields see them.

use std::marker::PhantomData;
use std::ops::Range;

use crate::represent::{Transform, Word, read_words};

/// Words that are looked at at a time.
pub(super) const BLOCK_WORDS: usize = 1 << 16;

/// Words behind a transform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a, W> {
    bytes: &'a [u8],
    bits: u32,
    pub(super) transform: Transform,
    word: PhantomData<W>,
}

impl<'a, W: Word> Words<'a, W> {
    pub(super) fn new(bytes: &'a [u8], bits: u32, transform: Transform) -> Self {
        Self { bytes, bits, transform, word: PhantomData }
    }

    pub(super) fn count(&self) -> usize {
        (self.bytes.len() as u64 * 8 / u64::from(self.bits)) as usize
    }

    /// Bits of a word.
    pub(super) fn bits(&self) -> u32 {
        self.bits
    }

    /// Transformed words; the range begins at a multiple of 8 and ends at one or at the end.
    pub(super) fn read(&self, range: Range<usize>) -> Vec<W> {
        let byte = |word: usize| (word as u64 * u64::from(self.bits) / 8) as usize;
        let mut words = read_words(&self.bytes[byte(range.start)..byte(range.end)], self.bits);
        self.transform.apply(&mut words, self.bits);
        words
    }

    /// All words, block by block, with the number of the first in each.
    pub(super) fn blocks(self) -> impl Iterator<Item = (Range<usize>, Vec<W>)> {
        let count = self.count();
        (0..count).step_by(BLOCK_WORDS).map(move |start| {
            let range = start..count.min(start + BLOCK_WORDS);
            (range.clone(), self.read(range))
        })
    }

    /// At most `most` words in blocks spread evenly.
    pub(super) fn sample(self, most: usize) -> Vec<(Range<usize>, Vec<W>)> {
        const SAMPLE_BLOCK: usize = 1 << 10;
        let count = self.count();
        if count <= most {
            return vec![(0..count, self.read(0..count))];
        }
        let blocks = (most / SAMPLE_BLOCK).max(1);
        let stride = count / blocks;
        let start_of = |block: usize| (block * stride + (stride - SAMPLE_BLOCK.min(stride)) / 2) / 8 * 8;
        (0..blocks)
            .map(|block| {
                let range = start_of(block)..(start_of(block) + SAMPLE_BLOCK).min(count);
                (range.clone(), self.read(range))
            })
            .collect()
    }
}
