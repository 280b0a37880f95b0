//! Histograms of the symbol words of a segment. They also show which bytes of the words look random.

use std::ops::RangeInclusive;

use super::effects::AxisSums;
use super::magnitude::{Magnitudes, SymbolMeaning};
use super::view::WordView;
use crate::coders::{BIT, entropy_cost};
use crate::represent::{ForwardBlock, Word};

/// Words on which it is judged which bytes are worth counting.
const SAMPLE_WORDS: usize = 1 << 16;

/// Counts of the topmost bits of words together, and of each of their bytes, after the transform.
#[derive(Debug)]
pub(super) struct Histograms {
    pub(super) top: Vec<u64>,
    bytes: Vec<[u64; 256]>,
}

impl Histograms {
    /// Returns the counts of the `width` bits from bit `shift`, which lie in one byte.
    pub(super) fn of_bits(&self, shift: u32, width: u32) -> Vec<u64> {
        let mut counts = vec![0; 1 << width];
        for (value, count) in self.bytes[shift as usize / 8].iter().enumerate() {
            counts[value >> (shift % 8) & ((1 << width) - 1)] += count;
        }
        counts
    }

    /// Divides the `width` bits of byte `plane` into runs of bits that never change and of bits that do. Returns the
    /// first bit and the length of each run, from the lowest up.
    pub(super) fn runs(&self, plane: usize, width: u32) -> Vec<(u32, u32)> {
        let present = || self.bytes[plane].iter().enumerate().filter(|(_, count)| **count > 0).map(|(value, _)| value);
        let changing = present().fold(0, |all, value| all | value) & !present().fold(0xff, |all, value| all & value);
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for bit in 0..width {
            match runs.last_mut() {
                Some((start, len)) if changing >> bit & 1 == changing >> *start & 1 => *len += 1,
                _ => runs.push((bit, 1)),
            }
        }
        runs
    }
}

/// Returns the counts of symbols without their `drop` lowest bits.
pub(super) fn narrowed(counts: &[u64], drop: u32) -> Vec<u64> {
    counts.chunks(1 << drop).map(|chunk| chunk.iter().sum()).collect()
}

/// The statistics of all words of a segment.
#[derive(Debug)]
pub(super) struct WordStatistics {
    pub(super) histograms: Histograms,
    /// Sums of magnitudes by the indices of the axes, if contexts by scale may pay.
    pub(super) sums: Option<AxisSums>,
    pub(super) magnitudes: Magnitudes,
}

/// Reads a sample, then all words once. The topmost `widths.end()` bits are counted together, and the bits below
/// `widths.start()` by bytes. Bytes that look random in the sample are not counted again.
pub(super) fn look<W: Word>(
    view: WordView<'_, W>,
    widths: RangeInclusive<u32>,
    meaning: SymbolMeaning,
    with_sums: bool,
) -> WordStatistics {
    let (least_width, top_width) = (*widths.start(), *widths.end());
    let bits = view.bits();
    let shift = bits - top_width;
    let mask = ((1u32 << top_width) - 1) as u16;
    let planes = (bits - least_width).div_ceil(8) as usize;
    let mut histograms = Histograms { top: vec![0; 1 << top_width], bytes: vec![[0; 256]; planes] };
    for ForwardBlock { words, .. } in view.sample(SAMPLE_WORDS) {
        words.iter().for_each(|word| histograms.top[usize::from(word.field(shift, mask))] += 1);
        for (plane, counts) in (0..).zip(&mut histograms.bytes) {
            count_bytes(&words, 8 * plane, counts);
        }
    }
    let magnitudes = Magnitudes::new(&histograms.top, top_width, meaning);
    let mut sums = with_sums.then(|| AxisSums::new(view.layout)).flatten();
    let count = view.count() as u64;
    let is_random: Vec<bool> = histograms.bytes.iter().map(|counts| looks_random(counts) && count > 1 << 14).collect();
    for (counts, _) in histograms.bytes.iter_mut().zip(&is_random).filter(|(_, is_random)| !**is_random) {
        counts.fill(0);
    }
    for (counts, _) in histograms.bytes.iter_mut().zip(&is_random).filter(|(_, is_random)| **is_random) {
        // as if all words had been counted
        counts.fill(count / 256);
        counts[0] += count % 256;
    }
    histograms.top.fill(0);
    let mut top = [vec![0u32; 1 << top_width], vec![0u32; 1 << top_width]];
    let mut symbols = Vec::new();
    let mut scratch = Vec::new();
    for block in view.blocks() {
        let words = &block.words;
        symbols.clear();
        symbols.extend(words.iter().map(|word| word.field(shift, mask)));
        // in two tables, as a processor waits to read a counter that it has just written
        let (pairs, last) = symbols.as_chunks::<2>();
        for [one, other] in pairs {
            top[0][usize::from(*one)] += 1;
            top[1][usize::from(*other)] += 1;
        }
        last.iter().for_each(|&symbol| top[0][usize::from(symbol)] += 1);
        for counts in &mut top {
            counts
                .iter_mut()
                .zip(&mut histograms.top)
                .for_each(|(count, sum)| *sum += u64::from(std::mem::take(count)));
        }
        for (plane, (counts, _)) in
            (0..).zip(histograms.bytes.iter_mut().zip(&is_random)).filter(|(_, (_, is_random))| !**is_random)
        {
            count_bytes(words, 8 * plane, counts);
        }
        if let Some(sums) = &mut sums {
            scratch.clear();
            scratch.extend(symbols.iter().map(|&symbol| magnitudes.of_symbol[usize::from(symbol)]));
            sums.add(block.values.clone(), &scratch, block.mask.as_ref().map(|mask| &mask.kept));
        }
    }
    WordStatistics { histograms, sums, magnitudes }
}

/// Returns whether bytes with these counts may be random.
fn looks_random(counts: &[u64; 256]) -> bool {
    let total: u64 = counts.iter().sum();
    // Miller and Madow (1955): the part of the saving on a sample that is due to chance
    let entropy = entropy_cost(counts) + 255 * BIT * 18 / 25;
    entropy > total * 8 * BIT - total * BIT / 100
}

fn count_bytes<W: Word>(words: &[W], shift: u32, counts: &mut [u64; 256]) {
    let mut parts = [[0u32; 256]; 4];
    let (groups, rest) = words.as_chunks::<4>();
    for group in groups {
        for (part, word) in parts.iter_mut().zip(group) {
            part[usize::from(word.field(shift, 0xff))] += 1;
        }
    }
    rest.iter().for_each(|word| parts[0][usize::from(word.field(shift, 0xff))] += 1);
    for (value, count) in counts.iter_mut().enumerate() {
        *count += parts.iter().map(|part| u64::from(part[value])).sum::<u64>();
    }
}
