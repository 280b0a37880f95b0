//! From symbol words to values and to where they lie (sections 8.4 to 8.7), block by block.

use std::ops::Range;

use super::affine::AffineMap;
use super::codebook::Codebook;
use super::groups::Groups;
use super::mask::Kept;
use super::steps::{Map, Shared};
use super::word::{Word, write_words};
use crate::error::{Error, Result};
use crate::kernel::{Job, Kernel};
use crate::spec::MAX_SYMBOL_BITS;

/// Where the kept values of a block lie among the chunk's values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Places<'a> {
    /// One after another from here.
    From(usize),
    /// There, ascending.
    At(&'a [u32]),
}

/// Gives the places of kept values, some at a time.
#[derive(Debug)]
pub(super) struct KeptPlaces<'a> {
    bytes: &'a [u8],
    /// Those bits of the word at `start` that were not given yet.
    bits: u64,
    /// The first bit of the next word.
    next: usize,
    places: Vec<u32>,
}

impl<'a> KeptPlaces<'a> {
    pub(super) fn new(kept: &'a Kept) -> Self {
        Self { bytes: kept.as_raw_slice(), bits: 0, next: 0, places: Vec::new() }
    }

    /// The next `count` places; fewer if there are no more.
    pub(super) fn next(&mut self, count: usize) -> &[u32] {
        self.places.resize(count, 0);
        let mut done = 0;
        while done < count {
            if self.bits == 0 {
                let Some(rest) = self.bytes.get(self.next / 8..).filter(|rest| !rest.is_empty()) else { break };
                let mut word = [0; 8];
                let len = rest.len().min(8);
                word[..len].copy_from_slice(&rest[..len]);
                self.bits = u64::from_le_bytes(word);
                self.next += 64;
                continue;
            }
            let first = (self.next - 64) as u32;
            // as long as there is room for all of the word
            let take = (self.bits.count_ones() as usize).min(count - done);
            for place in &mut self.places[done..done + take] {
                *place = first + self.bits.trailing_zeros();
                self.bits &= self.bits - 1;
            }
            done += take;
        }
        self.places.truncate(done);
        &self.places
    }
}

/// What symbol words of a chunk stand for.
#[derive(Debug)]
pub(super) struct Inverse<'a, T> {
    meaning: Meaning<'a, T>,
    groups: Groups,
    /// What groups are counted from: the first value of the chunk, or, if they lie in the chunk, 0.
    start: u64,
    group_of: Vec<u32>,
}

#[derive(Debug)]
enum Meaning<'a, T> {
    Themselves,
    /// By symbol word.
    Table(Vec<T>),
    Codebooks(&'a [Codebook]),
    Scales(&'a AffineMap, &'a [f32]),
}

impl<'a, T: Word> Inverse<'a, T> {
    /// For the chunk of these values; `shared` is what its groups have in it.
    pub(super) fn new(map: &'a Map, values: &Range<u64>, shared: &'a Shared) -> Self {
        let groups = map.groups().unwrap_or(Groups::ONE);
        let start = if groups.are_global() { values.start } else { 0 };
        let meaning = match map {
            Map::None => Meaning::Themselves,
            Map::Codebook(map) => {
                let codebooks = if groups.are_global() { &map.global[..] } else { &shared.codebooks };
                match codebooks {
                    [one] if groups == Groups::ONE => {
                        Meaning::Table(one.0.iter().map(|&value| T::from_number(value)).collect())
                    }
                    _ => Meaning::Codebooks(codebooks),
                }
            }
            Map::Affine(map) => {
                let scales = if groups.are_global() { &map.global[..] } else { &shared.scales };
                match scales {
                    [scale] if groups == Groups::ONE && map.symbol_bits <= MAX_SYMBOL_BITS => {
                        Meaning::Table((0..1 << map.symbol_bits).map(|word| map.value(word, *scale)).collect())
                    }
                    _ => Meaning::Scales(map, scales),
                }
            }
        };
        Self { meaning, groups, start, group_of: Vec::new() }
    }

    /// The values of symbol words that belong to `places`.
    pub(super) fn map<V: Word>(
        &mut self,
        words: &[V],
        places: Places<'_>,
        kernel: Kernel,
        values: &mut [T],
    ) -> Result<()> {
        let missing = |word: &V| Error::corrupt(format!("number {} is not in the codebook", word.number()));
        match &self.meaning {
            Meaning::Themselves => {
                words.iter().zip(values).for_each(|(word, value)| *value = T::from_number(word.number()))
            }
            Meaning::Table(table) => {
                if !kernel.run(LookUp { table, words, values }) {
                    let word = words.iter().find(|word| word.number() >= table.len() as u64);
                    return Err(missing(word.unwrap_or(&V::default())));
                }
            }
            Meaning::Codebooks(codebooks) => {
                self.groups.of_places(self.start, places, words.len(), &mut self.group_of);
                for ((word, value), &group) in words.iter().zip(values).zip(&self.group_of) {
                    let codebook = codebooks.get(group as usize).map_or(&[][..], |codebook| &codebook.0);
                    let number = codebook.get(word.number() as usize).ok_or_else(|| missing(word))?;
                    *value = T::from_number(*number);
                }
            }
            Meaning::Scales(map, scales) => {
                self.groups.of_places(self.start, places, words.len(), &mut self.group_of);
                for ((word, value), &group) in words.iter().zip(values).zip(&self.group_of) {
                    *value = map.value(word.number(), scales.get(group as usize).copied().unwrap_or(0.0));
                }
            }
        }
        Ok(())
    }
}

/// The values of a chunk, of whole bytes each.
#[derive(Debug)]
pub(super) struct Target<'a, T> {
    bytes: &'a mut [u8],
    /// What stands where nothing is placed; without it something is placed everywhere.
    left_out: Option<T>,
    /// Values from the first on that are placed or left out.
    filled: usize,
}

impl<'a, T: Word> Target<'a, T> {
    pub(super) fn new(bytes: &'a mut [u8], left_out: Option<T>) -> Self {
        Self { bytes, left_out, filled: 0 }
    }

    /// Places values, always behind those placed before.
    pub(super) fn place(&mut self, values: &[T], places: Places<'_>) -> Result<()> {
        match places {
            Places::From(start) => {
                let bytes = start * T::SIZE..(start + values.len()) * T::SIZE;
                write_words(values, 8 * T::SIZE as u32, &mut self.bytes[bytes])
            }
            Places::At(places) => {
                // while that part of the target is near
                self.fill(places.last().map_or(0, |&last| last as usize + 1));
                for (value, &place) in values.iter().zip(places) {
                    let at = place as usize * T::SIZE;
                    value.write(&mut self.bytes[at..at + T::SIZE]);
                }
                Ok(())
            }
        }
    }

    /// After the last value.
    pub(super) fn finish(mut self) {
        self.fill(self.bytes.len() / T::SIZE);
    }

    fn fill(&mut self, end: usize) {
        let Some(left_out) = self.left_out.filter(|_| end > self.filled) else { return };
        let bytes = &mut self.bytes[self.filled * T::SIZE..end * T::SIZE];
        if left_out == T::default() {
            bytes.fill(0);
        } else {
            bytes.chunks_exact_mut(T::SIZE).for_each(|place| left_out.write(place));
        }
        self.filled = end;
    }
}

/// Sets values to those of a table by words, as far as it has them; returns whether it has them all.
struct LookUp<'a, T, V> {
    table: &'a [T],
    words: &'a [V],
    values: &'a mut [T],
}

impl<T: Word, V: Word> Job for LookUp<'_, T, V> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Some(last) = self.table.len().checked_sub(1) else { return false };
        let most = self.words.iter().fold(0, |most, word| word.number().max(most));
        for (value, word) in self.values.iter_mut().zip(self.words) {
            *value = self.table[(word.number() as usize).min(last)];
        }
        most <= last as u64
    }
}

/// All values of a chunk at once.
#[cfg(test)]
pub(crate) fn invert<T: Word, V: Word>(
    map: &Map,
    values: &Range<u64>,
    shared: &Shared,
    words: &[V],
    kept: Option<&Kept>,
) -> Result<Vec<T>> {
    let mut inverse = Inverse::new(map, values, shared);
    let mut places = kept.map(KeptPlaces::new);
    let mut out = vec![T::default(); words.len()];
    for (start, (words, out)) in (0..).step_by(7).zip(words.chunks(7).zip(out.chunks_mut(7))) {
        let places = match &mut places {
            Some(places) => Places::At(places.next(words.len())),
            None => Places::From(start),
        };
        inverse.map(words, places, Kernel::PORTABLE, out)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_are_those_of_kept_values(
            bits in prop::collection::vec(prop::bool::weighted(0.3), 0..400),
            counts in prop::collection::vec(1usize..50, 1..20),
        ) {
            let kept: Kept = bits.iter().collect();
            let all: Vec<u32> = (0..).zip(&bits).filter(|(_, bit)| **bit).map(|(place, _)| place).collect();
            let mut places = KeptPlaces::new(&kept);
            let mut rest = &all[..];
            for count in counts {
                let (now, later) = rest.split_at(count.min(rest.len()));
                prop_assert_eq!(places.next(count), now);
                rest = later;
            }
        }
    }
}
