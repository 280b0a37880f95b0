//! From symbol words to values and to where they lie (sections 8.4 to 8.7), block by block.

use std::ops::Range;

use super::codebook::Codebook;
use super::grid::Grid;
use super::steps::{GroupValues, Map};
use super::values::{Groups, ValuePlaces, Word};
use crate::error::{Error, Result};
use crate::kernel::{Job, Kernel};
use crate::spec::MAX_SYMBOL_BITS;

/// What symbol words of a chunk stand for.
#[derive(Debug)]
pub(crate) struct MapInverse<'a, T> {
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
    Scales(&'a Grid, &'a [f32]),
}

impl<'a, T: Word> MapInverse<'a, T> {
    /// For the chunk of these values; `shared` is what its groups have in it.
    pub(crate) fn new(map: &'a Map, values: &Range<u64>, shared: &'a GroupValues) -> Self {
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
            Map::Grid(map) => {
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
    pub(crate) fn map<V: Word>(
        &mut self,
        words: &[V],
        places: ValuePlaces<'_>,
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
    shared: &GroupValues,
    words: &[V],
    kept: Option<&super::values::MaskBits>,
) -> Result<Vec<T>> {
    let mut inverse = MapInverse::new(map, values, shared);
    let mut places = kept.map(super::values::KeptPlaces::new);
    let mut out = vec![T::default(); words.len()];
    for (start, (words, out)) in (0..).step_by(7).zip(words.chunks(7).zip(out.chunks_mut(7))) {
        let places = match &mut places {
            Some(places) => ValuePlaces::At(places.next(words.len())),
            None => ValuePlaces::From(start),
        };
        inverse.map(words, places, Kernel::PORTABLE, out)?;
    }
    Ok(out)
}
